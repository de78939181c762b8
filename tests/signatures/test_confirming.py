"""Confirming: once, by the link or by the code, whoever presses and however often."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from pledge import tokens
from pledge.db import db
from pledge.ledger.models import LedgerEntry
from pledge.signatures import services
from pledge.signatures.models import Signature
from pledge.signatures.queries import LinkState, open_link
from pledge.signatures.services import MOST_CODE_TRIES, Confirmation
from pledge.tokens import Purpose
from tests.support.factories import campaign, code, confirm_token, signature

pytestmark = pytest.mark.usefixtures("app")


def entries():
    db.session.rollback()
    return db.session.scalar(select(func.sum(LedgerEntry.delta))) or 0


def test_confirming_appends_one_entry_with_the_place_of_the_signer(frozen_clock):
    person = signature(state="pending", country="KR", region="KR-26")
    assert services.confirm(person.id, person.seq)
    db.session.rollback()
    entry = db.session.scalars(select(LedgerEntry)).one()
    assert (entry.delta, entry.reason, entry.country, entry.region) == (1, "confirmed", "KR", "KR-26")
    assert entry.subject_id == person.id
    assert entry.occurred_at == frozen_clock.now()
    assert entry.hour == frozen_clock.now().strftime("%Y-%m-%dT%H")
    assert entry.number is None


def test_confirming_twice_counts_once():
    person = signature(state="pending")
    assert services.confirm(person.id, person.seq)
    assert not services.confirm(person.id, person.seq)
    assert entries() == 1


@pytest.mark.parametrize("state", ["confirmed", "withdrawn"])
def test_only_a_pending_row_is_moved(state):
    person = signature(state=state)
    before = entries()
    assert not services.confirm(person.id, person.seq)
    assert entries() == before


def test_mails_in_flight_when_signing_ends_are_honoured_for_a_day(frozen_clock):
    of = campaign(closes_at=frozen_clock.now() - timedelta(hours=23))
    person, late = signature(of, state="pending"), signature(of, state="pending")
    assert services.confirm(person.id, person.seq)
    frozen_clock.move(hours=2)
    assert not services.confirm(late.id, late.seq)
    assert open_link(confirm_token(late), "ko").state is LinkState.CLOSED


class TestTheCode:
    def test_confirms_once(self):
        person = signature(state="pending")
        outcome, signature_id, seq = services.confirm_by_code("blue-skies", person.address_hash, code(person))
        assert (outcome, signature_id, seq) == (Confirmation.DONE, person.id, 1)
        again, _, _ = services.confirm_by_code("blue-skies", person.address_hash, code(person))
        assert again is Confirmation.DONE
        assert entries() == 1

    def test_a_wrong_one_confirms_nothing(self):
        person = signature(state="pending")
        wrong = f"{(int(code(person)) + 1) % 1_000_000:06d}"
        outcome, _, _ = services.confirm_by_code("blue-skies", person.address_hash, wrong)
        assert outcome is Confirmation.WRONG
        assert entries() == 0

    @pytest.mark.parametrize("state", ["pending", "confirmed"])
    def test_after_five_tries_even_the_right_one_no_longer_works(self, state):
        person = signature(state=state)
        wrong = f"{(int(code(person)) + 1) % 1_000_000:06d}"
        for _ in range(MOST_CODE_TRIES):
            services.confirm_by_code("blue-skies", person.address_hash, wrong)
        outcome, _, _ = services.confirm_by_code("blue-skies", person.address_hash, code(person))
        assert outcome is Confirmation.SPENT

    def test_a_new_mail_gives_new_tries(self, frozen_clock):
        person = signature(state="pending")
        for _ in range(MOST_CODE_TRIES + 1):
            services.confirm_by_code("blue-skies", person.address_hash, "000000")
        services.resend("blue-skies", person.address_hash, "ko")
        outcome, _, _ = services.confirm_by_code("blue-skies", person.address_hash, code(person))
        assert outcome is Confirmation.DONE

    def test_it_lives_seven_days(self, frozen_clock):
        person = signature(state="pending")
        frozen_clock.move(days=8)
        outcome, _, _ = services.confirm_by_code("blue-skies", person.address_hash, code(person))
        assert outcome is Confirmation.SPENT

    def test_for_a_stranger_every_code_is_simply_wrong(self):
        campaign()
        outcome, _, _ = services.confirm_by_code("blue-skies", b"\1" * 32, "123456")
        assert outcome is Confirmation.WRONG

    def test_one_of_another_campaign_is_wrong_here(self):
        person = signature(state="pending")
        campaign("clean-air")
        outcome, _, _ = services.confirm_by_code("clean-air", person.address_hash, code(person))
        assert outcome is Confirmation.WRONG

    def test_an_older_version_has_another_one(self):
        person = signature(state="pending", seq=2)
        older = tokens.code(person.id, 1)
        assert older != code(person)
        outcome, _, _ = services.confirm_by_code("blue-skies", person.address_hash, older)
        assert outcome is Confirmation.WRONG


class TestWhatALinkStandsFor:
    def test_pending(self):
        person = signature(state="pending", name="홍길동")
        link = open_link(confirm_token(person), "ko")
        assert link.state is LinkState.PENDING
        assert link.signature is not None
        assert link.signature.name == "홍길동"

    def test_confirmed_also_when_its_time_is_over(self, frozen_clock):
        person = signature(state="confirmed")
        token = confirm_token(person)
        frozen_clock.move(days=30)
        assert open_link(token, "ko").state is LinkState.CONFIRMED

    def test_expired_after_seven_days(self, frozen_clock):
        token = confirm_token(signature(state="pending"))
        frozen_clock.move(days=7, minutes=4)
        assert open_link(token, "ko").state is LinkState.PENDING
        frozen_clock.move(minutes=2)
        assert open_link(token, "ko").state is LinkState.EXPIRED

    def test_superseded_by_a_newer_version(self):
        person = signature(state="pending", seq=2)
        assert open_link(confirm_token(person, seq=1), "ko").state is LinkState.SUPERSEDED

    @pytest.mark.parametrize("token", ["", "x", "é", "\ud800", "a.b.c", "x" * 5000])
    def test_garbage_is_unknown(self, app, token):
        assert open_link(token, "ko").state is LinkState.UNKNOWN

    def test_withdrawn_erased_and_foreign_ones_are_as_unknown_as_garbage(self, app):
        withdrawn = signature(state="withdrawn")
        assert open_link(confirm_token(withdrawn), "ko").state is LinkState.UNKNOWN
        assert open_link(tokens.mint(Purpose.CONFIRM, [12345, 1]), "ko").state is LinkState.UNKNOWN
        assert open_link(tokens.mint(Purpose.MANAGE, [withdrawn.id]), "ko").state is LinkState.UNKNOWN
        assert open_link(tokens.mint(Purpose.CONFIRM, ["1", "1"]), "ko").state is LinkState.UNKNOWN
        assert open_link(tokens.mint(Purpose.CONFIRM, [1]), "ko").state is LinkState.UNKNOWN


class TestThisWasNotMe:
    def test_deletes_the_row_and_stops_mails(self):
        person = signature(state="pending", email="hong@naver.com")
        token = confirm_token(person)
        assert services.disown(token)
        db.session.rollback()
        assert db.session.scalar(select(func.count()).select_from(Signature)) == 0
        assert not services.disown(token)

    def test_works_with_any_link_of_the_waiting_row(self, frozen_clock):
        person = signature(state="pending", seq=2)
        token = confirm_token(person, seq=1)
        frozen_clock.move(days=30)
        assert services.disown(token)

    def test_does_not_touch_a_counted_signature(self):
        person = signature(state="confirmed")
        assert not services.disown(confirm_token(person))
        assert entries() == 1


def test_an_expired_link_brings_a_new_mail_that_confirms(frozen_clock):
    person = signature(state="pending")
    token = confirm_token(person)
    frozen_clock.move(days=8)
    _, hashed = services.renew(token, "ko")
    assert hashed == person.address_hash
    outcome, _, _ = services.confirm_by_code("blue-skies", hashed, code(person))
    assert outcome is Confirmation.DONE


@pytest.mark.parametrize("state", ["confirmed", "withdrawn"])
def test_only_a_waiting_signature_gets_a_new_link(state):
    person = signature(state=state)
    with pytest.raises(tokens.BadToken):
        services.renew(confirm_token(person), "ko")


def test_a_number_beyond_the_database_is_only_unknown(app):
    assert open_link(tokens.mint(Purpose.CONFIRM, [2**70, 1]), "ko").state is LinkState.UNKNOWN
    with pytest.raises(tokens.BadToken):
        services.disown(tokens.mint(Purpose.CONFIRM, [2**70, 1]))
