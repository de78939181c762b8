"""A mail, and what becomes of it."""

import pytest

from pledge.mail.transports import TemporaryFailure

MAIL = b"Subject: x\r\n\r\nfirst\r\n.\r\n..second\r\nlast\r\n"


def fault(transport, to="hong@example.org"):
    """The kind and the code of the failure to send it."""
    with pytest.raises(TemporaryFailure) as caught:
        transport.send(to, MAIL)
    return type(caught.value), caught.value.code
