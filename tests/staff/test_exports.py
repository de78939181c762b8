"""The page of exports: asked for with a reason, downloaded while it is there, all of it recorded."""

import io
import json
import zipfile

import pytest

from pledge.audit.queries import Search, page
from pledge.delivery import exports, jobs
from pledge.delivery.models import JobKind
from tests.support.factories import SLUG, fold_all, signatures

ASKED = {"campaign": SLUG, "kind": "ledger", "format": "csv", "why": "for our own chart"}


@pytest.fixture
def exporter(staff_client):
    return staff_client("exporter", lang="en")


def make_files() -> None:
    while jobs.advance({JobKind.EXPORT: exports.make}):
        pass


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_an_empty_page(staff_client, lang):
    signatures(1)
    assert staff_client("exporter", lang=lang).get("/staff/exports").status_code == 200


def test_an_export_is_asked_for_made_and_downloaded(exporter):
    signatures(3)
    fold_all()
    response = exporter.post("/staff/exports", data=ASKED)
    assert (response.status_code, response.headers["Location"]) == (303, "/staff/exports")
    assert "<progress" in exporter.get("/staff/exports").text

    make_files()

    assert "3 rows" in exporter.get("/staff/exports").text
    (export,) = exports.newest()
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
        ({"why": "   "}, "Say why"),
    ],
)
def test_a_mistake_is_named_and_nothing_typed_is_lost(exporter, wrong, words):
    signatures(1)
    response = exporter.post("/staff/exports", data={**ASKED, **wrong})
    assert response.status_code == 422
    assert words in response.text
    if "why" not in wrong:
        assert "for our own chart" in response.text
    assert exports.newest() == []


def test_a_file_that_is_not_made_yet_or_never_was_is_not_found(exporter):
    signatures(1)
    exporter.post("/staff/exports", data=ASKED)
    (export,) = exports.newest()
    assert exporter.post(f"/staff/exports/{export.id}/download").status_code == 404
    assert exporter.post("/staff/exports/999/download").status_code == 404


def test_a_deleted_file_says_so(staff_client, frozen_clock):
    signatures(1)
    staff_client("exporter").post("/staff/exports", data=ASKED)
    make_files()
    frozen_clock.move(hours=25)
    jobs.sweep()
    exporter = staff_client("exporter", lang="en")
    assert "Deleted after 24 hours" in exporter.get("/staff/exports").text
    (export,) = exports.newest()
    assert exporter.post(f"/staff/exports/{export.id}/download").status_code == 404
