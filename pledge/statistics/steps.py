"""Telling staff that a campaign has reached the next step on the way to its goal."""

from itertools import takewhile
from typing import Any

from sqlalchemy import Row, select, update

from pledge.abuse.models import AlertKind
from pledge.accounts.alarms import alert
from pledge.campaigns.goals import steps_of
from pledge.campaigns.models import Campaign, CampaignState, CampaignText
from pledge.core.db import reading, transaction
from pledge.core.languages import texts
from pledge.ledger import queries as ledger


def tell_reached_steps() -> None:
    """Tell the largest step that an open campaign has reached since the last look, not on the first one."""
    columns = (Campaign.id, Campaign.slug, Campaign.goal, Campaign.goal_steps, Campaign.told_step)
    with reading() as connection:
        rows = connection.execute(select(*columns).where(Campaign.state == CampaignState.OPEN)).all()
    counts = ledger.counts(row.id for row in rows)
    for row in rows:
        people = counts[row.id].people
        step = _reached(people, row)
        if row.told_step is None or row.told_step < step:
            _tell(row, people, step)


def _reached(people: int, row: Row[*tuple[Any, ...]]) -> int:
    """The largest step that so many people have reached; 0 before the first."""
    return max(takewhile(lambda step: step <= people, steps_of(row.goal, row.goal_steps)), default=0)


def _tell(row: Row[*tuple[Any, ...]], people: int, step: int) -> None:
    """Of several workers that look at the same moment, one tells."""
    mine = (Campaign.id == row.id, Campaign.told_step.is_not_distinct_from(row.told_step))
    titles = select(CampaignText.lang, CampaignText.title).where(CampaignText.campaign_id == row.id)
    with transaction() as session:
        told = session.execute(update(Campaign).where(*mine).values(told_step=step).returning(Campaign.id))
        if told.one_or_none() and row.told_step is not None:
            title = texts((lang, title) for lang, title in session.execute(titles))
            about = f"{row.slug} {step}"
            alert(session, AlertKind.STEP_REACHED, about, campaign=title, people=people, step=step)
