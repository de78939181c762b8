"""Signed notes and checkpoints (C2SP signed-note and tlog-checkpoint), with Ed25519 keys.

A key's name is the log's origin. The private key is derived from a secret of PLEDGE_LOG_KEY and never stored.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from pledge.core.encryption import derive

#: signed-note, "Signature types": 0x01 is Ed25519 over the note's text.
_ED25519 = b"\x01"
_DASH = "\u2014 "
#: Longest note that is read, and how many signature lines of it (signed-note asks for at least 16).
_MAX_NOTE = 100_000
_MAX_SIGNATURES = 64


#: signed-note, "Format": a note holds no control characters but newlines.
_CONTROLS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")


class BadNote(ValueError):
    """Not a note, not signed by a known key, or wrongly signed by one."""


@dataclass(frozen=True)
class Verifier:
    """A public key: `<name>+<key id in hex>+<base64 of 0x01 and the key>` in text form."""

    name: str
    key: bytes

    @property
    def key_id(self) -> bytes:
        """signed-note, "Signatures": SHA-256(name || 0x0A || 0x01 || key), its first four bytes."""
        return sha256(self.name.encode() + b"\n" + _ED25519 + self.key).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{b64encode(_ED25519 + self.key).decode()}"

    def has_signed(self, content: bytes, signature: bytes) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(self.key).verify(signature, content)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True)
class Signer:
    """A private key under the name of one log."""

    name: str
    private: Ed25519PrivateKey

    @property
    def verifier(self) -> Verifier:
        return Verifier(self.name, self.private.public_key().public_bytes_raw())

    def line(self, text: str) -> str:
        """The signature line for a text."""
        return signature_line(self.name, self.verifier.key_id, self.private.sign(text.encode()))


@dataclass(frozen=True)
class TreeHead:
    """What a checkpoint says."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """tlog-checkpoint: origin, size and root, each on its line."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"


def signer(name: str, secret: str) -> Signer:
    """The key of a log, made from a secret of the settings: the same secret gives every log the same key bytes."""
    return Signer(name, Ed25519PrivateKey.from_private_bytes(derive(secret, "log")))


def read_verifier(text: str) -> Verifier:
    """A public key from its text form. Raises BadNote."""
    try:
        name, key_id, encoded = text.strip().split("+", 2)
        data = _decoded(encoded)
    except ValueError:
        raise BadNote("not a public key") from None
    found = Verifier(name, data[1:])
    if data[:1] != _ED25519 or len(found.key) != 32 or found.key_id.hex() != key_id or not _is_name(name):
        raise BadNote("not a public key")
    return found


def signature_line(name: str, key_id: bytes, signature: bytes) -> str:
    return f"{_DASH}{name} {b64encode(key_id + signature).decode()}\n"


def sign(text: str, signers: Sequence[Signer]) -> str:
    """A note: the text, an empty line, one line for each signature."""
    return text + "\n" + "".join(one.line(text) for one in signers)


def open_note(note: str, verifiers: Iterable[Verifier]) -> str:
    """The text of a note that at least one known key has signed. Raises BadNote.

    Signatures of unknown keys are ignored; a wrong one of a known key makes the note invalid (signed-note, "Verifying").
    """
    text, signatures = parts(note)
    known = {(one.name, one.key_id): one for one in verifiers}
    found = False
    for name, key_id, signature in signatures:
        verifier = known.get((name, key_id))
        if verifier is None:
            continue
        if not verifier.has_signed(text.encode(), signature):
            raise BadNote("a signature is wrong")
        found = True
    if not found:
        raise BadNote("no known key has signed this")
    return text


def key_ids(note: str) -> list[bytes]:
    """Which keys say that they have signed a note; nothing is checked. Raises BadNote."""
    return [key_id for _, key_id, _ in parts(note)[1]]


def read_state(text: str) -> TreeHead:
    """What the text of a checkpoint says (tlog-checkpoint, "Note text"). Raises BadNote."""
    lines = text.split("\n")
    try:
        origin, size, encoded = lines[:3]
        state = TreeHead(origin, int(size), _decoded(encoded))
    except ValueError:
        raise BadNote("not a checkpoint") from None
    if not text.startswith(state.text) or len(state.root) != 32 or not origin or state.size < 0:
        raise BadNote("not a checkpoint")
    return state


def _decoded(text: str) -> bytes:
    """Base64 in its one form: other characters that mean the same bytes are a change too. Raises ValueError."""
    data = b64decode(text, validate=True)
    if b64encode(data).decode() != text:
        raise ValueError("not base64 in its usual form")
    return data


def parts(note: str) -> tuple[str, list[tuple[str, bytes, bytes]]]:
    """The text, and name, key id and signature of each signature line; nothing is checked. Raises BadNote."""
    text, divider, lines = note.rpartition("\n\n")
    if len(note) > _MAX_NOTE or not divider or not lines.endswith("\n") or _CONTROLS.search(note):
        raise BadNote("not a note")
    found = []
    for line in lines.removesuffix("\n").split("\n")[: _MAX_SIGNATURES + 1]:
        name, space, encoded = line.removeprefix(_DASH).partition(" ")
        try:
            data = _decoded(encoded)
        except ValueError:
            raise BadNote("not a note") from None
        if not line.startswith(_DASH) or not space or not _is_name(name) or len(data) < 5:
            raise BadNote("not a note")
        found.append((name, data[:4], data[4:]))
    if len(found) > _MAX_SIGNATURES:
        raise BadNote("too many signatures")
    return text + "\n", found


def _is_name(name: str) -> bool:
    """signed-note, "Signatures": a key's name is not empty and holds no spaces and no plus."""
    return bool(name) and "+" not in name and not any(map(str.isspace, name))
