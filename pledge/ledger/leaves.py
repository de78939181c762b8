"""What the public log says: one line of JSON for each ledger entry, with nothing in it that names a person.

    {"v":1,"kind":"confirmed","change":1,"of":"person","day":"2026-11-24","pledge":"<64 hex>","commitment":"<64 hex>"}
    {"v":1,"kind":"withdrawn","change":-1,"of":"person","day":"2026-11-25","pledge":"<64 hex>","takes_back":0}
    {"v":1,"kind":"confirmed","change":128,"of":"paper","day":"2026-11-27","scan":"<64 hex>"}

The keys are in this order, without spaces; the line's bytes are what is hashed. `day` is the day in Korea, `pledge`
the SHA-256 of the pledge text that was signed. `commitment` binds the entry to one signature without telling whose:

    SHA-256("pledge-commitment/v1\\n" + salt + "\\n" + subject)

over UTF-8, where salt is 24 characters of base64 that only the signature's row and the person's receipt hold, and subject
is the mail address as the confirmation went to it, or `organization:<number>` for an organisation. Without the salt nobody
can tell who is meant, not even by trying all addresses (docs/adr/0045).
"""

import secrets
from base64 import b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256

_SALT = 16
#: Korea is nine hours ahead of UTC all year.
_KOREA = timedelta(hours=9)


@dataclass(frozen=True, slots=True)
class Leaf:
    """One entry of the public log."""

    reason: str
    delta: int
    kind: str
    hour: str  #: in UTC, as the ledger has it
    pledge: str  #: hex; "" for paper, of which it is not known
    commitment: bytes | None
    takes_back: int | None  #: index of the entry that a -1 takes back
    record: bytes | None = None  #: of paper: the hash of its line in the earlier record

    @property
    def line(self) -> bytes:
        pledge = f'"pledge":"{self.pledge}",' if self.pledge else ""
        if self.commitment is not None:
            of = f'"{"commitment" if self.pledge else "scan"}":"{self.commitment.hex()}"'
        else:
            of = f'"takes_back":{"null" if self.takes_back is None else self.takes_back}'
        record = f',"record":"{self.record.hex()}"' if self.record is not None else ""
        return (
            f'{{"v":1,"kind":"{self.reason}","change":{self.delta},"of":"{self.kind}",'
            f'"day":"{korean_day(self.hour)}",{pledge}{of}{record}}}'
        ).encode()


def new_salt() -> str:
    """128 random bits as base64."""
    return b64encode(secrets.token_bytes(_SALT)).decode()


def commitment(salt: str, subject: str) -> bytes:
    """The commitment to a subject in the log: 32 bytes."""
    return sha256(f"pledge-commitment/v1\n{salt}\n{subject}".encode()).digest()


def organization_subject(endorsement_id: int) -> str:
    return f"organization:{endorsement_id}"


@lru_cache(maxsize=1024)
def korean_day(hour: str) -> str:
    """The day in Korea of an hour of UTC (`2026-11-24T05`): such an hour is within one day."""
    return (datetime.strptime(hour, "%Y-%m-%dT%H").replace(tzinfo=UTC) + _KOREA).date().isoformat()
