"""The screens on which editors import partners: choose files, look at what would change, import it."""

import html
import io
import re
import zipfile

import pytest

from pledge.campaigns import items, staff_queries
from pledge.campaigns.partners import PARTNER
from tests.support import factories
from tests.support.pictures import png
from tests.web.staff.campaigns.screens import send

pytestmark = pytest.mark.sqlite_only

TABLE = "Name in Korean,Name in English,Web address,Kind\n하늘,Sky,example.org,Embassy\n바다,Sea,,\n"


@pytest.fixture(autouse=True)
def _campaign(app):
    factories.campaign("air")


def csv(text=TABLE):
    return (io.BytesIO(text.encode()), "partners.csv")


def zipped(**files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in files.items():
            archive.writestr(f"{name}.png", data)
    return (io.BytesIO(out.getvalue()), "logos.zip")


def logo():
    return png(size=(64, 36))


def fields_of(page):
    """What the form of the preview sends."""
    return {
        name: html.unescape(re.search(rf'name="{name}" value="([^"]*)"', page.text)[1])
        for name in ("lines", "pictures", "seen")
    }


def partners():
    return {row.fields.name["en"]: row for row in items.rows(PARTNER, staff_queries.desk("air").id)}


def test_partners_are_imported_with_logos_after_a_preview(editor, client):
    preview = send(editor, "partners/import", {"table": csv(), "logos": zipped(sky=logo())})
    assert preview.status_code == 200
    assert "Sky" in preview.text
    assert "Sky" not in partners(), "a preview changes nothing"
    assert send(editor, "partners/import/confirm", fields_of(preview)).status_code == 303
    sky = partners()["Sky"]
    assert (sky.fields.url, sky.fields.type) == ("https://example.org", "embassy")
    page = client.get("/en/c/air").text
    assert f"/files/{sky.logo}/" in page
    assert "Sea" in page


def test_faults_are_told_by_line_in_the_language_of_the_reader(editor):
    broken = csv("Name in Korean,Name in English,Web address,Kind\n하늘,Sky,no address,\n바다,,,castle\n")
    sent = send(editor, "partners/import", {"table": broken})
    assert sent.status_code == 422
    assert "Line 2, Web address: Enter a web address" in sent.text
    assert "Line 3, Name in English: This field is required." in sent.text
    editor.post("/staff/language", data={"lang": "ko"})
    broken = csv("Name in Korean,Name in English,Web address,Kind\n하늘,Sky,no address,\n")
    assert "2행, 웹 주소: " in send(editor, "partners/import", {"table": broken}).text


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({}, "Choose a table, a zip with logos, or both."),
        ({"table": csv("")}, "The table is empty."),
        ({"table": csv('Name\n"Sky\n')}, "Line 2: A quotation mark is not closed"),
        ({"table": csv("Name\n" + "x\n" * 301)}, "more than 300 lines"),
        ({"table": csv("Name,\n" + f"{'x' * 199},{'y' * 500}\n" * 290)}, "The table is too large."),
        ({"logos": (io.BytesIO(b"x"), "logos.zip")}, "This is not a zip file."),
        ({"logos": zipped(sky=b"<svg/>", sea=b"x")}, "sky.png: We cannot take SVG files."),
    ],
)
def test_a_file_that_cannot_be_read_is_told_at_its_field(editor, files, told):
    sent = send(editor, "partners/import", files)
    assert sent.status_code == 422
    assert told in sent.text
    assert re.search(r'href="#(table|logos)"', sent.text)


def test_what_has_changed_since_the_preview_is_shown_again(editor):
    first = send(editor, "partners/import", {"table": csv()})
    second = send(editor, "partners/import", {"table": csv()})
    assert send(editor, "partners/import/confirm", fields_of(first)).status_code == 303
    again = send(editor, "partners/import/confirm", fields_of(second))
    assert again.status_code == 409
    assert "The partners have changed since you looked" in again.text
    assert "Stays as it is" in again.text


def test_a_picture_of_somebody_else_cannot_be_named_in_the_form(editor):
    preview = fields_of(send(editor, "partners/import", {"table": csv(), "logos": zipped(sky=logo())}))
    stranger = factories.stored_picture()
    forged = preview | {"pictures": f'{{"sky.png": "{stranger}"}}'}
    assert send(editor, "partners/import/confirm", forged).status_code == 422
    assert "Sky" not in partners()


@pytest.mark.parametrize("lines", ["", "[]]", '[["x", []]]', "[[1, [1]]]"])
def test_a_form_that_nobody_was_shown_imports_nothing(editor, lines):
    before = partners()
    sent = send(editor, "partners/import/confirm", {"lines": lines, "pictures": "{}", "seen": ""})
    assert sent.status_code == 422
    assert partners() == before


def test_the_table_of_partners_is_a_workbook(editor):
    sent = editor.get("/staff/campaigns/air/partners/table.xlsx")
    assert sent.headers["Content-Disposition"] == 'attachment; filename="air-partners.xlsx"'
    preview = send(editor, "partners/import", {"table": (io.BytesIO(sent.data), "partners.xlsx")})
    assert preview.status_code == 200
    assert "A Partner" in preview.text
