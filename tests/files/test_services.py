"""Storing, keeping and letting go of files; and what happens when the storage is away."""

import hashlib
import io

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from pledge.core.db import db, transaction
from pledge.files import queries, services
from pledge.files.documents import DocumentFault
from pledge.files.faults import StorageAway
from pledge.files.models import StoredFile
from pledge.files.services import VideoFault
from pledge.files.storage import current_storage
from tests.support.pictures import PDF, png
from tests.support.refusals import fault_of
from tests.support.rows import number_of
from tests.support.videos import mp4, webm

pytestmark = pytest.mark.usefixtures("app")


def keep(name):
    with transaction() as session:
        services.keep(session, name)


def discard(name):
    with transaction() as session:
        services.discard(session, name)


class Failing:
    """A storage that takes one file and is then away."""

    def __init__(self, real, puts=1):
        self.real, self.puts, self.away = real, puts, False

    def put(self, key, data):
        if self.puts == 0:
            raise StorageAway("gone")
        self.puts -= 1
        self.real.put(key, data)

    def delete(self, key):
        if self.away:
            raise StorageAway("gone")
        self.real.delete(key)


@pytest.fixture
def failing(monkeypatch):
    made = Failing(current_storage())
    monkeypatch.setattr(services, "current_storage", lambda: made)
    with capture_logs() as made.logged:
        yield made


def test_a_picture_is_stored_in_both_sizes_under_a_random_name():
    first, second = services.store_picture(png()), services.store_picture(png())
    assert first != second
    assert len(first) == 32
    small, large = queries.picture(first, 96), queries.picture(first, 320)
    assert small[:4] == large[:4] == b"RIFF"
    row = db.session.get(StoredFile, first)
    assert (row.kind, row.media_type, row.size) == ("picture", "image/webp", len(large))


@pytest.mark.parametrize(
    ("data", "media_type", "fault"),
    [
        (b"", "application/pdf", DocumentFault.EMPTY),
        (b"%PDF-1.7" + bytes(5_000_000), "application/pdf", DocumentFault.TOO_LARGE),
        (b"PK\3\4", "application/pdf", DocumentFault.WRONG_TYPE),
        (b"<html>" + PDF, "application/pdf", DocumentFault.WRONG_TYPE),
        (PDF, "text/html", DocumentFault.WRONG_TYPE),
        (PDF[:-10], "application/pdf", DocumentFault.DAMAGED),
        (PDF + b"<script>", "application/pdf", DocumentFault.DAMAGED),
        (PDF.replace(b"<<>>", b"<</S/JavaScript/JS(1)>>"), "application/pdf", DocumentFault.ACTIVE),
    ],
)
def test_what_is_no_whole_pdf_is_refused(data, media_type, fault):
    assert fault_of(services.store_document, data, media_type) == fault
    assert number_of(StoredFile) == 0


def test_a_video_is_stored_as_it_is_and_goes_with_the_sweep(frozen_clock):
    name = services.store_video(io.BytesIO(webm()))
    with queries.video(name, "webm") as file:
        assert file.read() == webm()
    row = db.session.get(StoredFile, name)
    assert (row.kind, row.media_type, row.size) == ("video", "video/webm", len(webm()))
    assert row.sha256 == hashlib.sha256(webm()).digest()
    frozen_clock.move(days=2)
    assert services.sweep() == 1
    assert queries.video(name, "webm") is None


def test_a_video_that_is_larger_than_the_setting_is_not_stored(make_app):
    with make_app(max_video_mb=1).app_context():
        assert services.store_video(io.BytesIO(mp4(media=900_000)))
        assert fault_of(services.store_video, io.BytesIO(mp4(media=1_000_000))) == VideoFault.TOO_LARGE
        assert number_of(StoredFile) == 1


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", VideoFault.EMPTY),
        (b"GIF89a" + bytes(100), VideoFault.WRONG_TYPE),
        (mp4(brand="qt  "), VideoFault.WRONG_TYPE),
        (webm(kind=b"matroska"), VideoFault.WRONG_TYPE),
        (b"\x1a\x45\xdf\xa3", VideoFault.WRONG_TYPE),
    ],
)
def test_a_video_is_known_by_its_first_bytes(data, fault):
    assert fault_of(services.store_video, io.BytesIO(data)) == fault
    assert number_of(StoredFile) == 0


# --- Keeping ---


def test_what_nobody_keeps_goes_after_a_day(frozen_clock):
    name = services.store_picture(png())
    frozen_clock.move(hours=23)
    assert services.sweep() == 0
    frozen_clock.move(hours=2)
    assert services.sweep() == 1
    assert number_of(StoredFile) == 0
    assert queries.picture(name, 96) is None


def test_what_is_kept_stays_until_the_sweep_after_it_is_discarded(frozen_clock):
    name = services.store_picture(png())
    keep(name)
    frozen_clock.move(days=400)
    assert services.sweep() == 0
    discard(name)
    assert queries.picture(name, 320)
    assert services.sweep() == 1
    assert queries.picture(name, 320) is None


def test_a_file_is_kept_by_one_row_only():
    """Its name stands on a public page: else whoever passes it on could have it, and discard it for its owner."""
    name = services.store_picture(png())
    keep(name)
    with pytest.raises(services.UnknownFile):
        keep(name)


@pytest.mark.parametrize("name", ["", "unknown", "a" * 32, "../../etc/passwd"])
def test_a_name_that_is_none_cannot_be_kept(name):
    with pytest.raises(services.UnknownFile):
        keep(name)
    discard(name)


def test_a_file_whose_day_is_over_cannot_be_kept(frozen_clock):
    name = services.store_picture(png())
    frozen_clock.move(days=1, seconds=1)
    with pytest.raises(services.UnknownFile):
        keep(name)


def test_many_files_are_deleted_in_batches(monkeypatch, frozen_clock):
    monkeypatch.setattr(services, "BATCH", 2)
    for _ in range(5):
        services.store_document(PDF, "application/pdf")
    frozen_clock.move(days=2)
    assert services.sweep() == 5


# --- The storage is away ---


def test_a_picture_that_could_be_stored_by_half_only_is_not_stored(failing):
    with pytest.raises(StorageAway):
        services.store_picture(png())
    assert [line["event"] for line in failing.logged] == ["file not stored"]
    (name,) = db.session.scalars(select(StoredFile.name)).all()
    with pytest.raises(services.UnknownFile):
        keep(name)
    assert services.sweep() == 1
    assert failing.real.get(f"{name}/96.webp") is None


def test_a_sweep_that_fails_deletes_the_rest_the_next_time(failing, frozen_clock):
    failing.puts = 10
    for _ in range(3):
        services.store_picture(png())
    frozen_clock.move(days=2)
    failing.away = True
    assert services.sweep() == 0
    assert number_of(StoredFile) == 3
    failing.away = False
    assert services.sweep() == 3
