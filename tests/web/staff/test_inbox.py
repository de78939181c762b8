"""The inbox: what waits, and who sees a way on."""

import re

import pytest
from sqlalchemy import update

from pledge.audit.models import Actor
from pledge.core import clock
from pledge.core.db import transaction
from pledge.mail.models import MailState, OutboxMail
from pledge.signatures.invalidation import services as invalidations
from pledge.signatures.invalidation.models import Condition, InvalidationAct, InvalidationReason
from pledge.signatures.origins import domain_hash
from pledge.switches import services as switches
from tests.support import news
from tests.support.factories import (
    ANNA,
    campaign,
    crowd,
    endorsement,
    fold_all,
    plant_entry,
    signature,
    signatures,
    staff,
    the_campaign,
)
from tests.support.mails import enqueue

ADMIN = Actor(1, "admin@pledge.example", "")


@pytest.mark.parametrize(("minutes", "message"), [(0, None), (75, "1 hour 15 minutes")])
def test_the_inbox_says_for_how_long_nobody_was_counted_and_what_to_look_at(
    staff_client, frozen_clock, minutes, message
):
    signature(at=frozen_clock.now())
    frozen_clock.move(minutes=minutes)
    page = staff_client("moderator", lang="en").get("/staff/").text
    assert ("Check that the worker is running." in page) == (message is not None)
    if message:
        assert f"{message} behind" in page


def test_what_waits_has_its_campaign_its_age_and_one_press_to_begin(staff_client):
    endorsement(state="review")
    page = staff_client("moderator", lang="en").get("/staff/").text
    assert "New organisations" in page
    assert "for 1 hour" in page
    case = staff_client("moderator").get("/staff/organizations/next?campaign=blue-skies&kind=organizations")
    assert re.fullmatch(r"/staff/organizations/\d+", case.location)
    assert "/staff/organizations" not in staff_client("editor", lang="en").get("/staff/").text


def test_an_act_about_signatures_is_named_with_its_size_and_number(staff_client):
    signatures(2, state="held")
    crowd(60, domain="robots.example")
    everybody = Condition(signed_until=clock.now())
    release = invalidations.propose(ANNA, everybody, None, "a school", act=InvalidationAct.RELEASE)
    robots = Condition(domain_hash=domain_hash("blue-skies", "robots.example"))
    taking_out = invalidations.propose(ANNA, robots, InvalidationReason.AUTOMATED, "a wave")
    page = staff_client("moderator", lang="ko").get("/staff/").text
    assert "보류된 서명 · 2건" in page
    assert f"보류 해제 승인 요청 · 2건</strong> · 제{release}호" in page
    assert f"무효 처리 승인 요청 · 60건</strong> · 제{taking_out}호" in page


def test_held_signatures_are_told_with_the_number_of_domains_of_which_there_are_too_many(staff_client):
    for domain, reason in (("one.kr", "size"), ("one.kr", "size"), ("two.kr", "size"), ("three.kr", "speed")):
        signature(state="held", hold_reason=reason, domain_hash=domain_hash("blue-skies", domain))
    page = staff_client("moderator", lang="en").get("/staff/").text
    assert "Held signatures · 4" in page
    assert "many at 2 e-mail domains" in page


def test_chips_show_one_kind_or_one_campaign(staff_client):
    endorsement(state="review")
    signature(campaign("other"), state="held")
    moderator = staff_client("moderator", lang="en")
    held = moderator.get("/staff/?kind=held").text
    assert ("/staff/watch?" in held, "/staff/organizations/next" in held) == (True, False)
    other = moderator.get("/staff/?campaign=other").text
    assert ("/staff/watch?" in other, "/staff/organizations/next" in other) == (True, False)
    assert moderator.get("/staff/?kind=nothing").status_code == 404


def test_who_may_not_decide_sees_who_can(staff_client):
    of = the_campaign()
    editor = staff_client("editor", lang="en")
    news.proposed(of, by=Actor(editor.member.id, editor.member.email, ""))
    assert "Nobody can decide it yet" in editor.get("/staff/").text
    staff("editor", name="Han Byeol")
    assert "Can be decided by: Han Byeol" in editor.get("/staff/").text


def test_an_empty_site_says_what_to_do_first(staff_client):
    page = staff_client("admin", lang="en").get("/staff/").text
    assert 'href="/staff/people"' in page
    assert 'href="/staff/campaigns#new-title"' in page
    assert "Invite somebody" not in staff_client("moderator", lang="en").get("/staff/").text


def test_an_editor_for_whom_nothing_waits_is_led_to_the_campaigns_and_the_numbers(staff_client):
    campaign()
    waiting = staff_client("editor", lang="en").get("/staff/").text.partition("Waiting for you")[2]
    waiting = waiting.partition("How the site is doing")[0]
    assert "You can improve the page of a campaign, or write news." in waiting
    assert 'href="/staff/campaigns"' in waiting
    assert 'href="/staff/numbers"' in waiting
    assert "You could" not in staff_client("moderator", lang="en").get("/staff/").text


def test_mails_that_nobody_got_are_counted_as_mails(staff_client):
    for _ in range(3):
        enqueue()
    with transaction() as session:
        session.execute(update(OutboxMail).values(state=MailState.DEAD))
    assert "보내지 못한 메일 · 3통" in staff_client("admin", lang="ko").get("/staff/").text


def test_a_turned_switch_is_named_and_those_who_may_are_led_to_it(staff_client):
    the_campaign()
    switches.turn(ADMIN, "signing", True, "attack")
    admin, editor = (staff_client(role, lang="en").get("/staff/").text for role in ("admin", "editor"))
    assert "signing is paused" in editor
    assert ('<a href="/staff/switches">not' in admin, '<a href="/staff/switches">not' in editor) == (
        True,
        False,
    )


def test_the_inbox_names_entries_that_nothing_stands_behind(staff_client):
    message = "Log entries set aside"
    signature()
    fold_all()
    client = staff_client("moderator", lang="en")
    assert message not in client.get("/staff/").text
    plant_entry()
    fold_all()
    page = client.get("/staff/").text
    assert message in page
    assert ": 1 <span" in page
    assert "flask ledger verify" in page


@pytest.mark.parametrize("role", ["viewer", "auditor"])
def test_whoever_decides_nothing_lands_on_the_numbers(staff_client, role):
    person = staff_client(role, lang="en")
    assert person.get("/staff/").location == "/staff/numbers"
    assert ">Inbox<" not in person.get("/staff/numbers").text


def test_the_menu_of_every_page_says_how_much_waits(staff_client):
    moderator = staff_client("moderator", lang="ko")
    assert "staff-header__number" not in moderator.get("/staff/numbers").text
    endorsement(state="review")
    signature(state="held")
    page = moderator.get("/staff/numbers").text
    assert re.search(
        r'할 일 <span class="staff-header__number">2<span class="visually-hidden"> 건 대기 중<', page
    )


@pytest.mark.parametrize(
    ("days", "mark"),
    [
        (0.5, ""),
        (1, ' class="tag tag--warning">for 1 day · more than a day'),
        (4, ' class="tag tag--danger">for 4 days · waits too long'),
    ],
)
def test_what_waits_long_is_marked_in_words_and_colour(staff_client, frozen_clock, days, mark):
    signature(state="held", at=frozen_clock.now())
    frozen_clock.move(days=days)
    page = staff_client("moderator", lang="en").get("/staff/").text
    assert mark in page
    assert ("tag tag--" in page) == bool(mark)
