"""Signing: what is stored, what is owed, and what a stranger can not do."""

import itertools
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from pledge import clock as time
from pledge.db import db
from pledge.lines import BadLine
from pledge.mail.models import MailBlock, MailKind, OutboxMail
from pledge.signatures import services
from pledge.signatures.addresses import parse
from pledge.signatures.identifiers import address_hash
from pledge.signatures.models import Signature, SignatureState
from pledge.signatures.origins import domain_hash, network_hash
from tests.support.factories import campaign, confirm_token, sign_form, signature

HONG = services.Submission(
    slug="blue-skies",
    name="홍길동",
    address=parse("hong@naver.com"),
    country="KR",
    region="KR-11",
    public_name=False,
    updates=True,
    lang="ko",
    privacy_version="2026-11-24",
)


def rows():
    db.session.rollback()
    return db.session.scalars(select(Signature).order_by(Signature.submitted_at)).all()


def owed():
    db.session.rollback()
    return [mail.kind for mail in db.session.scalars(select(OutboxMail).order_by(OutboxMail.id))]


def sign(**changes):
    return services.sign(replace(HONG, **changes))


@pytest.fixture(autouse=True)
def _open_campaign(app):
    campaign(versions=2)


def test_a_submission_is_stored_pending_with_one_mail_owed():
    sign()
    (row,) = rows()
    assert (row.state, row.seq, row.name, row.email) == ("pending", 1, "홍길동", "hong@naver.com")
    assert (row.country, row.region, row.updates, row.public_name, row.lang) == (
        "KR",
        "KR-11",
        True,
        False,
        "ko",
    )
    assert owed() == [MailKind.CONFIRM]


def test_the_mail_is_about_the_stored_version_and_due_at_once(frozen_clock):
    sign()
    mail = db.session.scalars(select(OutboxMail)).one()
    (row,) = rows()
    assert (mail.subject_id, mail.seq, mail.lang) == (row.id, row.seq, "ko")
    assert mail.due_at <= frozen_clock.now()


def test_a_signature_is_bound_to_the_pledge_version_that_was_shown():
    sign(pledge_version=1)
    sign(pledge_version=None, address=parse("other@naver.com"))
    shown = {row.email: row.pledge_text_id for row in rows()}
    versions = {pledge.id: pledge.version for pledge in campaign_pledges()}
    assert versions[shown["hong@naver.com"]] == 1
    assert versions[shown["other@naver.com"]] == 2


def campaign_pledges():
    from pledge.campaigns.models import PledgeText

    return db.session.scalars(select(PledgeText)).all()


def test_a_pledge_version_that_does_not_exist_is_refused():
    with pytest.raises(services.CampaignNotOpen):
        sign(pledge_version=9)
    assert rows() == []


def test_a_region_is_kept_only_for_korea():
    sign(country="JP", region="KR-11")
    assert rows()[0].region is None


def test_a_bad_name_is_refused_by_the_service_too():
    with pytest.raises(BadLine):
        sign(name="=1+1")
    assert rows() == []


@pytest.mark.parametrize(
    "facts",
    [
        {"state": "draft"},
        {"state": "closed"},
        {"opens_at": timedelta(days=1)},
        {"closes_at": timedelta(days=-1)},
    ],
)
def test_a_campaign_that_is_not_open_takes_nobody(facts):
    now = time.now()
    facts = {key: now + value if isinstance(value, timedelta) else value for key, value in facts.items()}
    campaign("later", **facts)
    with pytest.raises(services.CampaignNotOpen):
        sign(slug="later")
    assert rows() == []


def test_the_ticket_is_the_same_whatever_is_stored_about_the_person(frozen_clock):
    tickets = {sign()}
    tickets.add(sign())  # pending, capped
    frozen_clock.move(minutes=11)
    tickets.add(sign())  # pending, mailed again
    (row,) = rows()
    services.confirm(row.id, row.seq)
    tickets.add(sign())  # confirmed
    assert len(tickets) == 1


class TestThePersonIsOne:
    def test_other_spellings_of_the_address_make_no_second_row(self):
        sign(address=parse("hong.gildong@gmail.com"))
        sign(address=parse("HongGildong+x@googlemail.com"))
        assert len(rows()) == 1
        assert owed() == [MailKind.CONFIRM]

    def test_the_same_person_may_sign_another_campaign(self):
        campaign("clean-air")
        sign()
        sign(slug="clean-air")
        assert len(rows()) == 2


class TestSigningAgainWhilePending:
    def test_within_ten_minutes_nothing_changes_and_no_mail_is_owed(self, frozen_clock):
        sign()
        frozen_clock.move(minutes=9)
        sign(name="누군가")
        (row,) = rows()
        assert (row.name, row.seq) == ("홍길동", 1)
        assert owed() == [MailKind.CONFIRM]

    def test_later_it_replaces_what_will_be_confirmed_together_with_a_new_mail(self, frozen_clock):
        sign()
        frozen_clock.move(minutes=11)
        sign(name="홍길순", region="KR-26")
        (row,) = rows()
        assert (row.name, row.region, row.seq) == ("홍길순", "KR-26", 2)
        assert owed() == [MailKind.CONFIRM, MailKind.CONFIRM]

    def test_the_older_link_no_longer_confirms(self, frozen_clock):
        sign()
        (row,) = rows()
        frozen_clock.move(minutes=11)
        sign(name="홍길순")
        assert not services.confirm(row.id, 1)
        assert services.confirm(row.id, 2)

    def test_a_fourth_mail_within_a_day_is_not_owed_and_rewrites_nothing(self, frozen_clock):
        for name in ("하나", "둘", "셋", "넷"):
            sign(name=name)
            frozen_clock.move(minutes=11)
        (row,) = rows()
        assert row.name == "셋"
        assert len(owed()) == 3

    def test_a_day_after_the_first_another_mail_is_owed(self, frozen_clock):
        for _ in range(3):
            sign()
            frozen_clock.move(minutes=11)
        frozen_clock.move(hours=24, minutes=-33)
        sign()
        assert len(owed()) == 4

    def test_the_window_slides_over_any_24_hours(self, frozen_clock):
        times = []
        for _ in range(200):
            before = len(owed())
            sign()
            if len(owed()) > before:
                times.append(frozen_clock.now())
            frozen_clock.move(minutes=17)
        for first, fourth in zip(times, times[3:], strict=False):
            assert fourth - first >= timedelta(hours=24)
        assert len(times) > 5


class TestSigningAgainWhenCounted:
    def test_the_row_is_left_alone_and_the_mail_tells_the_truth(self):
        sign()
        (row,) = rows()
        services.confirm(row.id, row.seq)
        sign(name="누군가", country="JP")
        (row,) = rows()
        assert (row.state, row.name, row.country) == ("confirmed", "홍길동", "KR")
        assert owed() == [MailKind.CONFIRM, MailKind.ALREADY]

    def test_that_mail_has_its_own_caps(self, frozen_clock):
        sign()
        (row,) = rows()
        services.confirm(row.id, row.seq)
        for _ in range(6):
            sign()
            frozen_clock.move(minutes=11)
        assert owed().count(MailKind.ALREADY) == 3


def test_who_withdrew_may_sign_again():
    withdrawn = signature(state="withdrawn", email="hong@naver.com")
    sign(name="홍길동")
    (row,) = rows()
    assert (row.id, row.state, row.seq) == (withdrawn.id, SignatureState.PENDING, 2)
    assert row.confirmed_at is None
    assert owed() == [MailKind.CONFIRM]


def test_a_blocked_address_gets_no_row_and_no_mail_but_the_same_ticket():
    ticket = sign()
    (row,) = rows()
    assert services.disown(confirm_token(row))
    assert sign() == ticket
    assert rows() == []
    assert owed() == [MailKind.CONFIRM]


def test_a_block_ends(frozen_clock):
    sign()
    services.disown(confirm_token(rows()[0]))
    frozen_clock.move(days=181)
    sign()
    assert len(rows()) == 1


class TestTwoCampaignsInARow:
    def test_the_second_mail_waits_its_turn_instead_of_being_lost(self, frozen_clock):
        campaign("clean-air")
        sign()
        sign(slug="clean-air")
        first, second = db.session.scalars(select(OutboxMail).order_by(OutboxMail.id))
        assert second.due_at - first.due_at == timedelta(minutes=10)

    def test_over_all_campaigns_no_more_than_three_mails_are_due_within_a_day(self, frozen_clock):
        for number in range(8):
            campaign(f"other-{number}")
            sign(slug=f"other-{number}")
        due = sorted(mail.due_at for mail in db.session.scalars(select(OutboxMail)))
        assert len(due) == len(rows())
        assert all(later - earlier >= timedelta(minutes=10) for earlier, later in itertools.pairwise(due))
        assert all(fourth - first >= timedelta(hours=24) for first, fourth in zip(due, due[3:], strict=False))

    def test_a_waiting_mail_does_not_let_a_stranger_rewrite_what_it_confirms(self, frozen_clock):
        campaign("clean-air")
        sign()
        sign(slug="clean-air")
        sign(slug="clean-air", name="누군가")
        assert [row.name for row in rows()] == ["홍길동", "홍길동"]


class TestAskingForTheMailAgain:
    def test_it_is_owed_once_in_ten_minutes(self, frozen_clock):
        sign()
        hashed = address_hash(HONG.address)
        services.resend("blue-skies", hashed, "ko")
        assert len(owed()) == 1
        frozen_clock.move(minutes=11)
        services.resend("blue-skies", hashed, "ko")
        services.resend("blue-skies", hashed, "ko")
        assert owed() == [MailKind.CONFIRM, MailKind.CONFIRM]

    def test_the_older_link_goes_on_working(self, frozen_clock):
        sign()
        frozen_clock.move(minutes=11)
        services.resend("blue-skies", address_hash(HONG.address), "ko")
        (row,) = rows()
        assert services.confirm(row.id, 1)

    def test_for_somebody_unknown_nothing_is_owed(self):
        services.resend("blue-skies", address_hash(parse("nobody@naver.com")), "ko")
        assert owed() == []

    def test_who_is_counted_is_told_so(self):
        signature(email="hong@naver.com")
        services.resend("blue-skies", address_hash(HONG.address), "ko")
        assert owed() == [MailKind.ALREADY]


class TestAskingForTheLinkToOnesOwnPage:
    @pytest.mark.parametrize(
        ("state", "kind"),
        [("confirmed", MailKind.MANAGE), ("withdrawn", MailKind.MANAGE), ("pending", MailKind.CONFIRM)],
    )
    def test_the_mail_fits_the_state(self, state, kind):
        signature(email="hong@naver.com", state=state)
        services.send_link("blue-skies", parse("HONG@naver.com"), "ko")
        assert owed() == [kind]

    def test_a_stranger_gets_nothing(self):
        services.send_link("blue-skies", parse("nobody@naver.com"), "ko")
        assert owed() == []


def test_a_block_holds_for_every_kind_of_mail(frozen_clock):
    person = signature(email="hong@naver.com")
    db.session.add(MailBlock(address_hash=person.address_hash, until=time.now() + timedelta(days=1)))
    db.session.commit()
    services.send_link("blue-skies", parse("hong@naver.com"), "ko")
    sign()
    assert owed() == []


# --- Where it came from ---


def test_network_and_domain_are_kept_as_hashes_and_the_provider_by_name():
    sign(network="203.0.113.7")
    (row,) = rows()
    assert bytes(row.network_hash) == network_hash("203.0.113.7")
    assert bytes(row.domain_hash) == domain_hash("naver.com")
    assert row.mail_provider == "naver"
    stored = db.session.execute(db.text("SELECT network_hash, domain_hash FROM signatures")).one()
    assert b"203" not in bytes(stored[0])
    assert b"naver" not in bytes(stored[1])


@pytest.mark.parametrize(
    ("address", "provider"),
    [
        ("a@naver.com", "naver"),
        ("a@hanmail.net", "kakao"),
        ("a@DAUM.net", "kakao"),
        ("a@kakao.com", "kakao"),
        ("a@googlemail.com", "gmail"),
        ("a@gmail.com.example", "other"),
        ("a@korea.ac.kr", "other"),
    ],
)
def test_the_large_providers_are_told_apart(address, provider):
    sign(address=parse(address))
    assert rows()[0].mail_provider == provider


def test_a_new_version_carries_where_it_came_from(frozen_clock):
    sign(network="203.0.113.7")
    frozen_clock.move(minutes=11)
    sign(network="203.0.113.8")
    (row,) = rows()
    assert (row.seq, bytes(row.network_hash)) == (2, network_hash("203.0.113.8"))


def test_without_a_network_none_is_kept():
    sign()
    assert rows()[0].network_hash is None


def test_signing_again_after_an_invalidation_changes_nothing_but_owes_the_honest_mail():
    person = signature(state="invalidated", email="hong@naver.com", name="홍길동")
    ticket = sign(name="다른 이름")
    (row,) = rows()
    assert (row.id, row.state, row.seq, row.name) == (person.id, "invalidated", 1, "홍길동")
    assert owed() == [MailKind.ALREADY]
    assert ticket == services.ticket_for("blue-skies", address_hash(parse("hong@naver.com")))


def test_a_name_that_staff_have_hidden_stays_hidden_when_it_is_signed_anew():
    signature(state="withdrawn", email="hong@naver.com", name_hidden=True)
    sign(public_name=True)
    (row,) = rows()
    assert (row.state, row.public_name, row.name_hidden) == ("pending", False, True)


def test_the_page_hands_over_the_network_of_the_visitor(client):
    client.post("/ko/c/blue-skies/sign", data=sign_form(), environ_base={"REMOTE_ADDR": "2001:db8:1:2:3::4"})
    assert bytes(rows()[0].network_hash) == network_hash("2001:db8:1:2::/64")
