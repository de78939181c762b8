"""The line about today's largest region: shown only for crowds, renewed seldom, and never because of a few people."""

from datetime import timedelta
from itertools import count, pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pledge.core import clock
from pledge.core.db import db, transaction
from pledge.ledger.services import Place
from pledge.signatures.entries import set_place
from pledge.signatures.models import Signature
from pledge.statistics import places
from pledge.statistics.cells import MIN_CELL
from pledge.statistics.models import RegionToday
from pledge.statistics.places import MIN_CHANGED
from pledge.web.caching import cache
from tests.support.factories import campaign, crowd, fold_all, signature, the_campaign

pytestmark = pytest.mark.usefixtures("app")

NUMBERS = count()
BUSAN, SEOUL, JEJU = "KR-26", "KR-11", "KR-49"


@pytest.fixture
def air(frozen_clock):
    frozen_clock.move_to_noon()
    return campaign()


def signed(**regions):
    """These numbers of people sign now, by region."""
    for region, number in regions.items():
        if number:
            crowd(number, region=globals()[region], at=clock.now())
    fold_all()


def shown(campaign):
    return places.today_line(campaign.id)


def test_the_region_with_the_most_people_of_today_in_korea_is_told_and_yesterdays_is_not(air, frozen_clock):
    crowd(30, region=SEOUL, at=clock.now())
    frozen_clock.move(days=1)
    signed(BUSAN=12, SEOUL=9)
    assert places.renew_today_lines() == 1
    assert shown(air) == (BUSAN, 12)
    frozen_clock.move(hours=12)  # midnight in Korea
    assert shown(air) is None


@pytest.mark.parametrize(
    ("regions", "why"),
    [
        ({"BUSAN": 12, "SEOUL": 7}, "fewer than twenty people"),
        ({"BUSAN": 25}, "everybody of the day is from there"),
        ({"BUSAN": 25, "SEOUL": 4}, "the others are too few"),
    ],
)
def test_nothing_is_told_that_could_point_at_a_person(air, regions, why):
    signed(**regions)
    assert places.renew_today_lines() == 0, why
    assert shown(air) is None


def test_small_cells_of_today_are_merged_before_one_is_chosen(air):
    for region in ("KR-27", "KR-28", "KR-29", "KR-30", "KR-31"):
        crowd(4, region=region, at=clock.now())
    fold_all()
    assert places.renew_today_lines() == 0


def test_another_line_takes_an_hour_and_twenty_people(air, frozen_clock):
    signed(BUSAN=12, SEOUL=9)
    places.renew_today_lines()
    frozen_clock.move(minutes=59)
    signed(BUSAN=40)
    assert places.renew_today_lines() == 0, "not within the hour"
    frozen_clock.move(minutes=2)
    assert places.renew_today_lines() == 1
    assert shown(air) == (BUSAN, 52)
    frozen_clock.move(hours=2)
    signed(BUSAN=MIN_CHANGED - 1)
    assert places.renew_today_lines() == 0, "not after nineteen people"
    signed(SEOUL=1)
    assert places.renew_today_lines() == 1


def test_the_number_of_a_region_never_moves_by_a_few_people(air, frozen_clock):
    signed(BUSAN=30, SEOUL=9)
    places.renew_today_lines()
    frozen_clock.move(hours=2)
    signed(BUSAN=1, JEJU=19)
    assert places.renew_today_lines() == 0, "one person from Busan among twenty could be found by subtracting"
    assert shown(air) == (BUSAN, 30)
    signed(BUSAN=4)
    assert places.renew_today_lines() == 1
    assert shown(air) == (BUSAN, 35)


def test_who_withdrew_today_is_not_told_and_one_person_twice_is_one_change(air):
    for _ in range(9):
        signature(state="withdrawn", region=BUSAN, at=clock.now())
    signed(SEOUL=5, JEJU=5)
    assert places.renew_today_lines() == 0, "nineteen people, though twenty-eight entries"
    signed(SEOUL=1)
    assert places.renew_today_lines() == 1
    assert shown(air) == (SEOUL, 6)


def test_a_region_that_is_told_after_confirming_counts_for_those_who_signed_today(air, frozen_clock):
    old = crowd(9, region=None, at=clock.now() - timedelta(days=2))
    new = crowd(9, region=None, at=clock.now())
    signed(SEOUL=12)
    for of in (*old, *new):
        with transaction() as session:
            set_place(session, session.get_one(Signature, of), Place("KR", BUSAN))
    crowd(30, region=None, at=clock.now())
    fold_all()
    crowd(1, region=None, at=clock.now())  # what is folded at a size counts from the next one on
    fold_all()
    assert places.renew_today_lines() == 1
    assert shown(air) == (SEOUL, 12), "nine of eighteen have signed today"
    with transaction() as session:
        session.delete(session.get_one(RegionToday, air.id))
    later = crowd(4, region=None, at=clock.now())
    for of in later:
        with transaction() as session:
            set_place(session, session.get_one(Signature, of), Place("KR", BUSAN))
    fold_all()
    crowd(1, region=None, at=clock.now())
    fold_all()
    assert places.renew_today_lines() == 1
    assert shown(air) == (BUSAN, 13)


def test_the_page_of_the_campaign_and_of_the_hall_show_the_line(air, client):
    signed(BUSAN=12, SEOUL=9)
    assert "from Busan today" not in client.get("/en/c/blue-skies").text
    places.renew_today_lines()
    cache.clear()
    for path in ("/en/c/blue-skies", "/en/c/blue-skies/live"):
        assert "12 people from Busan today" in client.get(path).text
    assert "오늘 부산광역시에서 12명이 서명했습니다" in client.get("/ko/c/blue-skies").text


def test_a_closed_campaign_gets_no_line(air):
    signed(BUSAN=12, SEOUL=9)
    the_campaign().state = "closed"
    db.session.commit()
    assert places.renew_today_lines() == 0


STEPS = st.lists(
    st.tuples(st.integers(0, 90), st.integers(0, 12), st.integers(0, 12), st.integers(0, 9)),
    min_size=2,
    max_size=7,
)


@pytest.mark.sqlite_only
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_two_lines_that_follow_each_other_differ_by_twenty_people_and_by_whole_cells(
    app, frozen_clock, steps
):
    of = campaign(f"campaign-{next(NUMBERS)}")
    lines, signed_so_far = [], 0
    for minutes, *numbers in steps:
        frozen_clock.move(minutes=minutes)
        for region, number in zip((BUSAN, SEOUL, JEJU), numbers, strict=True):
            if number:
                crowd(number, of, region=region, at=clock.now())
                signed_so_far += number
        fold_all()
        places.renew_today_lines()
        stored = db.session.get(RegionToday, of.id, populate_existing=True)
        db.session.rollback()
        if stored and (not lines or stored.made_at != lines[-1][0]):
            lines.append((stored.made_at, signed_so_far, stored.day, stored.region, stored.people))
    for before, after in pairwise(lines):
        assert after[0] - before[0] >= places.RENEWAL_INTERVAL
        assert after[1] - before[1] >= MIN_CHANGED
        if after[2:4] == before[2:4]:
            assert after[4] == before[4] or abs(after[4] - before[4]) >= MIN_CELL
