"""What a checkpoint says of the audit log: a signature line of its own beside those of the log's keys.

    \u2014 <origin> base64(key id, 4 bytes || length, 8 bytes || digest, 32 bytes || Ed25519 signature, 64 bytes)

It is signed with the key of the checkpoint, over the lines `pledge-audit/v1`, the length and the digest in base64, an empty
line and the text of the checkpoint. The key id is that of signed-note for a type without a number: SHA-256(name || 0x0A ||
0xff || "pledge-audit/v1" || key). A verifier that does not know it ignores it, as a signature of an unknown key (signed-note,
"Verifying"): the text of the checkpoint is as it was, and so are its other signatures.
"""

from base64 import b64encode
from collections.abc import Iterable, Sequence
from hashlib import sha256

from pledge.audit.chain import Mark
from pledge.ledger import notes
from pledge.ledger.notes import BadNote, Signer, Verifier

_NAME = "pledge-audit/v1"
_TYPE = b"\xff" + _NAME.encode()
_LENGTH, _DIGEST, _SIGNATURE = 8, 32, 64


def lines(text: str, signers: Sequence[Signer], mark: Mark) -> str:
    """The signature lines about the audit log, one of each key, for the text of a checkpoint."""
    about = mark.length.to_bytes(_LENGTH) + mark.digest
    return "".join(
        notes.signature_line(one.name, key_id(one.verifier), about + one.private.sign(_covered(mark, text)))
        for one in signers
    )


def key_id(verifier: Verifier) -> bytes:
    return sha256(verifier.name.encode() + b"\n" + _TYPE + verifier.key).digest()[:4]


def marks(note: str, verifiers: Iterable[Verifier]) -> list[Mark]:
    """The marks in the lines of these keys, not verified yet; empty for a checkpoint without such lines.

    Raises BadNote for a malformed line.
    """
    return [mark for mark, _, _ in _read(note, verifiers)]


def check(note: str, verifiers: Iterable[Verifier]) -> None:
    """Verify the lines of these keys about the audit log. Raises BadNote."""
    text = notes.parts(note)[0]
    for mark, verifier, signature in _read(note, verifiers):
        if not verifier.has_signed(_covered(mark, text), signature):
            raise BadNote("the line about the audit log is not signed by its key")


def without(note: str) -> str:
    """The note without these lines, for a receipt: every character of it counts, also for who passes such a line over."""
    text, signatures = notes.parts(note)
    kept = (one for one in signatures if len(one[2]) != _LENGTH + _DIGEST + _SIGNATURE)
    return text + "\n" + "".join(notes.signature_line(*one) for one in kept)


def _read(note: str, verifiers: Iterable[Verifier]) -> list[tuple[Mark, Verifier, bytes]]:
    known = {(one.name, key_id(one)): one for one in verifiers}
    found = []
    for name, of, data in notes.parts(note)[1]:
        verifier = known.get((name, of))
        if verifier is None:
            continue
        if len(data) != _LENGTH + _DIGEST + _SIGNATURE:
            raise BadNote("the line about the audit log is not one")
        mark = Mark(int.from_bytes(data[:_LENGTH]), data[_LENGTH : _LENGTH + _DIGEST])
        found.append((mark, verifier, data[-_SIGNATURE:]))
    return found


def _covered(mark: Mark, text: str) -> bytes:
    return f"{_NAME}\n{mark.length}\n{b64encode(mark.digest).decode()}\n\n{text}".encode()
