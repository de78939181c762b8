"""Signing: what is stored, which mails are enqueued, and what a stranger cannot do."""

import itertools
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from pledge.campaigns.models import PledgeText
from pledge.campaigns.opening import CampaignNotOpen
from pledge.core.db import db, load
from pledge.core.text.lines import BadLine
from pledge.core.tokens import BadToken, Purpose
from pledge.mail.addresses import parse
from pledge.mail.models import MailKind, MailState, OutboxMail, RequestKind
from pledge.mailed_links import tickets
from pledge.signatures import queries, services
from pledge.signatures.models import Signature, SignatureState
from pledge.signatures.origins import domain_hash, network_hash
from pledge.signatures.services import clean_name, read_ticket, ticket_for
from tests.support.factories import (
    HONG,
    answer_requests,
    campaign,
    confirm_token,
    other_recipient,
    sign_form,
    signature,
)
from tests.support.mails import Notes, deliver_all


def rows():
    return load(select(Signature).order_by(Signature.submitted_at))


def enqueued():
    """The kinds of the mails that follow, the worker having answered what was asked for."""
    answer_requests()
    return [mail.kind for mail in outbox()]


def outbox():
    """The mails that go out or have gone out."""
    kept = select(OutboxMail).where(OutboxMail.state != MailState.DROPPED)
    return load(kept.order_by(OutboxMail.id))


def send():
    """Let the worker send what is due."""
    answer_requests()
    deliver_all(Notes())


def sign(**changes):
    return services.sign(replace(HONG, **changes))


@pytest.fixture(autouse=True)
def _open_campaign(app):
    campaign(versions=2)


def test_a_submission_is_stored_pending_with_one_mail_that_is_due_at_once(frozen_clock):
    sign()
    (row,) = rows()
    assert (row.state, row.name, row.email) == ("pending", "홍길동", "hong@naver.com")
    assert (row.country, row.region, row.updates, row.public_name, row.lang) == (
        "KR",
        "KR-11",
        True,
        False,
        "ko",
    )
    assert enqueued() == [MailKind.CONFIRM]
    (mail,) = outbox()
    assert (mail.subject_id, mail.seq, mail.lang, mail.known) == (row.id, 1, "ko", False)
    assert mail.due_at <= frozen_clock.now()


def test_a_form_that_came_through_a_fast_clock_gets_its_mail_at_once(clock):
    clock.move(minutes=10)
    sign()
    clock.move(minutes=-10)
    assert enqueued() == [MailKind.CONFIRM]
    assert db.session.scalars(select(OutboxMail.due_at)).one() <= clock.now()


def test_a_signature_is_bound_to_the_pledge_version_that_was_shown():
    sign(pledge_version=1)
    sign(pledge_version=None, address=parse("other@naver.com"))
    shown = {row.email: row.pledge_text_id for row in rows()}
    versions = {pledge.id: pledge.version for pledge in db.session.scalars(select(PledgeText))}
    assert versions[shown["hong@naver.com"]] == 1
    assert versions[shown["other@naver.com"]] == 2


def test_a_signature_names_the_version_of_the_consent_that_was_shown():
    sign(consent_version=1)
    other_recipient()
    sign(consent_version=1, address=parse("slow.reader@naver.com"))
    sign(consent_version=2, address=parse("reader@naver.com"))
    sign(consent_version=None, address=parse("program@naver.com"))
    assert [row.consent_version for row in rows()] == [1, 1, 2, 2]
    agreed = [queries.person(row.id, "en").view.consent for row in rows()]
    assert [text.recipient for text in agreed[1:3]] == [
        "the Government of the Republic of Korea",
        "Parliament",
    ]


def test_a_form_with_a_version_of_the_consent_that_does_not_exist_is_refused():
    with pytest.raises(CampaignNotOpen):
        sign(consent_version=2)
    assert rows() == []


def test_the_same_person_who_agrees_to_other_words_on_one_day_has_another_submission():
    sign(consent_version=1)
    other_recipient()
    sign(consent_version=2)
    assert [row.consent_version for row in rows()] == [1, 2]


def test_a_region_is_kept_only_for_korea():
    sign(country="JP", region="KR-11")
    assert rows()[0].region is None


def test_a_name_has_at_most_eighty_characters():
    assert len(clean_name("가" * 80)) == 80
    with pytest.raises(BadLine):
        clean_name("가" * 81)


def test_the_service_refuses_a_bad_name():
    with pytest.raises(BadLine):
        sign(name="=1+1")
    assert rows() == []


class TestTheTicket:
    def test_a_ticket_is_equally_long_whoever_it_is_for_and_never_the_same(self, frozen_clock):
        tickets = {sign()}
        tickets.add(sign())
        tickets.add(sign(name="다른 이름"))
        (row, *_) = rows()
        services.confirm(row.id)
        tickets.add(sign(address=parse("another.person@example.org")))
        assert len(tickets) == 4
        assert len({len(ticket) for ticket in tickets}) == 1

    def test_a_ticket_belongs_to_one_submission_of_one_campaign(self):
        campaign("clean-air")
        ticket = sign()
        (row,) = rows()
        assert read_ticket("blue-skies", ticket) == row.id
        with pytest.raises(BadToken):
            read_ticket("clean-air", ticket)

    @pytest.mark.parametrize("ticket", ["", "x", "=", "é", "\ud800", "AAAA" * 20, "A" * 600])
    def test_a_garbled_ticket_is_refused(self, ticket):
        with pytest.raises(BadToken):
            read_ticket("blue-skies", ticket)

    def test_a_ticket_for_something_else_is_refused(self):
        with pytest.raises(BadToken):
            read_ticket("blue-skies", tickets.seal(Purpose.ENDORSE_TICKET, "blue-skies", 1))


class TestThePersonIsOne:
    def test_several_spellings_of_an_address_count_once(self):
        sign(address=parse("hong.gildong@gmail.com"))
        sign(address=parse("HongGildong+x@googlemail.com"))
        first, second = rows()
        assert services.confirm(first.id)
        assert not services.confirm(second.id)
        assert [row.state for row in rows()] == ["confirmed", "pending"]

    def test_the_same_person_may_sign_another_campaign(self):
        campaign("clean-air")
        sign()
        sign(slug="clean-air")
        assert [services.confirm(row.id) for row in rows()] == ["blue-skies", "clean-air"]


class TestSigningAgainWhilePending:
    def test_signing_again_while_pending_is_a_second_submission_whose_mail_waits_for_the_next_slot(
        self, frozen_clock
    ):
        sign()
        send()
        frozen_clock.move(minutes=2)
        sign(name="홍길순", region="KR-26")
        assert enqueued() == [MailKind.CONFIRM, MailKind.CONFIRM]
        assert [(row.name, row.region) for row in rows()] == [("홍길동", "KR-11"), ("홍길순", "KR-26")]
        first, second = db.session.scalars(select(OutboxMail).order_by(OutboxMail.id))
        assert second.due_at - first.due_at == timedelta(minutes=10)

    @pytest.mark.parametrize(
        ("first", "then", "kept"),
        [
            ("breaker unproved", "breaker proved", "breaker proved"),
            ("network no_form unproved", None, None),
            ("network proved", "network unproved", "network proved"),
            (None, "headers no_form", None),
            (None, "headers network proved", "proved"),
            ("headers", "network proved", "headers proved"),
            ("headers", "network", "headers"),
        ],
    )
    def test_of_the_same_form_sent_twice_the_first_signals_are_kept_but_for_a_link_or_a_proof_of_the_second(
        self, first, then, kept
    ):
        sign(signals=first)
        sign(signals=then)
        (row,) = rows()
        assert row.signals == kept

    def test_the_same_form_sent_twice_is_one_submission(self):
        sign()
        sign()
        assert len(rows()) == 1
        assert enqueued() == [MailKind.CONFIRM]

    def test_the_same_form_on_another_day_is_a_submission_with_its_own_time_to_confirm(self, frozen_clock):
        sign()
        frozen_clock.move(days=1)
        sign()
        assert len(rows()) == 2

    def test_the_limit_of_three_mails_holds_over_any_24_hours(self, frozen_clock):
        signature(state="withdrawn", email="hong@naver.com")  # has confirmed once: no cap of five
        for number in range(45):
            sign(name=f"이름 {number}")
            send()
            frozen_clock.move(minutes=73)
        due = sorted(mail.due_at for mail in outbox())
        for first, fourth in zip(due, due[3:], strict=False):
            assert fourth - first >= timedelta(hours=24)
        assert all(later - earlier >= timedelta(minutes=10) for earlier, later in itertools.pairwise(due))
        assert len(due) > 5


class TestSigningAgainWhenCounted:
    def test_signing_again_when_counted_changes_nothing_and_the_mail_says_so(self):
        sign()
        (row,) = rows()
        enqueued()
        services.confirm(row.id)
        sign(name="누군가", country="JP")
        row, waiting = rows()
        assert (row.state, row.name, row.country) == ("confirmed", "홍길동", "KR")
        assert waiting.state == "pending"
        assert enqueued() == [MailKind.CONFIRM, MailKind.THANKS, MailKind.ALREADY]

    def test_the_mail_to_somebody_already_counted_has_its_own_caps(self, frozen_clock):
        sign()
        (row,) = rows()
        services.confirm(row.id)
        for _ in range(6):
            sign()
            answer_requests()
            frozen_clock.move(minutes=11)
        due = sorted(mail.due_at for mail in db.session.scalars(select(OutboxMail)) if mail.kind == "already")
        assert all(fourth - first >= timedelta(hours=24) for first, fourth in zip(due, due[3:], strict=False))


def test_who_withdrew_may_sign_again_and_what_was_withdrawn_stays_as_it_was():
    withdrawn = signature(state="withdrawn", email="hong@naver.com", name="김하늘")
    sign(name="홍길동")
    assert enqueued() == [MailKind.CONFIRM]
    old, new = rows()
    assert (old.id, old.state, old.name) == (withdrawn.id, SignatureState.WITHDRAWN, "김하늘")
    assert old.withdrawn_at == withdrawn.withdrawn_at
    assert services.confirm(new.id)
    assert [row.state for row in rows()] == ["withdrawn", "confirmed"]


def test_this_was_not_me_deletes_all_that_waits_for_the_address():
    campaign("clean-air")
    sign()
    sign(name="다른 이름")
    sign(slug="clean-air")
    assert services.disown(confirm_token(rows()[0]))
    assert rows() == []


class TestFiveMailsToWhoNeverConfirmed:
    def sign_daily(self, clock, days, *, in_other_campaigns=False):
        for number in range(days):
            slug = campaign(f"other-{number}").slug if in_other_campaigns else HONG.slug
            sign(slug=slug, name=f"이름 {number}")
            send()
            clock.move(days=1)

    @pytest.mark.parametrize("in_other_campaigns", [False, True])
    def test_somebody_who_never_confirmed_gets_five_mails_within_thirty_days_and_more_after_them(
        self, frozen_clock, in_other_campaigns
    ):
        self.sign_daily(frozen_clock, 7, in_other_campaigns=in_other_campaigns)
        assert len(enqueued()) == 5
        frozen_clock.move(days=30)
        sign()
        assert len(enqueued()) == 6

    def test_somebody_who_has_confirmed_once_has_no_such_cap(self, frozen_clock):
        signature(campaign("before"), email="hong@naver.com")
        self.sign_daily(frozen_clock, 8)
        assert len(enqueued()) == 8
        assert all(mail.known for mail in outbox()), "and no valve before it"


class TestTwoCampaignsInARow:
    def test_over_all_campaigns_no_more_than_three_mails_are_due_within_a_day(self, frozen_clock):
        signature(email="hong@naver.com")  # has confirmed once: no cap of five
        for number in range(8):
            campaign(f"other-{number}")
            sign(slug=f"other-{number}")
        enqueued()
        due = sorted(mail.due_at for mail in db.session.scalars(select(OutboxMail)))
        assert len(due) == 7, "no mail waits longer than two days"
        assert all(later - earlier >= timedelta(minutes=10) for earlier, later in itertools.pairwise(due))
        assert all(fourth - first >= timedelta(hours=24) for first, fourth in zip(due, due[3:], strict=False))


class TestAskingForTheMailAgain:
    def test_a_mail_asked_for_again_waits_for_the_next_slot_and_is_enqueued_once(self, frozen_clock):
        sign()
        (row,) = rows()
        enqueued()
        frozen_clock.move(minutes=2)
        for _ in range(3):
            services.resend("blue-skies", ticket_for("blue-skies", row.id), "ko")
        assert enqueued() == [MailKind.CONFIRM]
        first = db.session.scalars(select(OutboxMail)).one()
        first.state = "sent"
        db.session.commit()
        for _ in range(3):
            services.resend("blue-skies", ticket_for("blue-skies", row.id), "ko")
        assert enqueued() == [MailKind.CONFIRM, MailKind.CONFIRM]
        first, second = db.session.scalars(select(OutboxMail).order_by(OutboxMail.id))
        assert second.due_at - first.due_at == timedelta(minutes=10)
        assert (first.seq, second.seq) == (1, 2)

    def test_asking_for_the_mail_again_enqueues_nothing_for_somebody_who_is_gone(self):
        services.resend("blue-skies", ticket_for("blue-skies", 12345), "ko")
        assert enqueued() == []

    def test_asking_for_the_mail_again_when_another_submission_counts_is_answered_by_a_mail_that_says_so(
        self,
    ):
        person = signature(email="hong@naver.com")
        sign(name="다른 이름")
        services.resend("blue-skies", ticket_for("blue-skies", rows()[1].id), "ko")
        assert enqueued() == [MailKind.ALREADY]
        assert db.session.scalars(select(OutboxMail)).one().subject_id == person.id


class TestAskingForTheLinkToOnesOwnPage:
    @pytest.mark.parametrize(
        ("state", "kind"),
        [("confirmed", MailKind.MANAGE), ("withdrawn", MailKind.MANAGE), ("pending", MailKind.CONFIRM)],
    )
    def test_the_mail_with_the_link_fits_the_state_of_the_signature(self, state, kind):
        signature(email="hong@naver.com", state=state)
        tickets.send_link(RequestKind.LINK, "blue-skies", parse("HONG@naver.com"), "ko")
        assert enqueued() == [kind]

    def test_a_stranger_who_asks_for_a_link_gets_no_mail(self):
        tickets.send_link(RequestKind.LINK, "blue-skies", parse("nobody@naver.com"), "ko")
        assert enqueued() == []


# --- Where it came from ---


def test_network_and_domain_are_kept_as_hashes_and_the_provider_by_name():
    sign(network="203.0.113.7")
    (row,) = rows()
    assert bytes(row.network_hash) == network_hash("blue-skies", "203.0.113.7")
    assert bytes(row.domain_hash) == domain_hash("blue-skies", "naver.com")
    assert row.mail_provider == "naver"
    stored = db.session.execute(db.text("SELECT network_hash, domain_hash FROM signatures")).one()
    assert b"203" not in bytes(stored[0])
    assert b"naver" not in bytes(stored[1])


@pytest.mark.parametrize(
    ("address", "provider"),
    [
        ("a@naver.com", "naver"),
        ("a@hanmail.net", "kakao"),
        ("a@kakao.com", "kakao"),
        ("a@gmail.com.example", "other"),
        ("a@korea.ac.kr", "other"),
    ],
)
def test_the_large_providers_are_told_apart(address, provider):
    sign(address=parse(address))
    assert rows()[0].mail_provider == provider


def test_signing_again_after_an_invalidation_counts_nothing_but_enqueues_the_honest_mail():
    person = signature(state="invalidated", email="hong@naver.com", name="홍길동")
    sign(name="다른 이름")
    old, new = rows()
    assert (old.id, old.state, old.name) == (person.id, "invalidated", "홍길동")
    assert enqueued() == [MailKind.ALREADY]
    assert not services.confirm(new.id)


def test_a_name_that_staff_have_hidden_stays_hidden_when_it_is_signed_anew():
    signature(state="withdrawn", email="hong@naver.com", name_hidden=True)
    sign(public_name=True)
    assert services.confirm(rows()[1].id)
    row = rows()[1]
    assert (row.state, row.public_name, row.name_hidden) == ("confirmed", False, True)


def test_the_page_hands_over_the_network_of_the_visitor(client):
    client.post("/ko/c/blue-skies/sign", data=sign_form(), environ_base={"REMOTE_ADDR": "2001:db8:1:2:3::4"})
    assert bytes(rows()[0].network_hash) == network_hash("blue-skies", "2001:db8:1:2::/64")
