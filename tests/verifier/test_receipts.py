"""A receipt is about one signature at one checkpoint, and about no other."""

import json
from base64 import b64decode, b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import packs
from tests.support.checkers import program, pure, verify
from tests.support.packs import EVENTS, flipped, made_up, mirror, receipt, signer


@pytest.fixture
def checked(tmp_path):
    """`checked(bytes, log, address)` gives what the program says."""

    def check(content: bytes, log: packs.Log, address: str | None = None, by=program, today=None):
        (tmp_path / "mine.tlog-proof").write_bytes(content)
        (tmp_path / "key").write_text(log.keys)
        words = [] if address is None else ["--address", address]
        words += [] if today is None else ["--log", mirror(today, tmp_path / "today")]
        return verify("receipt", tmp_path / "mine.tlog-proof", "--key", tmp_path / "key", *words, by=by)

    return check


@pytest.mark.parametrize("by", [program, pure], ids=["with cryptography", "alone"])
def test_every_plus_one_has_a_right_receipt(checked, log, by):
    for index, address in log.subjects.items():
        result = checked(receipt(log, index), log, address, by)
        assert (result.code, result.failure) == (0, ""), result
        assert f"SIGNED BY THIS KEY: a state of the log of {len(log.lines)} entries, and this" in result.out
        assert f"receipt's entry {index} is one of them." in result.out


def test_without_todays_log_it_does_not_claim_the_public_log(checked, log):
    """A state of a log that was shown to nobody else has a right signature too."""
    result = checked(receipt(log, 0), log, log.subjects[0])
    assert result.code == 0
    assert "NOT CHECKED: whether that state belongs to the public log" in result.out
    assert f"--log https://{log.origin}" in result.out
    assert "RIGHT" not in result.out
    assert "맞습니다" not in result.out


def test_a_batch_on_paper_is_nobodys_receipt(checked, log):
    index = next(iter(log.paper()))
    assert checked(receipt(log, index, salt=log.salts[0]), log).failure == "leaf"


def test_a_fork_signed_with_the_logs_own_key_is_refused_by_todays_log(checked, log):
    fork = made_up(EVENTS.replace("+++", "++o", 1))
    assert len(fork.lines) == len(log.lines)
    assert checked(receipt(fork, 4), log, fork.subjects[4]).out.count("SIGNED BY THIS KEY") == 1
    for today in (log, made_up(EVENTS + "+++")):
        result = checked(receipt(fork, 4), log, fork.subjects[4], today=today)
        assert (result.code, result.failure) == (1, "consistency")
    longer = made_up(EVENTS + "+" * 5)
    assert checked(receipt(longer, len(log.lines) + 1), log, today=log).failure == "consistency"


@pytest.mark.parametrize("more", ["", "+", "+" * 300])
def test_held_against_todays_log_it_is_in_the_public_log(checked, log, more):
    result = checked(receipt(log, 4), log, log.subjects[4], today=made_up(EVENTS + more))
    assert result.code == 0, result
    assert "RIGHT: this signature is entry 4 of the public log" in result.out
    assert f"today {len(log.lines) + len(more)} " in result.out
    assert "NOT CHECKED" not in result.out


def test_an_entry_that_was_taken_back_since_counts_no_more(checked):
    log = made_up("+++")
    for back in ("-1", "!1", "~1"):
        result = checked(receipt(log, 1), log, log.subjects[1], today=made_up("+++" + back))
        assert (result.code, result.failure) == (1, "taken-back")
        assert "entry 3 takes it back" in result.out


def test_an_entry_that_was_reinstated_counts_again(checked):
    log = made_up("+++")
    result = checked(receipt(log, 1), log, log.subjects[1], today=made_up("+++!1++^1"))
    assert result.code == 0
    assert "counts again as entry 6" in result.out
    result = checked(receipt(log, 1), log, log.subjects[1], today=made_up("+++~1++^1~6"))
    assert result.failure == "taken-back"


def test_todays_log_must_be_signed_by_the_key_of_the_receipt(checked, log):
    today = made_up(EVENTS + "+", signers=[signer("another")])
    assert checked(receipt(log, 0), log, today=today).failure == "checkpoint"


def test_a_receipt_by_a_key_that_ended_is_right_only_if_it_is_in_todays_log(tmp_path):
    today = mirror(made_up(EVENTS + "+", signers=[signer("new")]), tmp_path / "today")
    for events, failure in ((EVENTS, ""), (EVENTS.replace("+++", "++o", 1), "checkpoint")):
        (tmp_path / "mine").write_bytes(receipt(made_up(events, signers=[signer("old")]), 4))
        for words in ([], ["--key", signer("new").verifier]):
            result = verify("receipt", tmp_path / "mine", "--log", today, *words)
            assert (result.failure, "RIGHT: this signature is entry 4" in result.out) == (
                failure,
                not failure,
            )
        assert verify("receipt", tmp_path / "mine", "--key", signer("new").verifier).failure == "checkpoint"


@pytest.mark.parametrize("size", [1, 2, 3, 255, 256, 257])
def test_a_receipt_is_right_at_every_size_of_the_log(checked, size):
    log = made_up("+" * size)
    for index in {0, size // 2, size - 1}:
        assert checked(receipt(log, index), log, log.subjects[index]).code == 0


def test_without_an_address_it_says_that_nobody_was_looked_at(checked, log):
    result = checked(receipt(log, 0), log)
    assert result.code == 0
    assert "Whose it is was not checked" in result.out


@pytest.mark.parametrize(
    "typed", [" person0@example.org ", "person0@EXAMPLE.org"], ids=["spaces", "capitals in the domain"]
)
def test_an_address_may_be_typed_as_people_type(checked, log, typed):
    assert checked(receipt(log, 0), log, typed).code == 0


def test_a_korean_domain_is_the_one_that_mails_went_to(checked):
    log = made_up("+")
    log.subjects[0] = "kim@xn--3e0b707e.example"
    commitment = packs.leaves.commitment(log.salts[0], log.subjects[0])
    log.lines = [packs.line_of(packs.entry("confirmed", 1, commitment=commitment))]
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
    assert checked(head + b"\n\n" + log.until(9).note().encode(), log).failure == "proof"


@pytest.mark.parametrize("line", range(8))
def test_a_receipt_without_one_of_its_lines_is_refused(checked, log, line):
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
    extra = json.loads(b64decode(lines[1].removeprefix(b"extra ")))
    lines[1] = b"extra " + b64encode(json.dumps(extra).encode())
    assert checked(b"\n".join(lines), log).failure == "receipt"


BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def test_a_receipt_in_another_form_of_base64_is_refused(checked, log):
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


@given(data=st.data())
def test_one_byte_changed_anywhere_is_a_named_failure(tmp_path_factory, log, data):
    content = receipt(log, 4)
    place, change = data.draw(st.integers(0, len(content) - 1)), data.draw(st.integers(1, 255))
    path = tmp_path_factory.mktemp("changed") / "mine"
    path.write_bytes(flipped(content, place, change))
    result = verify("receipt", path, "--key", log.signers[0].verifier, "--address", log.subjects[4])
    assert result.code == 1
    assert result.failure in {"receipt", "leaf", "checkpoint", "proof", "address"}
