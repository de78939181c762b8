"""Applying for an organisation: what is stored, what is enqueued, and what a stranger can not do."""

import itertools
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from pledge.campaigns.models import PledgeText
from pledge.core.db import db, load, transaction
from pledge.core.text.lines import LineFault
from pledge.core.tokens import BadToken, Purpose
from pledge.endorsements import services
from pledge.endorsements.applications import name_digest
from pledge.endorsements.models import Endorsement, EndorsementVersion
from pledge.endorsements.queries import open_link, own_endorsement
from pledge.endorsements.rules import BadContent, ContentFault
from pledge.endorsements.services import read_ticket, ticket_for
from pledge.endorsements.versions import drop
from pledge.mail.addresses import address_hash, parse
from pledge.mail.models import MailKind, MailState, OutboxMail, RequestKind
from pledge.mailed_links import tickets
from pledge.mailed_links.links import LinkState
from tests.support.factories import (
    HANEUL,
    answer_requests,
    campaign,
    changed_content,
    endorse_confirm_token,
    endorse_manage_token,
    endorsement,
    signature,
)
from tests.support.mails import Notes, deliver_all


def rows():
    return load(select(Endorsement).order_by(Endorsement.submitted_at))


def versions():
    return load(select(EndorsementVersion).order_by(EndorsementVersion.id))


def enqueued():
    answer_requests()
    return [mail.kind for mail in load(select(OutboxMail).order_by(OutboxMail.id))]


def apply(application=HANEUL, **changes):
    """`email=…` and facts of the content go where they belong."""
    email = changes.pop("email", None)
    if email:
        application = replace(application, mailbox=parse(email))
    others = {name: changes.pop(name) for name in [*changes] if hasattr(application, name)}
    content = changed_content(application.content, **changes)
    ticket = services.apply(replace(application, content=content, **others))
    answer_requests()
    return ticket


@pytest.fixture(autouse=True)
def _open_campaign(app):
    campaign(versions=2)


def test_an_application_is_stored_pending_with_one_version_and_one_mail_enqueued():
    apply()
    (row,), (version,) = rows(), versions()
    assert (row.state, row.seq, row.level, row.lang) == ("pending", 1, "mail", "ko")
    assert (row.contact_name, row.contact_title, row.contact_email) == ("김하늘", "대표", "sky@haneul.co.kr")
    assert (row.mail_domain, row.show_contact, row.confirmed_at) == ("haneul.co.kr", False, None)
    assert (version.state, version.seq, version.name["ko"]) == ("proposed", 1, "㈜하늘에너지")
    assert version.website == "https://www.haneul.co.kr"
    assert version.spokesperson == ""
    assert enqueued() == [MailKind.ENDORSE_CONFIRM]


def test_the_pledge_version_that_was_shown_is_kept():
    apply(pledge_version=1)
    assert db.session.get_one(PledgeText, rows()[0].pledge_text_id).version == 1


def test_a_free_mail_domain_is_not_the_organisations():
    apply(email="sky@naver.com")
    assert rows()[0].mail_domain == ""


def test_the_registration_number_is_sealed_and_found_again():
    apply(registration_number="124-81-00998")
    (row,) = rows()
    assert row.registration_number == "1248100998"
    assert len(row.registration_hash) == 32


def test_who_agreed_to_be_named_is_named_with_the_version():
    apply(show_contact=True)
    assert versions()[0].spokesperson == "김하늘, 대표"


@pytest.mark.parametrize("link", ["javascript:alert(1)", "www.haneul.co.kr", "ftp://haneul.co.kr"])
@pytest.mark.parametrize("field", ["website", "plan_url", "report_url"])
def test_no_database_takes_a_link_that_is_no_web_address(field, link):
    with pytest.raises(IntegrityError, match=f"ck_endorsement_versions_{field}"):
        endorsement(**{field: link})


@pytest.mark.parametrize(
    ("field", "value", "fault"),
    [
        ("name_en", "=1+1", LineFault.FORMULA),
        ("name_ko", "하늘\u202e", LineFault.CHARACTERS),
        ("type", "cabal", ContentFault.UNKNOWN),
        ("country", "XX", ContentFault.UNKNOWN),
        ("region", "KR-99", ContentFault.UNKNOWN),
        ("website", "http://127.0.0.1/", ContentFault.WEBSITE),
        ("interim_year", 2050, ContentFault.ORDER),
        ("base_year", None, ContentFault.HALF),
        ("scope", "moon", ContentFault.UNKNOWN),
        ("plan_url", "http://127.0.0.1/", ContentFault.WEBSITE),
        ("report_url", "javascript:alert(1)", ContentFault.WEBSITE),
        ("statement_ko", "가" * 601, LineFault.TOO_LONG),
        ("statement_en", "call 900101-1234567", LineFault.RESIDENT_NUMBER),
        ("registration_number", "124-81-00999", ContentFault.REGISTRATION),
    ],
)
def test_the_service_refuses_what_the_form_should_have_refused(field, value, fault):
    with pytest.raises(BadContent) as error:
        apply(**{field: value})
    assert error.value.fault is fault
    assert rows() == []
    assert enqueued() == []


@pytest.mark.parametrize(("lang", "needed"), [("ko", "name_ko"), ("en", "name_en")])
def test_a_name_in_the_language_of_the_form_is_needed(lang, needed):
    with pytest.raises(BadContent):
        apply(lang=lang, **{needed: " "})
    apply(lang=lang, **{"name_ko": "", "name_en": "", needed: "Haneul Energy"})


def test_a_region_is_kept_only_for_korea():
    apply(country="JP", region="KR-11")
    assert versions()[0].region is None


def test_the_ticket_is_equally_long_and_names_person_and_organisation_to_us_alone(frozen_clock):
    tickets = {apply()}
    tickets.add(apply())
    (row,) = rows()
    assert services.confirm(row.id, row.seq)
    tickets.add(apply())  # known
    tickets.add(apply(email="another.person@example.org", name_ko="바다", name_en=""))
    assert len(tickets) == 4
    assert len({len(ticket) for ticket in tickets}) == 1
    expected = (bytes(row.address_hash), name_digest(row.name_key))
    assert [read_ticket("blue-skies", ticket) for ticket in tickets].count(expected) == 3


def test_a_ticket_of_another_campaign_or_with_something_else_in_it_is_refused():
    for slug, ticket in (
        ("clean-air", apply()),
        ("blue-skies", tickets.seal(Purpose.TICKET, "blue-skies", "x", "y")),
    ):
        with pytest.raises(BadToken):
            read_ticket(slug, ticket)


class TestAnOrganisationIsOneForOnePerson:
    def test_other_spellings_of_name_and_address_make_no_second_row(self):
        apply(email="sky.kim@gmail.com")
        apply(email="SkyKim+x@googlemail.com", name_ko="하늘 에너지 주식회사")
        assert len(rows()) == 1
        assert [version.seq for version in versions()] == [1, 2]

    def test_another_person_may_apply_for_the_same_organisation_and_staff_decide(self):
        apply()
        apply(email="sea@haneul.co.kr")
        assert len(rows()) == 2

    def test_over_many_organisations_no_more_than_three_mails_are_due_within_a_day(self, frozen_clock):
        for number in range(8):
            apply(name_ko=f"하늘 {number}호", name_en="")
        kept = select(OutboxMail.due_at).where(OutboxMail.state != MailState.DROPPED)
        due = sorted(db.session.scalars(kept))
        assert len(due) == len(rows()) == 5, "nobody has confirmed anything"
        assert all(later - earlier >= timedelta(minutes=10) for earlier, later in itertools.pairwise(due))
        assert all(fourth - first >= timedelta(hours=24) for first, fourth in zip(due, due[3:], strict=False))


class TestApplyingAgainWhileItWaits:
    def test_a_second_application_waits_beside_the_first_and_its_mail_for_the_next_slot(self, frozen_clock):
        apply()
        frozen_clock.move(minutes=2)
        apply(statement_ko="다른 말")
        assert [version.statement["ko"] for version in versions()] == [
            HANEUL.content.statement["ko"],
            "다른 말",
        ]
        assert enqueued() == [MailKind.ENDORSE_CONFIRM] * 2
        first, second = db.session.scalars(select(OutboxMail).order_by(OutboxMail.id))
        assert (first.seq, second.seq) == (1, 2)
        assert second.due_at - first.due_at == timedelta(minutes=10)

    @pytest.mark.parametrize("seq", [1, 2])
    def test_each_link_confirms_the_application_it_was_mailed_for_and_the_other_is_deleted(
        self, frozen_clock, seq
    ):
        apply()
        apply(contact_name="다른 사람", statement_ko="다른 말")
        (row,) = rows()
        assert (row.contact_name, row.state) == ("김하늘", "pending")
        link = open_link(endorse_confirm_token(row, seq), "ko")
        assert link.state is LinkState.PENDING
        wanted = ("김하늘", HANEUL.content.statement["ko"]) if seq == 1 else ("다른 사람", "다른 말")
        assert (link.record.row.contact_name, link.record.newest.statement["ko"]) == wanted
        assert services.confirm(row.id, seq)
        (row,), (version,) = rows(), versions()
        assert (row.contact_name, version.statement["ko"]) == wanted
        assert (row.state, row.seq, version.seq, version.applicant) == ("review", 2, 2, None)
        assert not services.confirm(row.id, 3 - seq)
        for number in (1, 2):
            assert open_link(endorse_confirm_token(row, number), "ko").state is LinkState.CONFIRMED

    def test_the_same_form_sent_twice_is_one_application(self):
        apply()
        apply()
        assert len(versions()) == 1
        assert enqueued() == [MailKind.ENDORSE_CONFIRM]

    def test_the_mail_about_a_form_sent_again_with_proof_is_marked_as_proved(self, frozen_clock):
        apply()
        with transaction() as session:
            session.execute(update(OutboxMail).values(state=MailState.SENT))
        frozen_clock.move(days=1)
        apply(proved=True)
        assert db.session.scalars(select(OutboxMail.proved).order_by(OutboxMail.id)).all() == [False, True]

    def test_an_address_that_never_confirmed_gets_five_mails_in_thirty_days(self, frozen_clock):
        for number in range(8):
            apply(statement_ko=f"말 {number}")
            deliver_all(Notes())
            frozen_clock.move(days=1)
        assert len(enqueued()) == 5
        assert len(versions()) == 5, "what could not be confirmed is not stored"


def test_a_stranger_changes_nothing_of_who_has_withdrawn(frozen_clock):
    before = endorsement(name_ko="하늘에너지", name_en="", email="sky@haneul.co.kr", state="withdrawn")
    token = endorse_manage_token(before)
    (shown,) = own_endorsement(token, "ko").versions
    apply(contact_name="남", statement_ko="남의 말")
    assert len(versions()) == 2
    own = own_endorsement(token, "ko")
    assert [version.id for version in own.versions] == [shown.id]
    assert own.row.contact_name == before.contact_name


@pytest.mark.parametrize("state", ["review", "changes", "published", "removed"])
def test_a_known_organisation_is_left_alone_and_the_mail_tells_the_truth(state):
    endorsement(name_ko="하늘에너지", name_en="", email="sky@haneul.co.kr", state=state)
    apply(statement_ko="다른 말")
    (row,), (version,) = rows(), versions()
    assert (row.state, row.seq, version.statement["ko"]) == (state, 1, "함께하겠습니다.")
    assert enqueued() == [MailKind.ENDORSE_ALREADY]


@pytest.mark.parametrize("state", ["withdrawn", "declined"])
def test_who_withdrew_or_was_declined_may_apply_again_and_nothing_public_moves_before_the_mail(state):
    before = endorsement(name_ko="하늘에너지", name_en="", email="sky@haneul.co.kr", state=state)
    apply(statement_ko="다시 함께")
    (row,) = rows()
    assert (row.id, row.state, row.seq) == (before.id, state, 2)
    assert services.confirm(row.id, 2)
    (row,) = rows()
    assert (row.state, row.ended_at) == ("review", None)
    assert [version.seq for version in versions()] == [1, 2]


def test_signing_and_applying_have_their_own_caps():
    signature(email="sky@haneul.co.kr", state="pending")
    apply()
    assert enqueued() == [MailKind.ENDORSE_CONFIRM]


class TestAskingForTheMailAgain:
    def ask(self, ticket):
        services.resend("blue-skies", ticket, "ko")

    def test_a_mail_asked_for_again_waits_for_the_next_slot_and_is_enqueued_once(self, frozen_clock):
        ticket = apply()
        frozen_clock.move(minutes=2)
        self.ask(ticket)
        assert enqueued() == [MailKind.ENDORSE_CONFIRM], "it has not been sent yet"
        db.session.scalars(select(OutboxMail)).one().state = "sent"
        db.session.commit()
        self.ask(ticket)
        self.ask(ticket)
        assert enqueued() == [MailKind.ENDORSE_CONFIRM] * 2
        first, second = db.session.scalars(select(OutboxMail).order_by(OutboxMail.id))
        assert second.due_at - first.due_at == timedelta(minutes=10)
        (row,) = rows()
        assert services.confirm(row.id, 1), "the older link goes on working"

    @pytest.mark.parametrize("by_ticket", [True, False])
    def test_the_mail_asked_for_again_confirms_what_still_waits(self, frozen_clock, by_ticket):
        ticket = apply()
        apply(statement_ko="다른 말")
        with transaction() as session:
            row = session.scalars(select(Endorsement)).one()
            # As when an application for another organisation takes the place of its mail.
            drop(session, row, row.newest)
            session.execute(update(OutboxMail).values(state=MailState.SENT))
        frozen_clock.move(hours=1)
        self.ask(ticket) if by_ticket else tickets.send_link(
            RequestKind.ENDORSE_LINK, "blue-skies", HANEUL.mailbox, "ko"
        )
        assert enqueued()[2:] == [MailKind.ENDORSE_CONFIRM]
        assert db.session.scalars(select(OutboxMail.seq).order_by(OutboxMail.id)).all() == [1, 2, 1]

    def test_asking_for_the_mail_again_enqueues_nothing_for_somebody_unknown(self):
        services.resend("blue-skies", ticket_for("blue-skies", address_hash(parse("a@b.kr")), "x"), "ko")
        assert enqueued() == []

    def test_the_mail_asked_for_again_is_about_the_organisation_that_was_named(self, frozen_clock):
        apply()
        frozen_clock.move(minutes=11)
        second = apply(name_ko="바다재단", name_en="")
        for mail in db.session.scalars(select(OutboxMail)):
            mail.state = "sent"
        db.session.commit()
        frozen_clock.move(minutes=11)
        self.ask(second)
        answer_requests()
        mail = db.session.scalars(select(OutboxMail).order_by(OutboxMail.id.desc())).first()
        assert mail.subject_id == next(row.id for row in rows() if row.name_key == "바다재단")

    def test_asking_for_the_mail_again_after_confirming_is_answered_by_a_mail_that_says_so(self):
        ticket = apply()
        (row,) = rows()
        services.confirm(row.id, 1)
        self.ask(ticket)
        assert enqueued() == [MailKind.ENDORSE_CONFIRM, MailKind.ENDORSE_ALREADY]


class TestAskingForTheLinkToTheOwnPage:
    @pytest.mark.parametrize(
        ("state", "kind"),
        [
            *((state, MailKind.ENDORSE_MANAGE) for state in ("review", "published", "withdrawn", "declined")),
            ("pending", MailKind.ENDORSE_CONFIRM),
        ],
    )
    def test_the_mail_with_the_link_fits_the_state_of_the_endorsement(self, state, kind):
        endorsement(email="sky@haneul.co.kr", state=state)
        tickets.send_link(RequestKind.ENDORSE_LINK, "blue-skies", parse("SKY@haneul.co.kr"), "ko")
        assert enqueued() == [kind]

    def test_each_organisation_of_a_person_gets_its_own_link(self, frozen_clock):
        for _ in range(2):
            endorsement(email="sky@haneul.co.kr")
        tickets.send_link(RequestKind.ENDORSE_LINK, "blue-skies", parse("sky@haneul.co.kr"), "ko")
        answer_requests()
        first, second = db.session.scalars(select(OutboxMail).order_by(OutboxMail.due_at))
        assert second.due_at - first.due_at == timedelta(minutes=10)

    def test_a_stranger_who_asks_for_a_link_gets_no_mail(self):
        tickets.send_link(RequestKind.ENDORSE_LINK, "blue-skies", parse("nobody@haneul.co.kr"), "ko")
        assert enqueued() == []
