"""The receipt: what a person keeps to prove, without us, that their signature is in the public log (C2SP tlog-proof).

    c2sp.org/tlog-proof@v1
    extra <base64 of {"v":1,"salt":"…","leaf":"{…}"}>
    index 41
    <base64 of a hash>          one line for each step, from the leaf's sibling up
                                an empty line
    <the checkpoint, as the keys of the log signed it>

It holds no name and no address. With the salt, anyone who knows the address can see that the entry is about it
(ledger/leaves.py, docs/adr/0045).
"""

import json
import zlib
from base64 import b64encode, urlsafe_b64encode
from dataclasses import dataclass

from sqlalchemy import exists, select

from pledge.campaigns.queries import pledge_hashes
from pledge.core.db import fetch
from pledge.ledger import log_queries, notes, witnesses
from pledge.ledger.models import LedgerEntry
from pledge.signatures.models import Signature, SignatureState

#: tlog-proof, "Format".
_HEAD = "c2sp.org/tlog-proof@v1"


@dataclass(frozen=True)
class Receipt:
    index: int  #: of the entry in the log, from 0 on
    content: bytes

    @property
    def packed(self) -> str:
        """For an address: deflated without a header (RFC 1951), in base64 for URLs (RFC 4648 section 5)."""
        packing = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
        return urlsafe_b64encode(packing.compress(self.content) + packing.flush()).decode()


def receipt(signature_id: int) -> Receipt | None:
    """The receipt of a counted signature; None while its entry is in no published checkpoint, when it is not counted, and
    while witnesses have seen another log.

    No checkpoint has it for about a second after each change: until then the log has the state before.
    """
    waits = exists().where(LedgerEntry.subject_id == signature_id, LedgerEntry.waits())
    query = select(Signature.campaign_id, Signature.salt).where(
        Signature.id == signature_id, Signature.state == SignatureState.CONFIRMED, ~waits
    )
    row = fetch(query).first()
    if row is None or witnesses.is_in_doubt(row.campaign_id):
        return None
    inclusion = log_queries.inclusion_of(row.campaign_id, signature_id, pledge_hashes)
    if inclusion is None:
        return None
    extra = json.dumps({"v": 1, "salt": row.salt, "leaf": inclusion.line.decode()}, separators=(",", ":"))
    lines = [
        _HEAD,
        f"extra {b64encode(extra.encode()).decode()}",
        f"index {inclusion.index}",
        *(b64encode(step).decode() for step in inclusion.proof),
    ]
    note = notes.without_marks(inclusion.checkpoint.note)
    return Receipt(inclusion.index, ("\n".join(lines) + "\n\n" + note).encode())
