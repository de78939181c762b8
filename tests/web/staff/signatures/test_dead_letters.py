"""The page of mails that were given up: trying one or all again, recorded."""

import pytest
from sqlalchemy import insert

from pledge.audit.queries import Search, page
from pledge.core.db import db, transaction
from pledge.mail import suppression
from pledge.mail.models import MailKind, MailState, OutboxMail, Returned
from tests.support.rows import number_of


def dead(number: int, clock, **facts) -> list[int]:
    """That many dead letters; their ids."""
    values = {
        "kind": MailKind.CONFIRM.value,
        "subject_id": 1,
        "seq": 1,
        "lang": "ko",
        "state": MailState.DEAD.value,
        "attempts": 9,
        "created_at": clock.now(),
        "due_at": clock.now(),
        "last_error": "550 5.1.1",
        **facts,
    }
    with db.engine.begin() as connection:
        rows = [
            connection.execute(insert(OutboxMail).values(values).returning(OutboxMail.id))
            for _ in range(number)
        ]
        return [row.scalar_one() for row in rows]


@pytest.mark.sqlite_only
def test_every_kind_of_mail_has_a_name(admin, frozen_clock):
    for kind in MailKind:
        dead(1, frozen_clock, kind=kind.value)
    text = admin.get("/staff/mail").text
    assert text.count("550 5.1.1") == len(MailKind)
    assert [kind for kind in MailKind if f"<td>{kind.value}</td>" in text] == []


def test_one_dead_letter_is_tried_again(admin, frozen_clock):
    letter, other = dead(2, frozen_clock, returned="full", returned_status="5.2.2")
    response = admin.post(f"/staff/mail/{letter}/retry")
    assert (response.status_code, response.headers["Location"]) == (303, "/staff/mail")
    row = db.session.get(OutboxMail, letter)
    assert (row.state, row.attempts, row.due_at) == ("queued", 0, frozen_clock.now())
    assert (row.returned, row.returned_status) == (None, None)
    assert db.session.get(OutboxMail, other).state == "dead"
    (entry,) = page(Search(action="mail.retry")).lines
    assert (entry.actor, entry.subject, entry.details) == (
        admin.member.email,
        f"mail:{letter}",
        '{"mails":1}',
    )


def test_all_dead_letters_are_tried_again(admin, frozen_clock):
    dead(3, frozen_clock)
    dead(1, frozen_clock, state="sent")
    dead(1, frozen_clock, returned="no_mailbox")
    assert "Send all 3 e-mails again" in admin.get("/staff/mail").text
    admin.post("/staff/mail/retry")
    assert number_of(OutboxMail, OutboxMail.state == "queued") == 3
    (entry,) = page(Search(action="mail.retry")).lines
    assert (entry.subject, entry.details) == ("mail", '{"mails":3}')


def test_trying_a_dead_letter_that_is_gone_says_so(admin, frozen_clock):
    (letter,) = dead(1, frozen_clock, state="sent")
    for mail_id in (letter, letter + 1, 2**63 - 1):
        assert admin.post(f"/staff/mail/{mail_id}/retry").status_code == 409
    assert admin.post(f"/staff/mail/{2**63}/retry").status_code == 404
    assert page(Search(action="mail.retry")).lines == []


def test_dead_letters_are_shown_in_pages(admin, frozen_clock, monkeypatch):
    monkeypatch.setattr("pledge.web.staff.signatures.dead_letters.PAGE", 2)
    ids = dead(3, frozen_clock)
    first = admin.get("/staff/mail").text
    assert f"/staff/mail/{ids[2]}/retry" in first
    assert f"/staff/mail/{ids[0]}/retry" not in first
    second = admin.get(f"/staff/mail?before={ids[1]}").text
    assert f"/staff/mail/{ids[0]}/retry" in second
    assert admin.get(f"/staff/mail?before={2**63}").status_code == 200


# --- What came back, and mailboxes that get no mail ---


def stopped(address: str, reason: Returned) -> None:
    with transaction() as session:
        suppression.suppress(session, suppression.key(address), reason, known=True)


@pytest.mark.sqlite_only
def test_what_came_back_is_counted_in_words(admin, frozen_clock):
    for returned in Returned:
        dead(3, frozen_clock, returned=returned.value, returned_status="5.9.9")
    text = admin.get("/staff/mail").text
    assert text.count("<dd>3</dd>") == len(Returned)
    assert [returned for returned in Returned if f"<dt>{returned.value}</dt>" in text] == []
    assert "5.9.9" in text


def test_staff_let_mails_go_to_an_address_again(admin):
    stopped("hong@example.org", Returned.COMPLAINT)
    assert "Reported as spam" in admin.get("/staff/mail").text
    answer = admin.post("/staff/mail/lift", data={"email": "hong@example.org"})
    assert answer.status_code == 303
    assert "E-mails go to this address again." in admin.get(answer.location).text
    assert suppression.counts() == {}
    (entry,) = page(Search(action="mail.lift")).lines
    assert "hong" not in str(entry)


@pytest.mark.parametrize(("address", "status"), [("kim@example.org", 404), ("no address", 422)])
def test_an_address_to_which_nothing_is_stopped_is_said_to_be_none(admin, address, status):
    stopped("hong@example.org", Returned.NO_MAILBOX)
    assert admin.post("/staff/mail/lift", data={"email": address}).status_code == status
    assert suppression.counts() == {Returned.NO_MAILBOX: 1}
