"""The screens on which editors import partners: choose files, look at what would change, import it."""

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

TABLE = "Name in Korean,Name in English,Web address,Kind of organisation\n하늘,Sky,example.org,Embassy\n바다,Sea,,\n"


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


def shown(page, *names):
    """What the form of the preview sends: what was read, and with the button that imports what was seen."""
    return {
        name: re.search(rf'name="{name}" value="([^"]*)"', page.text)[1] for name in names or ("read", "seen")
    }


def partners():
    return {row.fields.name["en"]: row for row in items.rows(PARTNER, staff_queries.desk("air").id)}


def test_partners_are_imported_with_logos_after_a_preview(editor, client):
    preview = send(editor, "partners/import", {"table": csv(), "logos": zipped(sky=logo())})
    assert preview.status_code == 200
    assert "Sky" in preview.text
    assert "Sky" not in partners(), "a preview changes nothing"
    assert send(editor, "partners/import", shown(preview)).status_code == 303
    sky = partners()["Sky"]
    assert (sky.fields.url, sky.fields.type) == ("https://example.org", "embassy")
    page = client.get("/en/c/air").text
    assert f"/files/{sky.logo}/" in page
    assert "Sea" in page


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
    ("files", "told"),
    [
        ({}, "Choose a table, a zip with logos, or both."),
        ({"table": csv("")}, "The table is empty."),
        ({"table": csv('name_en\n"Sky\n')}, "Line 2: A quotation mark is not closed"),
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


def test_after_a_fault_in_the_table_the_logos_are_not_chosen_again(editor):
    broken = csv("Name in Korean,Name in English\n하늘,=Sky\n")
    refused = send(editor, "partners/import", {"table": broken, "logos": zipped(sky=logo())})
    assert refused.status_code == 422
    preview = send(editor, "partners/import", {"table": csv(), **shown(refused, "read")})
    send(editor, "partners/import", shown(preview))
    assert partners()["Sky"].logo


def test_what_has_changed_since_the_preview_is_shown_again(editor):
    first = send(editor, "partners/import", {"table": csv()})
    second = send(editor, "partners/import", {"table": csv(TABLE.replace("Embassy", "Business"))})
    assert send(editor, "partners/import", shown(first)).status_code == 303
    again = send(editor, "partners/import", shown(second))
    assert again.status_code == 409
    assert "The partners have changed since you looked" in again.text
    assert partners()["Sky"].fields.type == "embassy"


@pytest.mark.parametrize("read", ["", "x", "AAAA", "[[], {}]"])
def test_a_form_that_nobody_was_shown_imports_nothing(editor, read):
    before = partners()
    assert send(editor, "partners/import", {"read": read, "seen": "x"}).status_code == 422
    assert partners() == before


def test_the_table_of_partners_is_a_workbook(editor):
    sent = editor.get("/staff/campaigns/air/partners/table.xlsx")
    assert sent.headers["Content-Disposition"] == 'attachment; filename="air-partners.xlsx"'
    preview = send(editor, "partners/import", {"table": (io.BytesIO(sent.data), "partners.xlsx")})
    assert preview.status_code == 200
    assert f"stay as they are: <strong>{len(partners())}<" in preview.text
