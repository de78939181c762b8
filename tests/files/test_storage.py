"""A folder and a bucket keep the same promises."""

import os
import tempfile
from pathlib import Path

import pytest

from pledge.files import storage
from pledge.files.bucket import Bucket
from pledge.files.faults import StorageAway
from pledge.files.storage import Folder

KEY = "0123456789abcdef0123456789abcdef/96.webp"


@pytest.fixture(params=["folder", "bucket"])
def place(request, tmp_path, settings_of):
    if request.param == "folder":
        return Folder(tmp_path / "files")
    return Bucket(settings_of(**request.getfixturevalue("bucket")))


def test_what_is_put_is_got_until_it_is_replaced_or_deleted(place):
    assert place.get(KEY) is None
    for data in (b"picture", b"another"):
        place.put(KEY, data)
        assert place.get(KEY) == data
    for _ in range(2):
        place.delete(KEY)
        assert place.get(KEY) is None


@pytest.mark.parametrize("size", [0, 10, 12_000_000])
def test_a_file_of_any_size_is_put_and_read_in_parts(place, size):
    whole = os.urandom(size)
    with tempfile.TemporaryFile() as file:
        file.write(whole)
        file.seek(0)
        place.put(KEY, file)
    assert b"".join(storage.read_in_parts(place.open(KEY))) == whole
    assert place.get(KEY) == whole


def test_what_a_killed_process_left_in_a_folder_goes_with_the_file(tmp_path):
    place = Folder(tmp_path / "files")
    place.put("job-1-abc/1", b"whole")
    (tmp_path / "files/job-1-abc/1.00ff00ff.part").write_bytes(b"half")
    (tmp_path / "files/job-1-abc/2").write_bytes(b"another")
    place.delete("job-1-abc/1")
    assert [path.name for path in (tmp_path / "files/job-1-abc").iterdir()] == ["2"]


def test_a_folder_is_left_empty(tmp_path):
    place = Folder(tmp_path / "files")
    place.put(KEY, b"picture")
    assert [path.name for path in (tmp_path / "files").rglob("*") if path.is_file()] == ["96.webp"]
    place.delete(KEY)
    assert list((tmp_path / "files").rglob("*")) == []


def test_a_full_disk_leaves_nothing_half_written(tmp_path, monkeypatch):
    place = Folder(tmp_path / "files")

    def full(_fd):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(storage.os, "fsync", full)
    with pytest.raises(StorageAway):
        place.put(KEY, b"picture")
    assert not [path for path in (tmp_path / "files").rglob("*") if path.is_file()]


def test_a_file_that_the_disk_does_not_give_is_away():
    with pytest.raises(StorageAway):
        Folder(Path("/proc/self")).get("mem")  # opens, and cannot be read


def test_a_folder_that_may_not_be_used_is_away(tmp_path):
    (tmp_path / "files").write_text("in the way")
    place = Folder(tmp_path / "files")
    with pytest.raises(StorageAway):
        place.put(KEY, b"picture")


@pytest.mark.parametrize("act", ["put", "get", "delete"])
def test_a_bucket_out_of_reach_is_away_within_seconds(settings_of, act, clock):
    place = Bucket(
        settings_of(
            storage_url="s3://pledge",
            storage_endpoint="http://127.0.0.1:9",
            storage_key_id="key",
            storage_secret="secret",
        )
    )
    with pytest.raises(StorageAway) as away:
        getattr(place, act)(KEY, *([b"picture"] if act == "put" else []))
    assert "secret" not in str(away.value)
