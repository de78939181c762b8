"""Batches on paper in the ledger: which entry counts one, and whether entries and batches agree."""

from sqlalchemy import Connection

from pledge.core.db import reading
from pledge.ledger import counting
from pledge.ledger.counting import Mismatch
from pledge.ledger.models import Kind

#: What the fold asks about an entry on paper (ledger/numbering.py: Standing). A row of batches can be changed, the audit log
#: cannot: it must say last that one account agreed to this number, and that another one had counted before.
STANDS = """
    SELECT CASE WHEN batch.campaign_id <> entry.campaign_id OR batch.state <> 'agreed' THEN NULL
                WHEN entry.delta = batch.signatures AND entry.commitment = batch.scan_sha256
                 AND EXISTS (SELECT 1 FROM audit_entries AS said
                              WHERE said.subject = 'paper:' || batch.id AND said.staff_id = batch.counted_by
                                AND said.action IN ('paper.enter', 'paper.change'))
                 AND (SELECT said.action = 'paper.agree' AND said.staff_id = batch.checked_by
                             AND said.details LIKE '%"counted":' || batch.signatures || ',%'
                        FROM audit_entries AS said
                       WHERE said.subject = 'paper:' || batch.id AND said.action <> 'paper.download'
                       ORDER BY said.id DESC LIMIT 1) THEN 1 ELSE 0 END
      FROM paper_batches AS batch
     WHERE batch.id = entry.subject_id"""

_AGREED = """
    SELECT campaign_id, NULL AS country, NULL AS region, signatures AS times FROM paper_batches WHERE state = 'agreed'"""


def mismatches(connection: Connection | None = None) -> list[Mismatch]:
    """Campaigns whose agreed batches differ from what the ledger adds up to; an empty list is right."""
    if connection is None:
        with reading() as own:
            return mismatches(own)
    return counting.mismatches(connection, Kind.PAPER, _AGREED, by_place=False)
