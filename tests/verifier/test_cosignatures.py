"""What witnesses have cosigned, as the program reads it: in a published log and in a receipt."""

import time

import pytest

from tests.support.checkers import program, pure, verify
from tests.support.packs import EVENTS, Log, made_up, mirror, receipt
from tests.support.witness import Witness, policy

NOW = int(time.time())
SEEN = f"seen by embassy and paper, {time.strftime('%Y-%m-%d %H:%M', time.gmtime(NOW))} UTC, when it had "
NOBODY = "seen by nobody but the organiser\n"


@pytest.fixture(scope="module")
def witnesses() -> list[Witness]:
    return [Witness(name) for name in ("embassy", "paper")]


@pytest.fixture
def rules(tmp_path, witnesses):
    """The file of a policy that wants both."""
    path = tmp_path / "policy"
    path.write_text(policy(witnesses))
    return path


def cosigned(log: Log, witnesses: list[Witness], at: int = NOW) -> str:
    note = log.note()
    return note + "".join(witness.cosign(note.partition("\n\n")[0] + "\n", at) for witness in witnesses)


@pytest.fixture
def counted(tmp_path, log, witnesses):
    """`counted(note, "--policy", file)`: the program counts a log whose newest witnessed state is that."""

    def counted(note: str, *words: object, by=program):
        folder = mirror(log, tmp_path / "log")
        (folder / "witnessed").write_text(note)
        (folder / "witnesses").write_text(policy(witnesses))
        return verify("count", folder, "--key", log.signers[0].verifier, *words, by=by)

    return counted


@pytest.mark.parametrize("by", [program, pure], ids=["with cryptography", "alone"])
def test_a_count_names_who_has_seen_which_state_and_whose_policy_that_is(counted, log, witnesses, rules, by):
    note = cosigned(log.until(3), witnesses)
    result = counted(note, by=by)
    assert (result.code, result.failure) == (0, ""), result
    assert f"{SEEN}3 entries (witnesses that the site itself names)\n" in result.out
    assert f"{SEEN}3 entries\n" in counted(note, "--policy", rules, by=by).out


def test_a_log_that_only_its_organiser_has_signed_is_called_so(counted, log, rules, tmp_path):
    assert NOBODY in counted(log.note()).out
    assert NOBODY in verify("count", mirror(log, tmp_path / "bare"), "--key", log.signers[0].verifier).out
    assert counted(log.note(), "--policy", rules).failure == "witnesses"


def test_too_few_witnesses_are_refused_by_a_policy_that_was_handed_in(counted, log, witnesses, rules):
    note = cosigned(log, witnesses[:1])
    assert "seen by embassy, " in counted(note).out
    assert counted(note, "--policy", rules).failure == "witnesses"
    assert counted(cosigned(log, [Witness("embassy"), Witness("paper")])).out.count(NOBODY) == 1, "other keys"


def test_what_witnesses_have_seen_must_be_the_beginning_of_the_log(counted, witnesses):
    fork = made_up(EVENTS.replace("+++", "++o", 1))
    assert counted(cosigned(fork, witnesses)).failure == "witnesses"
    assert counted(cosigned(made_up(EVENTS + "+++"), witnesses)).failure == "witnesses"


@pytest.mark.parametrize("lie", ["future", "other text"])
def test_a_wrong_cosignature_is_refused(counted, log, witnesses, lie):
    note = cosigned(log, witnesses[:1], NOW + 3600)
    if lie == "other text":
        note = log.note() + witnesses[0].cosign("pledge.example/log/other\n1\nAAAA\n")
    assert counted(note).failure == "witnesses"


def test_no_changed_byte_makes_another_claim(counted, log, witnesses):
    note = cosigned(log.until(3), witnesses[:1])
    true = next(line for line in counted(note).out.splitlines() if line.startswith("seen by"))
    for place in range(0, len(note), 3):
        changed = note[:place] + chr(ord(note[place]) ^ 1) + note[place + 1 :]
        result = counted(changed)
        claims = [line for line in result.out.splitlines() if line.startswith("seen by")]
        assert claims in ([], [true], [NOBODY.strip()]), (place, result)


@pytest.mark.parametrize("words", ["", "witness embassy nonsense\nquorum embassy\n"])
def test_a_policy_that_cannot_be_read_checks_nothing(counted, log, rules, words):
    rules.write_text(words)
    assert counted(log.note(), "--policy", rules).code == 2


# --- A receipt, offline ---


@pytest.mark.parametrize("by", [program, pure], ids=["with cryptography", "alone"])
def test_a_receipt_with_cosignatures_is_right_offline(tmp_path, log, witnesses, rules, by):
    file = tmp_path / "mine.tlog-proof"
    bare = receipt(log, 0)
    words = ["receipt", file, "--key", log.signers[0].verifier, "--policy", rules]
    file.write_bytes(bare.partition(b"\n\n")[0] + b"\n\n" + cosigned(log, witnesses).encode())
    result = verify(*words, by=by)
    assert (result.code, result.failure) == (0, ""), result
    assert "RIGHT: your witnesses have seen the log" in result.out
    assert SEEN in result.out
    assert "NOT CHECKED: whether the signature was withdrawn since." in result.out
    file.write_bytes(bare)
    assert verify(*words, by=by).failure == "witnesses"
    assert "SIGNED BY THIS KEY" in verify(*words[:-2], by=by).out
