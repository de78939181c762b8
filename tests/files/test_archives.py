"""Pictures out of a zip: by the names that people gave them, in bounded work."""

import io
import zipfile

import pytest

from pledge.files.archives import MAX_ARCHIVE, MAX_PICTURES, ArchiveFault, unpack
from pledge.files.pictures import MAX_PICTURE
from tests.support.refusals import fault_of

pytestmark = pytest.mark.sqlite_only


def archive(files, compression=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as made:
        for name, data in files.items():
            made.writestr(name, data)
    return out.getvalue()


def named_in(encoding, name):
    """A zip whose writer put the name's bytes down without saying in which encoding they are."""
    raw = name.encode(encoding)
    placeholder = "x" * len(raw)
    return archive({placeholder: b"1"}).replace(placeholder.encode(), raw)


def read(data):
    return dict(unpack(data))


def test_files_are_named_without_their_folders_and_those_of_the_system_left_out():
    made = archive(
        {
            "logos/": b"",
            "logos/하늘.png": b"1",
            "logos/바다.png": b"2",
            "__MACOSX/logos/._하늘.png": b"3",
            "logos/.DS_Store": b"4",
            "logos/Thumbs.db": b"5",
        }
    )
    assert read(made) == {"하늘.png": b"1", "바다.png": b"2"}


@pytest.mark.parametrize("encoding", ["cp949", "utf-8"])
def test_korean_names_are_read_as_windows_and_macos_write_them(encoding):
    assert [name for name, _ in unpack(named_in(encoding, "하늘.png"))] == ["하늘.png"]


def test_names_of_macos_are_composed():
    decomposed = "\u1112\u1161\u1102\u1173\u11af.png"
    assert [name for name, _ in unpack(archive({decomposed: b"1"}))] == ["하늘.png"]


def test_of_a_file_that_unpacks_to_more_than_a_picture_may_have_little_is_read():
    ((_, content),) = unpack(archive({"bomb.png": bytes(100_000_000)}))
    assert len(content) == MAX_PICTURE + 1


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (bytes(MAX_ARCHIVE + 1), ArchiveFault.TOO_LARGE),
        (b"\x89PNG\r\n\x1a\n", ArchiveFault.WRONG_TYPE),
        (b"PK\x03\x04 and then nothing", ArchiveFault.DAMAGED),
        (archive({"a.png": b"1" * 100}).replace(b"K\x31", b"K\x31x", 1)[:-5], ArchiveFault.DAMAGED),
        (archive({}), ArchiveFault.EMPTY),
        (archive({"one/a.png": b"1", "two/a.png": b"2"}), ArchiveFault.REPEATED),
        (archive({f"{number}.png": b"1" for number in range(MAX_PICTURES + 1)}), ArchiveFault.TOO_MANY),
        (archive({f"{number}/": b"" for number in range(1001)}), ArchiveFault.TOO_MANY),
    ],
)
def test_a_bad_zip_is_refused(data, fault):
    assert fault_of(read, data) is fault


def test_a_file_that_is_broken_or_encrypted_is_told():
    whole = archive({"a.png": b"1" * 100}, zipfile.ZIP_STORED)
    assert fault_of(read, whole.replace(b"1" * 100, b"1" * 99 + b"2")) is ArchiveFault.DAMAGED
    locked = bytearray(whole)
    locked[whole.index(b"PK\x01\x02") + 8] |= 1
    assert fault_of(read, bytes(locked)) is ArchiveFault.ENCRYPTED
