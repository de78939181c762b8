"""What the public log says of campaigns: their slugs and the hashes of their pledge texts (ledger/numbering.py)."""

from sqlalchemy import Connection, select

from pledge.campaigns.models import Campaign, CampaignState, PledgeText

#: That there is the campaign of an entry, and in it the pledge text; of paper none is known.
KNOWN = """
    SELECT 1 FROM campaigns AS known
     WHERE known.id = ledger_entries.campaign_id
       AND (ledger_entries.pledge_text_id IS NULL
            OR EXISTS (SELECT 1 FROM pledge_texts AS signed
                        WHERE signed.id = ledger_entries.pledge_text_id AND signed.campaign_id = known.id))"""


def published(connection: Connection) -> dict[int, str]:
    """The slug of every campaign that the public may see, by its number, in the order of the numbers."""
    query = select(Campaign.id, Campaign.slug).where(Campaign.state != CampaignState.DRAFT)
    return {row.id: row.slug for row in connection.execute(query.order_by(Campaign.id))}


def pledge_hashes(connection: Connection, campaign_id: int) -> dict[int, str]:
    """The SHA-256 of every pledge text of a campaign, in hex, by the number of the text."""
    query = select(PledgeText.id, PledgeText.sha256).where(PledgeText.campaign_id == campaign_id)
    return {row.id: bytes(row.sha256).hex() for row in connection.execute(query)}
