"""The webhook for bounces and complaints: a program that receives them forwards each message as it is (docs/bounces.md).

Signed as Standard Webhooks says (standardwebhooks.com): HMAC-SHA256 over `id.timestamp.body`. Without the key, too old or
changed on the way it is refused; one that was taken before does nothing.
"""

import hashlib
import hmac
from base64 import b64encode

from flask import Response, abort, request

from config import current_config
from pledge.core import clock
from pledge.mail.bounces import services
from pledge.mail.bounces.reading import MAX_BYTES
from pledge.web.address_book import AddressBook
from pledge.web.routes import Body

blueprint = AddressBook("hooks", __name__)

#: Seconds that the time of a call may be from ours.
WINDOW = 300
MAX_ID = 200
#: A 401 has to name a scheme (RFC 9110, 15.5.2); that of Standard Webhooks is not a registered one.
SCHEME = "Standard-Webhooks"


@blueprint.act("/hooks/mail", body=Body(MAX_BYTES, mimetype="message/rfc822"))
def mail_hook() -> Response:
    key = current_config().bounce_hook_key.get_secret_value()
    if not key:
        abort(404)
    event = request.headers.get("Webhook-Id", "")
    if not 0 < len(event) <= MAX_ID or not _is_in_time() or not _is_signed(key, event):
        return Response(status=401, headers={"WWW-Authenticate": SCHEME})
    services.handle_message(request.get_data(), hashlib.sha256(event.encode()).digest())
    return Response(status=204)


def _is_in_time() -> bool:
    stamp = request.headers.get("Webhook-Timestamp", "")
    return stamp.isascii() and stamp.isdigit() and abs(clock.now().timestamp() - int(stamp[:12])) <= WINDOW


def _is_signed(key: str, event: str) -> bool:
    """Whether one of the header's signatures (`v1,<base64>`, separated by spaces) is valid."""
    signed = f"{event}.{request.headers['Webhook-Timestamp']}.".encode() + request.get_data()
    right = b"v1," + b64encode(hmac.digest(key.encode(), signed, "sha256"))
    given = request.headers.get("Webhook-Signature", "").encode(errors="replace").split()
    return any(hmac.compare_digest(right, signature) for signature in given[:10])
