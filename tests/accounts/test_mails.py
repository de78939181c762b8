"""Mails to staff: what they say, and when they are no longer true."""

import re

import pytest
from sqlalchemy import select

from pledge.accounts import mails, moderation, services
from pledge.accounts.roles import Role
from pledge.audit.models import COMMAND_LINE, Actor
from pledge.core.db import db
from pledge.mail import services as mail
from pledge.mail.models import OutboxMail
from tests.support.factories import staff
from tests.support.mails import Notes, part


def deliver():
    notes = Notes()
    done = mail.deliver(mails.composers(), notes)
    return done, notes


@pytest.mark.parametrize(("lang", "word"), [("ko", "초대"), ("en", "invited")])
def test_the_invitation_carries_a_link_that_works(app, client, lang, word):
    moderation.invite(COMMAND_LINE, "new@example.org", [Role.VIEWER], lang)
    done, notes = deliver()
    assert done.sent == 1
    ((to, message),) = notes.sent
    assert to == "new@example.org"
    text = part(message, "plain")
    assert word in text
    link = re.search(r"http://localhost(/staff/invitation/\S+)", text)[1]
    assert client.get(link).status_code == 200


def test_an_invitation_that_is_over_is_not_sent(app):
    first = moderation.invite(COMMAND_LINE, "one@example.org", [Role.VIEWER], "ko")
    second = moderation.invite(COMMAND_LINE, "two@example.org", [Role.VIEWER], "ko")
    moderation.invite(COMMAND_LINE, "three@example.org", [Role.VIEWER], "ko")
    moderation.close(COMMAND_LINE, first, "a mistake")
    moderation.invite_again(COMMAND_LINE, second)
    done, notes = deliver()
    assert sorted(notes.recipients) == ["three@example.org", "two@example.org"]
    assert (done.sent, done.dropped) == (2, 2)


def test_a_notice_tells_when_and_where_to_look(app):
    person = staff("viewer", lang="en", recovery_codes=None)
    services.make_recovery_codes(Actor(person.id, person.email, ""))
    assert db.session.scalars(select(OutboxMail)).all() == []
    with_codes = services.make_recovery_codes(Actor(person.id, person.email, ""))
    assert services.use_recovery_code(Actor(person.id, person.email, ""), with_codes[0])
    _, notes = deliver()
    ((to, message),) = notes.sent
    assert to == person.email
    assert b"http://localhost/staff/" in message
