"""What was said in somebody's name is an entry of the public log: it changes no number, and its words stay what they were."""

import json
from hashlib import sha256

import pytest
from sqlalchemy import insert, text

from pledge.core.db import db
from pledge.core.languages import Texts
from pledge.ledger import queries
from pledge.ledger.models import LedgerEntry
from tests.support import ledger
from tests.support.insider import as_superuser
from tests.support.ledger import fold
from tests.support.published_log import lines

WORDS = Texts(ko="2045년까지 하겠습니다.", en="We will, by 2045.")


@pytest.fixture
def campaign(app):
    """A person, and an answer that was corrected once."""
    number = ledger.campaign()
    ledger.confirm(number)
    ledger.state(number)
    ledger.state(number, WORDS)
    return number


def faults():
    with db.engine.connect() as connection:
        return [what for _, what in queries.changed_statements(connection)]


def numbers():
    """Of the statements, in their order."""
    return [entry.subject_id for entry in ledger.entries() if entry.kind == "statement"]


def plant(campaign, **facts):
    """A statement as whoever may insert entries puts it in."""
    own = {"kind": "statement", "delta": 0, "reason": "answer", "country": "", "pledge_text_id": None}
    with db.engine.begin() as connection:
        connection.execute(insert(LedgerEntry).values(ledger.plus(campaign, **{**own, **facts})))


def test_each_version_is_an_entry_with_the_hash_of_its_words_and_changes_no_number(campaign):
    fold()
    ledger.check()
    first, second = map(json.loads, lines(campaign)[1:])
    digest = sha256("en\0We will, by 2045.\0ko\0002045년까지 하겠습니다.\0".encode()).hexdigest()
    assert lines(campaign)[2].decode() == (
        f'{{"v":1,"kind":"answer","change":0,"of":"statement","day":"2026-11-24","sha256":"{digest}"}}'
    )
    assert first["sha256"] != second["sha256"], "the former words stay in the log"
    assert [(row.index, row.words, row.sha256) for row in queries.statements(campaign)] == [
        (1, ledger.WORDS, first["sha256"]),
        (2, WORDS, digest),
    ]
    count = queries.count(campaign)
    assert (count.people, count.organizations, count.paper, count.log_size) == (1, 0, 0, 3)
    (state,) = queries.log_states()
    assert (state.additions, state.removals, state.statements) == (1, 0, 2)


def test_what_is_not_in_the_log_yet_is_not_told(campaign):
    assert queries.statements(campaign) == []


@pytest.mark.parametrize(
    "facts",
    [{"subject_id": 7}, {"commitment": bytes(32)}, {"reason": "letter"}],
    ids=["of no words", "of other words", "of another kind"],
)
def test_an_invented_statement_is_set_aside(campaign, facts):
    of_the_first = {"subject_id": numbers()[0], "commitment": ledger.entries()[1].commitment}
    plant(campaign, **{**of_the_first, **facts})
    fold()
    assert [entry.set_aside for entry in ledger.entries()] == [None, None, None, "no_cause"]
    assert len(lines(campaign)) == 3


def test_words_are_stated_once(campaign):
    first, second = numbers()
    plant(campaign, subject_id=first, commitment=ledger.entries()[1].commitment)
    fold()
    plant(campaign, subject_id=second, commitment=ledger.entries()[2].commitment)
    fold()
    assert [entry.set_aside for entry in ledger.entries()] == [None, None, None, "no_move", "no_move"]


@pytest.mark.parametrize(
    ("act", "fault"),
    [
        (
            """UPDATE statements SET words = '{{"ko": "아니요."}}' WHERE id = {0}""",
            "the words of statement {0} were changed",
        ),
        ("DELETE FROM statements WHERE id = {0}", "statement {0} has no words any more"),
        ("DELETE FROM ledger_entries WHERE subject_id = {0}", "statement {0} has no entry any more"),
    ],
    ids=["words exchanged", "version hidden", "entry missing"],
)
def test_who_owns_the_database_and_changes_what_was_said_is_named_within_the_hour(campaign, act, fault):
    fold()
    assert faults() == []
    number = numbers()[-1]
    as_superuser(act.format(number))
    assert faults() == [fault.format(number)]


def test_a_log_whose_statement_has_another_hash_is_not_in_order(campaign):
    fold()
    as_superuser(
        "UPDATE ledger_entries SET commitment = (SELECT last.commitment FROM ledger_entries AS last WHERE last.number = 3)"
        " WHERE number = 2"
    )
    (fault, _) = ledger.verify(campaign, "blue-skies").faults
    assert fault.startswith("checkpoint")


def test_the_tallies_have_no_line_of_statements(campaign):
    fold()
    with db.engine.connect() as connection:
        kinds = connection.execute(text("SELECT DISTINCT kind FROM tallies")).scalars().all()
    assert kinds == ["person"]
