"""The current totals for a member of staff: at the newest checkpoint, so that anybody can check their sum."""

from dataclasses import dataclass

from pledge.audit.models import Actor
from pledge.audit.services import note
from pledge.campaigns.queries import slugs
from pledge.core import languages
from pledge.core.clock import iso_utc
from pledge.deliveries.figures import Figures
from pledge.deliveries.freezing import DoesNotAddUp, NoSuchCheckpoint, state_of
from pledge.deliveries.tables.formats import FORMATS
from pledge.exports.names import file_name
from pledge.ledger import log_queries
from pledge.ledger.log_queries import CheckpointView
from pledge.ledger.models import Kind
from pledge.statistics import at_checkpoint
from pledge.statistics.breakdowns import breakdowns
from pledge.statistics.campaign_facts import campaign_facts
from pledge.statistics.cells import MIN_CELL

__all__ = ["DoesNotAddUp", "NoSuchCheckpoint", "TotalsFile", "at_newest_checkpoint", "newest", "take_out"]


@dataclass(frozen=True)
class TotalsFile:
    name: str
    content: bytes


def newest() -> dict[str, CheckpointView]:
    """The newest checkpoint of each campaign, by slug; campaigns without one are left out."""
    found = {slug: log_queries.newest(campaign_id) for campaign_id, slug in slugs().items()}
    return {slug: checkpoint for slug, checkpoint in sorted(found.items()) if checkpoint and checkpoint.size}


def at_newest_checkpoint(slug: str) -> Figures:
    """The totals of a campaign's log at its newest checkpoint, small cells merged.

    Raises UnknownCampaign, NoSuchCheckpoint, DoesNotAddUp.
    """
    campaign = campaign_facts(slug)
    checkpoint = log_queries.newest(campaign.id)
    if checkpoint is None or not checkpoint.size:
        raise NoSuchCheckpoint
    counted = at_checkpoint.counted(campaign.id, checkpoint.size)
    counts = counted.count(Kind.PERSON), counted.count(Kind.ORGANIZATION)
    if counts != (checkpoint.people, checkpoint.organizations):
        raise DoesNotAddUp
    lines = breakdowns(counted.tallies[Kind.PERSON])
    return Figures(
        slug=campaign.slug,
        languages=languages.codes(),
        title=campaign.title,
        as_of=checkpoint.signed_at,
        people=checkpoint.people,
        organizations=checkpoint.organizations,
        smallest_shown=MIN_CELL,
        by_country=lines.by_country,
        by_region=lines.by_region,
        by_day=lines.by_day,
        checkpoint=state_of(checkpoint),
    )


def take_out(actor: Actor, slug: str, form: str, lang: str) -> TotalsFile:
    """The totals as a file in one language. The export is recorded before the file is handed out.

    Raises UnknownCampaign, NoSuchCheckpoint, DoesNotAddUp, KeyError for another format.
    """
    write = FORMATS[form]
    figures = at_newest_checkpoint(slug)
    content = write(figures, lang)
    note(
        actor,
        "export.totals",
        f"campaign:{slug}",
        format=form,
        lang=lang,
        as_of=iso_utc(figures.as_of),
        people=figures.people,
        organizations=figures.organizations,
    )
    return TotalsFile(file_name(slug, "totals", figures.as_of, lang, form), content)
