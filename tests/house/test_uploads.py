"""Files from outside are sent by one view only, which lets nothing in them run."""

import ast

import pytest

from config import ROOT

PACKAGE = ROOT / "pledge"
#: The view; the package itself; the doctor, who looks whether the storage works.
READERS = {
    *("web/public/campaign/files.py", "files/queries.py", "files/services.py", "diagnosis/environment.py"),
    "files/scans.py",  # of sheets with names, as a download for staff
    "web/embed/pictures.py",  # draws them into pictures of its own
    "jobs/services.py",  # stores and reads what our own worker has made; nobody uploads that
}


def test_only_one_view_reads_stored_files():
    reading = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if f"{node.module}.{alias.name}".startswith(
            ("pledge.files.queries", "pledge.files.storage.current_storage")
        )
    }
    assert reading == READERS, "files are sent by web/public/campaign/files.py"


@pytest.mark.sqlite_only
def test_every_route_that_sends_stored_files_sends_the_sandbox(app, client):
    from pledge.files import services
    from tests.support.factories import stored_video
    from tests.support.pictures import PDF, png

    stored = {
        "files.picture": {"name": services.store_picture(png()), "size": 96},
        "files.document": {"name": services.store_document(PDF, "application/pdf"), "filename": "letter"},
        "files.video": {"name": stored_video(), "ending": "mp4"},
    }
    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith("files.")]
    assert {rule.endpoint for rule in rules} == set(stored), "a new route needs a file here"
    for rule in rules:
        address = app.url_map.bind("localhost").build(rule.endpoint, stored[rule.endpoint])
        for headers in ({}, {"If-None-Match": "*"}, {"Range": "bytes=0-9"}):
            response = client.get(address, headers=headers, buffered=True)
            assert response.status_code in (200, 206, 304), address
            directives = response.headers["Content-Security-Policy"].split("; ")
            assert "sandbox" in directives, "with no rights at all: not `sandbox allow-…`"
            assert "default-src 'none'" in directives
            assert response.headers["X-Content-Type-Options"] == "nosniff"
            assert response.headers["Cache-Control"].endswith("immutable")
        assert client.get(address, buffered=True).content_type in (
            "image/webp",
            "application/pdf",
            "video/mp4",
        )
