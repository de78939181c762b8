"""Numbers: both counts apart, and charts with the same numbers beside them."""

import itertools
import re
from datetime import date, timedelta

import html5lib
import pytest
from flask_babel import force_locale

from pledge.audit.models import Actor
from pledge.core.i18n import format_duration
from pledge.statistics.charts import BOTTOM, LEFT, TOP, WIDTH, chart
from pledge.statistics.history import Point
from tests.support.factories import (
    campaign,
    fold_all,
    signature,
    the_campaign,
)

ADMIN = Actor(1, "admin@pledge.example", "")


def test_the_page_shows_both_numbers_apart_with_charts_and_tables(staff_client):
    for _ in range(3):
        signature()
    fold_all()
    page = staff_client("viewer").get("/staff/numbers")
    assert page.status_code == 200
    assert page.text.count('class="figure__number"') == 2
    assert re.findall(r'figure__number">([\d,]+)<', page.text) == ["3", "0"]
    assert page.text.count("<svg") == page.text.count("</desc>") == 2
    assert len(re.findall(r"<circle", page.text)) > 1, "people: dots"
    assert len(re.findall(r'<rect[^>]* width="5"', page.text)) > 1, "organisations: squares"
    tables = html5lib.parse(page.text, namespaceHTMLElements=False).findall(".//figure//table")
    assert len(tables) == 2
    newest = [cell.text for cell in tables[0].findall(".//tbody/tr")[0].findall("td")]
    assert newest[1] == "3"


@pytest.mark.parametrize("query", ["?by=week", "?within=week", "?by=no&within=no", "?campaign=blue-skies"])
def test_the_page_can_be_looked_at_in_other_steps(staff_client, query):
    the_campaign()
    assert staff_client("viewer").get(f"/staff/numbers{query}").status_code == 200


def test_another_campaign_can_be_chosen_and_an_unknown_one_is_a_404(staff_client):
    signature(campaign("first"))
    campaign("second", state="closed")
    fold_all()
    client = staff_client("viewer", lang="en")
    assert "second" in client.get("/staff/numbers").text
    assert re.findall(r'figure__number">([\d,]+)<', client.get("/staff/numbers").text)[0] == "1", (
        "the open one first"
    )
    assert (
        re.findall(r'figure__number">([\d,]+)<', client.get("/staff/numbers?campaign=second").text)[0] == "0"
    )
    assert client.get("/staff/numbers?campaign=third").status_code == 404


def test_the_page_costs_the_same_with_few_signatures_and_with_many(staff_client, statements):
    signature()
    client = staff_client("viewer")
    client.get("/staff/numbers")
    with statements() as few:
        client.get("/staff/numbers")
    for _ in range(20):
        signature()
    with statements() as many:
        client.get("/staff/numbers")
    assert abs(len(many) - len(few)) <= 6, "halving looks a few times more often"


# --- Charts ---


def points(*totals):
    totals = list(totals)
    moved = [after - before for before, after in zip([0, *totals], totals, strict=False)]
    return [
        Point(date(2026, 11, 1) + timedelta(days=day), number, total)
        for day, (number, total) in enumerate(zip(moved, totals, strict=True))
    ]


@pytest.mark.parametrize(
    "totals",
    [[0] * 7, [1] * 7, [0, 0, 1], [5], [100, 90, 80], [999_999, 1_000_000, 3_400_001], range(0, 3000, 100)],
)
def test_a_chart_stays_within_its_frame_and_its_axes_are_round(totals):
    drawn = chart(points(*totals))
    assert all(LEFT <= x <= WIDTH and TOP <= y <= BOTTOM for x, y in drawn.line)
    for column in drawn.columns:
        assert column.height >= 0
        assert TOP <= column.y <= BOTTOM
        assert column.y + column.height <= BOTTOM + 0.01
    for ticks in (drawn.line_ticks, drawn.column_ticks):
        assert 2 <= len(ticks) <= 6
        steps = {after.value - before.value for before, after in itertools.pairwise(ticks)}
        assert len(steps) == 1
        assert str(steps.pop()).rstrip("0") in ("1", "2", "5")
    assert 1 <= len(drawn.dates) <= 4
    assert drawn.dates[-1][1] == points(*totals)[-1], "the newest carries its date"


@pytest.mark.parametrize(
    ("seconds", "ko", "en"),
    [
        (0, "0초", "0 seconds"),
        (1, "1초", "1 second"),
        (59.6, "1분", "1 minute"),
        (125, "2분 5초", "2 minutes 5 seconds"),
        (3600, "1시간", "1 hour"),
        (3660, "1시간 1분", "1 hour 1 minute"),
        (90061, "1일 1시간", "1 day 1 hour"),
        (86400 * 3 + 59, "3일", "3 days"),
        (-5, "0초", "0 seconds"),
    ],
)
def test_a_span_of_time_is_said_in_two_units(app, seconds, ko, en):
    for lang, words in (("ko", ko), ("en", en)):
        with force_locale(lang):
            assert format_duration(timedelta(seconds=seconds)) == words
