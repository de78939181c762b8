"""Who is bound to which words: the count of a campaign, by the version of the pledge that was signed."""

from dataclasses import dataclass

from sqlalchemy import func, select

from pledge.campaigns.models import PledgeText
from pledge.db import reading
from pledge.ledger.models import Kind, LedgerEntry


@dataclass(frozen=True)
class SignedVersion:
    """A version and how many count under it now."""

    version: int
    people: int
    organizations: int


def signed_versions(campaign_id: int) -> list[SignedVersion]:
    """Every version that somebody is bound to, the newest first. It reads the whole log: for a page that is seldom opened."""
    query = (
        select(PledgeText.version, LedgerEntry.kind, func.sum(LedgerEntry.delta).label("number"))
        .join(PledgeText, PledgeText.id == LedgerEntry.pledge_text_id)
        .where(LedgerEntry.campaign_id == campaign_id)
        .group_by(PledgeText.version, LedgerEntry.kind)
    )
    found: dict[int, dict[str, int]] = {}
    with reading() as connection:
        for row in connection.execute(query):
            found.setdefault(row.version, {})[row.kind] = int(row.number)
    versions = [
        SignedVersion(version, counts.get(Kind.PERSON, 0), counts.get(Kind.ORGANIZATION, 0))
        for version, counts in sorted(found.items(), reverse=True)
    ]
    return [one for one in versions if one.people or one.organizations]
