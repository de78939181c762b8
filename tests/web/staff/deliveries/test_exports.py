"""The page of exports: asked for with a reason, downloaded while it is there, all of it recorded."""

import io
import json
import re
import zipfile

import openpyxl
import pytest

from pledge.audit.queries import Search, page
from pledge.campaigns.queries import published_slugs
from pledge.core.i18n import SEOUL
from pledge.exports import services
from pledge.jobs import services as jobs
from pledge.jobs.models import JobKind
from pledge.ledger import log_queries
from pledge.ledger.log import sign_missing_checkpoints
from tests.support.factories import SLUG, campaign, fold_all, signature, signatures, the_campaign
from tests.support.insider import as_superuser

ASKED = {"campaign": SLUG, "kind": "ledger", "format": "csv", "lang": "en", "why": "for our own chart"}


def make_files() -> None:
    while jobs.advance({JobKind.EXPORT: services.make}):
        pass


def test_the_totals_of_one_person_are_told_in_the_singular(exporter):
    signatures(1)
    fold_all()
    assert re.search(r"As of [^<]*: 1 person<", exporter.get("/staff/exports").text)


def test_an_export_is_asked_for_made_and_downloaded(exporter):
    signatures(3)
    fold_all()
    response = exporter.post("/staff/exports", data=ASKED)
    assert (response.status_code, response.headers["Location"]) == (303, "/staff/exports")
    assert "<progress" in exporter.get("/staff/exports").text

    make_files()

    assert "3 rows" in exporter.get("/staff/exports").text
    (export,) = services.newest()
    file = exporter.post(f"/staff/exports/{export.id}/download")
    assert file.status_code == 200
    assert file.headers["Content-Disposition"] == f'attachment; filename="{export.file_name}"'
    assert file.headers["Cache-Control"] == "no-store"
    assert file.content_length == len(file.data)
    with zipfile.ZipFile(io.BytesIO(file.data)) as archive:
        assert json.loads(archive.read("manifest.json"))["rows"] == 3
    actions = [line.action for line in page(Search(), None).lines]
    assert actions[:2] == ["export.download", "export.request"]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"campaign": "none"}, "Choose a campaign."),
        ({"kind": "signers"}, "Choose what you need."),
        ({"format": "ods"}, "Choose a format."),
        ({"lang": "fr"}, "Choose a language."),
        ({"why": "   "}, "Give a reason"),
    ],
)
def test_a_mistake_is_named_and_nothing_typed_is_lost(exporter, wrong, words):
    signatures(1)
    response = exporter.post("/staff/exports", data={**ASKED, **wrong})
    assert response.status_code == 422
    assert words in response.text
    if "why" not in wrong:
        assert "for our own chart" in response.text
    assert services.newest() == []


def test_a_file_that_is_not_made_yet_or_never_was_is_not_found(exporter):
    signatures(1)
    exporter.post("/staff/exports", data=ASKED)
    (export,) = services.newest()
    assert exporter.post(f"/staff/exports/{export.id}/download").status_code == 404
    assert exporter.post("/staff/exports/999/download").status_code == 404


def test_an_export_whose_file_was_deleted_says_so(staff_client, frozen_clock):
    signatures(1)
    staff_client("exporter").post("/staff/exports", data=ASKED)
    make_files()
    frozen_clock.move(hours=25)
    jobs.sweep()
    exporter = staff_client("exporter", lang="en")
    assert "Deleted after 24 hours" in exporter.get("/staff/exports").text
    (export,) = services.newest()
    assert exporter.post(f"/staff/exports/{export.id}/download").status_code == 404


# --- The totals of now, by one press ---

TOTALS = f"/staff/exports/totals/{SLUG}"
OPENERS = {
    "csv": lambda content: content.decode("utf-8-sig"),
    "json": lambda content: json.dumps(json.loads(content), ensure_ascii=False),
    "xlsx": lambda content: " ".join(
        str(cell)
        for sheet in openpyxl.load_workbook(io.BytesIO(content))
        for row in sheet.iter_rows(values_only=True)
        for cell in row
    ),
}


@pytest.mark.parametrize(("form", "lang"), [("xlsx", "ko"), ("csv", "en"), ("json", "ko")])
def test_one_press_gives_the_totals_at_the_newest_checkpoint(exporter, form, lang):
    signatures(9, country="KR", region="KR-11")
    signatures(6, country="JP", region=None)
    signature(country="DE", region=None)  # alone, so it must not show
    signatures(4, country="FR", region=None)
    fold_all()
    signatures(3)  # not counted yet, so in no checkpoint

    file = exporter.post(TOTALS, data={"format": form, "lang": lang})

    assert file.status_code == 200
    text = OPENERS[form](file.data)
    assert re.search(r"\b20\b", text)
    assert ("대한민국" if lang == "ko" else "Republic of Korea") in text
    assert "독일" not in text
    assert "Germany" not in text
    assert "KST" in text
    newest = log_queries.newest(the_campaign().id)
    at = newest.signed_at.astimezone(SEOUL)
    name = f"{SLUG}-totals-{at:%Y%m%d-%H%M%S}KST-{lang}.{form}"
    assert file.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    assert file.headers["Cache-Control"] == "no-store"
    (entry, *_rest) = page(Search(), None).lines
    assert (entry.action, entry.subject) == ("export.totals", f"campaign:{SLUG}")
    assert json.loads(entry.details) == {
        "format": form,
        "lang": lang,
        "people": 20,
        "organizations": 0,
        "as_of": f"{newest.signed_at:%Y-%m-%dT%H:%M:%SZ}",
    }


def test_the_page_offers_the_totals_of_each_campaign_in_the_language_of_who_looks(staff_client):
    signatures(7)
    fold_all()
    for lang in ("ko", "en"):
        shown = staff_client("exporter", lang=lang).get("/staff/exports").text
        assert f'action="{TOTALS}"' in shown
        assert f'<option value="{lang}" selected>' in shown
        for form in ("xlsx", "csv", "json"):
            assert f'name="format" value="{form}"' in shown


def test_no_totals_of_what_is_not_counted_not_known_or_does_not_add_up(exporter):
    signature()
    good = {"format": "csv", "lang": "ko"}
    nothing = exporter.post(TOTALS, data=good)
    assert nothing.status_code == 409
    assert "Nothing of this campaign is counted yet." in nothing.text
    assert exporter.post("/staff/exports/totals/nothing", data=good).status_code == 404
    campaign("empty")
    assert sign_missing_checkpoints(published_slugs), "of a log without an entry"
    assert exporter.post("/staff/exports/totals/empty", data=good).status_code == 409
    assert "/staff/exports/totals/empty" not in exporter.get("/staff/exports").text
    fold_all()
    for wrong in ({"format": "ods"}, {"lang": "fr"}, {"format": ""}):
        assert exporter.post(TOTALS, data=good | wrong).status_code == 422
    as_superuser("UPDATE checkpoints SET people = 99")
    forged = exporter.post(TOTALS, data=good)
    assert forged.status_code == 409
    assert "do not add up" in forged.text
    assert [line.action for line in page(Search(), None).lines] == []
