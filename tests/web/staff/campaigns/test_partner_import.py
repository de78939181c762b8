"""The screens on which editors import partners: choose a table, look at what would change, import it."""

import html
import io
import re

import pytest

from pledge.campaigns import items, staff_queries
from pledge.campaigns.partners import PARTNER
from tests.support import factories
from tests.web.staff.campaigns.screens import send

pytestmark = pytest.mark.sqlite_only

TABLE = "Name in Korean,Name in English,Web address,Kind of organisation\n하늘,Sky,example.org,Embassy\n바다,Sea,,\n"


@pytest.fixture(autouse=True)
def _campaign(app):
    factories.campaign("air")


def csv(text=TABLE, encoding="utf-8"):
    return (io.BytesIO(text.encode(encoding)), "partners.csv")


def preview(editor, table):
    page = send(editor, "partners/import", {"table": table})
    assert page.status_code == 200
    return page


def shown(page):
    """What the form of the preview sends: the table again, and with the button that imports what was seen."""
    return {
        name: html.unescape(re.search(rf'name="{name}" value="([^"]*)"', page.text)[1])
        for name in ("text", "seen")
    }


def partners():
    return {row.fields.name["en"]: row for row in items.rows(PARTNER, staff_queries.desk("air").id)}


def test_partners_are_imported_after_a_preview(editor, client):
    page = preview(editor, csv())
    assert "Sky" in page.text
    assert "Sky" not in partners(), "a preview changes nothing"
    assert send(editor, "partners/import", shown(page)).status_code == 303
    sky = partners()["Sky"]
    assert (sky.fields.url, sky.fields.type) == ("https://example.org", "embassy")
    page = client.get("/en/c/air").text
    assert "Sky" in page
    assert "Sea" in page


def test_the_largest_table_of_korean_excel_is_carried_from_the_preview_to_the_import(editor):
    lines = [f"협력 기관 {'가나다라' * 18} {number},Partner {number},," for number in range(300)]
    table = csv("\r\n".join([TABLE.partition("\n")[0], *lines]), "cp949")
    assert send(editor, "partners/import", shown(preview(editor, table))).status_code == 303
    assert partners()["Partner 299"].fields.name["ko"] == lines[299].partition(",")[0]


def test_faults_are_told_by_line_in_the_language_of_the_reader(editor):
    broken = csv(
        "Name in Korean,Name in English,Web address,Kind of organisation\n하늘,Sky,no address,\n바다,,,castle\n"
    )
    sent = send(editor, "partners/import", {"table": broken})
    assert sent.status_code == 422
    assert "Line 2, Web address: Enter a web address" in sent.text
    assert "Line 3, Name in English: This field is required." in sent.text
    editor.post("/staff/language", data={"lang": "ko"})
    broken = csv("Name in Korean,Name in English,Web address,Kind of organisation\n하늘,Sky,no address,\n")
    assert "2행, 웹 주소: " in send(editor, "partners/import", {"table": broken}).text


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "The table is empty."),
        ({"table": csv("")}, "The table is empty."),
        ({"table": csv('name_en\n"Sky\n')}, "Line 2: A quotation mark is not closed"),
        ({"table": csv("Name\n" + "x\n" * 301)}, "more than 300 lines"),
        ({"table": csv("Name,\n" + f"{'x' * 199},{'y' * 500}\n" * 290)}, "The table is too large."),
        ({"table": (io.BytesIO(b"PK\x03\x04" + bytes(60)), "partners.xlsx")}, "This is not a CSV file."),
    ],
)
def test_a_file_that_cannot_be_read_is_told_at_its_field(editor, files, message):
    sent = send(editor, "partners/import", files)
    assert sent.status_code == 422
    assert message in sent.text
    assert 'href="#table"' in sent.text


def test_what_has_changed_since_the_preview_is_shown_again(editor):
    first = preview(editor, csv())
    second = preview(editor, csv(TABLE.replace("Embassy", "Business")))
    assert send(editor, "partners/import", shown(first)).status_code == 303
    again = send(editor, "partners/import", shown(second))
    assert again.status_code == 409
    assert "The partners have changed since you looked" in again.text
    assert partners()["Sky"].fields.type == "embassy"


@pytest.mark.parametrize("text", ["", "x", TABLE])
def test_a_form_that_nobody_was_shown_imports_nothing(editor, text):
    before = partners()
    assert send(editor, "partners/import", {"text": text, "seen": "x"}).status_code in {409, 422}
    assert partners() == before


def test_the_table_of_partners_is_csv(editor):
    sent = editor.get("/staff/campaigns/air/partners/table.csv")
    assert sent.headers["Content-Disposition"] == 'attachment; filename="air-partners.csv"'
    page = preview(editor, (io.BytesIO(sent.data), "partners.csv"))
    assert f"stay as they are: <strong>{len(partners())}<" in page.text
