"""A pack with a wrong zip, member or manifest: tools/verify.py finds it and names it.

The same for the page's program: tests/browser/verify/.
"""

import io
import random
import struct
import zipfile
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pledge.ledger import notes
from tests.support import packs
from tests.support.checkers import CHECKERS, by_program
from tests.support.packs import MEMBERS, made_up, pack, unzipped, zipped
from tests.tools.spoiling import DESCRIBED, flipped

# --- Members ---


@pytest.mark.parametrize("name", DESCRIBED)
def test_a_member_that_differs_from_the_manifest_is_found(checked, log, name):
    content = packs.contents(log)[name]
    expected = {f"file:{name}"} | ({"signature"} if name == "log/key" else set())
    for changed in (flipped(content), flipped(content, len(content) - 1), content[:-1], content + b"\n"):
        assert checked(pack(log, changed={name: changed})).failure in expected
        assert checked(pack(log, changed={name: changed}), log.keys).failure == f"file:{name}"


@pytest.mark.parametrize("name", MEMBERS)
def test_a_member_that_is_missing(checked, log, name):
    assert checked(pack(log, left_out=(name,))).failure == "archive"


@pytest.mark.parametrize(
    "name", ["notes.txt", "../verify.py", "/etc/passwd", "log/", "LOG/KEY", "log\\key", "é"]
)
def test_a_member_that_is_foreign(checked, log, name):
    assert checked(pack(log, added={name: b""})).failure == "archive"


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_that_stands_twice(checked, log):
    stream = io.BytesIO(pack(log))
    with zipfile.ZipFile(stream, "a") as archive:
        archive.writestr(zipfile.ZipInfo("letter.pdf", (1980, 1, 1, 0, 0, 0)), b"another letter")
    assert checked(stream.getvalue()).failure == "archive"


def test_members_in_another_order_are_found(checked, log):
    files = unzipped(pack(log))
    assert checked(zipped(dict(reversed(files.items())))).failure == "archive"


def test_something_before_between_or_behind_the_members(checked, log):
    content = pack(log)
    assert checked(b"#!/bin/sh\n" + content).failure == "archive"
    assert checked(content + b"\n").failure == "archive"
    assert checked(content + content).failure == "archive"


@pytest.mark.parametrize("content", [b"", b"PK", b"PK\5\6" + bytes(18), b"x" * 500, bytes(500)])
def test_a_file_that_is_no_zip_is_found(checked, content):
    assert checked(content).failure == "archive"


def test_a_pack_that_was_cut_off_anywhere(checked, log):
    content = pack(log)
    for length in range(0, len(content), 97):
        assert checked(content[:length]).failure == "archive"


def test_a_member_that_inflates_to_more_than_it_says_is_never_unpacked(checked, log):
    """A bomb: 64 MB of zeros behind a head that says 10 bytes, with everything signed."""
    content = bytearray(pack(log, rewritten={"letter.pdf": bytes(1 << 26)}))
    size = struct.pack("<I", 1 << 26)
    while (place := content.find(size)) >= 0:
        content[place : place + 4] = struct.pack("<I", 10)
    assert checked(bytes(content)).failure == "archive"


def test_a_member_that_holds_more_behind_what_its_head_says(checked, log):
    """Who unpacks it with another program gets another letter than the one that was hashed."""
    right = unzipped(pack(log))["letter.pdf"]
    longer = right + b"%PDF: another page"
    content = pack(log, changed={"letter.pdf": longer})
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        packed = archive.getinfo("letter.pdf").compress_size
    said = struct.pack("<3I", zlib.crc32(longer), packed, len(longer))
    assert content.count(said) == 2, "before the member and in the directory"
    lie = struct.pack("<3I", zlib.crc32(right), packed, len(right))
    assert checked(content.replace(said, lie)).failure == "archive"


# --- The manifest ---

FIELDS = {
    "format": "pledge-delivery/v2",
    "campaign": "another",
    "origin": "pledge.example/log/another",
    "checkpoint": {},
    "files": {},
    "tool": 7,
}


@pytest.mark.parametrize("field", FIELDS)
def test_a_field_of_the_manifest_that_is_missing_or_wrong(checked, log, field):
    assert checked(pack(log, manifest=lambda told: told.pop(field))).failure == "manifest"
    assert checked(pack(log, manifest=lambda told: told.update({field: FIELDS[field]}))).failure == "manifest"


@pytest.mark.parametrize("value", [None, "5", 5.0, -5, True, [], 10**30])
@pytest.mark.parametrize("field", ["size", "people", "organizations"])
def test_a_number_of_the_manifest_that_is_none(checked, log, field, value):
    verdict = checked(pack(log, manifest=lambda told: told["checkpoint"].update({field: value})))
    assert verdict.failure in ({"manifest", "checkpoint", "count"} if value == 10**30 else {"manifest"})


@pytest.mark.parametrize(
    ("field", "value", "failure"),
    [
        ("size", 3, "checkpoint"),
        ("root", "A" * 43 + "=", "checkpoint"),
        ("people", 999, "count"),
        ("organizations", 999, "count"),
    ],
)
def test_a_checkpoint_that_the_manifest_names_wrongly(checked, log, field, value, failure):
    verdict = checked(pack(log, manifest=lambda told: told["checkpoint"].update({field: value})))
    assert verdict.failure == failure


@pytest.mark.parametrize(
    ("field", "value", "failure"),
    [
        ("size", 1, "file:letter.pdf"),
        ("sha256", "0" * 64, "file:letter.pdf"),
        ("sha256", "0", "manifest"),
        ("size", "9", "manifest"),
        ("mode", 9, "manifest"),
    ],
)
def test_a_file_that_the_manifest_describes_wrongly(checked, log, field, value, failure):
    verdict = checked(pack(log, manifest=lambda told: told["files"]["letter.pdf"].update({field: value})))
    assert verdict.failure == failure


def test_rows_that_a_table_does_not_have(checked, log):
    verdict = checked(pack(log, manifest=lambda told: told["files"]["organizations.csv"].update(rows=7)))
    assert verdict.failure == "file:organizations.csv"


def test_a_file_that_the_manifest_does_not_name(checked, log):
    assert checked(pack(log, manifest=lambda told: told["files"].pop("letter.pdf"))).failure == "manifest"


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff", b"[" * 100000, b"null"])
def test_a_manifest_that_is_no_document(checked, log, content):
    """Signed all the same."""
    files = packs.contents(log)
    text = f"pledge-delivery/v1\n{log.origin}\n{packs.sha256(content).hexdigest()}\n"
    files["manifest.json"], files["manifest.sig"] = content, notes.sign(text, log.signers).encode()
    assert checked(zipped(files)).failure == "manifest"


def test_a_seal_of_another_manifest(checked, log):
    other = unzipped(pack(log, size=3))["manifest.sig"]
    assert checked(pack(log, changed={"manifest.sig": other})).failure == "signature"


@pytest.mark.parametrize(
    "seal", [b"", b"\n\n", b"pledge-delivery/v1\n", "é\n\n— a b\n".encode("latin-1", "replace")]
)
def test_a_seal_that_is_none(checked, log, seal):
    assert checked(pack(log, changed={"manifest.sig": seal})).failure == "signature"


# --- Any byte ---


@settings(max_examples=150)
@given(data=st.data())
def test_one_byte_changed_in_any_member_is_a_named_failure(tmp_path_factory, log, data):
    files = unzipped(pack(log))
    name = data.draw(st.sampled_from(sorted(files)))
    place = data.draw(st.integers(0, len(files[name]) - 1))
    files[name] = flipped(files[name], place, data.draw(st.integers(1, 255)))
    path = tmp_path_factory.mktemp("changed") / "pack.zip"
    path.write_bytes(zipped(files))

    verdicts = {check(path, log.keys) for check in CHECKERS.values()}

    assert len(verdicts) == 1
    expected = "signature" if name in MEMBERS[-2:] else f"file:{name}"
    assert verdicts.pop().failure == expected


def test_one_byte_changed_anywhere_in_the_zip_is_a_named_failure(tmp_path):
    """Heads and directory too.

    Some bits of a deflated member say nothing, as the length of a code that is not used: what is unpacked is the same.
    """
    content = pack(made_up("+-0"), rewritten={"verify.py": b"print()"})
    path, dice = tmp_path / "pack.zip", random.Random(4)
    unnoticed = []
    for place in dice.sample(range(len(content)), 700):
        path.write_bytes(changed := flipped(content, place, dice.randint(1, 255)))
        unnoticed += [] if by_program(path).failure else [changed]
    assert len(unnoticed) < 3
    assert all(unzipped(changed) == unzipped(content) for changed in unnoticed)


def test_bits_behind_the_end_of_a_member_mean_nothing_and_are_refused(checked, log):
    """A deflated member seldom ends with a byte. The two letters inflate alike."""
    content = pack(log)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        info = archive.getinfo("log/key")
    last = info.header_offset + 30 + len(info.filename) + info.compress_size - 1
    changed = flipped(content, last, 0x80)
    begin = last + 1 - info.compress_size
    assert zlib.decompressobj(-15).decompress(changed[begin : last + 1]) == log.keys.encode()
    assert checked(changed).failure == "archive"
