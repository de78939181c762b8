"""What goes of endorsements after its time, and what stays: the organisation's public line, never its person."""

import pytest
from sqlalchemy import select

from pledge.core.db import db
from pledge.core.tokens import BadToken
from pledge.endorsements import handover, services
from pledge.endorsements.models import ContactChange, Endorsement, EndorsementVersion
from pledge.files.models import StoredFile
from pledge.files.services import keep, store_picture
from pledge.ledger.models import LedgerEntry
from pledge.mail.addresses import parse
from pledge.retention.services import run
from tests.support.factories import (
    endorse_confirm_token,
    endorse_manage_token,
    endorsement,
    version_of,
)
from tests.support.pictures import png
from tests.support.rows import again, number_of

pytestmark = pytest.mark.usefixtures("app")


def test_an_unconfirmed_application_goes_after_fourteen_days_with_its_logo(frozen_clock):
    logo = store_picture(png())
    endorsement(state="pending", at=frozen_clock.now(), logo=logo)
    keep(db.session, logo)
    db.session.commit()
    frozen_clock.move(days=13, hours=23)
    assert run({}).applications == 0
    frozen_clock.move(hours=2)
    assert run({}).applications == 1
    assert number_of(Endorsement) == number_of(EndorsementVersion) == 0
    run({})
    assert number_of(StoredFile) == 0


def test_asking_for_the_mail_again_does_not_lengthen_the_time_to_confirm(frozen_clock):
    token = endorse_confirm_token(endorsement(state="pending", at=frozen_clock.now()))
    frozen_clock.move(days=13)
    services.renew(token, "ko")
    frozen_clock.move(days=1, hours=1)
    assert run({}).applications == 1


def test_two_applications_that_wait_expire_each_by_its_own_clock(frozen_clock):
    row = endorsement(state="pending", at=frozen_clock.now())
    frozen_clock.move(days=10)
    version_of(row, statement_ko="새 문구")
    frozen_clock.move(days=5)
    assert run({}).applications == 1
    assert again(row).state == "pending"
    assert number_of(EndorsementVersion) == 1
    frozen_clock.move(days=10)
    run({})
    assert number_of(Endorsement) == 0


def test_a_renewed_application_that_nobody_confirmed_goes_and_the_rest_stays(frozen_clock):
    row = endorsement(state="withdrawn", at=frozen_clock.now())
    version_of(row, statement_ko="누군가 적은 말")
    frozen_clock.move(days=15)
    assert run({}).applications == 1
    assert again(row).state == "withdrawn"
    assert number_of(EndorsementVersion) == 1


@pytest.mark.parametrize("state", ["withdrawn", "removed"])
def test_ninety_days_after_its_end_the_person_is_forgotten_and_the_public_line_stays(frozen_clock, state):
    row = endorsement(state=state, at=frozen_clock.now())
    token = endorse_manage_token(row)
    frozen_clock.move(days=89)
    assert run({}).contacts == 0
    frozen_clock.move(days=2)
    assert run({}).contacts == 1
    assert run({}).contacts == 0, "once"
    kept = again(row)
    assert (kept.state, kept.contact_name, kept.contact_email) == (state, "", "")
    assert version_of(row).name
    assert number_of(LedgerEntry) == 2
    with pytest.raises(BadToken):
        services.erase(token)


def test_an_application_that_never_was_public_is_deleted_whole(frozen_clock):
    endorsement(state="declined", at=frozen_clock.now())
    frozen_clock.move(days=91)
    assert run({}).contacts == 1
    assert number_of(Endorsement) == number_of(EndorsementVersion) == 0


@pytest.mark.parametrize("state", ["review", "changes", "published"])
def test_an_endorsement_that_has_not_ended_stays_however_old(frozen_clock, state):
    row = endorsement(state=state)
    frozen_clock.move(days=1000)
    assert (run({}).applications, run({}).contacts) == (0, 0)
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
    assert run({}).contacts == 1
    assert db.session.scalars(select(ContactChange.endorsement_id)).all() == [done.id]
    frozen_clock.move(days=6)
    assert run({}).contacts == 1


def test_retention_run_says_which_endorsements_it_deleted(runner, frozen_clock):
    endorsement(state="pending", at=frozen_clock.now())
    frozen_clock.move(days=20)
    assert (
        "Deleted 1 unconfirmed applications of organisations"
        in runner.invoke(args=["retention", "run"]).output
    )
