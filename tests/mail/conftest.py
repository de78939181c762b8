from collections.abc import Iterator

import pytest

from pledge.mail.smtp import SmtpTransport
from tests.support.smtp import SmtpServer


@pytest.fixture
def transport(smtp: SmtpServer) -> Iterator[SmtpTransport]:
    """A connection to the test's SMTP server, with little patience."""
    transport = SmtpTransport(smtp.url, "no-reply@example.org", "localhost", timeout=1)
    yield transport
    transport.close()
