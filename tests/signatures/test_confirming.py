"""Confirming: once, by the link or by the code, whoever presses and however often."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from pledge.core import tokens
from pledge.core.db import fetch, load
from pledge.core.tokens import Purpose
from pledge.ledger.models import LedgerEntry
from pledge.mailed_links.links import LinkState
from pledge.signatures import services
from pledge.signatures.models import Signature
from pledge.signatures.queries import open_link
from pledge.signatures.services import (
    MAX_ALL_CODE_TRIES,
    MAX_CODE_TRIES,
    Confirmation,
    read_ticket,
    ticket_for,
)
from tests.support.factories import answer_requests, campaign, code, confirm_token, mailed, signature
from tests.support.mails import Notes, deliver, enqueue
from tests.support.rows import number_of

pytestmark = pytest.mark.usefixtures("app")


def entries():
    return fetch(select(func.sum(LedgerEntry.delta))).scalar() or 0


def test_confirming_appends_one_entry_with_the_place_of_the_signer(frozen_clock):
    person = signature(state="pending", country="KR", region="KR-26")
    assert services.confirm(person.id)
    (entry,) = load(select(LedgerEntry))
    assert (entry.delta, entry.reason, entry.country, entry.region) == (1, "confirmed", "KR", "KR-26")
    assert entry.subject_id == person.id
    assert entry.occurred_at == frozen_clock.now()
    assert entry.hour == frozen_clock.now().strftime("%Y-%m-%dT%H")
    assert entry.number is None


@pytest.mark.parametrize("state", ["confirmed", "withdrawn", "invalidated"])
def test_only_a_pending_signature_is_confirmed(state):
    person = signature(state=state)
    before = entries()
    assert not services.confirm(person.id)
    assert entries() == before


def test_mails_in_flight_when_signing_ends_are_honoured_for_a_day(frozen_clock):
    of = campaign(closes_at=frozen_clock.now() - timedelta(hours=23))
    person, late = signature(of, state="pending"), signature(of, state="pending")
    assert services.confirm(person.id)
    frozen_clock.move(hours=2)
    assert not services.confirm(late.id)
    assert open_link(confirm_token(late), "ko").state is LinkState.CLOSED


def wrong_for(person, number=1):
    return f"{(int(code(person)) + number) % 1_000_000:06d}"


class TestTheCode:
    def test_the_code_confirms_once(self):
        person = mailed(signature(state="pending"))
        assert services.confirm_by_code(person.id, code(person)) is Confirmation.DONE
        assert services.confirm_by_code(person.id, code(person)) is Confirmation.DONE
        assert entries() == 1

    def test_no_code_works_before_a_mail_was_sent(self):
        person = signature(state="pending")
        assert services.confirm_by_code(person.id, code(person)) is Confirmation.WRONG
        assert services.confirm_by_code(person.id, tokens.code(person.id, 0)) is Confirmation.WRONG

    @pytest.mark.parametrize("state", ["pending", "confirmed"])
    def test_after_five_tries_even_the_right_one_no_longer_works(self, state):
        person = mailed(signature(state=state))
        for number in range(MAX_CODE_TRIES):
            services.confirm_by_code(person.id, wrong_for(person, number + 1))
        assert services.confirm_by_code(person.id, code(person)) is Confirmation.SPENT

    def test_a_new_mail_gives_new_tries_and_another_code(self, frozen_clock):
        person = mailed(signature(state="pending"))
        for number in range(MAX_CODE_TRIES - 1):
            services.confirm_by_code(person.id, wrong_for(person, number + 1))
        send_second(person)
        assert services.confirm_by_code(person.id, code(person)) is Confirmation.WRONG
        assert services.confirm_by_code(person.id, tokens.code(person.id, 2)) is Confirmation.DONE

    def test_a_mail_that_still_waits_leaves_the_code_of_the_one_before_alone(self, frozen_clock):
        person = mailed(signature(state="pending"))
        services.resend("blue-skies", ticket_for("blue-skies", person.id), "ko")
        frozen_clock.move(minutes=2)
        answer_requests()
        assert services.confirm_by_code(person.id, code(person)) is Confirmation.DONE

    def test_a_submission_has_ten_tries_of_codes_over_all_its_mails(self, frozen_clock):
        person = mailed(signature(state="pending"))
        for number in range(MAX_CODE_TRIES):
            services.confirm_by_code(person.id, wrong_for(person, number + 1))
        send_second(person)
        for _ in range(MAX_ALL_CODE_TRIES - MAX_CODE_TRIES):
            assert services.confirm_by_code(person.id, code(person)) is Confirmation.WRONG
        send_second(person, seq=3)
        assert services.confirm_by_code(person.id, tokens.code(person.id, 3)) is Confirmation.SPENT
        assert services.confirm(person.id), "the link still works"

    def test_tries_for_one_submission_cost_another_one_nothing(self):
        person = mailed(signature(state="pending", email="hong@naver.com"))
        stranger = mailed(signature(state="pending", email="hong@naver.com"))
        for _ in range(MAX_ALL_CODE_TRIES + 1):
            services.confirm_by_code(stranger.id, wrong_for(stranger))
        assert services.confirm_by_code(person.id, code(person)) is Confirmation.DONE

    def test_the_code_of_another_submission_of_the_same_address_does_not_work(self):
        person = mailed(signature(state="pending", email="hong@naver.com"))
        stranger = mailed(signature(state="pending", email="hong@naver.com"))
        assert services.confirm_by_code(stranger.id, code(person)) is Confirmation.WRONG

    def test_a_code_lives_seven_days(self, frozen_clock):
        person = mailed(signature(state="pending"))
        frozen_clock.move(days=8)
        assert services.confirm_by_code(person.id, code(person)) is Confirmation.SPENT

    def test_for_a_submission_that_is_gone_every_code_is_simply_wrong(self):
        assert services.confirm_by_code(12345, "123456") is Confirmation.WRONG


def send_second(person, seq=2):
    """Another mail to confirm has gone out."""
    enqueue(person, seq=seq)
    deliver(Notes())


class TestWhatALinkStandsFor:
    def test_a_link_of_a_confirmed_signature_says_so_even_after_it_expired(self, frozen_clock):
        person = signature(state="confirmed")
        token = confirm_token(person)
        frozen_clock.move(days=30)
        assert open_link(token, "ko").state is LinkState.CONFIRMED

    def test_a_link_of_a_pending_signature_expires_after_seven_days(self, frozen_clock):
        token = confirm_token(signature(state="pending"))
        frozen_clock.move(days=7, minutes=4)
        assert open_link(token, "ko").state is LinkState.PENDING
        frozen_clock.move(minutes=2)
        assert open_link(token, "ko").state is LinkState.EXPIRED

    def test_two_submissions_have_links_of_their_own_until_one_is_confirmed(self):
        first = signature(state="pending", email="hong@naver.com", name="하나")
        second = signature(state="pending", email="hong@naver.com", name="둘")
        for person in (first, second):
            link = open_link(confirm_token(person), "ko")
            assert (link.state, link.record.row.name) == (LinkState.PENDING, person.name)
        services.confirm(first.id)
        link = open_link(confirm_token(second), "ko")
        assert (link.state, link.record.row.name) == (LinkState.CONFIRMED, "하나")

    def test_a_link_of_an_invalidated_signature_says_so(self):
        signature(state="invalidated", email="hong@naver.com")
        waiting = signature(state="pending", email="hong@naver.com")
        assert open_link(confirm_token(waiting), "ko").state is LinkState.INVALIDATED

    @pytest.mark.parametrize("token", ["", "x", "é", "\ud800", "a.b.c", "x" * 5000])
    def test_a_garbled_link_is_unknown(self, app, token):
        assert open_link(token, "ko").state is LinkState.UNKNOWN

    def test_links_that_are_withdrawn_erased_or_foreign_are_unknown(self, app):
        withdrawn = signature(state="withdrawn")
        assert open_link(confirm_token(withdrawn), "ko").state is LinkState.WITHDRAWN
        assert open_link(tokens.mint(Purpose.CONFIRM, [12345]), "ko").state is LinkState.UNKNOWN
        assert open_link(tokens.mint(Purpose.MANAGE, [withdrawn.id]), "ko").state is LinkState.UNKNOWN
        assert open_link(tokens.mint(Purpose.CONFIRM, ["1"]), "ko").state is LinkState.UNKNOWN
        assert open_link(tokens.mint(Purpose.CONFIRM, [1, 1]), "ko").state is LinkState.UNKNOWN


class TestThisWasNotMe:
    def test_disowning_a_signature_deletes_it(self):
        person = signature(state="pending", email="hong@naver.com")
        token = confirm_token(person)
        assert services.disown(token)
        assert number_of(Signature) == 0
        assert not services.disown(token)

    def test_a_signature_can_be_disowned_by_an_expired_link(self, frozen_clock):
        person = signature(state="pending")
        token = confirm_token(person)
        frozen_clock.move(days=30)
        assert services.disown(token)

    def test_disowning_a_submission_beside_a_counted_signature_does_nothing(self):
        signature(state="confirmed", email="hong@naver.com")
        assert not services.disown(confirm_token(signature(state="pending", email="hong@naver.com")))

    def test_disowning_does_not_touch_a_counted_signature(self):
        person = signature(state="confirmed")
        assert not services.disown(confirm_token(person))
        assert entries() == 1


def test_an_expired_link_brings_a_new_mail_that_confirms(frozen_clock):
    person = signature(state="pending")
    token = confirm_token(person)
    frozen_clock.move(days=8)
    signature_id = read_ticket(*services.renew(token, "ko"))
    assert signature_id == person.id
    answer_requests()
    deliver(Notes())
    assert services.confirm_by_code(signature_id, tokens.code(person.id, 2)) is Confirmation.DONE


@pytest.mark.parametrize("state", ["confirmed", "withdrawn", "invalidated"])
def test_only_a_pending_signature_gets_a_new_link(state):
    person = signature(state=state)
    with pytest.raises(tokens.BadToken):
        services.renew(confirm_token(person), "ko")


def test_a_number_beyond_the_database_is_only_unknown(app):
    assert open_link(tokens.mint(Purpose.CONFIRM, [2**70]), "ko").state is LinkState.UNKNOWN
    with pytest.raises(tokens.BadToken):
        services.disown(tokens.mint(Purpose.CONFIRM, [2**70]))
