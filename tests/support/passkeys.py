"""A passkey made by hand: what a browser would answer to a registration (WebAuthn, attestation "none")."""

import base64
import hashlib
import html
import json
import re
import secrets

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec


def registration(page: str, origin: str = "http://localhost", rp_id: str = "localhost") -> tuple[str, str]:
    """The address of the form on a page that asks for a new passkey, and the credential that answers it."""
    action = re.search(r'action="(/staff/account/passkeys/new/[^"]+)"', page)
    options = re.search(r'data-options="([^"]+)"', page)
    assert action, page
    assert options, page
    challenge = json.loads(html.unescape(options[1]))["challenge"]
    client_data = {"type": "webauthn.create", "challenge": challenge, "origin": origin}
    number = secrets.token_bytes(16)
    attested = {"fmt": "none", "attStmt": {}, "authData": _data(rp_id, number)}
    return html.unescape(action[1]), json.dumps(
        {
            "id": _encoded(number),
            "rawId": _encoded(number),
            "type": "public-key",
            "response": {
                "clientDataJSON": _encoded(json.dumps(client_data).encode()),
                "attestationObject": _encoded(cbor2.dumps(attested)),
                "transports": ["internal"],
            },
            "clientExtensionResults": {"credProps": {"rk": True}},
            "extensions": '{"credProps":{"rk":true}}',
        }
    )


def _data(rp_id: str, number: bytes) -> bytes:
    """User present and verified, with a new key (P-256)."""
    point = ec.generate_private_key(ec.SECP256R1()).public_key().public_numbers()
    key = {1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32), -3: point.y.to_bytes(32)}
    return (
        hashlib.sha256(rp_id.encode()).digest()
        + bytes([0b01000101])
        + bytes(4)
        + bytes(16)
        + len(number).to_bytes(2)
        + number
        + cbor2.dumps(key)
    )


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
