"""Which place a region takes among the others, by what everybody may see (cells.py)."""

from pledge.core.countries import REGIONS
from pledge.ledger import queries as ledger
from pledge.statistics.breakdowns import breakdowns


def region_ranks(campaign_id: int) -> dict[str, int]:
    """The place of each region that is shown by itself: 1 has the most people; equal ones have the same place."""
    lines = breakdowns(ledger.tallies(campaign_id)).by_region
    people = {line.key: line.people for line in lines if line.key in REGIONS}
    return {key: 1 + sum(other > number for other in people.values()) for key, number in people.items()}
