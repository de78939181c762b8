"""Numbers: both counts apart, and charts with the same numbers beside them."""

import io
import itertools
import json
import re
import zipfile
from datetime import date, timedelta

import html5lib
import openpyxl
import pytest
from flask_babel import force_locale

from pledge.audit.queries import Search, page
from pledge.campaigns.queries import published_slugs
from pledge.core.i18n import SEOUL, format_duration
from pledge.exports import services
from pledge.exports.rows import KINDS
from pledge.files import storage
from pledge.jobs import services as jobs
from pledge.jobs.models import JobKind
from pledge.ledger import log_queries
from pledge.ledger.log import sign_missing_checkpoints
from pledge.statistics.charts import BOTTOM, LEFT, TOP, WIDTH, chart
from pledge.statistics.history import Point
from pledge.statistics.places import renew_places
from tests.support.factories import (
    SLUG,
    campaign,
    crowd,
    endorsement,
    fold_all,
    signature,
    signatures,
    the_campaign,
)
from tests.support.insider import as_superuser


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


def test_the_page_costs_the_same_with_many_signatures_and_campaigns(staff_client, statements):
    signature()
    client = staff_client("viewer")
    client.get("/staff/numbers")
    with statements() as few:
        client.get("/staff/numbers")
    for number in range(20):
        signature()
        campaign(f"other-{number}")
    with statements() as many:
        client.get("/staff/numbers")
    assert abs(len(many) - len(few)) <= 6, "halving looks a few times more often"


def test_all_campaigns_stand_in_one_table_with_today_yesterday_and_the_week(staff_client, frozen_clock):
    first = campaign("first")
    campaign("second", state="closed")
    now = frozen_clock.now()
    for days in (0, 0, 0, 1, 1, 6, 8):
        signature(first, at=now - timedelta(days=days))
    fold_all()
    page = staff_client("viewer", lang="en").get("/staff/numbers").text
    lines = {
        re.search(r"campaign=([a-z]+)", line)[1]: re.findall(r"<td[^>]*>([^<]*)</td>", line)
        for line in page.partition("<tbody>")[2].partition("</tbody>")[0].split("<tr>")[1:]
    }
    assert lines["first"][:5] == ["7", "+3", "+2", "+6", "+1"]
    assert lines["second"][:5] == ["0", "0", "0", "0", "0"]


def list_under(page, title):
    """Of each line of the list below a heading its words, its people and its part."""
    lines = page.partition(f'id="{title}"')[2].partition("</ul>")[0].split("<li")[1:]
    return [re.sub(r"<[^>]+>", " ", line.partition(">")[2]).split() for line in lines]


def test_signers_are_shown_by_the_link_through_which_they_came(staff_client):
    air = campaign("air")
    crowd(7, air, via=f"p{air.partners[1].id}")
    crowd(4, air, via=f"p{air.partners[0].id}")
    crowd(9, air)
    fold_all()
    page = staff_client("viewer", lang="en").get("/staff/numbers").text
    assert list_under(page, "links-title") == [
        [*air.partners[1].name["en"].split(), "Partner", "7", "35.0%"],
        ["No", "link,", "or", "another", "one", "13", "65.0%"],
    ]


def test_regions_are_shown_with_small_ones_merged_as_on_the_public_page(staff_client):
    air = campaign("air")
    for region, people in (("KR-11", 12), ("KR-26", 9), ("KR-50", 2), ("KR-49", 3)):
        crowd(people, air, country="KR", region=region)
    fold_all()
    renew_places()
    page = staff_client("viewer", lang="en").get("/staff/numbers").text
    assert list_under(page, "regions-title") == [
        ["Seoul", "12", "46.2%"],
        ["Busan", "9", "34.6%"],
        ["Other", "5", "19.2%"],
    ]


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


# --- The totals of now, by one press ---

TOTALS = f"/staff/numbers/{SLUG}/totals"


def test_one_press_gives_the_totals_at_the_newest_checkpoint_in_the_readers_language(staff_client):
    signatures(20)
    endorsement(name_en="Sky Union")
    fold_all()
    signatures(3)  # not counted yet, so in no checkpoint
    exporter = staff_client("exporter", lang="en")
    assert f'action="{TOTALS}/xlsx?campaign={SLUG}"' in exporter.get("/staff/numbers").text

    file = exporter.post(f"{TOTALS}/xlsx")

    assert file.status_code == 200
    book = openpyxl.load_workbook(io.BytesIO(file.data))
    summary = dict(book["Summary"].iter_rows(values_only=True))
    assert (summary["People"], summary["Organisations"]) == (20, 1)
    assert book["Organisations"]["B2"].value == "Sky Union"
    newest = log_queries.newest(the_campaign().id)
    at = newest.signed_at.astimezone(SEOUL)
    name = f"{SLUG}-totals-{at:%Y%m%d-%H%M%S}KST-en.xlsx"
    assert file.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    assert file.headers["Cache-Control"] == "no-store"
    (entry, *_rest) = page(Search(), None).lines
    assert (entry.action, entry.subject) == ("export.totals", f"campaign:{SLUG}")
    assert json.loads(entry.details) == {
        "format": "xlsx",
        "lang": "en",
        "people": 20,
        "organizations": 1,
        "as_of": f"{newest.signed_at:%Y-%m-%dT%H:%M:%SZ}",
    }
    assert "서명한 사람" in staff_client("exporter", lang="ko").post(f"{TOTALS}/csv").text


def test_one_press_gives_the_totals_at_the_end_of_an_earlier_day(staff_client, frozen_clock):
    signatures(6)
    fold_all()
    day = f"{frozen_clock.now().astimezone(SEOUL):%Y-%m-%d}"
    frozen_clock.move(days=1)
    signatures(3)
    fold_all()
    exporter = staff_client("exporter", lang="en")
    assert f'name="day" type="date" value="{day}"' in exporter.get("/staff/numbers").text

    def people(day):
        book = openpyxl.load_workbook(io.BytesIO(exporter.post(f"{TOTALS}/xlsx", data={"day": day}).data))
        return dict(book["Summary"].iter_rows(values_only=True))["People"]

    assert (people(day), people(""), people("2099-01-01")) == (6, 9, 9)
    too_early = exporter.post(f"{TOTALS}/csv", data={"day": "2020-01-01"})
    assert (too_early.status_code, "was counted by then" in too_early.text) == (409, True)


def test_no_totals_of_what_is_not_counted_not_known_or_does_not_add_up(exporter):
    signature()
    nothing = exporter.post(f"{TOTALS}/csv")
    assert nothing.status_code == 409
    assert "Nothing of this campaign was counted by then." in nothing.text
    assert exporter.post("/staff/numbers/nothing/totals/csv").status_code == 404
    assert exporter.post(f"{TOTALS}/ods").status_code == 404
    campaign("empty")
    assert sign_missing_checkpoints(published_slugs), "of a log without an entry"
    assert exporter.post("/staff/numbers/empty/totals/csv").status_code == 409
    assert "/staff/numbers/empty/totals" not in exporter.get("/staff/numbers?campaign=empty").text
    fold_all()
    as_superuser("UPDATE checkpoints SET people = 99")
    forged = exporter.post(f"{TOTALS}/csv")
    assert forged.status_code == 409
    assert "do not add up" in forged.text
    assert [line.action for line in page(Search(), None).lines] == []


# --- Lists, made by the worker ---

ROWS = f"/staff/numbers/{SLUG}"


def make_files() -> None:
    while jobs.advance({JobKind.EXPORT: services.make}):
        pass


def test_every_list_is_asked_for_by_one_press_made_and_downloaded(exporter):
    signatures(3)
    fold_all()
    offered = exporter.get("/staff/numbers").text
    for kind in KINDS:
        assert f'action="{ROWS}/{kind}/csv"' in offered
        response = exporter.post(f"{ROWS}/{kind}/csv")
        assert response.headers["Location"] == f"/staff/numbers?campaign={SLUG}#files-title"
    assert "<progress" in exporter.get("/staff/numbers").text

    make_files()

    assert "3 rows" in exporter.get("/staff/numbers").text
    for export in services.newest():
        file = exporter.post(f"/staff/numbers/files/{export.id}")
        assert file.status_code == 200
        assert file.headers["Content-Disposition"] == f'attachment; filename="{export.file_name}"'
        assert file.headers["Cache-Control"] == "no-store"
        assert file.content_length == len(file.data)
    with zipfile.ZipFile(io.BytesIO(file.data)) as archive:
        assert json.loads(archive.read("manifest.json"))["rows"] == 3, "the log, which was asked for first"
    actions = [line.action for line in page(Search(), None).lines]
    assert actions == ["export.download"] * len(KINDS) + ["export.request"] * len(KINDS)


def test_a_storage_that_is_away_is_told_and_not_recorded_as_a_download(exporter, monkeypatch):
    def away(file):
        with file:
            raise storage.StorageAway("x")
        yield

    signatures(1)
    exporter.post(f"{ROWS}/ledger/csv")
    make_files()
    (export,) = services.newest()
    monkeypatch.setattr(jobs, "read_in_parts", away)
    answer = exporter.post(f"/staff/numbers/files/{export.id}")
    assert (answer.status_code, "file storage is not responding" in answer.text) == (503, True)
    assert [line.action for line in page(Search(), None).lines] == ["export.request"]


def test_a_file_that_is_not_made_yet_or_never_was_or_was_deleted_is_not_found(staff_client, frozen_clock):
    signatures(1)
    exporter = staff_client("exporter", lang="en")
    exporter.post(f"{ROWS}/ledger/csv")
    (export,) = services.newest()
    assert exporter.post(f"/staff/numbers/files/{export.id}").status_code == 404
    assert exporter.post("/staff/numbers/files/999").status_code == 404
    make_files()
    frozen_clock.move(hours=25)
    jobs.sweep()
    exporter = staff_client("exporter", lang="en")
    assert "Deleted after 24 hours" in exporter.get("/staff/numbers").text
    assert exporter.post(f"/staff/numbers/files/{export.id}").status_code == 404
