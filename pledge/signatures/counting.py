"""Whether the ledger and the signatures tell the same: both are written in one transaction, so they must."""

from dataclasses import dataclass

from sqlalchemy import text

from pledge.db import reading


@dataclass(frozen=True)
class Mismatch:
    campaign_id: int
    confirmed: int  #: signatures in that state
    counted: int  #: what all of the ledger's entries about people add up to, folded or not


# One statement, so that both sides are seen at the same moment while people go on confirming.
_MISMATCHES = text("""
    SELECT campaign_id, SUM(confirmed) AS confirmed, SUM(counted) AS counted
      FROM (SELECT campaign_id, COUNT(*) AS confirmed, 0 AS counted FROM signatures
             WHERE state = 'confirmed' GROUP BY campaign_id
            UNION ALL
            SELECT campaign_id, 0, SUM(delta) FROM ledger_entries
             WHERE kind = 'person' GROUP BY campaign_id) AS sides
     WHERE campaign_id NOT IN (SELECT id FROM campaigns WHERE forgotten_at IS NOT NULL)
     GROUP BY campaign_id HAVING SUM(confirmed) <> SUM(counted) ORDER BY campaign_id""")


def mismatches() -> list[Mismatch]:
    """Campaigns whose confirmed signatures are not what the ledger adds up to; an empty list is right."""
    with reading() as connection:
        rows = connection.execute(_MISMATCHES)
        return [Mismatch(row.campaign_id, int(row.confirmed), int(row.counted)) for row in rows]
