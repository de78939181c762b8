"""Addresses whose owner said "this was not me"."""

import pytest
from sqlalchemy import literal, select

from pledge.core.db import transaction
from pledge.mail import blocks
from pledge.mail.models import MailKind
from pledge.signatures.addresses import parse
from pledge.signatures.identifiers import address_hash
from tests.support.mails import Notes, deliver, enqueue_true

pytestmark = pytest.mark.usefixtures("app")


def block(address):
    with transaction() as session:
        blocks.block(session, blocks.address_hash(address))


@pytest.mark.parametrize("kind", MailKind)
def test_a_true_mail_of_every_kind_is_sent(kind):
    address = enqueue_true(kind)
    notes = Notes()

    assert deliver(notes).sent == 1
    assert notes.recipients == [address]


@pytest.mark.parametrize("kind", MailKind)
def test_a_mail_of_no_kind_goes_to_a_blocked_address(kind):
    block(enqueue_true(kind))
    notes = Notes()

    assert deliver(notes).dropped == 1
    assert notes.sent == []


def test_the_others_of_a_batch_are_sent():
    block(enqueue_true(MailKind.CONFIRM, email="leave-me@example.org"))
    enqueue_true(MailKind.CONFIRM, email="hong@example.org")
    notes = Notes()
    deliver(notes)

    assert notes.recipients == ["hong@example.org"]


def test_a_block_ends_after_thirty_days(clock):
    block("hong@example.org")
    clock.move(days=29)
    assert blocks.blocked({"hong@example.org"}) == {"hong@example.org"}
    clock.move(days=1, seconds=1)
    assert blocks.blocked({"hong@example.org"}) == set()


def test_one_address_is_blocked_whether_it_is_asked_for_by_address_by_hash_or_in_sql():
    leave_me, other = "Leave.Me+tag@gmail.com", "other@gmail.com"
    block("leaveme@googlemail.com")
    query = select(blocks.may_be_written_to(literal(blocks.address_hash(leave_me))))

    assert blocks.blocked({leave_me, "leaveme@gmail.com", other}) == {leave_me, "leaveme@gmail.com"}
    with transaction() as session:
        assert blocks.is_blocked(session, blocks.address_hash(leave_me))
        assert not blocks.is_blocked(session, blocks.address_hash(other))
        assert session.scalar(query) in (False, 0)


@pytest.mark.parametrize(
    "address", ["hong@naver.com", "H.Ong+x@Gmail.com", "kim@한국.kr", "a.b+c@corp.example", "Postmaster@x.kr"]
)
def test_the_hash_of_a_mailed_address_is_that_of_its_person(address):
    person = parse(address)

    assert blocks.address_hash(person.mailed) == address_hash(person)
