"""What the mails about an endorsement say, to whom, and when they are no longer true."""

import re
from datetime import timedelta

import pytest

from pledge.core import clock, tokens
from pledge.core.i18n import format_date, format_datetime
from pledge.core.tokens import Purpose
from pledge.endorsements import handover, services
from pledge.endorsements.applications import read_confirm_token
from pledge.mail.models import MailKind
from pledge.mailed_links.links import read_valid
from tests.support.apps import settings
from tests.support.factories import endorse_manage_token, endorsement, version_of
from tests.support.mails import (
    LINK,
    TRUE_OF_ENDORSEMENTS,
    ask_to_take_over,
    delivered,
    enqueue,
    enqueue_true,
    full_text,
    part,
)

pytestmark = pytest.mark.usefixtures("app")


def text(mail):
    return part(mail, "plain")


@pytest.mark.parametrize("kind", TRUE_OF_ENDORSEMENTS)
def test_every_link_starts_with_the_base_url_and_its_language(app, kind):
    enqueue(endorsement(state=TRUE_OF_ENDORSEMENTS[kind], decision_reason="Please"), kind, "en")
    ((_, mail),) = delivered()
    links = LINK.findall(full_text(mail))
    assert links
    pages = tuple(settings(app.instance_path).base_url + path for path in ("/en/", "/badge/"))
    assert all(link.startswith(pages) for link in links)


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_no_word_of_the_form_goes_to_an_address_that_is_not_confirmed(lang):
    words = {
        "name_ko": "제브라",
        "name_en": "Zebra Ltd",
        "statement_en": "Buy now",
        "contact_name": "Zebediah",
    }
    enqueue(
        endorsement(state="pending", website="https://zebra.example", **words), MailKind.ENDORSE_CONFIRM, lang
    )
    row = endorsement()
    ask_to_take_over(row, lang=lang)
    mails = dict(delivered())
    assert "sea@haneul.co.kr" in mails
    for mail in mails.values():
        for word in ("제브라", "Zebra", "Buy now", "Zebediah", "Quux", "zebra.example"):
            assert word not in full_text(mail)


def test_mails_to_two_unconfirmed_addresses_differ_only_in_address_date_number_and_token():
    for name in ("하늘", "바다"):
        enqueue(endorsement(state="pending", name_ko=name), MailKind.ENDORSE_CONFIRM)
    bodies = {re.sub(r"confirm/[\w.-]+", "confirm/TOKEN", full_text(mail)) for _, mail in delivered()}
    assert len(bodies) == 1


def test_the_mail_to_confirm_carries_the_link_for_exactly_this_version():
    row = endorsement(state="pending", seq=1)
    enqueue(row, MailKind.ENDORSE_CONFIRM)
    ((to, mail),) = delivered()
    link, not_us = LINK.findall(text(mail))
    assert to == row.contact_email
    assert read_confirm_token(link.rpartition("/")[2])[:3] == (row.id, 1, 1)
    assert not_us == f"{link}/not-us"


@pytest.mark.parametrize(("waited", "left"), [(0, 7), (9, 5)])
@pytest.mark.parametrize("kind", [MailKind.ENDORSE_CONFIRM, MailKind.ENDORSE_CONTACT])
def test_a_mail_to_confirm_says_until_when_its_link_works(frozen_clock, kind, waited, left):
    asked_at = clock.now()
    at = {"at": asked_at} if kind is MailKind.ENDORSE_CONFIRM else {}
    enqueue_true(kind, "en", **at)
    frozen_clock.move(days=waited)
    ((_, mail),) = delivered()
    until = format_datetime(clock.now() + timedelta(days=left), "en")
    assert f"valid until {until} (Korean time)" in full_text(mail)
    if kind is MailKind.ENDORSE_CONTACT:
        assert f"deleted on {format_date(asked_at + timedelta(days=14), 'en')}" in full_text(mail)


@pytest.mark.parametrize("kind", [MailKind.ENDORSE_CONFIRM, MailKind.ENDORSE_CONTACT])
def test_a_mail_to_confirm_what_is_about_to_be_deleted_is_dropped(frozen_clock, kind):
    enqueue_true(kind)
    frozen_clock.move(days=14)
    assert delivered() == []


@pytest.mark.parametrize(
    "kind", [kind for kind in TRUE_OF_ENDORSEMENTS if kind is not MailKind.ENDORSE_CONFIRM]
)
def test_who_has_confirmed_is_told_which_organisation_it_is_about(kind):
    row = endorsement(
        state=TRUE_OF_ENDORSEMENTS[kind], name_ko="하늘 & 바다", name_en="Sky & Sea", decision_reason="x"
    )
    enqueue(row, kind, "ko")
    enqueue(row, kind, "en")
    (_, korean), (_, english) = delivered()
    assert "하늘 & 바다" in text(korean)
    assert "Sky & Sea" in text(english)
    link = next(link for link in LINK.findall(text(korean)) if "/endorse/" in link)
    token = link.partition("/me/")[2].partition("/")[0]
    assert read_valid(Purpose.ENDORSE_MANAGE, token, 2) == [row.id, 1]


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("ko", "하늘, ‘푸른 하늘’ 서약에 함께합니다. 함께 서명해 주세요: "),
        ("en", "Sky endorses “Blue Skies”. Please sign with us: "),
    ],
)
def test_who_is_published_gets_the_public_page_the_badge_and_a_text_to_share(lang, words):
    row = endorsement(name_ko="하늘", name_en="Sky")
    enqueue(row, MailKind.ENDORSE_PUBLISHED, lang)
    ((_, mail),) = delivered()
    page = f"/{lang}/c/blue-skies/organizations/{row.id}"
    shown, shared, badge, own = LINK.findall(text(mail))
    assert shown == shared
    assert shown.endswith(page)
    assert f"{words}{shown}" in text(mail)
    assert badge.endswith(f"/badge/blue-skies/{row.id}.svg?lang={lang}")
    assert "/endorse/me/" in own


@pytest.mark.parametrize(("lang", "words"), [("ko", "보통 영업일 3일 안에"), ("en", "within 3 working days")])
def test_the_mail_to_confirm_says_in_a_paragraph_of_its_own_how_long_the_review_takes(lang, words):
    enqueue(endorsement(state="pending"), MailKind.ENDORSE_CONFIRM, lang)
    intro, sentence, _ = text(delivered()[0][1]).partition(words)
    assert sentence
    assert intro.strip().count("\r\n\r\n") == 3, "campaign, heading, what came, what to do"


@pytest.mark.parametrize("kind", [MailKind.ENDORSE_CHANGES, MailKind.ENDORSE_DECLINED])
def test_the_reason_is_told_in_full_and_as_text(kind):
    reason = 'Please use the "official" name <b>& logo</b>.'
    enqueue(endorsement(state=TRUE_OF_ENDORSEMENTS[kind], decision_reason=reason), kind, "en")
    ((_, mail),) = delivered()
    assert reason in text(mail)
    assert "<b>&" not in part(mail, "html")


@pytest.mark.parametrize("state", ["withdrawn", "declined"])
def test_the_name_that_a_stranger_typed_is_not_in_a_mail_about_an_older_endorsement(state):
    row = endorsement(state=state, name_ko="하늘에너지")
    version_of(row, name_ko="제브라")
    enqueue(row, MailKind.ENDORSE_MANAGE)
    content = full_text(delivered()[0][1])
    assert "하늘에너지" in content
    assert "제브라" not in content


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        *((MailKind.ENDORSE_CONFIRM, state) for state in ("review", "published", "withdrawn", "declined")),
        *((MailKind.ENDORSE_ALREADY, state) for state in ("pending", "withdrawn", "declined")),
        (MailKind.ENDORSE_MANAGE, "pending"),
        *((MailKind.ENDORSE_PUBLISHED, state) for state in ("review", "withdrawn", "removed")),
        *((MailKind.ENDORSE_PROMISE, state) for state in ("review", "withdrawn", "removed")),
        *((MailKind.ENDORSE_CHANGES, state) for state in ("review", "withdrawn", "declined")),
        *((MailKind.ENDORSE_DECLINED, state) for state in ("review", "published", "withdrawn")),
    ],
)
def test_a_mail_that_no_longer_fits_the_state_is_dropped(kind, state):
    enqueue(endorsement(state=state), kind)
    assert delivered() == []


def test_a_request_that_was_answered_before_its_mail_went_out_is_dropped():
    enqueue(endorsement(state="published", decision_reason=""), MailKind.ENDORSE_CHANGES)
    assert delivered() == []


def test_each_version_that_waits_has_a_mail_to_confirm_and_one_that_is_gone_has_none():
    row = endorsement(state="pending")
    version_of(row, statement_ko="새 문구")
    for seq in (1, 2, 3):
        enqueue(row, MailKind.ENDORSE_CONFIRM, seq=seq)
    assert len(delivered()) == 2


def test_a_renewed_application_of_a_withdrawn_organisation_is_confirmed_by_mail():
    row = endorsement(state="withdrawn")
    version_of(row, statement_ko="새 문구")
    enqueue(row, MailKind.ENDORSE_CONFIRM, seq=2)
    assert len(delivered()) == 1


def test_who_erased_their_data_gets_nothing_any_more():
    row = endorsement()
    enqueue(row, MailKind.ENDORSE_PUBLISHED)
    services.erase(endorse_manage_token(row))
    assert delivered() == []


class TestHandingOver:
    def test_the_new_contact_gets_the_link_and_the_old_one_is_told_when_it_is_done(self):
        row = endorsement(email="sky@haneul.co.kr", name_ko="하늘에너지")
        change = ask_to_take_over(row)
        ((to, mail),) = delivered()
        link, not_me = LINK.findall(text(mail))
        assert (to, not_me) == ("sea@haneul.co.kr", f"{link}/not-me")
        payload = tokens.read(Purpose.ENDORSE_CONTACT, link.rpartition("/")[2]).payload
        assert payload == [row.id, change.contact_number]
        handover.accept(row.id, change.contact_number, "2026-11-25")
        ((to, mail),) = delivered()
        assert to == "sky@haneul.co.kr"
        assert "하늘에너지" in text(mail)
        assert "privacy@localhost" in text(mail), "whom to write to if it was not meant"
        assert "Zebediah" not in full_text(mail)

    def test_a_cancelled_or_replaced_change_is_not_mailed(self):
        row = endorsement()
        ask_to_take_over(row)
        ask_to_take_over(row, "land@haneul.co.kr")
        assert [to for to, _ in delivered()] == ["land@haneul.co.kr"]
        ask_to_take_over(row, "lake@haneul.co.kr")
        handover.cancel(endorse_manage_token(row))
        assert delivered() == []

    def test_after_the_change_of_contact_mails_go_to_the_new_person(self):
        row = endorsement(email="sky@haneul.co.kr")
        change = ask_to_take_over(row)
        enqueue(row, MailKind.ENDORSE_PUBLISHED)
        handover.accept(row.id, change.contact_number, "2026-11-25")
        recipients = sorted(to for to, _ in delivered())
        assert recipients == ["sea@haneul.co.kr", "sky@haneul.co.kr"]
