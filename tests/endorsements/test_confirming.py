"""Confirming an application: once, by the mail of who speaks for it, with the level that mail and website prove."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from pledge.core import tokens
from pledge.core.db import db, transaction
from pledge.core.tokens import BadToken, Purpose
from pledge.endorsements import services
from pledge.endorsements.applications import name_digest
from pledge.endorsements.models import Endorsement, EndorsementVersion
from pledge.endorsements.queries import open_link
from pledge.endorsements.services import read_ticket
from pledge.ledger.models import LedgerEntry
from pledge.mail.models import MailKind, OutboxMail
from pledge.mailed_links.links import LinkState
from tests.support.factories import (
    campaign,
    endorse_confirm_token,
    endorse_manage_token,
    endorsement,
    version_of,
)
from tests.support.rows import again, number_of

pytestmark = pytest.mark.usefixtures("app")


def test_confirming_hands_it_to_the_review_desk_and_counts_nothing(frozen_clock):
    row = endorsement(state="pending")
    assert services.confirm(row.id, row.seq)
    assert (again(row).state, again(row).confirmed_at) == ("review", frozen_clock.now())
    assert number_of(LedgerEntry) == 0, "nothing is counted before staff publish it"


@pytest.mark.parametrize("state", ["review", "changes", "published", "declined", "withdrawn", "removed"])
def test_only_a_pending_application_is_confirmed(state):
    row = endorsement(state=state)
    assert not services.confirm(row.id, row.seq)
    assert again(row).state == state


@pytest.mark.parametrize(
    ("website", "level"),
    [
        ("https://www.haneul.co.kr", "domain"),
        ("https://sky.or.kr", "mail"),
        ("https://www.instagram.com/haneul", "mail"),
        ("", "mail"),
    ],
)
def test_the_level_is_what_mail_and_website_prove(website, level):
    row = endorsement(state="pending", email="sky@haneul.co.kr", website=website, mail_domain="haneul.co.kr")
    services.confirm(row.id, row.seq)
    assert again(row).level == level


def test_mails_in_flight_when_the_campaign_ends_are_honoured_for_a_day(frozen_clock):
    of = campaign(closes_at=frozen_clock.now() - timedelta(hours=23))
    row, late = endorsement(of, state="pending"), endorsement(of, state="pending")
    assert services.confirm(row.id, row.seq)
    frozen_clock.move(hours=2)
    assert not services.confirm(late.id, late.seq)
    assert open_link(endorse_confirm_token(late), "ko").state is LinkState.CLOSED


class TestWhatALinkStandsFor:
    @pytest.mark.parametrize("state", ["review", "changes", "published", "removed"])
    def test_a_link_of_a_confirmed_application_says_so_even_after_it_expired(self, frozen_clock, state):
        token = endorse_confirm_token(endorsement(state=state))
        frozen_clock.move(days=30)
        assert open_link(token, "ko").state is LinkState.CONFIRMED

    def test_a_link_of_a_pending_application_stands_for_it_and_expires_after_seven_days(self, frozen_clock):
        token = endorse_confirm_token(endorsement(state="pending", name_ko="하늘에너지"))
        frozen_clock.move(days=7, minutes=4)
        link = open_link(token, "ko")
        assert (link.state, link.record.newest.name["ko"]) == (LinkState.PENDING, "하늘에너지")
        frozen_clock.move(minutes=2)
        assert open_link(token, "ko").state is LinkState.EXPIRED

    def test_links_that_are_ended_foreign_or_misused_are_unknown(self):
        row = endorsement(state="withdrawn")
        strange = [
            endorse_confirm_token(row),
            endorse_confirm_token(endorsement(state="declined")),
            endorse_confirm_token(endorsement(state="pending"), seq=2),
            tokens.mint(Purpose.ENDORSE_CONFIRM, [12345, 1, 1]),
            tokens.mint(Purpose.ENDORSE_CONFIRM, [2**70, 1, 1]),
            tokens.mint(Purpose.ENDORSE_CONFIRM, [row.id, 1]),
            tokens.mint(Purpose.ENDORSE_CONFIRM, ["1", "1", "1"]),
            tokens.mint(Purpose.CONFIRM, [row.id, 1]),
            endorse_manage_token(row),
        ]
        assert {open_link(token, "ko").state for token in strange} == {LinkState.UNKNOWN}


class TestThisWasNotUs:
    def test_disowning_an_application_deletes_it(self):
        token = endorse_confirm_token(endorsement(state="pending"))
        assert services.disown(token)
        assert number_of(Endorsement) == number_of(EndorsementVersion) == 0
        assert not services.disown(token)

    def test_every_link_of_a_pending_application_can_disown_it(self, frozen_clock):
        row = endorsement(state="pending")
        token = endorse_confirm_token(row)
        version_of(row, statement_ko="새 문구")
        frozen_clock.move(days=30)
        assert services.disown(token)

    @pytest.mark.parametrize("state", ["review", "published"])
    def test_disowning_does_not_touch_a_confirmed_endorsement(self, state):
        assert not services.disown(endorse_confirm_token(endorsement(state=state)))
        assert number_of(Endorsement) == 1

    def test_disowning_a_renewed_application_leaves_the_public_line(self):
        row = endorsement(state="withdrawn")
        version_of(row, statement_ko="누군가 적은 말")
        assert services.disown(endorse_confirm_token(row, seq=2))
        assert again(row).state == "withdrawn"
        assert number_of(EndorsementVersion) == 1


def test_the_link_of_somebody_who_spoke_for_it_before_does_nothing_to_who_does_now():
    row = endorsement(state="pending")
    old = endorse_confirm_token(row)
    with transaction() as session:
        session.execute(update(Endorsement).values(contact_number=row.contact_number + 1))
    assert not services.disown(old)
    with pytest.raises(BadToken):
        services.renew(old, "ko")
    confirmed = endorsement()
    old = endorse_confirm_token(confirmed)
    with transaction() as session:
        session.execute(update(Endorsement).values(contact_number=confirmed.contact_number + 1))
    with pytest.raises(BadToken):
        services.mail_own_link(old, "ko")


def test_an_expired_link_brings_a_new_mail(frozen_clock):
    row = endorsement(state="pending")
    token = endorse_confirm_token(row)
    frozen_clock.move(days=8)
    hashed, digest = read_ticket(*services.renew(token, "ko"))
    assert (hashed, digest) == (row.address_hash, name_digest(row.name_key))
    mail = db.session.scalars(select(OutboxMail)).one()
    assert (mail.kind, mail.seq) == (MailKind.ENDORSE_CONFIRM, 1)


@pytest.mark.parametrize("state", ["review", "published", "withdrawn", "declined"])
def test_only_a_pending_application_gets_a_new_link(state):
    with pytest.raises(BadToken):
        services.renew(endorse_confirm_token(endorsement(state=state)), "ko")
