"""How a campaign grew: one set of lines, in which nobody can be found, and pictures drawn from nothing else."""

from collections import Counter
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pledge.core import countries
from pledge.ledger.models import Dimension, Kind
from pledge.statistics.breakdowns import NO_REGION, OTHER, breakdowns
from pledge.statistics.cells import MIN_CELL
from pledge.statistics.history import (
    MAX_STEPS,
    Day,
    History,
    organization_points,
    people_points,
    progress,
    step_of,
)
from pledge.statistics.totals import totals_at
from tests.support import ledger
from tests.support.ledger import fold

FIRST = date(2026, 11, 1)

# --- Nobody can be found ---

CODES = [*countries.REGIONS][:6]
#: People of each region, those in Korea without one, and those in a few other countries.
CROWDS = st.tuples(
    st.dictionaries(st.sampled_from(CODES), st.integers(0, 15), max_size=6),
    st.integers(0, 15),
    st.dictionaries(st.sampled_from(["FR", "JP", "US", "ZA"]), st.integers(0, 15), max_size=4),
)


def tallies(regions, nowhere, abroad):
    countries = Counter(abroad)
    countries["KR"] = sum(regions.values()) + nowhere
    return {
        Dimension.TOTAL: {"": sum(countries.values())},
        Dimension.COUNTRY: {code: number for code, number in countries.items() if number},
        Dimension.REGION: {code: number for code, number in regions.items() if number},
        Dimension.HOUR: {},
    }


def equations(crowd, shown):
    """What the lines tell, as sums over the cells that anybody may be in: `({cells}, people)`."""
    regions, _, abroad = crowd
    at_home, elsewhere = {*regions, "KR, no region"}, {*abroad}
    everybody = at_home | elsewhere
    members = {
        "country": {"KR": at_home, **{code: {code} for code in abroad}},
        "region": {NO_REGION: elsewhere | {"KR, no region"}, **{code: {code} for code in regions}},
    }
    known = [everybody]
    for name, lines in (("country", shown.by_country), ("region", shown.by_region)):
        keys = {line.key for line in lines if line.key != OTHER}
        known += [members[name][key] for key in keys]
        known.append(everybody.difference(*(members[name][key] for key in keys)))
    return sorted(everybody), known


def follows(wanted, known, cells):
    """Whether the sum over `wanted` can be had by adding and subtracting what is told (Gauss)."""
    rows = [[Fraction(cell in group) for cell in cells] for group in known]
    target = [Fraction(cell in wanted) for cell in cells]
    for column in range(len(cells)):
        pivot = next((row for row in rows if row[column] and not any(row[:column])), None)
        if pivot is None:
            continue
        rows = [row for row in rows if row is not pivot]
        for other in [*rows, target]:
            if other[column]:
                factor = other[column] / pivot[column]
                other[:] = [a - factor * b for a, b in zip(other, pivot, strict=True)]
    return not any(target)


@given(CROWDS)
@example(({"KR-11": 5}, 0, {"FR": 1, "JP": 6}))
@example(({"KR-11": 1, "KR-26": 4}, 0, {"FR": 1, "JP": 6}))
def test_no_line_is_small_and_none_can_be_had_by_subtracting(crowd):
    regions, nowhere, abroad = crowd
    by_day = tallies(*crowd)
    shown = breakdowns(by_day)
    people = by_day[Dimension.TOTAL][""]
    for lines in (shown.by_country, shown.by_region):
        assert sum(line.people for line in lines) == people
        assert all(line.people >= MIN_CELL or lines == [line] for line in lines)
    cells, known = equations(crowd, shown)
    held = {**regions, **abroad, "KR, no region": nowhere}
    for cell in cells:
        if 0 < held[cell] < MIN_CELL and people >= MIN_CELL and held[cell] != people:
            alone = {cell} | {other for other in cells if held[other] == 0}
            assert not follows({cell}, known, cells), cell
            assert not follows(alone, known, cells), cell


# --- Days ---


def grow(campaign, **days):
    """`grow(campaign, d0=7)`: seven people on the first day, at noon."""
    for name, people in days.items():
        for _ in range(people):
            ledger.confirm(campaign, hours=24 * int(name[1:]))


def test_people_and_organizations_stand_side_by_side_and_small_days_are_merged(app):
    campaign = ledger.campaign()
    grow(campaign, d0=7, d1=2, d2=4, d3=9)
    ledger.confirm(campaign, hours=24, kind=Kind.ORGANIZATION)
    fold()
    history = progress("blue-skies").history
    assert history == History(
        days=[Day(date(2026, 11, 24), 7, 0), Day(date(2026, 11, 25), None, 1), Day(date(2026, 11, 27), 9, 0)],
        merged=6,
        begins=date(2026, 11, 24),
        ends=date(2026, 11, 27),
    )


def test_a_campaign_that_nobody_signed_has_no_history(app):
    ledger.campaign()
    shown = progress("blue-skies")
    assert shown.history == History([], None, None, None)
    assert (people_points(shown.history), organization_points(shown.history)) == ([], [])
    assert (shown.checkpoint, shown.log_size) == (None, None)


def test_a_fold_between_two_reads_is_met_by_reading_again(app, monkeypatch):
    campaign = ledger.campaign()
    grow(campaign, d0=7)
    fold()
    calls = []

    def then_fold(facts):
        totals = totals_at(facts)
        if not calls:
            grow(campaign, d0=1)
            fold()
        calls.append(facts)
        return totals

    monkeypatch.setattr("pledge.statistics.history.totals_at", then_fold)
    shown = progress("blue-skies")
    assert (len(calls), shown.totals.people, shown.log_size, shown.checkpoint.size) == (2, 8, 8, 8)


# --- Pictures ---

HISTORIES = st.builds(
    lambda people, organizations, merged, gap: History(
        days=[
            Day(FIRST + timedelta(days=place * gap), number, organizations.get(place, 0))
            for place, number in enumerate(people)
            if number is not None or organizations.get(place)
        ],
        merged=merged if None in people else None,
        begins=FIRST,
        ends=FIRST + timedelta(days=(len(people) - 1) * gap),
    ),
    st.lists(st.none() | st.integers(5, 900), min_size=1, max_size=40),
    st.dictionaries(st.integers(0, 39), st.integers(-2, 9).filter(bool), max_size=9),
    st.integers(5, 60),
    st.integers(1, 40),
)


@given(HISTORIES)
def test_a_picture_ends_at_the_total_and_is_drawn_from_the_lines_alone(history):
    counts = [day.people for day in history.days if day.people is not None]
    points = people_points(history)
    if not counts:
        assert points == []
        return
    assert points[-1].total == sum(counts) + (history.merged or 0)
    assert sum(point.moved for point in points) == sum(counts)
    assert all(after.total >= before.total for before, after in pairwise(points))
    assert 7 <= len(points) <= max(MAX_STEPS, 57)
    if any(day.organizations for day in history.days):
        assert organization_points(history)[-1].total == sum(day.organizations for day in history.days)


@pytest.mark.parametrize(("days", "step"), [(1, 1), (62, 1), (63, 7), (434, 7), (435, 28), (4000, 28)])
def test_a_long_campaign_is_drawn_in_weeks(days, step):
    history = History([Day(FIRST, 9, 0)], None, FIRST, FIRST + timedelta(days=days - 1))
    assert step_of(history) == step
    assert people_points(history)[-1].total == 9


def test_merged_days_have_no_column_and_rise_evenly_in_the_line():
    days = [Day(FIRST, 20, 0), Day(FIRST + timedelta(days=9), 30, 0)]
    points = people_points(History(days, 16, FIRST, FIRST + timedelta(days=9)))
    assert [point.moved for point in points] == [20, *[0] * 8, 30]
    assert [point.total for point in points] == [20, 22, 24, 26, 28, 30, 32, 34, 36, 66]


def test_a_picture_begins_when_the_campaign_opened_and_nobody_is_drawn_before_the_first_entry():
    days = [Day(FIRST, 20, 0), Day(FIRST + timedelta(days=9), 30, 0)]
    history = History(days, 16, FIRST, FIRST + timedelta(days=9))
    points = people_points(history, opened=FIRST - timedelta(days=3))
    assert [point.begins for point in points[:2]] == [FIRST - timedelta(days=3), FIRST - timedelta(days=2)]
    assert [point.total for point in points] == [0, 0, 0, 20, 22, 24, 26, 28, 30, 32, 34, 36, 66]
    assert people_points(history, opened=FIRST + timedelta(days=3)) == people_points(history)
