"""Batches on paper in the public log: what two people agreed on is an entry, and whatever else is put in is set aside."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from pledge.audit.models import Actor
from pledge.audit.services import note
from pledge.core import clock
from pledge.core.db import db
from pledge.deliveries import freezing
from pledge.diagnosis.contents import ledger_findings
from pledge.ledger import log_queries
from pledge.ledger import queries as ledger_queries
from pledge.ledger.models import Kind
from pledge.paper import queries, services
from pledge.paper.models import PaperBatch
from pledge.statistics.integrity import mismatches
from pledge.statistics.totals import PaperTotals
from tests.deliveries.frozen import preview
from tests.support import ledger, paper
from tests.support.factories import (
    SLUG,
    campaign,
    crowd,
    fold_all,
    plant_entry,
    signature,
    staff,
    the_campaign,
)
from tests.support.mails import Notes, deliver
from tests.support.paper import COUNTER, row
from tests.support.published_log import check_continues, lines

pytestmark = pytest.mark.usefixtures("app")


def entries():
    """What the published log says of paper."""
    if log_queries.newest(the_campaign().id) is None:
        return []
    return [entry for entry in map(json.loads, lines(the_campaign().id)) if entry["of"] == "paper"]


def shown():
    """The number on paper of the page and of the count."""
    numbers = queries.public(the_campaign().id).signatures, ledger_queries.count(the_campaign().id).paper
    assert numbers[0] == numbers[1]
    return numbers[0]


def plant(batch, change, **facts):
    """An entry on paper as whoever may insert puts it in."""
    scan = row(batch).scan_sha256 if change > 0 else None
    own = {"kind": Kind.PAPER, "country": "", "region": None, "pledge_text_id": None, "commitment": scan}
    plant_entry(change, **{**own, "subject_id": batch, **facts})


def run(statement, **values):
    with db.engine.begin() as connection:
        connection.execute(text(statement), values)


def set_aside():
    return [entry.set_aside for entry in ledger.entries() if entry.set_aside]


def test_an_agreed_batch_is_an_entry_with_its_number_and_the_hash_of_its_scan_and_is_taken_back_whole():
    first, second = paper.unopposed(signatures=128), paper.unopposed(signatures=40)
    fold_all()
    services.withdraw(COUNTER, SLUG, first, "copies")
    fold_all()
    day = entries()[0]["day"]
    assert lines(the_campaign().id)[0].decode() == (
        f'{{"v":1,"kind":"confirmed","change":128,"of":"paper","day":"{day}","scan":"{row(first).scan_sha256.hex()}"}}'
    )
    assert [(entry["kind"], entry["change"], entry.get("takes_back")) for entry in entries()] == [
        ("confirmed", 128, None),
        ("confirmed", 40, None),
        ("withdrawn", -128, 0),
    ]
    public = queries.public(the_campaign().id)
    assert [(batch.number, batch.entry, batch.signatures) for batch in public.batches] == [(second, 1, 40)]
    assert (public.signatures, public.sheets) == (40, 9)
    ledger.check()


def test_paper_is_in_no_number_of_people_and_changes_no_entry_of_theirs():
    row = signature()
    fold_all()
    before = lines(row.campaign_id)
    paper.counted(signatures=1_000_000)
    paper.counted(signatures=7)
    assert lines(row.campaign_id)[: len(before)] == before
    counts = ledger_queries.count(row.campaign_id)
    assert (counts.people, counts.organizations, counts.paper, counts.log_size) == (1, 0, 1_000_007, 3)
    assert log_queries.newest(row.campaign_id).people == 1
    assert mismatches() == []


def test_a_batch_waits_a_day_for_an_objection_and_counts_then(frozen_clock):
    number = paper.announced(signatures=128)
    from_then = clock.now() + timedelta(days=1)
    assert queries.counts_from(row(number)) == from_then
    frozen_clock.move(hours=23)
    services.announce_and_count()
    fold_all()
    assert (shown(), entries(), set_aside()) == (0, [], [])
    frozen_clock.move(hours=1)
    services.announce_and_count()
    fold_all()
    assert (shown(), queries.counts_from(row(number))) == (128, None)
    services.announce_and_count()
    fold_all()
    assert [entry["change"] for entry in entries()] == [128]


def test_a_batch_that_is_taken_back_within_the_day_never_counts_and_leaves_no_entry(clock):
    services.withdraw(COUNTER, SLUG, paper.announced(), "copies")
    clock.move(days=2)
    services.announce_and_count()
    fold_all()
    assert (shown(), entries(), set_aside(), mismatches()) == (0, [], [], [])


def test_what_was_mailed_is_what_counts(clock):
    paper.announced(signatures=128)
    run("UPDATE paper_batches SET signatures = 900, checked_signatures = 900")
    clock.move(days=2)
    services.announce_and_count()
    fold_all()
    assert (shown(), entries()) == (0, [])


def test_both_who_counted_and_every_administrator_are_mailed_whatever_they_chose():
    admin = staff("admin", email="admin@example.org", alerts=[])
    first, second, _ = (staff("editor", email=f"{name}@example.org", alerts=[]) for name in ("a", "b", "c"))
    number = paper.entered(by=Actor(first.id, first.email, ""), signatures=128)
    assert paper.check(number, 128, by=Actor(second.id, second.email, ""))
    services.announce_and_count()
    services.announce_and_count()
    notes = Notes()
    deliver(notes)
    assert sorted(notes.recipients) == [first.email, admin.email, second.email]
    assert "128" in str(notes.mails[0]["Subject"])


def test_what_the_fold_has_not_taken_is_not_public():
    paper.counted(signatures=128)
    paper.unopposed(signatures=40)
    assert shown() == 128
    fold_all()
    assert shown() == 168


def test_a_batch_that_is_agreed_and_taken_back_before_the_fold_is_two_entries():
    services.withdraw(COUNTER, SLUG, paper.unopposed(), "copies")
    fold_all()
    assert [entry["change"] for entry in entries()] == [128, -128]
    assert (shown(), set_aside()) == (0, [])


def test_a_delivery_has_what_the_log_counts_at_its_checkpoint():
    crowd(2)
    paper.counted(signatures=128)
    first = log_queries.newest(the_campaign().id)
    paper.counted(signatures=40)
    assert preview(SLUG).paper == PaperTotals(signatures=168, sheets=18, batches=2)
    assert preview(SLUG, first.id).paper == PaperTotals(signatures=128, sheets=9, batches=1)


def test_the_entries_of_a_draft_wait_for_its_opening():
    of = campaign(state="draft")
    paper.counted(of)
    assert queries.public(of.id).batches == []


# --- What somebody with the rights of the web's database role may try (findings A6, A6b, A6c) ---


def invented(**facts):
    """A batch that nobody has counted, as a row of the table; its number."""
    values = {
        "campaign_id": the_campaign().id,
        "state": "agreed",
        "place": paper.PLACE,
        "collected_on": clock.now().date(),
        "sheets": 9,
        "signatures": 100_000,
        "scan": "",
        "scan_sha256": bytes(32),
        "proposed_by": 9001,
        "proposed_name": "",
        "proposed_at": clock.now(),
        "decided_by": 9002,
        "checked_signatures": 100_000,
        **facts,
    }
    with db.engine.begin() as connection:
        return connection.execute(insert(PaperBatch).values(**values).returning(PaperBatch.id)).scalar_one()


def assert_named(batches):
    """The number is that of the real batches, the invented entries are named, and no delivery is frozen."""
    fold_all()
    assert shown() == batches
    assert ledger_queries.set_aside_counts() == {the_campaign().id: len(set_aside())}
    assert "set aside" in next(ledger_findings()).text
    with pytest.raises(freezing.CountInDoubt):
        freezing.check_count(the_campaign().id)
    ledger.check()


def test_a_batch_and_an_entry_that_were_only_inserted_count_nothing_and_are_named():
    paper.counted(signatures=128)
    plant(invented(), 100_000)
    assert_named(128)
    assert set_aside() == ["no_cause"]


def test_one_account_alone_counts_nothing_however_often_the_audit_log_names_it():
    batch = invented(signatures=5, checked_signatures=5)
    for action in ("paper.enter", "paper.agree"):
        note(Actor(9002, "checker@example.org", ""), action, f"paper:{batch}", counted=5, place="")
    plant(batch, 5)
    assert_named(0)


def test_the_number_of_an_agreed_batch_cannot_be_raised():
    batch = paper.counted(signatures=128)
    run("UPDATE paper_batches SET signatures = signatures + 50000, checked_signatures = signatures + 50000")
    assert (shown(), queries.public(the_campaign().id).batches[0].signatures) == (128, 128)
    assert [(mismatch.recorded, mismatch.counted) for mismatch in mismatches()] == [(50_128, 128)]
    plant(batch, -128)
    plant(batch, 50_128)
    assert_named(128)


def test_entries_cannot_be_removed_and_another_history_is_not_signed():
    paper.counted(signatures=128)
    paper.counted(signatures=40)
    published = log_queries.newest(the_campaign().id)
    with pytest.raises(DBAPIError, match="ledger_entries is append-only"):
        run("DELETE FROM ledger_entries WHERE kind = 'paper'")
    # Its batches can go, and the log goes on from where it was.
    run("DELETE FROM paper_batches")
    paper.counted(signatures=7)
    check_continues(the_campaign().id, published)
    assert shown() == 175
    assert list(ledger_findings())[-1].level.value == "problem"


@pytest.mark.parametrize("change", [128, -128, -5, 5, 256])
def test_another_entry_of_a_batch_that_counts_changes_nothing(change):
    plant(paper.counted(signatures=128), change)
    assert_named(128)


def test_a_batch_that_was_taken_back_counts_no_more_whatever_its_row_says():
    batch = paper.counted()
    services.withdraw(COUNTER, SLUG, batch, "copies")
    fold_all()
    run("UPDATE paper_batches SET state = 'agreed'")
    plant(batch, 128)
    assert_named(0)


def test_part_of_a_batch_is_not_taken_back():
    batch = paper.counted(signatures=128)
    plant(batch, -5)
    services.withdraw(COUNTER, SLUG, batch, "copies")
    assert_named(0)
    assert [entry["change"] for entry in entries()] == [128, -128]


@pytest.mark.parametrize(("change", "forged"), [(128, {"commitment": bytes(32)}), (127, {})])
def test_an_entry_says_what_its_batch_says_or_is_set_aside_for_the_one_that_does(change, forged):
    number = paper.entered(signatures=128)
    plant(number, change, **forged)
    paper.check(number, 128)
    assert_named(0)
    paper.pass_a_day()
    assert_named(128)


def test_a_batch_is_not_moved_to_another_campaign():
    of, other = campaign(), campaign("other")
    batch = paper.counted(of, signatures=128)
    plant(batch, 128, campaign_id=other.id)
    fold_all()
    assert ledger_queries.count(other.id).paper == 0
    assert ledger_queries.set_aside_counts() == {other.id: 1}


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        (0, {}),
        (1_000_001, {}),
        (-1_000_001, {}),
        (128, {"kind": Kind.PERSON, "pledge_text_id": 1}),
        (128, {"reason": "reinstated"}),
        (128, {"pledge_text_id": 1}),
        (1, {"kind": Kind.PERSON}),
    ],
    ids=str,
)
def test_the_database_refuses_what_no_batch_can_be(change, wrong):
    number = paper.unopposed()
    with pytest.raises(IntegrityError, match="ck_ledger_entries"):
        plant(number, change, **wrong)
