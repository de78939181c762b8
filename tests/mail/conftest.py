from collections.abc import Iterator

import pytest

from pledge.mail.transports import SmtpTransport
from tests.support.smtp import SmtpServer
from tests.support.waiting import TEST_TIMEOUT


@pytest.fixture
def transport(smtp: SmtpServer) -> Iterator[SmtpTransport]:
    """A connection to the test's SMTP server, which may take its time on a slow machine."""
    transport = SmtpTransport(smtp.url, "no-reply@example.org", "localhost", timeout=TEST_TIMEOUT)
    yield transport
    transport.close()


@pytest.fixture
def hasty_transport(smtp: SmtpServer) -> Iterator[SmtpTransport]:
    """The same for a server that hangs."""
    transport = SmtpTransport(smtp.url, "no-reply@example.org", "localhost", timeout=2)
    yield transport
    transport.close()
