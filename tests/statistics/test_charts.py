"""Round numbers for axes and legends, and the map."""

from itertools import islice

import pytest

from pledge.core import countries
from pledge.ledger.models import Dimension
from pledge.statistics.breakdowns import breakdowns
from pledge.statistics.charts import SHADES, region_map, round_numbers, round_step


def test_round_numbers_rise_by_one_two_and_five_times_powers_of_ten():
    assert list(islice(round_numbers(), 7)) == [1, 2, 5, 10, 20, 50, 100]


@pytest.mark.parametrize(("least", "step"), [(0, 1), (0.3, 1), (1.67, 2), (5, 5), (5.1, 10), (334, 500)])
def test_a_step_is_the_smallest_round_number_that_is_large_enough(least, step):
    assert round_step(least) == step


# --- The map ---


def lines(**regions):
    by_region = {f"KR-{code[1:]}": number for code, number in regions.items()}
    people = sum(by_region.values())
    tallies = {
        Dimension.TOTAL: {"": people},
        Dimension.COUNTRY: {"KR": people},
        Dimension.REGION: by_region,
        Dimension.HOUR: {},
    }
    return breakdowns(tallies).by_region


def test_the_map_knows_all_regions_and_shades_them_by_how_many():
    found = region_map(lines(r11=900, r41=1200, r26=60, r27=5, r49=0))
    shades = {area.code: area.shade for area in found.areas}
    assert shades.keys() == countries.REGIONS.keys()
    assert shades["KR-41"] == SHADES > shades["KR-11"] > shades["KR-26"] > shades["KR-50"] == 0
    assert all(area.path.startswith("M") and area.path.endswith("z") for area in found.areas)
    assert found.dokdo.area.code == "KR-47"


def test_the_map_does_not_tell_a_merged_region_from_an_empty_one():
    found = {
        area.code: (area.shade, area.people) for area in region_map(lines(r11=90, r41=80, r26=3, r27=2)).areas
    }
    assert found["KR-26"] == found["KR-50"] == (0, None)


def test_the_legend_holds_every_number_of_its_shade():
    found = region_map(lines(r11=900, r41=1200, r26=60, r27=5))
    legend = {shade.shade: shade for shade in found.legend}
    for area in found.areas:
        if area.people is not None:
            shade = legend[area.shade]
            assert shade.least <= area.people <= (shade.most or area.people)


def test_there_is_no_map_without_a_region_to_show():
    assert region_map(lines(r11=3, r26=1)) is None
