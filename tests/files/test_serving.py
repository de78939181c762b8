"""What browsers are told of files that came from outside."""

import pytest
from structlog.testing import capture_logs

from pledge.files import queries, services
from pledge.files.faults import StorageAway
from tests.support.factories import stored_video
from tests.support.pictures import PDF, png
from tests.support.videos import mp4, webm

CACHE = "public, max-age=31536000, immutable"


@pytest.fixture
def picture(app):
    return services.store_picture(png())


@pytest.fixture
def document(app):
    return services.store_document(PDF, "application/pdf")


@pytest.mark.parametrize("size", [96, 320])
def test_a_picture_is_sent_to_be_kept_for_ever_and_to_run_nothing(client, picture, size):
    response = client.get(f"/files/{picture}/{size}.webp")
    assert response.status_code == 200
    assert response.content_type == "image/webp"
    assert response.data[:4] == b"RIFF"
    assert response.headers["Cache-Control"] == CACHE
    assert "sandbox" in response.headers["Content-Security-Policy"].split("; ")
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_a_document_is_always_saved_under_the_name_of_its_link(client, document):
    response = client.get(f"/files/{document}/캠페인 서한.pdf")
    assert response.status_code == 200
    assert response.data == PDF
    assert response.content_type == "application/pdf"
    assert response.headers["Content-Disposition"] == (
        "attachment; filename*=UTF-8''%EC%BA%A0%ED%8E%98%EC%9D%B8%20%EC%84%9C%ED%95%9C.pdf"
    )
    assert "sandbox" in response.headers["Content-Security-Policy"]


def fetch(client, path, **options):
    """The whole answer; buffered, so that its file is closed."""
    return client.get(path, buffered=True, **options)


@pytest.mark.parametrize(("data", "ending"), [(mp4(), "mp4"), (webm(), "webm")], ids=["mp4", "webm"])
def test_a_video_is_sent_whole_or_in_the_parts_that_a_player_asks_for(client, data, ending):
    path = f"/files/{stored_video(data)}/video.{ending}"
    whole = fetch(client, path)
    assert (whole.status_code, whole.data) == (200, data)
    assert whole.content_type == f"video/{ending}"
    assert whole.headers["Accept-Ranges"] == "bytes"
    assert whole.headers["Cache-Control"] == CACHE
    part = fetch(client, path, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.data) == (206, data[10:20])
    assert part.headers["Content-Range"] == f"bytes 10-19/{len(data)}"
    assert fetch(client, path, headers={"Range": "bytes=-5"}).data == data[-5:]
    assert fetch(client, path, headers={"Range": "bytes=5-"}).data == data[5:]
    assert fetch(client, path, headers={"Range": "bytes=9999-"}).status_code == 416
    again = fetch(client, path, headers={"If-None-Match": whole.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert client.head(path, buffered=True).headers["Content-Length"] == str(len(data))


def test_a_video_in_a_bucket_is_sent_in_parts(make_app, bucket):
    app, data = make_app(**bucket), mp4(media=600_000)
    with app.app_context():
        path = f"/files/{stored_video(data)}/video.mp4"
    client = app.test_client()
    assert fetch(client, path).data == data
    part = fetch(client, path, headers={"Range": "bytes=500000-"})
    assert (part.status_code, part.data) == (206, data[500_000:])


@pytest.mark.parametrize(
    ("asked", "saved"),
    [("a%22%0d%0aX-Evil: 1", "aX-Evil%201.pdf"), ("..%2e", "document.pdf"), ("%E2%80%AEfdp", "fdp.pdf")],
)
def test_a_link_cannot_put_tricks_into_the_name(client, document, asked, saved):
    response = client.get(f"/files/{document}/{asked}.pdf")
    assert response.headers["Content-Disposition"].endswith(f"''{saved}")


def test_whoever_has_it_already_gets_no_bytes(client, picture):
    path = f"/files/{picture}/96.webp"
    etag = client.get(path).headers["ETag"]
    again = client.get(path, headers={"If-None-Match": etag})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["Cache-Control"] == CACHE
    assert client.get(path, headers={"If-None-Match": '"other"'}).status_code == 200
    assert client.head(path).headers["Content-Length"] == str(len(client.get(path).data))


def test_a_picture_that_was_stored_small_is_sent_for_a_wide_size(client, picture):
    small = client.get(f"/files/{picture}/320.webp").data
    assert client.get(f"/files/{picture}/1080.webp").data == small


def test_sending_a_file_asks_no_database(client, picture, statements):
    with statements() as seen:
        client.get(f"/files/{picture}/96.webp")
    assert seen == []


@pytest.mark.parametrize(
    "path",
    [
        "/files/{picture}/97.webp",
        "/files/{picture}/96.png",
        "/files/{picture}/x.pdf",
        "/files/{document}/96.webp",
        "/files/{document}/video.mp4",
        "/files/{document}/video.mov",
        "/files/unknown/96.webp",
        "/files/" + "0" * 32 + "/96.webp",
        "/files/..%2f..%2fpledge.sqlite3/96.webp",
        "/files/%2e%2e/x.pdf",
    ],
)
def test_anything_else_is_not_found_on_a_page_of_ours(client, picture, document, path):
    response = client.get(path.format(picture=picture, document=document), headers={"Accept-Language": "ko"})
    assert response.status_code == 404
    assert 'lang="ko"' in response.text
    assert response.headers["Cache-Control"] == "no-store"


def test_a_storage_that_is_away_is_said_clearly(client, picture, monkeypatch):
    class Away:
        def get(self, key):
            raise StorageAway("gone")

    monkeypatch.setattr(queries, "current_storage", Away)
    with capture_logs():
        response = client.get(f"/files/{picture}/96.webp")
    assert response.status_code == 503
    assert response.headers["Retry-After"]
