"""Signatures in the ledger: which entry counts one, and whether both tell the same, as one transaction writes them."""

from dataclasses import dataclass

from sqlalchemy import Connection, text

from pledge.db import reading

#: What the fold asks about an entry of a person (ledger/services.py: Standing). A confirmed row is not changed in what its
#: entry tells, so the entry that counts it says what the row says. The primary key alone is in WHERE: while statistics are
#: older than a rush of confirmations, PostgreSQL would else read all confirmed rows for each entry.
STANDS = """
    SELECT CASE WHEN signed.campaign_id <> entry.campaign_id OR signed.state <> 'confirmed' THEN NULL
                WHEN entry.delta = 1 AND signed.commitment = entry.commitment
                 AND signed.pledge_text_id = entry.pledge_text_id AND signed.country = entry.country
                 AND COALESCE(signed.region, '') = COALESCE(entry.region, '') THEN 1 ELSE 0 END
      FROM signatures AS signed
     WHERE signed.id = entry.subject_id"""


@dataclass(frozen=True)
class Mismatch:
    campaign_id: int
    confirmed: int  #: signatures in that state
    counted: int  #: what the ledger's entries about people add up to, folded or not; none that is set aside
    places: int = 0  #: countries and regions in which both differ


# One statement, so that both sides are seen at the same moment while people go on confirming.
_MISMATCHES = text("""
    SELECT campaign_id, SUM(confirmed) AS confirmed, SUM(counted) AS counted,
           SUM(CASE WHEN confirmed <> counted THEN 1 ELSE 0 END) AS different
      FROM (SELECT campaign_id, country, region, SUM(confirmed) AS confirmed, SUM(counted) AS counted
              FROM (SELECT campaign_id, country, region, COUNT(*) AS confirmed, 0 AS counted FROM signatures
                     WHERE state = 'confirmed' GROUP BY campaign_id, country, region
                    UNION ALL
                    SELECT campaign_id, country, region, 0, SUM(delta) FROM ledger_entries
                     WHERE kind = 'person' AND set_aside IS NULL GROUP BY campaign_id, country, region) AS sides
             GROUP BY campaign_id, country, region) AS places
     WHERE campaign_id NOT IN (SELECT id FROM campaigns WHERE forgotten_at IS NOT NULL)
     GROUP BY campaign_id HAVING SUM(CASE WHEN confirmed <> counted THEN 1 ELSE 0 END) > 0 ORDER BY campaign_id""")


def mismatches(connection: Connection | None = None) -> list[Mismatch]:
    """Campaigns whose confirmed signatures are not what the ledger adds up to, place by place; an empty list is right."""
    if connection is None:
        with reading() as own:
            return mismatches(own)
    rows = connection.execute(_MISMATCHES)
    return [
        Mismatch(row.campaign_id, int(row.confirmed), int(row.counted), int(row.different)) for row in rows
    ]
