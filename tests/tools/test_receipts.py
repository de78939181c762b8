"""A receipt is about one signature at one checkpoint, and about no other."""

import json
from base64 import b64decode, b64encode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import packs
from tests.support.packs import made_up, receipt, signer
from tests.tools.checkers import program, pure, say
from tests.tools.conftest import EVENTS


@pytest.fixture
def checked(tmp_path):
    """`checked(bytes, log, address)` gives what the program says."""

    def check(content: bytes, log: packs.Log, address: str | None = None, by=program):
        (tmp_path / "mine.tlog-proof").write_bytes(content)
        (tmp_path / "key").write_text(log.keys)
        words = [] if address is None else ["--address", address]
        return say("receipt", tmp_path / "mine.tlog-proof", "--key", tmp_path / "key", *words, by=by)

    return check


@pytest.mark.parametrize("by", [program, pure], ids=["with cryptography", "alone"])
def test_every_plus_one_has_a_right_receipt(checked, log, by):
    for index, address in log.subjects.items():
        said = checked(receipt(log, index), log, address, by)
        assert (said.code, said.failure) == (0, ""), said
        assert f"RIGHT: this signature is entry {index} of the {len(log.lines)}" in said.out


@pytest.mark.parametrize("size", [1, 2, 3, 255, 256, 257])
def test_at_every_size_of_the_log(checked, size):
    log = made_up("+" * size)
    for index in {0, size // 2, size - 1}:
        assert checked(receipt(log, index), log, log.subjects[index]).code == 0


def test_without_an_address_it_says_that_nobody_was_looked_at(checked, log):
    said = checked(receipt(log, 0), log)
    assert said.code == 0
    assert "Whose it is was not checked" in said.out


@pytest.mark.parametrize(
    "typed", [" person0@example.org ", "person0@EXAMPLE.org"], ids=["spaces", "capitals in the domain"]
)
def test_an_address_may_be_typed_as_people_type(checked, log, typed):
    assert checked(receipt(log, 0), log, typed).code == 0


def test_a_korean_domain_is_the_one_that_mails_went_to(checked):
    log = made_up("+")
    log.subjects[0] = "kim@xn--3e0b707e.example"
    commitment = packs.leaves.commitment(log.salts[0], log.subjects[0])
    log.lines = [packs.Leaf("confirmed", 1, "person", packs.HOUR, packs.PLEDGE, commitment, None).line]
    assert checked(receipt(log, 0), log, "kim@한국.example").code == 0


@pytest.mark.parametrize(
    "address", ["person1@example.org", "Person0@example.org", "", "organization:0", "한글"]
)
def test_another_address_is_not_this_signature(checked, log, address):
    assert checked(receipt(log, 0), log, address).failure == "address"


def test_another_salt_is_not_this_signature(checked, log):
    assert checked(receipt(log, 0, salt=log.salts[1]), log, log.subjects[0]).failure == "address"


def test_a_minus_one_has_no_receipt(checked, log):
    assert checked(receipt(log, 3, salt=log.salts[0]), log).failure == "leaf"


def test_a_receipt_of_another_log_or_by_another_key(checked, log):
    other = made_up(EVENTS, signers=[signer("another")])
    assert checked(receipt(other, 0), log).failure == "checkpoint"


def test_a_receipt_of_an_entry_at_another_place(checked, log):
    content = receipt(log, 0).replace(b"index 0\n", b"index 1\n")
    assert checked(content, log, log.subjects[0]).failure == "proof"


def test_a_receipt_of_another_leaf(checked, log):
    lines = receipt(log, 0).split(b"\n")
    lines[1] = receipt(log, 1).split(b"\n")[1]
    assert checked(b"\n".join(lines), log, log.subjects[1]).failure == "proof"


def test_a_proof_with_a_step_too_many_or_too_few(checked, log):
    lines = receipt(log, 0).split(b"\n")
    assert checked(b"\n".join(lines[:3] + lines[4:]), log).failure == "proof"
    assert checked(b"\n".join(lines[:4] + lines[3:]), log).failure == "proof"
    assert checked(b"\n".join(lines[:3] + lines[3:4] * 100 + lines[3:]), log).failure == "receipt"


def test_a_checkpoint_of_another_size(checked, log):
    head, _, _ = receipt(log, 0).partition(b"\n\n")
    assert checked(head + b"\n\n" + log.note(9).encode(), log).failure == "proof"


@pytest.mark.parametrize("line", range(8))
def test_every_line_is_needed(checked, log, line):
    lines = receipt(log, 0).split(b"\n")
    assert checked(b"\n".join(lines[:line] + lines[line + 1 :]), log, log.subjects[0]).failure


@pytest.mark.parametrize(
    "extra",
    [
        b"",
        b"{}",
        b"[]",
        b"\xff",
        b'{"v":1}',
        b'{"v":1,"salt":5,"leaf":"x"}',
        b'{"v":1,"salt":"","leaf":null}',
        b"[" * 50000,
    ],
)
def test_what_the_person_holds_has_one_form(checked, log, extra):
    lines = receipt(log, 0).split(b"\n")
    lines[1] = b"extra " + b64encode(extra)
    assert checked(b"\n".join(lines), log).failure == "receipt"


def test_a_space_in_what_the_person_holds(checked, log):
    lines = receipt(log, 0).split(b"\n")
    told = json.loads(b64decode(lines[1].removeprefix(b"extra ")))
    lines[1] = b"extra " + b64encode(json.dumps(told).encode())
    assert checked(b"\n".join(lines), log).failure == "receipt"


BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def test_base64_that_means_the_same_is_a_changed_byte_too(checked, log):
    """The last character before the padding has bits that say nothing."""
    lines = receipt(log, 0).decode().split("\n")
    touched = 0
    for number, line in enumerate(lines):
        encoded = line.rstrip("=")
        if encoded == line:
            continue
        other = encoded[:-1] + BASE64[BASE64.index(encoded[-1]) ^ 1] + line[len(encoded) :]
        changed = "\n".join([*lines[:number], other, *lines[number + 1 :]]).encode()
        assert b64decode(other.split(" ")[-1]) == b64decode(line.split(" ")[-1])
        assert checked(changed, log, log.subjects[0]).failure in {"receipt", "checkpoint"}
        touched += 1
    assert touched >= 6


@settings(max_examples=300)
@given(data=st.data())
def test_one_byte_changed_anywhere_is_a_named_failure(tmp_path_factory, log, data):
    content = receipt(log, 4)
    place = data.draw(st.integers(0, len(content) - 1))
    changed = (
        content[:place] + bytes([content[place] ^ data.draw(st.integers(1, 255))]) + content[place + 1 :]
    )
    path = tmp_path_factory.mktemp("changed") / "mine"
    path.write_bytes(changed)
    said = say("receipt", path, "--key", log.signers[0].verifier, "--address", log.subjects[4])
    assert said.code == 1
    assert said.failure in {"receipt", "leaf", "checkpoint", "proof", "address"}


@settings(max_examples=200)
@given(content=st.binary(max_size=3000))
def test_anything_else_is_no_receipt(tmp_path_factory, log, content):
    path = tmp_path_factory.mktemp("anything") / "mine"
    path.write_bytes(content)
    assert say("receipt", path, "--key", log.signers[0].verifier).failure == "receipt"
