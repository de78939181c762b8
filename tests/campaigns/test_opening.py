"""What a page says of a campaign, whether it is open, is what the database goes by when it writes."""

from datetime import timedelta
from itertools import product

from sqlalchemy import select

from pledge.campaigns import opening
from pledge.campaigns.models import Campaign, CampaignState
from pledge.core.db import reading
from tests.support import factories

MOMENT = timedelta(microseconds=1)


def test_python_and_sql_agree_for_every_state_and_at_every_edge(app, frozen_clock):
    now = frozen_clock.now()
    opens = (None, now - MOMENT, now, now + MOMENT)
    grace = now - opening.CONFIRM_GRACE
    closes = (None, grace - MOMENT, grace, grace + MOMENT, now - MOMENT, now, now + MOMENT)
    rows = [
        factories.campaign(f"campaign-{number}", state=state, opens_at=opens_at, closes_at=closes_at)
        for number, (state, opens_at, closes_at) in enumerate(product(CampaignState, opens, closes))
    ]
    facts = [(row.id, CampaignState(row.state), row.opens_at, row.closes_at) for row in rows]

    with reading() as connection:
        is_open = set(connection.execute(select(Campaign.id).where(opening.open_now())).scalars())
        confirms = set(
            connection.execute(select(Campaign.id).where(opening.takes_confirmations_now())).scalars()
        )

    assert is_open == {number for number, *fact in facts if opening.is_open(*fact)}
    assert confirms == {
        number for number, state, _, closes_at in facts if opening.takes_confirmations(state, closes_at)
    }
    assert 0 < len(is_open) < len(confirms) < len(facts)
