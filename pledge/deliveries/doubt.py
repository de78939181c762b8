"""Nothing is frozen over what somebody may have tampered with."""

from pledge.endorsements import counting as organizations
from pledge.ledger import queries as ledger
from pledge.signatures import counting as signatures


class CountInDoubt(RuntimeError):
    """Nothing is frozen while somebody may have tampered: entries are set aside, or the log is not what stands behind it."""

    def __init__(self, set_aside: int) -> None:
        super().__init__(set_aside)
        self.set_aside = set_aside  #: 0 where the log and the signatures, or the wall, differ


def refuse(campaign_id: int) -> None:
    """Raises CountInDoubt, whatever the checkpoint: what is behind today's numbers may be behind yesterday's."""
    aside = ledger.set_aside_counts(campaign_id).get(campaign_id, 0)
    differing = {one.campaign_id for one in signatures.mismatches()}
    differing |= {one.campaign_id for one in organizations.mismatches()}
    if aside or campaign_id in differing:
        raise CountInDoubt(aside)
