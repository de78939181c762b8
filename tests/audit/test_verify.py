"""`flask audit verify` finds whatever was done to the chain, and names the first entry that breaks it."""

import hashlib
import json

import pytest

from pledge.audit import chain
from pledge.audit.models import COMMAND_LINE
from pledge.audit.services import note
from tests.support.audit import acts, ids
from tests.support.insider import as_superuser


def head_of(result) -> str:
    return result.output.split("head ")[1].split()[0]


def test_an_empty_log_is_in_order(verify):
    result = verify()
    assert (result.exit_code, result.output.splitlines()[0]) == (0, f"0 entries in order, head {'00' * 32}")


def test_a_log_in_order_says_how_long_it_is_and_where_it_ends(app, verify, monkeypatch):
    monkeypatch.setattr(chain, "BATCH", 2)
    acts(5)
    result = verify()
    assert result.exit_code == 0
    assert result.output.startswith("5 entries in order, head ")
    assert "note the head outside the database" in result.output


@pytest.mark.parametrize(
    "change",
    [
        "at = '2026-01-01 00:00:00+00:00'",
        "staff_id = 8",
        "staff_id = NULL",
        "actor = 'another@pledge.example'",
        "network = ''",
        "action = 'endorsement.decline'",
        "subject = 'endorsement:9'",
        "reason = 'all in  order'",
        "details = '{}'",
    ],
)
def test_a_change_anywhere_in_an_entry_is_found(app, verify, change):
    acts(4)
    third = ids()[2]
    if "at = " in change and app.config["SQLALCHEMY_DATABASE_URI"].startswith("sqlite"):
        change = "at = '2026-01-01 00:00:00.000000'"
    as_superuser(f"UPDATE audit_entries SET {change} WHERE id = :id", id=third)
    result = verify()
    assert result.exit_code == 1
    assert "2 entries in order" in result.output
    assert f"entry {third}: it was changed" in result.output


def test_an_entry_whose_hash_was_mended_too_is_found_at_the_next_one(app, verify):
    acts(4)
    second, third = ids()[1:3]
    as_superuser(
        "UPDATE audit_entries SET reason = 'nicer', hash = :hash WHERE id = :id",
        id=second,
        hash=b"x" * 32,
    )
    assert f"entry {second}: it was changed" in verify().output
    mend(second)
    result = verify()
    assert result.exit_code == 1
    assert f"entry {third}: it does not follow" in result.output


def mend(entry_id: int) -> None:
    """Make an entry's hash fit its content again, as an insider who knows the rule would."""
    entry = next(entry for entry in chain.entries() if entry.id == entry_id)
    as_superuser(
        "UPDATE audit_entries SET hash = :hash WHERE id = :id",
        id=entry_id,
        hash=chain.fingerprint(vars(entry)),
    )


@pytest.mark.parametrize("place", [0, 1])
def test_an_entry_removed_from_the_beginning_or_the_middle_is_found(app, verify, place):
    acts(4)
    gone, following = ids()[place : place + 2]
    as_superuser("DELETE FROM audit_entries WHERE id = :id", id=gone)
    result = verify()
    assert result.exit_code == 1
    assert f"entry {following}: it does not follow" in result.output


def test_entries_cut_off_at_the_end_are_found_by_a_head_noted_before(app, verify):
    acts(3)
    noted = head_of(verify())
    note(COMMAND_LINE, "audit.export", "audit")
    assert verify("--head", noted).exit_code == 0, "what was added since does no harm"
    as_superuser(f"DELETE FROM audit_entries WHERE id >= {ids()[2]}")
    assert verify().exit_code == 0, "the rest is a chain in order"
    result = verify("--head", noted)
    assert result.exit_code == 1
    assert "the noted head is not in the log" in result.output


def test_a_head_that_is_none_is_a_wrong_call(verify):
    result = verify("--head", "abc")
    assert result.exit_code == 2
    assert "64 hexadecimal digits" in result.output


def test_an_export_can_be_checked_by_another_program(app, runner):
    acts(3)
    exported = runner.invoke(args=["audit", "export", "--format", "jsonl", "--reason", "yearly check"])
    entries = [json.loads(line) for line in exported.stdout.splitlines()]
    assert [entry["action"] for entry in entries] == ["endorsement.publish"] * 3 + ["audit.export"]
    assert entries[-1]["reason"] == "yearly check"
    before = "00" * 32
    for entry in entries:
        names = ("at", "staff_id", "actor", "network", "action", "subject", "reason", "details")
        covered = json.dumps(
            [before, *(entry[name] for name in names)], ensure_ascii=False, separators=(",", ":")
        )
        assert entry["previous_hash"] == before
        before = hashlib.sha256(covered.encode()).hexdigest()
        assert entry["hash"] == before
