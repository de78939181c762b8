"""Who is bound to which words: the count of a campaign, by the version of the pledge that was signed."""

from dataclasses import dataclass

from sqlalchemy import select

from pledge.campaigns.models import PledgeText
from pledge.core.db import snapshot
from pledge.ledger import counting
from pledge.ledger.models import Kind


@dataclass(frozen=True)
class SignedVersion:
    """A version and how many count under it now."""

    version: int
    people: int
    organizations: int


def signed_versions(campaign_id: int) -> list[SignedVersion]:
    """Every version that somebody is bound to, the newest first. It reads the whole log: for a page that is seldom opened."""
    versions = select(PledgeText.id, PledgeText.version).where(PledgeText.campaign_id == campaign_id)
    with snapshot() as connection:
        numbers = connection.execute(versions.order_by(PledgeText.version.desc())).all()
        signed = counting.counted(connection, campaign_id).by_pledge
    found = [
        SignedVersion(version, signed[Kind.PERSON, number], signed[Kind.ORGANIZATION, number])
        for number, version in numbers
    ]
    return [one for one in found if one.people or one.organizations]
