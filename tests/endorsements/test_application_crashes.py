"""A crash at every statement of every use case leaves all of it or nothing of it."""

from contextlib import suppress
from dataclasses import replace

import pytest
from sqlalchemy import select

from pledge.core.db import db
from pledge.endorsements import handover, own, services
from pledge.endorsements.models import ContactChange, Endorsement, EndorsementVersion
from pledge.endorsements.versions import content_of
from pledge.files.models import StoredFile
from pledge.files.services import store_picture
from pledge.ledger.models import LedgerEntry
from pledge.mail.models import MailAllowance, MailBlock, MailRequest, OutboxMail
from pledge.mail.requests import answer
from pledge.signatures.addresses import parse
from pledge.worker.composers import handlers
from tests.endorsements.test_applying import HANEUL
from tests.files.corpus import png
from tests.signatures.test_crashes import Crash, CrashAt
from tests.support.factories import (
    campaign,
    endorse_confirm_token,
    endorse_contact_token,
    endorse_manage_token,
    endorsement,
    version_of,
)

pytestmark = pytest.mark.usefixtures("app")

TABLES = (
    *(Endorsement, EndorsementVersion, ContactChange, OutboxMail, MailRequest),
    *(MailAllowance, MailBlock, LedgerEntry, StoredFile),
)


def contents():
    db.session.rollback()
    return {
        model.__tablename__: db.session.execute(
            select(model.__table__).order_by(*model.__table__.primary_key)
        ).all()
        for model in TABLES
    }


def crash_everywhere(act):
    """Crash `act` at its first, second, … statement until it gets through; how many crashes there were."""
    before = contents()
    for number in range(1, 80):
        with CrashAt(number) as crash, suppress(Crash):
            act()
        if not crash.reached:
            return number - 1
        assert contents() == before, f"a crash at statement {number} left something behind"
    raise AssertionError("more statements than any use case should need")


def test_applying():
    campaign()
    logo = store_picture(png())
    application = replace(HANEUL, content=replace(HANEUL.content, logo=logo))
    assert crash_everywhere(lambda: services.apply(application)) >= 2
    assert len(contents()["mail_requests"]) == 1
    assert crash_everywhere(lambda: answer(handlers())) >= 6
    found = contents()
    assert len(found["endorsements"]) == len(found["endorsement_versions"]) == len(found["outbox_mails"]) == 1
    assert found["stored_files"][0].delete_after is None


def test_confirming():
    row = endorsement(state="pending")
    row_id = row.id
    assert crash_everywhere(lambda: services.confirm(row_id, 1)) >= 3
    assert contents()["endorsements"][0].state == "review"


def test_asking_for_the_mail_again():
    row = endorsement(state="pending", email=HANEUL.contact.mailbox.mailed)
    assert row
    assert crash_everywhere(lambda: services.send_link("blue-skies", HANEUL.contact.mailbox, "ko")) >= 1
    assert crash_everywhere(lambda: answer(handlers())) >= 4
    assert len(contents()["outbox_mails"]) == 1


def test_this_was_not_us():
    token = endorse_confirm_token(endorsement(state="pending"))
    assert crash_everywhere(lambda: services.disown(token)) >= 4
    found = contents()
    assert (len(found["endorsements"]), len(found["mail_blocks"])) == (0, 1)


def test_correcting():
    row = endorsement(show_contact=True, spokesperson="김하늘, 사무국장")
    token = endorse_manage_token(row)
    content = replace(content_of(version_of(row)), statement_ko="새 문구", logo=store_picture(png()))

    def correct():
        own.correct(token, content, name="이바다", title="대표", show=False)

    assert crash_everywhere(correct) >= 5
    assert [version.state for version in contents()["endorsement_versions"]] == ["published", "proposed"]


def test_withdrawing():
    token = endorse_manage_token(endorsement())
    assert crash_everywhere(lambda: own.withdraw(token)) >= 4
    assert len(contents()["ledger_entries"]) == 2


@pytest.mark.parametrize(("state", "rows"), [("published", 1), ("review", 0)])
def test_erasing(state, rows):
    token = endorse_manage_token(endorsement(state=state))
    assert crash_everywhere(lambda: own.erase(token)) >= 4
    assert len(contents()["endorsements"]) == rows


def test_handing_over():
    row = endorsement()
    token, row_id = endorse_manage_token(row), row.id

    def ask():
        handover.ask(token, name="이바다", title="팀장", mailbox=parse("sea@haneul.co.kr"), lang="ko")

    assert crash_everywhere(ask) >= 4
    (change,) = contents()["endorsement_contact_changes"]
    number = change.contact_number
    assert crash_everywhere(lambda: handover.accept(row_id, number, "2026-11-25")) >= 5
    assert len(contents()["outbox_mails"]) == 2


def test_not_me():
    row = endorsement()
    handover.ask(
        endorse_manage_token(row), name="이바다", title="팀장", mailbox=parse("sea@haneul.co.kr"), lang="ko"
    )
    token = endorse_contact_token(db.session.get(ContactChange, row.id))
    assert crash_everywhere(lambda: handover.refuse(token)) >= 3
    found = contents()
    assert (len(found["endorsement_contact_changes"]), len(found["mail_blocks"])) == (0, 1)
