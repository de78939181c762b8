"""Makes signed notes and checkpoints (C2SP signed-note, tlog-checkpoint) with Ed25519; verifier/verify.py reads them.

A key's name is the log's origin. The private key is derived from a secret of PLEDGE_LOG_KEY and never stored.

A checkpoint also says where the audit log ends: in a signature line of its own beside those of the log's keys.

    \u2014 <origin> base64(key id, 4 bytes || length, 8 bytes || digest, 32 bytes || Ed25519 signature, 64 bytes)

It is signed with the key of the checkpoint, over the lines `pledge-audit/v1`, the length and the digest in base64, an empty
line and the text of the checkpoint. A verifier that does not know it ignores it, as a signature of an unknown key (signed-note,
"Verifying"): the text of the checkpoint is as it was, and so are its other signatures.
"""

from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from pledge.audit.chain import AuditMark
from pledge.core.encryption import derive

#: signed-note, "Signature types": 0x01 is Ed25519 over the note's text, 0xff a type without a number, by its name.
_ED25519 = b"\x01"
_AUDIT = "pledge-audit/v1"
_SIGNATURE, _MARK = 64, 40


@dataclass(frozen=True)
class Signer:
    """A private key under the name of one log."""

    name: str
    private: Ed25519PrivateKey

    @property
    def key_id(self) -> bytes:
        """signed-note, "Signatures": SHA-256(name || 0x0A || 0x01 || key), its first four bytes."""
        return self._id(_ED25519)

    @property
    def audit_id(self) -> bytes:
        """The same for lines about the audit log: SHA-256(name || 0x0A || 0xff || "pledge-audit/v1" || key)."""
        return self._id(b"\xff" + _AUDIT.encode())

    @property
    def verifier(self) -> str:
        """The public key in text form: `<name>+<key id in hex>+<base64 of 0x01 and the key>`."""
        return f"{self.name}+{self.key_id.hex()}+{b64encode(_ED25519 + self._public).decode()}"

    @property
    def _public(self) -> bytes:
        return self.private.public_key().public_bytes_raw()

    def _id(self, kind: bytes) -> bytes:
        return sha256(self.name.encode() + b"\n" + kind + self._public).digest()[:4]

    def line(self, text: str) -> str:
        """The signature line for a text."""
        return self._line(self.key_id, self.private.sign(text.encode()))

    def audit_line(self, text: str, mark: AuditMark) -> str:
        """The line about the audit log for the text of a checkpoint."""
        covered = f"{_AUDIT}\n{mark.length}\n{b64encode(mark.digest).decode()}\n\n{text}"
        return self._line(self.audit_id, _mark_data(mark) + self.private.sign(covered.encode()))

    def _line(self, key_id: bytes, data: bytes) -> str:
        return f"\u2014 {self.name} {b64encode(key_id + data).decode()}\n"


def signer(name: str, secret: str) -> Signer:
    """The key of a log, made from a secret of the settings: the same secret gives every log the same key bytes."""
    return Signer(name, Ed25519PrivateKey.from_private_bytes(derive(secret, "log")))


def checkpoint_text(origin: str, size: int, root: bytes) -> str:
    """tlog-checkpoint: origin, size and root, each on its line."""
    return f"{origin}\n{size}\n{b64encode(root).decode()}\n"


def sign(text: str, signers: Sequence[Signer], mark: AuditMark | None = None) -> str:
    """A note: the text, an empty line, one line for each signature, and of a checkpoint what each key says of the audit log."""
    lines = [signer.line(text) for signer in signers]
    if mark is not None:
        lines += [signer.audit_line(text, mark) for signer in signers]
    return text + "\n" + "".join(lines)


def is_signed_by(note: str, signers: Sequence[Signer]) -> bool:
    """Whether one of our own checkpoints is of this origin and by exactly these keys, which say where the audit log ends, too."""
    wanted = [signer.key_id for signer in signers] + [signer.audit_id for signer in signers]
    return note.startswith(f"{signers[0].name}\n") and [data[:4] for data in _signatures(note)] == wanted


def key_ids(note: str) -> set[str]:
    """Of whoever signed a note, in hex."""
    return {data[:4].hex() for data in _signatures(note)}


def has_mark(note: str, signers: Sequence[Signer], mark: AuditMark) -> bool:
    """Whether one of our own checkpoints says, by one of these keys, that the audit log ends there."""
    marks = [data[:-_SIGNATURE] for data in _signatures(note)]
    return any(signer.audit_id + _mark_data(mark) in marks for signer in signers)


def without_marks(note: str) -> str:
    """The note without lines about the audit log, for a receipt, in which every character counts."""
    text, divider, lines = note.rpartition("\n\n")
    kept = [
        line
        for line, data in zip(lines.splitlines(keepends=True), _signatures(note), strict=True)
        if len(data) != 4 + _MARK + _SIGNATURE
    ]
    return text + divider + "".join(kept)


def _signatures(note: str) -> list[bytes]:
    """Key id and signature of each line."""
    return [b64decode(line.split(" ")[2]) for line in note.rpartition("\n\n")[2].splitlines()]


def _mark_data(mark: AuditMark) -> bytes:
    return mark.length.to_bytes(8) + mark.digest
