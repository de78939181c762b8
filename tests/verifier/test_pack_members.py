"""A pack with a wrong zip, member or manifest: verifier/verify.py finds it and names it.

The same for the page's program: tests/browser/verify/.
"""

import io
import random
import zipfile

import pytest

from pledge.ledger import notes
from tests.support import packs
from tests.support.checkers import check
from tests.support.packs import MEMBERS, flipped, made_up, pack, unzipped, zipped

# --- Members ---


@pytest.mark.parametrize("name", MEMBERS[:-2])
def test_a_member_that_differs_from_the_manifest_is_found(checked, log, name):
    content = packs.contents(log)[name]
    expected = {f"file:{name}"} | ({"signature"} if name == "log/key" else set())
    for changed in (flipped(content), flipped(content, len(content) - 1), content[:-1], content + b"\n"):
        assert checked(pack(log, changed={name: changed})).failure in expected
        assert checked(pack(log, changed={name: changed}), log.keys).failure == f"file:{name}"


@pytest.mark.parametrize("name", MEMBERS)
def test_a_member_that_is_missing(checked, log, name):
    assert checked(pack(log, left_out=(name,))).failure == "archive"


def test_a_pack_of_before_has_no_table_of_demands_or_answers(checked, log):
    names = ("demands.csv", "answers.csv")

    def forget(manifest):
        for name in names:
            manifest["files"].pop(name)

    assert checked(pack(log, left_out=names, manifest=forget)).failure == ""


@pytest.mark.parametrize(
    "name",
    [
        "notes.txt",
        "letter.pdf",
        "letter-fr.pdf",
        "../verify.py",
        "/etc/passwd",
        "log/",
        "LOG/KEY",
        "log\\key",
        "é",
    ],
)
def test_a_member_that_is_foreign(checked, log, name):
    assert checked(pack(log, added={name: b""})).failure == "archive"


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_that_stands_twice(checked, log):
    stream = io.BytesIO(pack(log))
    with zipfile.ZipFile(stream, "a") as archive:
        archive.writestr(zipfile.ZipInfo("letter-ko.pdf", (1980, 1, 1, 0, 0, 0)), b"another letter")
    assert checked(stream.getvalue()).failure == "archive"


def test_how_a_zip_is_written_does_not_matter(checked, log):
    """Its members are the signed ones in any order, packed or not, whatever lies before them."""
    files = unzipped(pack(log))
    assert checked(zipped(dict(reversed(files.items())))).failure == ""
    assert checked(b"#!/bin/sh\n" + pack(log)).failure == ""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    assert checked(stream.getvalue()).failure == ""


def test_a_member_that_is_packed_in_an_unusual_way_is_refused(checked, log):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_LZMA) as archive:
        for name, content in unzipped(pack(log)).items():
            archive.writestr(name, content)
    assert checked(stream.getvalue()).failure == "archive"


@pytest.mark.parametrize("content", [b"", b"PK", b"PK\5\6" + bytes(18), b"x" * 500, bytes(500)])
def test_a_file_that_is_no_zip_is_found(checked, content):
    assert checked(content).failure == "archive"


def test_a_pack_that_was_cut_off_anywhere(checked, log):
    content = pack(log)
    for length in range(0, len(content), 97):
        assert checked(content[:length]).failure == "archive"


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
    assert checked(pack(log, manifest=lambda fields: fields.pop(field))).failure == "manifest"
    assert (
        checked(pack(log, manifest=lambda fields: fields.update({field: FIELDS[field]}))).failure
        == "manifest"
    )


@pytest.mark.parametrize("value", [None, "5", 5.0, -5, True, [], 10**30])
@pytest.mark.parametrize("field", ["size", "people", "organizations"])
def test_a_number_of_the_manifest_that_is_none(checked, log, field, value):
    verdict = checked(pack(log, manifest=lambda fields: fields["checkpoint"].update({field: value})))
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
    verdict = checked(pack(log, manifest=lambda fields: fields["checkpoint"].update({field: value})))
    assert verdict.failure == failure


@pytest.mark.parametrize(
    ("name", "fact", "failure"),
    [
        ("letter-ko.pdf", {"size": 1}, "file:letter-ko.pdf"),
        ("letter-ko.pdf", {"sha256": "0" * 64}, "file:letter-ko.pdf"),
        ("letter-ko.pdf", {"sha256": "0"}, "manifest"),
        ("letter-ko.pdf", {"size": "9"}, "manifest"),
        ("letter-ko.pdf", {"mode": 9}, "manifest"),
        ("organizations.csv", {"rows": 7}, "file:organizations.csv"),
        ("demands.csv", {"rows": 7}, "file:demands.csv"),
    ],
)
def test_a_file_that_the_manifest_describes_wrongly(checked, log, name, fact, failure):
    assert checked(pack(log, manifest=lambda fields: fields["files"][name].update(fact))).failure == failure


def test_a_file_that_the_manifest_does_not_name(checked, log):
    for name, failure in (
        ("totals.csv", "manifest"),
        ("letter-ko.pdf", "archive"),
        ("demands.csv", "archive"),
    ):
        assert checked(pack(log, manifest=lambda fields: fields["files"].pop(name))).failure == failure  # noqa: B023  # called at once


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff", b"[" * 100000, b"null"])
def test_a_manifest_that_is_no_document(checked, log, content):
    """Signed all the same."""
    files = packs.contents(log)
    text = f"pledge-delivery/v1\n{log.origin}\n{packs.sha256(content).hexdigest()}\n"
    files["manifest.json"], files["manifest.sig"] = content, notes.sign(text, log.signers).encode()
    assert checked(zipped(files)).failure == "manifest"


def test_a_seal_of_another_manifest(checked, log):
    other = unzipped(pack(log.until(3)))["manifest.sig"]
    assert checked(pack(log, changed={"manifest.sig": other})).failure == "signature"


@pytest.mark.parametrize(
    "seal", [b"", b"\n\n", b"pledge-delivery/v1\n", "é\n\n— a b\n".encode("latin-1", "replace")]
)
def test_a_seal_that_is_none(checked, log, seal):
    assert checked(pack(log, changed={"manifest.sig": seal})).failure == "signature"


# --- Any byte ---


def test_one_byte_changed_anywhere_in_the_zip_is_a_named_failure_or_changes_no_member(tmp_path):
    """Heads and directory too; times, rights and bits that no reader looks at say nothing."""
    content = pack(made_up("+-0"), rewritten={"verify.py": b"print()"})
    path, dice = tmp_path / "pack.zip", random.Random(4)
    for place in dice.sample(range(len(content)), 200):
        path.write_bytes(changed := flipped(content, place, dice.randint(1, 255)))
        assert check(path).failure or unzipped(changed) == unzipped(content)
