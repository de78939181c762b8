"""A batch of paper signatures is counted by one person, and again by another who does not know the first number."""

from datetime import date
from functools import partial
from hashlib import sha256

import pytest
from pydantic import SecretStr
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from pledge.accounts.two_people import NeedsSecondPerson, NoSuchProposal, WrongState
from pledge.audit.models import AuditEntry
from pledge.campaigns.moderation import EditedMeanwhile
from pledge.campaigns.rules import BadFields, FieldFault
from pledge.core.db import db, load, transaction
from pledge.core.encryption import Vault
from pledge.core.languages import Texts
from pledge.files import scans
from pledge.files.models import StoredFile
from pledge.files.scans import ScanFault
from pledge.files.services import UnknownFile
from pledge.files.storage import FOLDER
from pledge.ledger.models import LedgerEntry
from pledge.paper import queries, services
from pledge.paper.models import PaperBatch, PaperState
from tests.support import paper
from tests.support.audit import actions
from tests.support.factories import SLUG, campaign, the_campaign
from tests.support.paper import CHECKER, COUNTER, check, row, stamp
from tests.support.pictures import PDF, png
from tests.support.refusals import fault_of, faults_of

pytestmark = pytest.mark.usefixtures("app")


def audited():
    """What the audit log says of batches, in one text."""
    query = select(AuditEntry.details).where(AuditEntry.action.startswith("paper."))
    return " ".join(load(query))


def changes():
    return load(select(LedgerEntry.delta).order_by(LedgerEntry.id))


def test_a_batch_that_two_people_count_alike_is_agreed_and_in_the_log():
    number = paper.entered(signatures=128)
    assert changes() == []
    assert check(number, 128)
    batch = row(number)
    assert (batch.state, batch.proposed_by, batch.decided_by) == (PaperState.AGREED, 9001, 9002)
    assert changes() == []
    paper.pass_a_day()
    assert changes() == [128]
    assert actions("paper.") == ["paper.enter", "paper.download", "paper.agree"]


def test_a_batch_that_they_count_differently_is_disputed_and_in_no_log():
    number = paper.entered(signatures=128)
    assert not check(number, 127)
    batch = row(number)
    assert (batch.state, batch.signatures, batch.checked_signatures) == (PaperState.DISPUTED, 128, 127)
    assert batch.returned_why == "128 ≠ 127"
    assert changes() == []
    assert actions("paper.") == ["paper.enter", "paper.download", "paper.dispute"]


def test_who_has_not_opened_the_scan_that_the_batch_has_now_does_not_count_it():
    number = paper.entered(signatures=128)
    counted = partial(services.check, CHECKER, SLUG, number)
    missing = {"checked": FieldFault.SCAN_NOT_OPENED}
    services.note_download(COUNTER, SLUG, number)
    services.note_download(CHECKER, SLUG, paper.entered())
    assert faults_of(counted, stamp(the_campaign(), number), 128) == missing
    services.note_download(CHECKER, SLUG, number)
    seen, scan = stamp(the_campaign(), number), scans.store_scan(PDF)
    services.change(COUNTER, SLUG, number, seen, paper.fields(signatures=128), scan=scan)
    assert faults_of(counted, stamp(the_campaign(), number), 128) == missing
    assert (row(number).state, changes()) == (PaperState.COUNTED, [])
    assert check(number, 128)


@pytest.mark.parametrize("counted", [4711, 4712])
def test_the_audit_log_has_the_first_number_once_the_second_person_has_counted(counted):
    number = paper.entered(signatures=9)
    services.change(COUNTER, SLUG, number, stamp(the_campaign(), number), paper.fields(signatures=4711))
    assert '"sheets":' in audited()
    assert "4711" not in audited()
    check(number, counted)
    assert '"signatures":4711' in audited()


def test_a_disputed_batch_is_corrected_and_counted_again_by_another_than_who_corrected_it():
    number = paper.entered(signatures=128)
    check(number, 127)
    services.change(CHECKER, SLUG, number, stamp(the_campaign(), number), paper.fields(signatures=126))
    assert row(number).state == PaperState.COUNTED
    with pytest.raises(NeedsSecondPerson):
        check(number, 126)
    assert check(number, 126, by=COUNTER)
    paper.pass_a_day()
    assert changes() == [126]


def test_a_batch_that_was_changed_since_it_was_seen_is_not_agreed():
    number = paper.entered()
    seen = stamp(the_campaign(), number)
    services.change(COUNTER, SLUG, number, seen, paper.fields(sheets=10))
    with pytest.raises(WrongState):
        services.check(CHECKER, SLUG, number, seen, 128)
    with pytest.raises(EditedMeanwhile):
        services.change(COUNTER, SLUG, number, seen, paper.fields(sheets=11))


def test_an_agreed_batch_stays_as_it_is_and_can_only_be_taken_back():
    number = paper.unopposed()
    seen = stamp(the_campaign(), number)
    with pytest.raises(WrongState):
        services.change(COUNTER, SLUG, number, seen, paper.fields(signatures=1))
    with pytest.raises(WrongState):
        services.remove(COUNTER, SLUG, number, seen, "typing error")
    with pytest.raises(BadFields, match="reason"):
        services.withdraw(COUNTER, SLUG, number, " ")
    services.withdraw(COUNTER, SLUG, number, "the sheets were copies")
    assert row(number).state == PaperState.WITHDRAWN
    assert changes() == [128, -128]
    with pytest.raises(WrongState):
        services.withdraw(COUNTER, SLUG, number, "once more")


def test_a_batch_that_was_never_agreed_is_removed_with_its_scan():
    number = paper.entered()
    name = row(number).scan
    services.remove(COUNTER, SLUG, number, stamp(the_campaign(), number), "entered twice")
    with pytest.raises(NoSuchProposal):
        queries.find(the_campaign().id, number)
    assert db.session.get(StoredFile, name).delete_after is not None


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"collected_on": None}, {"collected_on": FieldFault.MISSING}),
        ({"collected_on": date(2099, 1, 1)}, {"collected_on": FieldFault.FUTURE}),
        ({"sheets": 0}, {"sheets": FieldFault.NUMBER}),
        ({"signatures": None}, {"signatures": FieldFault.NUMBER}),
        ({"signatures": 1_000_001}, {"signatures": FieldFault.NUMBER}),
        ({"place": Texts()}, {"place_ko": FieldFault.MISSING}),
    ],
)
def test_what_cannot_be_is_refused_by_its_field(changed, fault):
    campaign()
    assert faults_of(paper.entered, **changed) == fault


def test_a_batch_needs_a_scan_of_its_own():
    campaign()
    assert faults_of(services.enter, COUNTER, SLUG, paper.fields(), "") == {"scan": FieldFault.MISSING}
    other = row(paper.entered()).scan
    with pytest.raises(UnknownFile):
        services.enter(COUNTER, SLUG, paper.fields(), other)


def test_a_scan_is_counted_once_until_its_batch_is_taken_back():
    number = paper.agreed(scan=PDF)
    assert faults_of(paper.entered, scan=PDF) == {"scan": FieldFault.SCAN_TWICE}
    other = paper.entered()
    with pytest.raises(BadFields):
        services.change(
            COUNTER, SLUG, other, stamp(the_campaign(), other), paper.fields(), scan=scans.store_scan(PDF)
        )
    assert paper.entered(campaign("other"), scan=PDF)
    services.withdraw(COUNTER, SLUG, number, "a sheet was missing")
    assert paper.agreed(the_campaign(), scan=PDF, signatures=130)


def test_the_database_too_keeps_a_scan_from_being_counted_twice():
    numbers = [paper.agreed(), paper.agreed()]
    with pytest.raises(IntegrityError), transaction() as session:
        session.execute(
            update(PaperBatch)
            .where(PaperBatch.id == numbers[1])
            .values(scan_sha256=row(numbers[0]).scan_sha256)
        )


@pytest.mark.parametrize("data", [PDF, png(size=(64, 36))])
def test_a_scan_is_kept_byte_for_byte_and_encrypted(app, data):
    number = paper.entered(scan=data)
    batch = row(number)
    assert scans.scan(batch.scan) == data
    assert batch.scan_sha256 == sha256(data).digest()
    (stored,) = (app.extensions["pledge.config"].instance_dir / FOLDER / batch.scan).iterdir()
    assert data[:16] not in stored.read_bytes()


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", ScanFault.EMPTY),
        (b"GIF89a", ScanFault.WRONG_TYPE),
        (b"%PDF-" + bytes(scans.MAX_SCAN), ScanFault.TOO_LARGE),
    ],
)
def test_a_file_that_is_not_a_scan_is_refused(data, fault):
    assert fault_of(scans.store_scan, data) is fault


def test_scans_are_encrypted_anew_with_the_newest_data_key(app, runner, monkeypatch):
    old, new = SecretStr("o" * 40), SecretStr("n" * 40)
    monkeypatch.setitem(app.extensions, "pledge.vault", Vault((old,)))
    name = row(paper.entered(scan=PDF)).scan
    monkeypatch.setitem(app.extensions, "pledge.vault", Vault((new, old)))
    assert "stored_files: 1 rows encrypted anew" in runner.invoke(args=["data-keys", "reencrypt"]).output
    assert "stored_files" not in runner.invoke(args=["data-keys", "reencrypt"]).output
    monkeypatch.setitem(app.extensions, "pledge.vault", Vault((new,)))
    assert scans.scan(name) == PDF
