"""Refuses to freeze a delivery while the log may have been tampered with."""

from pledge.endorsements import counting as organizations
from pledge.ledger import queries as ledger
from pledge.paper import queries as paper
from pledge.signatures import entries as signatures


class CountInDoubt(RuntimeError):
    """Entries are set aside, or the log differs from the signatures, the wall or the sheets: somebody may have tampered."""

    def __init__(self, set_aside: int) -> None:
        super().__init__(set_aside)
        self.set_aside = set_aside  #: 0 where the log differs from one of them


def refuse(campaign_id: int) -> None:
    """Raise CountInDoubt, whatever the checkpoint: a fault in the present numbers may be in earlier ones too."""
    aside = ledger.set_aside_counts(campaign_id).get(campaign_id, 0)
    differing = {one.campaign_id for one in signatures.mismatches()}
    differing |= {one.campaign_id for one in (*organizations.mismatches(), *paper.mismatches())}
    if aside or campaign_id in differing:
        raise CountInDoubt(aside)
