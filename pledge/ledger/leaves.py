"""What the public log says: one line of JSON for each ledger entry, with nothing in it that names a person.

    {"v":1,"kind":"confirmed","change":1,"of":"person","day":"2026-11-24","pledge":"<64 hex>","commitment":"<64 hex>"}
    {"v":1,"kind":"removed","change":-1,"of":"person","day":"2026-11-25","pledge":"<64 hex>","takes_back":0}
    {"v":1,"kind":"confirmed","change":128,"of":"paper","day":"2026-11-27","scan":"<64 hex>"}
    {"v":1,"kind":"answer","change":0,"of":"statement","day":"2026-11-28","sha256":"<64 hex>"}

The keys are in this order, without spaces; the line's bytes are what is hashed. `day` is the day in Korea, `pledge`
the SHA-256 of the pledge text that was signed. `commitment` binds the entry to one signature without telling whose:

    SHA-256("pledge-commitment/v1\\n" + salt + "\\n" + subject)

over UTF-8, where salt is 24 characters of base64 that only the signature's row, the person's receipt and the mail with it hold, and subject
is the mail address as the confirmation went to it, or `organization:<number>` for an organisation. Without the salt nobody
can tell who is meant, not even by trying all addresses (docs/adr/0045).
"""

import secrets
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Any

from pledge.ledger.models import Kind

_SALT = 16
#: What the hash of an entry is called; "commitment" for people and organisations.
_HASHES = {Kind.PAPER: "scan", Kind.STATEMENT: "sha256"}
#: Korea is nine hours ahead of UTC all year.
_KOREA = timedelta(hours=9)


def leaf(row: Any, pledges: Mapping[int, str]) -> bytes:
    """The line of a row of ledger_entries; `pledges`: the hash of each pledge text of its campaign, in hex.

    Raises ValueError for an hour that is none.
    """
    pledge = "" if row.pledge_text_id is None else f'"pledge":"{pledges[row.pledge_text_id]}",'
    if row.commitment is not None:
        cause = f'"{_HASHES.get(row.kind, "commitment")}":"{row.commitment.hex()}"'
    else:
        cause = f'"takes_back":{"null" if row.takes_back is None else row.takes_back}'
    record = "" if row.record is None else f',"record":"{row.record.hex()}"'
    return (
        f'{{"v":1,"kind":"{row.reason}","change":{row.delta},"of":"{row.kind}",'
        f'"day":"{korean_day(row.hour)}",{pledge}{cause}{record}}}'
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
