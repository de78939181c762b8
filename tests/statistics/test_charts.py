"""Round numbers for axes and legends, and the map."""

from datetime import date, timedelta
from itertools import pairwise

import pytest

from pledge.core import countries
from pledge.ledger.models import Dimension
from pledge.statistics.breakdowns import breakdowns
from pledge.statistics.charts import SHADES, chart, region_map, round_step
from pledge.statistics.history import Point
from pledge.statistics.rates import population, rates


@pytest.mark.parametrize(("least", "step"), [(0, 1), (0.3, 1), (1.67, 2), (5, 5), (5.1, 10), (334, 500)])
def test_a_step_is_the_smallest_round_number_that_is_large_enough(least, step):
    assert round_step(least) == step


def test_what_happened_is_marked_at_its_day_and_what_is_close_together_shares_a_mark():
    first = date(2026, 9, 7)
    weeks = [Point(first + timedelta(weeks=week), 1, week + 1) for week in range(10)]
    happened = [first, first + timedelta(days=36), first + timedelta(days=37), first + timedelta(days=99)]
    drawn = chart(weeks, happened)
    assert [(event.first, event.last) for event in drawn.events] == [(1, 1), (2, 3), (4, 4)]
    assert [event.x for event in drawn.events] == [drawn.line[place][0] for place in (0, 5, 9)]


# --- Rates and the map ---


def test_every_region_has_its_registered_people_which_add_up_to_the_official_total():
    of = population()
    assert of.people.keys() == countries.REGIONS.keys()
    assert sum(of.people.values()) == of.total


def test_a_rate_is_for_100000_people_and_gives_the_rank():
    by_region = rates(lines(r11=900, r49=900, r26=60))
    assert list(by_region) == ["KR-49", "KR-11", "KR-26"]
    assert round(by_region["KR-11"].per_100000, 2) == 9.68
    assert [rate.rank for rate in by_region.values()] == [1, 2, 3]


def test_what_is_merged_has_no_rate():
    assert set(rates(lines(r11=90, r41=80, r26=3, r27=2))) == {"KR-11", "KR-41"}


def lines(**regions):
    by_region = {f"KR-{code[1:]}": number for code, number in regions.items() if number}
    people = sum(by_region.values())
    tallies = {
        Dimension.TOTAL: {"": people},
        Dimension.COUNTRY: {"KR": people},
        Dimension.REGION: by_region,
        Dimension.HOUR: {},
    }
    return breakdowns(tallies).by_region


def test_the_map_knows_all_regions_and_shades_as_many_of_them_alike():
    drawn = region_map(rates(lines(r11=900, r41=1200, r26=60, r49=90)))
    shades = {area.code: area.shade for area in drawn.areas}
    assert shades.keys() == countries.REGIONS.keys()
    assert [shades[code] for code in ("KR-49", "KR-11", "KR-41", "KR-26")] == [5, 4, 3, 2]
    assert shades["KR-50"] == 0
    assert all(area.path.startswith("M") and area.path.endswith("z") for area in drawn.areas)
    assert drawn.dokdo.area.code == "KR-47"


def test_the_map_does_not_tell_a_merged_region_from_an_empty_one():
    drawn = region_map(rates(lines(r11=90, r41=80, r26=3, r27=2)))
    areas = {area.code: (area.shade, area.rate) for area in drawn.areas}
    assert areas["KR-26"] == areas["KR-50"] == (0, None)


def test_the_legend_has_each_shade_once_and_holds_every_rate_of_it():
    drawn = region_map(
        rates(lines(**{f"r{code[3:]}": 300 + place for place, code in enumerate(countries.REGIONS)}))
    )
    legend = {shade.shade: shade for shade in drawn.legend}
    assert list(legend) == list(range(SHADES, 0, -1))
    assert all(higher.least > lower.most for higher, lower in pairwise(drawn.legend))
    for area in drawn.areas:
        assert legend[area.shade].least <= area.rate.per_100000 <= legend[area.shade].most


def test_there_is_no_map_without_a_region_to_show():
    assert region_map(rates(lines(r11=3, r26=1))) is None
