"""The desk, its charts and the switches in a browser."""

import re
from datetime import timedelta
from functools import partial

import pytest
from playwright.sync_api import expect
from sqlalchemy import insert

from pledge.audit.models import Actor
from pledge.audit.services import note
from pledge.core import clock
from pledge.core.db import db
from pledge.mail.models import OutboxMail
from pledge.switches import moderation
from tests.browser.steps import reload_until, staff_page
from tests.support.browser import LOOKS, Visitor, look_faults
from tests.support.factories import SLUG, endorsement, fold_all, signature
from tests.support.site import Site

MODERATOR = Actor(7, "moderator.with.a.rather.long.address@secretariat.pledge.example", "2001:db8:1:2::/64")
PROVIDERS = ("naver", "kakao", "gmail", "other")
PAGES = (
    "/staff/",
    "/staff/numbers?by=week&within=week",
    "/staff/audit",
    "/staff/audit?since=2026-11-30&until=2026-11-01",
    "/staff/audit?actor=nobody",
    "/staff/switches",
    "/staff/mail",
)


@pytest.fixture(scope="module")
def desk_site(new_database, worker_folder):
    """A site of its own with some weeks behind it: these tests pause it."""
    site = Site(worker_folder / "desk", new_database("sqlite", "desk"))
    try:
        site.start()
        with site.inside():
            fill()
        yield site
    finally:
        site.stop()


def fill() -> None:
    now = clock.now()
    for days in reversed(range(25)):
        for number in range(days % 5 + 1):
            person = signature(at=now - timedelta(days=days, minutes=9), mail_provider=PROVIDERS[number % 4])
            enqueue(person.id, "sent", now - timedelta(days=days, minutes=10))
    signature(state="withdrawn", at=now - timedelta(hours=1))
    endorsement(state="review")
    endorsement(state="published")
    for error in ("550 5.1.1", "timeout", None):
        enqueue(1, "dead", now - timedelta(days=4), last_error=error)
    fold_all()
    note(
        MODERATOR,
        "endorsement.publish",
        "endorsement:8123456789012345678",
        reason="등록증을 확인했습니다 " * 8,
        level="site",
    )
    moderation.turn(MODERATOR, "limits", 5, "a hall of people in Sejong")


def enqueue(subject: int, state: str, at, **facts) -> None:
    values = {"kind": "confirm", "subject_id": subject, "seq": 1, "lang": "ko", "state": state, "attempts": 3}
    with db.engine.begin() as connection:
        connection.execute(insert(OutboxMail).values(**values, created_at=at, due_at=at, **facts))


@pytest.fixture
def visitor(chromium, desk_site):
    person = Visitor(chromium, desk_site.url)
    yield person
    person.close()


@pytest.fixture
def admin(visitor, desk_site):
    """`admin("ko")`: a window of an administrator."""
    return partial(staff_page, visitor, desk_site, "admin")


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_no_page_shuts_anybody_out(admin, lang):
    page, found = admin(lang), []
    for address in PAGES:
        page.goto(address)
        for closed in page.locator("main details").all():
            closed.evaluate("details => details.open = true")
        found += look_faults(page, LOOKS[lang])
    assert not found, "\n" + "\n".join(found)


def test_the_charts_tell_their_numbers_in_words_and_in_a_table(admin):
    page = admin("en")
    page.goto("/staff/numbers")
    expect(page.get_by_role("img", name=re.compile("^Signers"))).to_be_visible()
    expect(page.get_by_role("img", name=re.compile("^Organisations"))).to_be_visible()
    lines = [
        chart.evaluate("chart => getComputedStyle(chart).strokeDasharray")
        for chart in page.locator(".chart__line").all()
    ]
    assert lines[0] == "none"
    assert lines[1] != "none"
    page.get_by_text("The same numbers in a table").first.click()
    total = page.locator(".figure__number").first.inner_text()
    expect(page.locator(".growth table").first.locator("tbody tr").first.locator("td").last).to_have_text(
        total
    )
    page.get_by_role("link", name="By week").click()
    expect(page.locator("th", has_text="Week from").first).to_be_attached()


@pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "without"])
def test_signing_is_paused_and_taken_up_again_in_front_of_a_visitor(admin, visitor, javascript):
    page = admin("en", javascript=javascript)
    onlooker = visitor.page(lang="ko")
    onlooker.goto(f"/ko/c/{SLUG}")
    expect(onlooker.locator("#email")).to_be_visible()

    page.goto("/staff/switches")
    page.get_by_role("button", name="Pause signing").click()
    expect(page.locator("#signing-reason-error")).to_be_visible()
    page.locator("#signing-reason").fill("a flood from one network")
    page.get_by_role("button", name="Pause signing").click()
    expect(page.get_by_role("button", name="Take signatures again")).to_be_visible()
    expect(page.get_by_text("a flood from one network").first).to_be_visible()

    reload_until(onlooker, onlooker.get_by_text("서명을 잠시 멈췄습니다"))
    assert onlooker.locator("#email").count() == 0
    assert not look_faults(onlooker)

    page.locator("#signing-reason").fill("it is over")
    page.get_by_role("button", name="Take signatures again").click()
    reload_until(onlooker, onlooker.locator("#email"))


def test_a_banner_reaches_visitors_in_their_language(admin, visitor):
    page = admin("ko")
    page.goto("/staff/switches")
    page.locator("#banner-text_ko").fill("오늘 밤 10시부터 점검합니다 <b>!</b>")
    page.locator("#banner-text_en").fill("Upkeep from ten tonight")
    page.locator("#banner-reason").fill("정기 점검")
    page.get_by_role("button", name="배너 저장").click()
    for lang, words in (("ko", "오늘 밤 10시부터 점검합니다 <b>!</b>"), ("en", "Upkeep from ten tonight")):
        onlooker = visitor.page(lang=lang)
        onlooker.goto(f"/{lang}/c/{SLUG}")
        reload_until(onlooker, onlooker.get_by_text(words))
        expect(onlooker.locator(".banner")).to_have_text(words)
        banner, header = (onlooker.locator(name).bounding_box() for name in (".banner", ".site-header"))
        assert header["y"] >= banner["y"] + banner["height"], "the header lies over the banner"
        assert not look_faults(onlooker)
    for field in ("#banner-text_ko", "#banner-text_en"):
        page.locator(field).fill("")
    page.locator("#banner-reason").fill("끝났습니다")
    page.get_by_role("button", name="배너 저장").click()
    expect(page.locator("#banner-text_ko")).to_have_value("")
