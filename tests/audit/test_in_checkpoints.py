"""Each signed checkpoint says how long the audit log is and how it ends: cut, emptied or written anew, it fails to verify."""

from base64 import b64decode, b64encode
from hashlib import sha256

import pytest
from sqlalchemy import text

from pledge.audit import chain
from pledge.audit.models import COMMAND_LINE
from pledge.audit.services import note
from pledge.campaigns.queries import published_slugs
from pledge.core.db import db
from pledge.ledger import log, notes
from pledge.ledger.verify import read_marks
from tests.support import ledger
from tests.support.audit import acts, ids
from tests.support.checkers import program
from tests.support.factories import SLUG, campaign, fold_all, signature, staff
from tests.support.insider import as_superuser
from tests.support.published_log import checkpoints, keys, signed_by, verifiers


@pytest.fixture
def signed(app):
    """Six acts of staff, the fourth of them after a first checkpoint; the number of the campaign."""
    acts(3)
    number = signature().campaign_id
    fold_all()
    acts(3)
    signature()
    fold_all()
    return number


def renew():
    return log.sign_missing_checkpoints(published_slugs)


def head():
    with db.engine.connect() as connection:
        return bytes(
            connection.execute(text("SELECT hash FROM audit_entries ORDER BY id DESC LIMIT 1")).scalar_one()
        )


# --- What the line is ---


def test_a_checkpoint_says_how_long_the_audit_log_is_and_how_it_ends(app, signed):
    signed_marks = read_marks()
    assert ([mark.length for mark in signed_marks.marks], signed_marks.faults) == ([3, 6], [])
    assert signed_marks.marks[1] == chain.AuditMark(6, sha256(b"pledge-audit/v1\n" + head()).digest())
    assert head().hex() not in checkpoints(signed)[1].note


def test_the_line_is_what_its_description_says_byte_for_byte(app, signed):
    """As a program of somebody else would read it, with nothing of ours but the key."""
    whole = checkpoints(signed)[-1].note
    body, _, tail = whole.rpartition("\n\n")
    body += "\n"
    first, second = tail.splitlines()
    (verifier,) = verifiers(signed)
    dash, name, encoded = second.split(" ")
    data = b64decode(encoded, validate=True)
    assert (dash, name, len(data)) == ("—", verifier.name, 4 + 8 + 32 + 64)
    assert data[:4] == sha256(name.encode() + b"\n\xffpledge-audit/v1" + verifier.key).digest()[:4]
    covered = b"pledge-audit/v1\n6\n" + b64encode(data[12:44]) + b"\n\n" + body.encode()
    assert program.is_signed(verifier.key, data[44:], covered)
    assert notes.sign(body, log.signers_for(SLUG)) == f"{body}\n{first}\n", (
        "what was there before is as it was"
    )


@pytest.mark.parametrize("place", [4, 11, 12, 43, 44, 107])
def test_a_line_that_was_changed_is_not_believed(app, signed, place, verify):
    whole = checkpoints(signed)[-1].note
    line = whole.splitlines()[-1]
    data = bytearray(b64decode(line.split(" ")[2]))
    data[place] ^= 1
    forged = whole.replace(line, f"— {verifiers(signed)[0].name} {b64encode(bytes(data)).decode()}")
    with pytest.raises(ValueError, match="audit log"):
        signed_by(forged, verifiers(signed))
    as_superuser("UPDATE checkpoints SET note = :note WHERE size = 2", note=forged)
    result = verify()
    assert result.exit_code == 1
    assert "says of the audit log is not signed by it" in result.output


def test_the_line_of_one_checkpoint_is_none_of_another(app, signed):
    first, second = (checkpoint.note for checkpoint in checkpoints(signed))
    moved = second.replace(second.splitlines()[-1], first.splitlines()[-1])
    with pytest.raises(ValueError, match="audit log"):
        signed_by(moved, verifiers(signed))


def test_while_two_keys_sign_both_sign_for_the_audit_log(app):
    acts(2)
    number = campaign().id
    with ledger.settings(log_key=keys("one", "two")):
        assert (renew(), renew()) == (1, 0)
        (checkpoint,) = checkpoints(number)
        assert len(checkpoint.note.splitlines()) == 3 + 1 + 4
        assert len(signed_by(checkpoint.note, verifiers(number)).note.signatures) == 4


# --- What is found by it ---


def test_an_audit_log_in_order_verifies(app, signed, verify):
    note(COMMAND_LINE, "audit.export", "audit")
    result = verify()
    assert result.exit_code == 0
    assert result.output.startswith("7 entries in order, head ")
    assert "the log matches the signed checkpoints (2 states)" in result.output


@pytest.mark.parametrize("left", [0, 2, 5])
def test_a_log_that_was_cut_or_emptied_fails_to_verify(app, signed, verify, left):
    cut = ids()[left]
    as_superuser(f"DELETE FROM audit_entries WHERE id >= {cut}")
    result = verify()
    assert result.exit_code == 1
    assert f"{left} entries in order" in result.output
    length = 3 if left < 3 else 6
    assert f"says that there were {length} entries: some were removed at the end" in result.output


@pytest.mark.parametrize("number", [6, 8])
def test_a_log_that_was_written_anew_fails_to_verify(app, signed, verify, number):
    as_superuser("DELETE FROM audit_entries")
    for place in range(number):
        note(COMMAND_LINE, "audit.export", f"audit:{place}")
    result = verify()
    assert result.exit_code == 1
    assert f"{number} entries in order" in result.output
    assert "the first 3 entries are not those that were signed: the log was rewritten" in result.output


def test_a_log_that_was_emptied_together_with_all_checkpoints_fails_to_verify(app, signed, verify):
    staff("admin")
    as_superuser("DELETE FROM audit_entries", "DELETE FROM checkpoints")
    result = verify()
    assert result.exit_code == 1
    assert "the log is empty, though there are accounts" in result.output
    assert "no checkpoint at all" in result.output


def test_checkpoints_that_are_signed_after_the_cut_hide_nothing(app, signed, verify):
    as_superuser(f"DELETE FROM audit_entries WHERE id >= {ids()[4]}")
    signature()
    fold_all()
    acts(4)
    signature()
    fold_all()
    result = verify()
    assert result.exit_code == 1
    assert "the first 6 entries are not those" in result.output


def test_a_line_that_was_taken_away_is_missed(app, signed, verify):
    whole = checkpoints(signed)[-1].note
    as_superuser(
        "UPDATE checkpoints SET note = :note WHERE size = 2", note="\n".join(whole.split("\n")[:-2]) + "\n"
    )
    result = verify()
    assert result.exit_code == 1
    assert "it says nothing of the audit log, though an earlier one does" in result.output


def test_a_checkpoint_that_was_saved_elsewhere_finds_what_was_taken_away_with_its_own_row(
    app, signed, verify, client, tmp_path
):
    saved = tmp_path / "checkpoint"
    saved.write_bytes(client.get(f"/log/{SLUG}/checkpoint").data)
    assert verify("--checkpoint", str(saved)).exit_code == 0
    as_superuser(
        f"DELETE FROM audit_entries WHERE id >= {ids()[4]}", "DELETE FROM checkpoints WHERE size = 2"
    )
    assert verify().exit_code == 0, "nothing in the database tells"
    result = verify("--checkpoint", str(saved))
    assert result.exit_code == 1
    assert f"{saved} says that there were 6 entries: some were removed at the end" in result.output


def test_checkpoints_of_before_there_were_such_lines_say_nothing_and_are_signed_again(app, verify, tmp_path):
    acts(1)
    number = signature().campaign_id
    fold_all()
    saved = tmp_path / "checkpoint"
    saved.write_text("\n".join(checkpoints(number)[0].note.split("\n")[:-2]) + "\n")
    as_superuser("UPDATE checkpoints SET note = :note", note=saved.read_text())
    assert verify().exit_code == 0
    assert "says nothing of the audit log" in verify("--checkpoint", str(saved)).output
    assert (renew(), renew()) == (1, 0)
    assert [mark.length for mark in read_marks().marks] == [1]
    assert verify().exit_code == 0


def test_where_nothing_is_counted_one_log_says_it_within_an_hour(app, frozen_clock, verify):
    first, other = campaign("one").id, campaign("other").id
    campaign("draft", state="draft")
    assert (renew(), renew()) == (2, 0)
    acts(2)
    frozen_clock.move(minutes=59)
    assert renew() == 0
    frozen_clock.move(minutes=2)
    assert (renew(), renew()) == (1, 0)
    frozen_clock.move(hours=9)
    assert renew() == 0, "it is told already"
    assert (len(checkpoints(first)), len(checkpoints(other))) == (2, 1)
    as_superuser("DELETE FROM audit_entries")
    assert "says that there were 2 entries" in verify().output


def test_the_fold_counts_the_audit_log_only_when_it_has_moved(app, statements):
    acts(3)
    signature()
    fold_all()
    signature()
    with statements() as seen:
        fold_all()
    of_the_log = [
        statement
        for statement in seen
        if "audit_entries" in statement and "UPDATE ledger_entries" not in statement
    ]
    assert len(of_the_log) == 1
    assert "count" not in of_the_log[0]
