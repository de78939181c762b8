"""Changing who speaks for an organisation: nothing moves before the new person's mail is confirmed, and the old one is told."""

import pytest
from sqlalchemy import select, update

from pledge.core import tokens
from pledge.core.db import db, load, transaction
from pledge.core.tokens import BadToken, Purpose
from pledge.endorsements import handover, services
from pledge.endorsements.models import ContactChange
from pledge.endorsements.queries import LinkState, open_contact_link, open_link, own_endorsement
from pledge.mail.addresses import parse
from pledge.mail.models import MailKind, OutboxMail
from tests.support.factories import (
    endorse_confirm_token,
    endorse_contact_token,
    endorse_manage_token,
    endorsement,
    version_of,
)
from tests.support.mails import Notes, deliver
from tests.support.rows import again, enqueued

pytestmark = pytest.mark.usefixtures("app")

SEA = {"name": "이바다", "title": "팀장", "mailbox": parse("sea@haneul.co.kr"), "lang": "en"}


def change_of(row):
    return next(iter(load(select(ContactChange).where(ContactChange.endorsement_id == row.id))), None)


def ask(row, **changes):
    handover.ask(endorse_manage_token(row), **{**SEA, **changes})
    return change_of(row).contact_number


def test_asking_changes_nothing_and_writes_to_the_new_person():
    row = endorsement(email="sky@haneul.co.kr")
    ask(row)
    assert again(row).contact_email == "sky@haneul.co.kr"
    assert enqueued() == [MailKind.ENDORSE_CONTACT]
    seen = own_endorsement(endorse_manage_token(row), "ko")
    assert (seen.change.contact_name, seen.change.contact_email) == ("이바다", "sea@haneul.co.kr")


def test_accepting_hands_over_tells_the_old_person_and_ends_their_links():
    row = endorsement(email="sky@haneul.co.kr", show_contact=True, spokesperson="김하늘, 사무국장")
    old_link, old_confirm = endorse_manage_token(row), endorse_confirm_token(row)
    assert handover.accept(row.id, ask(row), "2026-11-25")
    now = again(row)
    assert (now.contact_name, now.contact_title, now.contact_email) == ("이바다", "팀장", "sea@haneul.co.kr")
    assert (now.lang, now.privacy_version, now.mail_domain) == ("en", "2026-11-25", "haneul.co.kr")
    assert enqueued() == [MailKind.ENDORSE_CONTACT, MailKind.ENDORSE_HANDOVER]
    assert change_of(row).contact_email == "sky@haneul.co.kr", "so that they can be told"
    with pytest.raises(BadToken):
        services.withdraw(old_link)
    assert open_link(old_confirm, "ko").state is LinkState.UNKNOWN, "nor does the link that once confirmed"
    assert own_endorsement(endorse_manage_token(now), "ko").row.contact_name == "이바다"
    assert (now.show_contact, version_of(row).spokesperson) == (False, ""), "named only when they ask for it"


def test_nobody_is_named_anew_before_the_person_who_was_replaced_has_been_told():
    row = endorsement(email="sky@haneul.co.kr")
    handover.accept(row.id, ask(row), "2026-11-25")
    with pytest.raises(services.EndorsementInWrongState):
        ask(again(row), mailbox=parse("third@haneul.co.kr"))
    assert change_of(row).contact_email == "sky@haneul.co.kr"
    with transaction() as session:
        session.execute(update(OutboxMail).values(state="sent"))
    assert ask(again(row), mailbox=parse("third@haneul.co.kr"))


@pytest.mark.parametrize(("email", "level"), [("sea@haneul.co.kr", "domain"), ("sea@gmail.com", "mail")])
@pytest.mark.parametrize("before", ["domain", "site", "staff"])
def test_the_level_is_what_the_new_mail_and_the_website_prove(email, level, before):
    row = endorsement(website="https://haneul.co.kr", level=before)
    handover.accept(row.id, ask(row, mailbox=parse(email)), "2026-11-25")
    assert again(row).level == level


def test_a_later_choice_makes_the_earlier_mail_lead_nowhere():
    row = endorsement()
    first = ask(row)
    second = ask(row, mailbox=parse("land@haneul.co.kr"), name="박땅")
    assert not handover.accept(row.id, first, "2026-11-25")
    assert handover.accept(row.id, second, "2026-11-25")
    assert again(row).contact_name == "박땅"


def test_a_cancelled_change_cannot_be_accepted_nor_its_link_fit_a_later_one():
    row = endorsement()
    number = ask(row)
    handover.cancel(endorse_manage_token(row))
    assert not handover.accept(row.id, number, "2026-11-25")
    assert ask(row) != number


def test_what_has_ended_or_ends_meanwhile_is_not_handed_over():
    for state in ("withdrawn", "declined", "removed"):
        with pytest.raises(services.EndorsementInWrongState):
            handover.ask(endorse_manage_token(endorsement(state=state)), **SEA)
    row = endorsement()
    number = ask(row)
    services.withdraw(endorse_manage_token(row))
    assert not handover.accept(row.id, number, "2026-11-25")


def test_the_person_who_speaks_already_is_no_change():
    row = endorsement(email="sky@haneul.co.kr")
    with pytest.raises(handover.SamePerson):
        ask(row, mailbox=parse("SKY@haneul.co.kr"))


def test_one_person_does_not_get_two_rows_of_one_organisation():
    mine = endorsement(name_ko="하늘에너지", name_en="", email="sky@haneul.co.kr")
    endorsement(name_ko="하늘에너지", name_en="", email="sea@haneul.co.kr", state="review")
    number = ask(mine)
    with pytest.raises(handover.AlreadySpokesperson):
        handover.accept(mine.id, number, "2026-11-25")
    assert again(mine).contact_email == "sky@haneul.co.kr"
    assert enqueued() == [MailKind.ENDORSE_CONTACT]


def test_this_is_not_me_forgets_the_change():
    row = endorsement()
    ask(row)
    token = endorse_contact_token(change_of(row))
    assert handover.refuse(token)
    assert change_of(row) is None
    assert not handover.refuse(token)


def test_mails_to_the_new_person_have_the_caps_of_all_mails_to_strangers(frozen_clock):
    for _ in range(9):
        ask(endorsement(email="somebody@example.org"))
        frozen_clock.move(hours=6)
    due = sorted(mail.due_at for mail in db.session.scalars(select(OutboxMail)))
    assert len(due) == 5
    assert all((fourth - first).total_seconds() >= 86400 for first, fourth in zip(due, due[3:], strict=False))


def test_an_organisation_names_three_people_a_day(frozen_clock):
    row, notes = endorsement(), Notes()
    for number in range(20):
        ask(row, mailbox=parse(f"stranger{number}@example.net"))
        deliver(notes)
        frozen_clock.move(minutes=30)
    assert len(notes.recipients) == 3


def test_a_link_to_take_over_is_pending_expires_after_seven_days_and_is_confirmed_or_unknown(frozen_clock):
    row = endorsement()
    number = ask(row)
    token = endorse_contact_token(change_of(row))
    assert open_contact_link(token, "ko").state is LinkState.PENDING
    frozen_clock.move(days=8)
    assert open_contact_link(token, "ko").state is LinkState.EXPIRED
    handover.accept(row.id, number, "2026-11-25")
    assert open_contact_link(token, "ko").state is LinkState.CONFIRMED
    for other in ("x", endorse_manage_token(row), tokens.mint(Purpose.ENDORSE_CONTACT, [row.id, 77])):
        assert open_contact_link(other, "ko").state is LinkState.UNKNOWN
