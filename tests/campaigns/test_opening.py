"""What a page says of a campaign, whether it is open, is what the database goes by when it writes."""

from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest
from sqlalchemy import select

from pledge.campaigns import opening
from pledge.campaigns.models import Campaign, CampaignState
from pledge.core import clock
from pledge.core.db import reading
from pledge.endorsements import services as endorsements
from pledge.mail.models import MailRequest
from pledge.signatures import services as signatures
from pledge.signatures.models import Signature
from pledge.switches import services as switches
from tests.support import factories
from tests.support.rows import number_of

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

    with reading() as connection:
        is_open = set(connection.execute(select(Campaign.id).where(opening.open_now())).scalars())
        confirms = set(
            connection.execute(select(Campaign.id).where(opening.takes_confirmations_now())).scalars()
        )

    assert is_open == {row.id for row in rows if opening.is_open(row)}
    assert confirms == {row.id for row in rows if opening.takes_confirmations(row)}
    assert 0 < len(is_open) < len(confirms) < len(rows)


def sign(**changes):
    return signatures.sign(replace(factories.HONG, **changes))


def apply(**changes):
    return endorsements.apply(replace(factories.HANEUL, **changes))


TAKEN = pytest.mark.parametrize("take", [sign, apply])


def stored():
    """Signatures, and what was asked of the worker: an application is stored by it."""
    return number_of(Signature) + number_of(MailRequest)


@TAKEN
@pytest.mark.parametrize(
    "facts",
    [
        {"state": "draft"},
        {"state": "closed"},
        {"opens_at": timedelta(days=1)},
        {"closes_at": timedelta(days=-1)},
    ],
)
def test_a_campaign_that_is_not_open_takes_nobody(app, take, facts):
    now = clock.now()
    facts = {key: now + value if isinstance(value, timedelta) else value for key, value in facts.items()}
    factories.campaign("later", **facts)
    with pytest.raises(opening.CampaignNotOpen):
        take(slug="later")
    assert stored() == 0


@TAKEN
def test_a_pledge_version_that_does_not_exist_is_refused(app, take):
    factories.campaign(versions=2)
    with pytest.raises(opening.CampaignNotOpen):
        take(pledge_version=9)
    assert stored() == 0


@TAKEN
def test_while_signing_is_paused_nobody_is_taken(app, take):
    factories.campaign()
    switches.turn(factories.ANNA, "signing", True, "attack")
    with pytest.raises(opening.SigningPaused):
        take()
    assert stored() == 0
    switches.turn(factories.ANNA, "signing", False, "over")
    take()
    assert stored() > 0
