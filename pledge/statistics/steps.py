"""Telling staff that a campaign has reached the next step on the way to its goal."""

from itertools import takewhile

from sqlalchemy import select

from pledge.abuse.models import AlertKind
from pledge.accounts.alarms import alert
from pledge.campaigns.goals import steps_of
from pledge.campaigns.models import Campaign, CampaignState, CampaignText
from pledge.core.db import reading, transaction
from pledge.core.languages import texts
from pledge.ledger import queries as ledger


class StepWatch:
    """Looks how many people have signed. A step is told when it was reached since the last look, not on the first one."""

    def __init__(self) -> None:
        self._people: dict[int, int] = {}

    def look(self) -> None:
        open_ones = select(Campaign.id, Campaign.slug, Campaign.goal, Campaign.goal_steps)
        with reading() as connection:
            rows = connection.execute(open_ones.where(Campaign.state == CampaignState.OPEN)).all()
        counts = ledger.counts(row.id for row in rows)
        for row in rows:
            people = counts[row.id].people
            before = self._people.get(row.id, people)
            self._people[row.id] = people
            reached = list(takewhile(lambda step: step <= people, steps_of(row.goal, row.goal_steps)))  # noqa: B023  # used up at once
            if reached and before < reached[-1]:
                _tell(row.id, row.slug, people, reached[-1])


def _tell(campaign_id: int, slug: str, people: int, step: int) -> None:
    titles = select(CampaignText.lang, CampaignText.title).where(CampaignText.campaign_id == campaign_id)
    with transaction() as session:
        title = texts((lang, title) for lang, title in session.execute(titles))
        alert(session, AlertKind.STEP_REACHED, f"{slug} {step}", campaign=title, people=people, step=step)
