"""Rows as a file: asked for by one press, downloaded while it is there, all of it recorded."""

import io
import json
import zipfile

import pytest

from pledge.audit.queries import Search, page
from pledge.exports import services
from pledge.jobs import services as jobs
from pledge.jobs.models import JobKind
from tests.support.factories import SLUG, fold_all, signatures

ROWS = f"/staff/deliveries/rows/{SLUG}"


def make_files() -> None:
    while jobs.advance({JobKind.EXPORT: services.make}):
        pass


def test_an_export_is_asked_for_made_and_downloaded(exporter):
    signatures(3)
    fold_all()
    response = exporter.post(f"{ROWS}/ledger/csv")
    assert (response.status_code, response.headers["Location"]) == (303, "/staff/deliveries#rows-title")
    assert "<progress" in exporter.get("/staff/deliveries").text

    make_files()

    assert "3 rows" in exporter.get("/staff/deliveries").text
    (export,) = services.newest()
    file = exporter.post(f"/staff/deliveries/rows/{export.id}/download")
    assert file.status_code == 200
    assert file.headers["Content-Disposition"] == f'attachment; filename="{export.file_name}"'
    assert file.headers["Cache-Control"] == "no-store"
    assert file.content_length == len(file.data)
    with zipfile.ZipFile(io.BytesIO(file.data)) as archive:
        assert json.loads(archive.read("manifest.json"))["rows"] == 3
    actions = [line.action for line in page(Search(), None).lines]
    assert actions[:2] == ["export.download", "export.request"]


@pytest.mark.parametrize("rest", ["ledger/ods", "signers/csv", "ledger"])
def test_what_is_no_kind_and_no_format_is_not_found(exporter, rest):
    signatures(1)
    assert exporter.post(f"{ROWS}/{rest}").status_code == 404
    assert exporter.post("/staff/deliveries/rows/nothing/ledger/csv").status_code == 404
    assert services.newest() == []


def test_a_file_that_is_not_made_yet_or_never_was_is_not_found(exporter):
    signatures(1)
    exporter.post(f"{ROWS}/ledger/csv")
    (export,) = services.newest()
    assert exporter.post(f"/staff/deliveries/rows/{export.id}/download").status_code == 404
    assert exporter.post("/staff/deliveries/rows/999/download").status_code == 404


def test_an_export_whose_file_was_deleted_says_so(staff_client, frozen_clock):
    signatures(1)
    staff_client("exporter").post(f"{ROWS}/ledger/csv")
    make_files()
    frozen_clock.move(hours=25)
    jobs.sweep()
    exporter = staff_client("exporter", lang="en")
    assert "Deleted after 24 hours" in exporter.get("/staff/deliveries").text
    (export,) = services.newest()
    assert exporter.post(f"/staff/deliveries/rows/{export.id}/download").status_code == 404
