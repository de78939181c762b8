"""Every switch ends by itself: nobody has to remember to take it back."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import insert

from pledge.audit.models import Actor
from pledge.audit.queries import Search, page
from pledge.core.db import transaction
from pledge.core.languages import Texts
from pledge.switches import moderation, queries
from pledge.switches.registry import BadTurn, CannotTurn, Switch, Switches
from tests.support.factories import campaign, sign_form

ADMIN = Actor(1, "admin@example.org", "192.0.2.1")


def banner(**options):
    moderation.turn(ADMIN, "banner", {"ko": "점검 중", "en": "At work"}, "upkeep", **options)


def limits(**options):
    moderation.turn(ADMIN, "limits", 5, "a hall of people", **options)


def pause(**options):
    moderation.turn(ADMIN, "signing", True, "an attack", **options)


@pytest.mark.parametrize(
    ("turn", "options", "lasts", "held"),
    [
        (limits, {}, timedelta(hours=24), Switches(limit_factor=5)),
        (pause, {}, timedelta(hours=24), Switches(signing_paused=True)),
        (pause, {"hours": 4}, timedelta(hours=4), Switches(signing_paused=True)),
        (limits, {"hours": 1}, timedelta(hours=1), Switches(limit_factor=5)),
        (banner, {}, timedelta(days=7), Switches(banner=Texts(ko="점검 중", en="At work"))),
        (banner, {"hours": 24}, timedelta(hours=24), Switches(banner=Texts(ko="점검 중", en="At work"))),
    ],
)
def test_a_switch_holds_until_its_end_and_not_a_moment_longer(app, frozen_clock, turn, options, lasts, held):
    begun = frozen_clock.now()
    turn(**options)
    found = queries.stored()
    assert found == held
    assert list(found.ends_at.values()) == [begun + lasts]
    frozen_clock.move(seconds=lasts.total_seconds() - 1)
    assert queries.current() == queries.stored() == held
    frozen_clock.move(seconds=1)
    assert queries.stored() == Switches()
    frozen_clock.move(seconds=queries.FRESH_SECONDS)
    assert queries.current() == Switches()


def test_the_audit_log_says_until_when(app, frozen_clock):
    limits(hours=4)
    moderation.turn(ADMIN, "limits", 1, "they have gone")
    ended, begun = (json.loads(line.details) for line in page(Search(subject="switch")).lines)
    assert begun["until"] == (frozen_clock.now() + timedelta(hours=4)).isoformat()
    assert ended == {"after": 1, "before": 5, "until": None}
    limits(hours=4)
    frozen_clock.move(hours=5)
    limits(hours=4)
    newest = json.loads(page(Search(subject="switch")).lines[0].details)
    assert newest["before"] is None  # it had ended by itself


@pytest.mark.parametrize("hours", [0, -1, 5, 10_000])
def test_a_time_that_is_not_offered_turns_nothing(app, hours):
    for turn in (banner, limits, pause):
        with pytest.raises(CannotTurn) as refused:
            turn(hours=hours)
        assert refused.value.fault is BadTurn.HOURS
    assert queries.stored() == Switches()


def test_the_page_says_until_when_and_lets_one_choose(app, staff_client, frozen_clock):
    admin = staff_client("admin", lang="en")
    form = {"limits-factor": "5", "limits-hours": "4", "limits-reason": "a hall"}
    assert admin.post("/staff/switches/limits", data=form).status_code == 303
    form = {
        "banner-text_ko": "점검",
        "banner-text_en": "Work",
        "banner-hours": "24",
        "banner-reason": "upkeep",
    }
    assert admin.post("/staff/switches/banner", data=form).status_code == 303
    found = queries.stored()
    assert found.ends_at["limits"] == frozen_clock.now() + timedelta(hours=4)
    assert found.ends_at["banner"] == frozen_clock.now() + timedelta(hours=24)
    text = admin.get("/staff/switches").text
    assert text.count("This ends on ") == 2
    refused = admin.post("/staff/switches/limits", data={**form, "limits-factor": "5", "limits-hours": "9"})
    assert refused.status_code == 422
    frozen_clock.move(hours=25)
    admin = staff_client("admin", lang="en")
    assert "This ends on " not in admin.get("/staff/switches").text


def test_signing_is_limited_again_when_the_raised_limit_has_ended(make_app, frozen_clock):
    app = make_app(limit_sign="2 per day")
    client = app.test_client()
    with app.app_context():
        campaign()
        answers = [client.post("/ko/c/blue-skies/sign", data=sign_form()).status_code for _ in range(3)]
        assert answers == [303, 303, 429]
        limits(hours=1)
        assert client.post("/ko/c/blue-skies/sign", data=sign_form()).status_code == 303
        frozen_clock.move(hours=1, seconds=3)
        assert client.post("/ko/c/blue-skies/sign", data=sign_form()).status_code == 429


def test_a_row_without_an_end_does_not_raise_the_limit_for_ever(app, frozen_clock):
    """By hand or by an older version: it holds for a day from when it was turned."""
    with transaction() as session:
        row = {"name": "limits", "value": "10", "changed_at": frozen_clock.now(), "ends_at": None}
        session.execute(insert(Switch).values(**row))
    assert queries.stored().limit_factor == 10
    frozen_clock.move(hours=24)
    assert queries.stored().limit_factor == 1
