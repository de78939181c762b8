"""What a mail says and how its bytes are made."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import escape
from sqlalchemy import update

from pledge.campaigns.models import Campaign
from pledge.campaigns.opening import CONFIRM_GRACE
from pledge.core import clock as time
from pledge.core import tokens
from pledge.core.db import transaction
from pledge.core.i18n import SEOUL, format_datetime
from pledge.core.languages import Texts
from pledge.core.tokens import Purpose
from pledge.mail import messages
from pledge.mail.messages import Claimed, Message, UnsafeAddress, render
from pledge.mail.models import MailKind
from pledge.retention import services as retention
from pledge.signatures import services as signing
from tests.support import factories
from tests.support.apps import settings
from tests.support.mails import (
    LINK,
    TRUE_OF_SIGNATURES,
    Notes,
    deliver,
    delivered,
    enqueue,
    enqueue_true,
    fate,
    part,
    pending,
    read,
)

KINDS = list(MailKind)
#: The others have tests of their own, beside the feature that enqueues them.
ABOUT_SIGNATURES = list(TRUE_OF_SIGNATURES)
#: Whatever the templates of any kind print.
VALUES = (
    *("link", "receipt", "share", "code", "not_me", "since", "organization", "promise", "reason", "contact"),
    *("recipient", "occasion", "day", "people", "unsubscribe", "until", "deleted_on"),
    *("own", "place", "remaining", "target", "name", "email", "text"),
    *("next_title", "next_sentence", "next_link", "words", "badge", "days", "own_page"),
    *("title", "plain", "html", "refused", "headline", "details", "account", "due", "closed", "is_open"),
)
#: What is read for a mail of every kind is tested on both databases in tests/campaigns/test_senders.py.
pytestmark = [pytest.mark.usefixtures("app"), pytest.mark.postgresql_only]


def fill(kind=MailKind.CONFIRM, lang="ko", to="hong@example.org", **values):
    values = {"campaign": "푸른 하늘", **dict.fromkeys(VALUES, "https://sign.example.org/x"), **values}
    now = time.now()
    mail = Claimed(1, kind, 1, 1, lang, True, 1, now)
    return render(mail, Message(to, values))


def signature_for(kind, **facts):
    """A signature that a mail of this kind is still true for."""
    return factories.signature(state=TRUE_OF_SIGNATURES[kind], **facts)


def sent(kind, lang, signature):
    enqueue(signature, kind, lang)
    notes = Notes()
    assert deliver(notes).sent == 1
    return notes.sent[0][1]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if not kind.startswith(("staff", "contact"))])
def test_a_campaign_that_has_no_texts_in_the_language_of_a_mail_has_the_title_of_its_first(kind):
    address = enqueue_true(kind, "en")
    with transaction() as session:
        session.execute(update(Campaign).values(title=Texts(ko="푸른 하늘")))
    assert "푸른 하늘" in dict(delivered())[address]["Subject"]


@pytest.mark.parametrize(
    ("lang", "words", "asked"),
    [("ko", "마감되었지만", "초대해"), ("en", "Signing closed on", "Bring one more")],
)
def test_a_mail_to_confirm_that_goes_out_after_the_closing_says_until_when_it_still_counts(
    frozen_clock, lang, words, asked
):
    of = factories.campaign(closes_at=frozen_clock.now() + timedelta(hours=1))
    person = factories.signature(of, state="pending")
    assert words not in part(sent(MailKind.CONFIRM, lang, person), "plain")
    frozen_clock.move(hours=2)
    late = part(sent(MailKind.CONFIRM, lang, person), "plain")
    assert words in late
    assert format_datetime(of.closes_at + CONFIRM_GRACE, lang) in late
    assert asked not in part(sent(MailKind.THANKS, lang, factories.signature(of)), "plain")
    frozen_clock.move(hours=24)
    dropped = enqueue(person, MailKind.CONFIRM, lang)
    deliver(Notes())
    assert fate(dropped).state == "dropped"


# --- Bytes ---


@pytest.mark.parametrize("lang", ["ko", "en"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_mail_has_a_text_and_an_html_part_in_its_language(kind, lang):
    content = fill(kind, lang)
    mail = read(content)

    assert mail.get_content_type() == "multipart/alternative"
    assert [piece.get_content_type() for piece in mail.iter_parts()] == ["text/plain", "text/html"]
    assert {piece["Content-Transfer-Encoding"] for piece in mail.iter_parts()} == {"quoted-printable"}
    assert mail["Content-Language"] == lang
    assert f'<html lang="{lang}">' in part(content, "html")
    for kind_of_part in ("plain", "html"):
        has_korean = re.search("[가-힣]", part(content, kind_of_part).replace("푸른 하늘", "")) is not None
        assert has_korean == (lang == "ko")
        assert "https://sign.example.org/x" in part(content, kind_of_part)
    assert re.search(r'class="sky"[^>]*>푸른 하늘\s*<table', part(content, "html")), (
        "the campaign's name in its sky"
    )


def test_headers_keep_automatic_replies_away_and_name_the_sender():
    mail = read(fill(code=""))

    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["X-Auto-Response-Suppress"] == "All"
    assert mail["MIME-Version"] == "1.0"
    assert mail["From"] == "푸른 하늘 <no-reply@localhost>"
    assert mail["To"] == "hong@example.org"
    assert mail["Reply-To"] == "privacy@localhost"
    assert re.fullmatch(r"<[0-9a-f]{32}@localhost>", mail["Message-ID"])
    assert mail["Subject"] == "[푸른 하늘] 서명을 완료해 주세요"
    assert not mail.defects


@pytest.mark.parametrize("kind", KINDS)
def test_lines_are_ascii_end_in_crlf_and_are_no_longer_than_76(kind):
    content = fill(kind, link="https://sign.example.org/ko/confirm/" + "x" * 120, campaign="긴 이름 " * 20)

    assert content.isascii()
    assert content.endswith(b"\r\n")
    assert content.count(b"\n") == content.count(b"\r\n") == content.count(b"\r")
    assert max(map(len, content.split(b"\r\n"))) <= 76


@pytest.mark.parametrize("length", [21, 22, 29, 30])
def test_a_subject_of_any_length_begins_on_the_line_of_its_name(length):
    title = ("Blue Skies and Net Zero " * 3)[:length].strip()
    content = fill(lang="en", code="108085", campaign=title)
    assert b"Subject: [Code 108085] Please" in content
    assert read(content)["Subject"].endswith(title)
    assert max(map(len, content.split(b"\r\n"))) <= 76


@given(title=st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=200))
def test_any_title_arrives_as_it_is_and_keeps_the_lines_short(title):
    content = fill(campaign=title)
    shown = " ".join(title.split())

    assert max(map(len, content.split(b"\r\n"))) <= 76
    assert shown in part(content, "plain")
    assert shown in unescape(part(content, "html"))
    assert len(read(content).keys()) == len(read(fill()).keys())


@pytest.mark.parametrize(
    ("lang", "words"), [("ko", "[인증번호 108085] 푸른 하늘"), ("en", "[Code 108085] Please confirm")]
)
def test_the_code_begins_the_subject_and_what_a_list_of_mails_shows(lang, words):
    content = fill(lang=lang, code="108085")
    assert read(content)["Subject"].startswith(words)
    shown = re.sub(
        r"<style>.*?</style>|<title>.*?</title>|<[^>]+>", " ", part(content, "html"), flags=re.DOTALL
    )
    assert re.match(r"\s*(인증번호|Code:) 108085\.", shown)


def test_a_title_is_escaped_in_html_and_plain_elsewhere():
    content = fill(campaign='Sky & "<b>sea</b>"', code="")

    assert 'Sky & "<b>sea</b>"' in part(content, "plain")
    assert "Sky &amp; &#34;&lt;b&gt;sea&lt;/b&gt;&#34;" in part(content, "html")
    assert "<b>" not in part(content, "html")
    assert read(content)["Subject"].startswith('[Sky & "<b>sea</b>"]')


HOSTILE = "<b>{x}%s&'\"\\1 {0}=41 ${name}"


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_a_value_of_ones_own_is_escaped_in_html_and_printed_as_it_is_elsewhere(lang):
    """It is filled into a text that was rendered for all."""
    content = fill(MailKind.THANKS, lang, place=HOSTILE, own=f"{HOSTILE} own")

    assert HOSTILE in read(content)["Subject"]
    assert HOSTILE in part(content, "plain")
    assert f"{HOSTILE} own" in part(content, "plain")
    assert escape(HOSTILE) in part(content, "html")
    assert f'href="{escape(HOSTILE)} own"' in part(content, "html")
    assert HOSTILE not in part(content, "html")


@pytest.mark.parametrize("name", messages.OWN)
def test_a_value_of_ones_own_is_in_no_mail_to_somebody_else(name):
    by_person = {}
    for person in ("first-person", "second-person"):
        mails = [
            fill(kind, "en", **{name: person}) for kind in (MailKind.CONFIRM, MailKind.THANKS, MailKind.NEWS)
        ]
        by_person[person] = [
            text
            for mail in mails
            for text in (read(mail)["Subject"], part(mail, "plain"), part(mail, "html"))
        ]
    assert any("first-person" in text for text in by_person["first-person"])
    replaced = [text.replace("first-person", "second-person") for text in by_person["first-person"]]
    assert replaced == by_person["second-person"]


def test_a_text_that_staff_have_changed_is_in_the_next_mail():
    assert "맑은 하늘" in part(fill(campaign="맑은 하늘"), "plain")
    assert "맑은 바다" in part(fill(campaign="맑은 바다"), "plain")


def test_a_line_break_in_a_title_begins_no_header():
    mail = read(fill(campaign="Sky\r\nBcc: everyone@example.org", code=""))

    assert mail["Bcc"] is None
    assert mail["Subject"].startswith("[Sky Bcc: everyone@example.org]")


@given(
    address=st.from_regex(r"[a-z]{1,5}@[a-z]{1,5}\.kr", fullmatch=True),
    at=st.integers(0, 12),
    bad=st.sampled_from('\r\n \t\0<>,;:"()é가\u2028'),
)
def test_an_address_with_anything_but_address_characters_is_refused(address, at, bad):
    with pytest.raises(UnsafeAddress) as refusal:
        fill(to=address[:at] + bad + address[at:])

    assert address not in str(refusal.value)


@pytest.mark.parametrize(
    "to", ["o'brien+tag@example.org", "a.b_c-d@xn--bj0bj06e.kr", f"{'x' * 64}@{'y' * 60}.org"]
)
def test_every_ordinary_address_is_mailed_as_it_is(to):
    assert read(fill(to=to))["To"] == to


# --- Words ---


@pytest.mark.parametrize("kind", ABOUT_SIGNATURES)
def test_mails_to_two_people_differ_only_in_address_date_number_and_token(app, kind):
    def constant(signature):
        content = sent(kind, "ko", signature)
        mail = read(content)
        changing = {"To", "Date", "Message-ID"}
        headers = [
            (name, re.sub(r"\b\d{6}\b", "CODE", value))
            for name, value in mail.items()
            if name not in changing
        ]
        bodies = [
            re.sub(
                r"(confirm|me)/[\w.-]+",
                r"\1/TOKEN",
                re.sub(r"\b\d{6}\b", "CODE", part(content, kind_of_part)),
            )
            for kind_of_part in ("plain", "html")
        ]
        return headers, bodies

    first = signature_for(kind, name="Zebediah Quux", email="zebediah@example.org", country="KR")
    news = kind is not MailKind.UNSUBSCRIBED  # that mail is only true for who gets none
    second = signature_for(
        kind, name="李明", email="li@example.net", country="FR", public_name=True, updates=news
    )

    assert constant(first) == constant(second)


@pytest.mark.parametrize("kind", ABOUT_SIGNATURES)
def test_no_word_of_the_form_is_in_a_mail_and_every_link_is_ours(app, kind):
    person = signature_for(kind, name="Zebediah Quux", email="zebediah@example.org", country="ZW")
    content = sent(kind, "en", person)

    content_text = read(content)["Subject"] + part(content, "plain") + part(content, "html")
    for word in ("Zebediah", "Quux", "zebediah", "Zimbabwe"):
        assert word not in content_text
    for kind_of_part in ("plain", "html"):
        links = LINK.findall(part(content, kind_of_part))
        assert links
        assert all(link.startswith(f"{settings(app.instance_path).base_url}/en/") for link in links)
    assert read(content)["To"] == "zebediah@example.org"


def test_the_mail_to_confirm_carries_a_link_and_a_code_for_exactly_this_submission(app):
    person = pending("hong@example.org")
    text = part(sent(MailKind.CONFIRM, "ko", person), "plain")

    link, not_me = LINK.findall(text)
    assert re.search(r"\d{6}", text).start() < text.index(link), "the code is the shorter way"
    token = link.rpartition("/")[2]
    assert tokens.read(Purpose.CONFIRM, token).payload == [person.id]
    assert not_me == f"{link}/not-me"
    assert tokens.code(person.id, 1) in text


def valid_until(content):
    """The moment that the text names, in UTC."""
    content_text = re.search(
        r"valid until (\d+ \w+ \d{4}, \d\d:\d\d) \(Korean time\)", part(content, "plain")
    )[1]
    assert f"valid until {content_text} (Korean time)" in part(content, "html")
    return datetime.strptime(content_text, "%d %B %Y, %H:%M").replace(tzinfo=SEOUL).astimezone(UTC)


@pytest.mark.parametrize(
    ("waited", "left"), [({"days": 0}, {"days": 7}), ({"days": 9}, {"days": 5}), ({"days": 13}, {"days": 1})]
)
def test_the_mail_to_confirm_says_until_when_link_and_code_work(app, frozen_clock, waited, left):
    person = pending("hong@example.org", code_since=time.now() + timedelta(**waited))
    frozen_clock.move(**waited)
    content = sent(MailKind.CONFIRM, "en", person)
    until = valid_until(content)

    assert abs(until - (time.now() + timedelta(**left))) < timedelta(hours=1, minutes=1)
    assert "Code: " in part(content, "plain")
    token = LINK.findall(part(content, "plain"))[0].rpartition("/")[2]
    frozen_clock.move(seconds=(until - time.now()).total_seconds() - 60)
    retention.run({}, {})
    assert not tokens.read(Purpose.CONFIRM, token).expired
    assert signing.confirm_by_code(person.id, tokens.code(person.id, 1)) is signing.Confirmation.DONE


def test_a_mail_to_confirm_that_waited_for_a_week_has_a_link_and_no_dead_code(app, frozen_clock):
    person = pending("hong@example.org")
    frozen_clock.move(days=8)
    content = sent(MailKind.CONFIRM, "en", person)

    assert "Code" not in part(content, "plain")
    assert "six-digit code" not in part(content, "html")
    assert timedelta(days=5) < valid_until(content) - time.now() <= timedelta(days=6)


def test_a_mail_to_confirm_whose_submission_is_about_to_be_deleted_is_dropped(app, frozen_clock):
    person = pending("hong@example.org")
    mail = enqueue(person)
    frozen_clock.move(days=14)

    assert deliver(Notes()).dropped == 1
    assert fate(mail).state == "dropped"


def test_already_says_since_when_in_korean_time(app):
    person = factories.signature(at=datetime(2026, 11, 23, 16, 0, tzinfo=UTC))

    assert "2026년 11월 24일" in part(sent(MailKind.ALREADY, "ko", person), "plain")
    assert "24 November 2026" in part(sent(MailKind.ALREADY, "en", person), "html")


# --- What is no longer true is not said ---


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        (MailKind.CONFIRM, "confirmed"),
        (MailKind.CONFIRM, "withdrawn"),
        (MailKind.ALREADY, "pending"),
        (MailKind.ALREADY, "withdrawn"),
        (MailKind.MANAGE, "pending"),
        (MailKind.CONFIRM, "invalidated"),
        (MailKind.INVALIDATED, "confirmed"),
        (MailKind.INVALIDATED, "withdrawn"),
    ],
)
def test_a_mail_that_no_longer_fits_the_state_is_dropped(app, kind, state):
    mail = enqueue(factories.signature(state=state), kind)

    assert deliver(Notes()).dropped == 1
    assert fate(mail).state == "dropped"


def test_a_mail_to_confirm_beside_a_counted_signature_is_not_sent(app):
    enqueue(pending("kim@example.org"))
    factories.signature(email="hong@example.org")
    enqueue(pending("hong@example.org"))

    done = deliver(Notes())

    assert (done.sent, done.dropped) == (1, 1)


@pytest.mark.parametrize("state", ["withdrawn", "invalidated"])
def test_who_is_not_counted_any_more_still_gets_the_link_to_the_own_page(app, state):
    enqueue(factories.signature(state=state), MailKind.MANAGE)

    assert deliver(Notes()).sent == 1


def test_who_signs_again_after_an_invalidation_is_told_the_truth_and_where_to_object(app):
    person = factories.signature(state="invalidated")
    content_text = part(sent(MailKind.ALREADY, "en", person), "plain")
    assert "taken out of the count" in content_text
    assert "If we are mistaken" in content_text
    (link,) = LINK.findall(content_text)
    assert tokens.read(Purpose.MANAGE, link.rpartition("/")[2]).payload == [person.id]


def test_the_mail_to_somebody_who_went_on_without_proof_of_work_has_a_code_and_no_link(app):
    person = pending("hong@example.org", signals="network unproved")
    content = sent(MailKind.CONFIRM, "ko", person)
    for kind in ("plain", "html"):
        assert tokens.code(person.id, 1) in part(content, kind)
        assert not LINK.findall(part(content, kind))
        assert "/confirm/" not in part(content, kind)


def test_who_went_on_without_proof_of_work_gets_no_reminder_and_no_dead_code(app, frozen_clock):
    person = pending("hong@example.org", signals="unproved")
    reminder, late = enqueue(person, MailKind.REMINDER), enqueue(person, seq=2)
    frozen_clock.move(days=8)
    assert deliver(Notes()).dropped == 2
    assert {fate(reminder).state, fate(late).state} == {"dropped"}
