"""A crash at every statement of every use case leaves all of it or nothing of it."""

from dataclasses import replace
from functools import partial

import pytest
from sqlalchemy import select

from pledge.core.db import fetch
from pledge.endorsements import handover, services
from pledge.endorsements.models import ContactChange, Endorsement, EndorsementVersion
from pledge.endorsements.versions import content_of
from pledge.files.models import StoredFile
from pledge.files.services import store_picture
from pledge.ledger.models import LedgerEntry
from pledge.mail.addresses import parse
from pledge.mail.models import MailAllowance, MailRequest, OutboxMail, RequestKind
from pledge.mail.requests import answer
from pledge.mailed_links import tickets
from pledge.worker.registry import handlers
from tests.support import crash
from tests.support.factories import (
    HANEUL,
    campaign,
    changed_content,
    endorse_confirm_token,
    endorse_manage_token,
    endorsement,
    version_of,
)
from tests.support.pictures import png

pytestmark = pytest.mark.usefixtures("app")

TABLES = (
    *(Endorsement, EndorsementVersion, ContactChange, OutboxMail, MailRequest),
    *(MailAllowance, LedgerEntry, StoredFile),
)


def contents():
    return {
        model.__tablename__: fetch(select(model.__table__).order_by(*model.__table__.primary_key)).all()
        for model in TABLES
    }


def test_a_crash_while_applying_leaves_all_or_nothing():
    campaign()
    logo = store_picture(png())
    application = replace(HANEUL, content=replace(HANEUL.content, logo=logo))
    assert crash.everywhere(lambda: services.apply(application), contents) >= 2
    assert len(contents()["mail_requests"]) == 1
    assert crash.everywhere(lambda: answer(handlers()), contents) >= 6
    stored = contents()
    assert (
        len(stored["endorsements"]) == len(stored["endorsement_versions"]) == len(stored["outbox_mails"]) == 1
    )
    assert stored["stored_files"][0].delete_after is None


@pytest.mark.parametrize(
    ("state", "act_on"),
    [
        ("pending", lambda row: partial(services.confirm, row.id, 1)),
        ("pending", lambda row: partial(services.disown, endorse_confirm_token(row))),
        ("published", lambda row: partial(services.withdraw, endorse_manage_token(row))),
        ("published", lambda row: partial(services.erase, endorse_manage_token(row))),
        ("review", lambda row: partial(services.erase, endorse_manage_token(row))),
    ],
    ids=["confirm", "disown", "withdraw", "erase", "erase what never was public"],
)
def test_a_crash_while_a_person_acts_leaves_all_or_nothing(state, act_on):
    assert crash.everywhere(act_on(endorsement(state=state)), contents) >= 3


def test_a_crash_while_the_mail_is_asked_for_again_leaves_all_or_nothing():
    row = endorsement(state="pending", email=HANEUL.mailbox.mailed)
    assert row
    assert (
        crash.everywhere(
            lambda: tickets.send_link(RequestKind.ENDORSE_LINK, "blue-skies", HANEUL.mailbox, "ko"), contents
        )
        >= 1
    )
    assert crash.everywhere(lambda: answer(handlers()), contents) >= 4
    assert len(contents()["outbox_mails"]) == 1


def test_a_crash_while_an_endorsement_is_corrected_leaves_all_or_nothing():
    row = endorsement(show_contact=True, spokesperson="김하늘, 사무국장")
    token = endorse_manage_token(row)
    content = changed_content(content_of(version_of(row)), statement_ko="새 문구", logo=store_picture(png()))

    def correct():
        services.correct(token, content, name="이바다", title="대표", show=False)

    assert crash.everywhere(correct, contents) >= 5
    assert [version.state for version in contents()["endorsement_versions"]] == ["published", "proposed"]


def test_a_crash_while_the_contact_person_changes_leaves_all_or_nothing():
    row = endorsement()
    token, row_id = endorse_manage_token(row), row.id

    def ask():
        handover.ask(token, name="이바다", title="팀장", mailbox=parse("sea@haneul.co.kr"), lang="ko")

    assert crash.everywhere(ask, contents) >= 4
    (change,) = contents()["endorsement_contact_changes"]
    number = change.contact_number
    assert crash.everywhere(lambda: handover.accept(row_id, number, "2026-11-25"), contents) >= 5
    assert len(contents()["outbox_mails"]) == 2
