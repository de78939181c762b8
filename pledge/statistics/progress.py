"""The progress of a campaign: its totals, its history, and the checkpoint of the public log that adds up to them."""

from dataclasses import dataclass

from pledge.ledger import log_queries
from pledge.ledger.log_queries import CheckpointView
from pledge.statistics import breakdowns
from pledge.statistics.breakdowns import CampaignTotals
from pledge.statistics.history import History, history

#: A fold between two reads is met by reading again. Where no checkpoint follows a fold, as no key is at hand, that is no use.
TRIES = 2


@dataclass(frozen=True)
class Progress:
    totals: CampaignTotals
    history: History
    checkpoint: CheckpointView | None  #: the newest one; None before the first

    @property
    def log_size(self) -> int | None:
        """The size of the log that adds up to exactly these totals; None when there is no checkpoint of it (yet)."""
        return (
            self.checkpoint.size
            if self.checkpoint is not None and _agree(self.totals, self.checkpoint)
            else None
        )


def progress(campaign_id: int, slug: str) -> Progress:
    """What is read in a few statements and still belongs together. Raises UnknownCampaign."""
    for _ in range(TRIES):
        totals = breakdowns.totals(slug)
        checkpoint = log_queries.newest(campaign_id)
        if checkpoint is None or _agree(totals, checkpoint):
            break
    return Progress(totals, history(campaign_id, totals.by_day), checkpoint)


def _agree(totals: CampaignTotals, checkpoint: CheckpointView) -> bool:
    return (totals.people, totals.organizations) == (checkpoint.people, checkpoint.organizations)
