"""What goes after its time, and what never does."""

import pytest
from sqlalchemy import select, text

from pledge.core.db import db, load
from pledge.core.tokens import BadToken
from pledge.endorsements import handover
from pledge.endorsements import services as endorsement_services
from pledge.endorsements.models import ContactChange, Endorsement, EndorsementVersion
from pledge.files.models import StoredFile
from pledge.files.services import keep, store_picture
from pledge.ledger.models import LedgerEntry
from pledge.mail.addresses import parse
from pledge.mail.models import FINISHED, MailAllowance, OutboxMail
from pledge.retention import services
from pledge.signatures import services as signature_services
from pledge.signatures.models import Signature
from pledge.statistics.referrals import organization_code
from tests.support import apps
from tests.support.factories import (
    answer_requests,
    campaign,
    confirm_token,
    endorse_confirm_token,
    endorse_manage_token,
    endorsement,
    sign_form,
    signature,
    version_of,
)
from tests.support.mails import plan
from tests.support.pictures import png
from tests.support.rows import again, number_of

pytestmark = pytest.mark.usefixtures("app")


@pytest.mark.parametrize(
    ("make", "token_of", "of", "what"),
    [
        (signature, confirm_token, signature_services, "unconfirmed signatures"),
        (
            endorsement,
            endorse_confirm_token,
            endorsement_services,
            "unconfirmed applications of organisations",
        ),
    ],
    ids=["person", "organisation"],
)
def test_what_nobody_confirmed_goes_after_fourteen_days_though_its_mail_was_asked_for_again(
    frozen_clock, make, token_of, of, what
):
    token = token_of(make(state="pending", at=frozen_clock.now()))
    frozen_clock.move(days=13, hours=23)
    of.renew(token, "ko")
    answer_requests()
    assert services.run({}, {})[what] == 0
    frozen_clock.move(hours=2)
    assert services.run({}, {})[what] == 1


@pytest.mark.parametrize("state", ["confirmed", "withdrawn"])
def test_what_was_counted_stays_while_its_campaign_runs(frozen_clock, state):
    signature(state=state)
    entries = number_of(LedgerEntry)
    frozen_clock.move(days=1000)
    services.run({}, {})
    assert number_of(Signature) == 1
    assert number_of(LedgerEntry) == entries


def test_finished_mails_go_after_ninety_days_and_waiting_ones_never(client, frozen_clock):
    signature()
    for _ in range(2):
        client.post("/ko/c/blue-skies/sign", data=sign_form())
    answer_requests()
    first = db.session.scalars(select(OutboxMail)).first()
    first.state = "sent"
    db.session.commit()
    frozen_clock.move(days=91)
    assert services.run({}, {})["finished mails"] == 1
    assert number_of(OutboxMail) == 1


def test_caps_are_forgotten_when_they_can_no_longer_matter(client, frozen_clock):
    signature()
    client.post("/ko/c/blue-skies/sign", data=sign_form())
    answer_requests()
    frozen_clock.move(days=29, hours=23)
    assert services.run({}, {})["mail allowances"] == 0
    frozen_clock.move(hours=2)
    assert services.run({}, {})["mail allowances"] == 1
    assert number_of(MailAllowance) == 0


def test_retention_run_says_what_it_deleted(runner, frozen_clock):
    signature(state="pending", at=frozen_clock.now())
    endorsement(state="pending", at=frozen_clock.now())
    frozen_clock.move(days=20)
    output = runner.invoke(args=["retention", "run"]).output
    assert "1 unconfirmed signatures\n" in output
    assert "1 unconfirmed applications of organisations\n" in output


def test_what_cannot_be_deleted_keeps_nothing_else_and_is_tried_again(frozen_clock, monkeypatch):
    signature(state="pending", at=frozen_clock.now())
    frozen_clock.move(days=15)
    with monkeypatch.context() as away:
        away.setattr(services.files, "sweep", lambda: 1 / 0)
        with pytest.raises(services.NotAllDeleted):
            services.run({}, {})
    assert number_of(Signature) == 0, "it has nothing to do with files"
    assert services.last_run() is None, "the privacy page does not say that all is done"
    services.run({}, {})
    assert services.last_run() == frozen_clock.now()


def test_a_run_reads_only_the_networks_whose_time_ended_since_the_last_one(app, frozen_clock):
    services.run({}, {})
    with apps.count_statements(app) as seen:
        services.run({}, {})
    (statement,) = [sql for sql in seen if sql.startswith("UPDATE signatures SET network_hash")]
    assert "signatures.submitted_at >=" in statement


@pytest.mark.postgresql_only
def test_mails_past_their_time_are_found_by_an_index(frozen_clock):
    finished = select(OutboxMail.id).where(text(FINISHED), OutboxMail.due_at < frozen_clock.now())
    assert "ix_outbox_mails_finished" in plan(finished)


def test_the_networks_of_a_signature_are_forgotten_after_ninety_days_and_the_signature_stays(
    frozen_clock, monkeypatch
):
    monkeypatch.setattr(services, "BATCH", 2)
    for _ in range(5):
        signature(
            network_hash=bytes(32),
            wide_network_hash=bytes(32),
            domain_hash=bytes(32),
            at=frozen_clock.now(),
        )
    frozen_clock.move(days=89)
    assert services.run({}, {})["networks of signatures"] == 0
    frozen_clock.move(days=2)
    assert services.run({}, {})["networks of signatures"] == 5
    rows = load(select(Signature))
    kept = {(row.state, row.network_hash, row.wide_network_hash, row.domain_hash) for row in rows}
    assert kept == {("confirmed", None, None, bytes(32))}


def vias():
    return {(row.id, row.via) for row in load(select(Signature))}


def test_the_code_of_a_removed_partner_is_forgotten_and_that_of_another_stays(monkeypatch):
    monkeypatch.setattr(services, "BATCH", 2)
    partners = [partner.id for partner in campaign().partners]
    gone = [signature(via="p987654").id for _ in range(5)]
    stays = signature(via=f"p{partners[0]}").id
    assert services.run({}, {})["links of partners, settled"] == 5
    assert vias() == {*((number, None) for number in gone), (stays, f"p{partners[0]}")}
    assert services.run({}, {})["links of partners, settled"] == 0


def test_the_code_of_a_duplicate_organisation_becomes_that_of_the_one_that_stays():
    stays = endorsement()
    duplicate = endorsement(state="merged", merged_into_id=stays.id)
    person = signature(via=organization_code(duplicate.id)).id
    removed = signature(via=organization_code(endorsement(state="removed").id))
    assert services.run({}, {})["links of partners, settled"] == 1
    assert vias() == {(person, organization_code(stays.id)), (removed.id, removed.via)}


def test_an_unconfirmed_application_goes_with_its_logo(frozen_clock):
    logo = store_picture(png())
    endorsement(state="pending", at=frozen_clock.now(), logo=logo)
    keep(db.session, logo)
    db.session.commit()
    frozen_clock.move(days=14, hours=1)
    assert services.run({}, {})["unconfirmed applications of organisations"] == 1
    assert number_of(Endorsement) == number_of(EndorsementVersion) == 0
    services.run({}, {})
    assert number_of(StoredFile) == 0


def test_two_applications_that_wait_expire_each_by_its_own_clock(frozen_clock):
    row = endorsement(state="pending", at=frozen_clock.now())
    frozen_clock.move(days=10)
    version_of(row, statement_ko="새 문구")
    frozen_clock.move(days=5)
    assert services.run({}, {})["unconfirmed applications of organisations"] == 1
    assert again(row).state == "pending"
    assert number_of(EndorsementVersion) == 1
    frozen_clock.move(days=10)
    services.run({}, {})
    assert number_of(Endorsement) == 0


def test_a_renewed_application_that_nobody_confirmed_goes_and_the_rest_stays(frozen_clock):
    row = endorsement(state="withdrawn", at=frozen_clock.now())
    version_of(row, statement_ko="누군가 적은 말")
    frozen_clock.move(days=15)
    assert services.run({}, {})["unconfirmed applications of organisations"] == 1
    assert again(row).state == "withdrawn"
    assert number_of(EndorsementVersion) == 1


@pytest.mark.parametrize("state", ["withdrawn", "removed"])
def test_ninety_days_after_its_end_the_person_is_forgotten_and_the_public_line_stays(frozen_clock, state):
    row = endorsement(state=state, at=frozen_clock.now())
    token = endorse_manage_token(row)
    frozen_clock.move(days=89)
    assert services.run({}, {})["contacts of organisations that are not listed"] == 0
    frozen_clock.move(days=2)
    assert services.run({}, {})["contacts of organisations that are not listed"] == 1
    assert services.run({}, {})["contacts of organisations that are not listed"] == 0, "once"
    kept = again(row)
    assert (kept.state, kept.contact_name, kept.contact_email) == (state, "", "")
    assert version_of(row).name
    assert number_of(LedgerEntry) == 2
    with pytest.raises(BadToken):
        endorsement_services.erase(token)


def test_an_application_that_never_was_public_is_deleted_whole(frozen_clock):
    endorsement(state="declined", at=frozen_clock.now())
    frozen_clock.move(days=91)
    assert services.run({}, {})["contacts of organisations that are not listed"] == 1
    assert number_of(Endorsement) == number_of(EndorsementVersion) == 0


@pytest.mark.parametrize("state", ["review", "changes", "published"])
def test_an_endorsement_that_has_not_ended_stays_however_old(frozen_clock, state):
    row = endorsement(state=state)
    frozen_clock.move(days=1000)
    assert (
        services.run({}, {})["unconfirmed applications of organisations"],
        services.run({}, {})["contacts of organisations that are not listed"],
    ) == (0, 0)
    assert again(row).contact_name == "김하늘"


def test_a_change_of_contact_goes_fourteen_days_after_it_was_asked_for_or_done(frozen_clock):
    asked, done = endorsement(), endorsement()
    for row, address in ((asked, "a@haneul.co.kr"), (done, "b@haneul.co.kr")):
        handover.ask(
            endorse_manage_token(row), name="이바다", title="팀장", mailbox=parse(address), lang="ko"
        )
    frozen_clock.move(days=6)
    number = db.session.get(ContactChange, done.id).contact_number
    assert handover.accept(done.id, number, "2026-11-25")
    frozen_clock.move(days=9)
    assert services.run({}, {})["contacts of organisations that are not listed"] == 1
    assert db.session.scalars(select(ContactChange.endorsement_id)).all() == [done.id]
    frozen_clock.move(days=6)
    assert services.run({}, {})["contacts of organisations that are not listed"] == 1
