"""A passkey made by hand: what a browser would answer (WebAuthn Level 3, attestation "none", ES256)."""

import base64
import hashlib
import html
import json
import re
import secrets
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

#: Flags of authenticator data (section 6.1).
PRESENT, VERIFIED, ATTESTED = 0b1, 0b100, 0b1000000


class Passkey:
    """A key on a device. `count` is its signature counter; 0 for those that have none."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.number = secrets.token_bytes(16)
        self.handle: bytes | None = None
        self.count = 0

    def register(
        self,
        page: str,
        *,
        origin: str = "http://localhost",
        rp_id: str = "localhost",
        flags: int = PRESENT | VERIFIED,
    ) -> tuple[str, str]:
        """The address of the form on a page that asks for a new passkey, and the credential that answers it."""
        action, options = form_of(page)
        self.handle = _decoded(options["user"]["id"])
        point = self.key.public_key().public_numbers()
        key = {1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32), -3: point.y.to_bytes(32)}
        data = self._data(rp_id, flags | ATTESTED)
        data += bytes(16) + len(self.number).to_bytes(2) + self.number + cbor2.dumps(key)
        attested = {"fmt": "none", "attStmt": {}, "authData": data}
        response = {
            "clientDataJSON": _encoded(_client_data("webauthn.create", options["challenge"], origin)),
            "attestationObject": _encoded(cbor2.dumps(attested)),
            "transports": ["internal"],
        }
        return action, self._credential(response)

    def show(
        self,
        page: str,
        *,
        origin: str = "http://localhost",
        rp_id: str = "localhost",
        flags: int = PRESENT | VERIFIED,
        kind: str = "webauthn.get",
        challenge: str | None = None,
        handle: bytes | None = None,
        key: ec.EllipticCurvePrivateKey | None = None,
    ) -> tuple[str, str]:
        """The same for a page that asks for a passkey of somebody."""
        action, options = form_of(page)
        client_data = _client_data(kind, challenge or options["challenge"], origin)
        data = self._data(rp_id, flags)
        signed = (key or self.key).sign(
            data + hashlib.sha256(client_data).digest(), ec.ECDSA(hashes.SHA256())
        )
        whose = self.handle if handle is None else handle
        response = {
            "clientDataJSON": _encoded(client_data),
            "authenticatorData": _encoded(data),
            "signature": _encoded(signed),
            "userHandle": None if whose is None else _encoded(whose),
        }
        return action, self._credential(response)

    def _data(self, rp_id: str, flags: int) -> bytes:
        return hashlib.sha256(rp_id.encode()).digest() + bytes([flags]) + self.count.to_bytes(4)

    def _credential(self, response: dict[str, Any]) -> str:
        number = _encoded(self.number)
        return json.dumps({"id": number, "rawId": number, "type": "public-key", "response": response})


def form_of(page: str) -> tuple[str, dict[str, Any]]:
    """The address of a page's form for a passkey, and the options that the browser gets."""
    match = re.search(r'action="([^"]+)"[^>]* data-options="([^"]+)"', page)
    assert match, page
    return html.unescape(match[1]), json.loads(html.unescape(match[2]))


def _client_data(kind: str, challenge: str, origin: str) -> bytes:
    return json.dumps({"type": kind, "challenge": challenge, "origin": origin}).encode()


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
