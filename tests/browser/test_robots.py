"""Four robots that open somebody's mail and its page: none confirms where the mail server belongs to a scanner, and people
are asked nowhere else.
"""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from pledge.core.db import db
from pledge.mail.addresses import address_hash, parse
from pledge.signatures.models import Signature
from tests.browser.steps import (
    Mailed,
    confirm,
    confirm_button,
    enter_code,
    expect_thanks,
    first,
    mailed,
    new_address,
    people,
    press,
    rows,
    sign,
)
from tests.support.factories import scanned

DOMAIN = "scanned.example"  # its own: all hosts of a domain count as one

#: How often a script presses behind one link, on the pages that follow too.
PRESSES = 3

#: A script of the page itself: what DevTools evaluates would count as a person's gesture.
AS_LOADED = """addEventListener('load', () => setTimeout(() => {
    const pressed = Number(sessionStorage.pressed ?? 0);
    if (pressed === %d || !document.querySelector('main button')) return;
    sessionStorage.pressed = pressed + 1;
    %s
}))"""
SUBMIT = "document.forms[0].submit();"
CLICK = "for (const button of document.querySelectorAll('main button')) button.click();"


@pytest.fixture
def scanned_email(site):
    with site.inside():
        scanned(DOMAIN)
    return new_address().replace("example.org", DOMAIN)


def submits(page: Page, mail: Mailed) -> None:
    """A script of its sends the first form of each page."""
    run_in_page(page, mail, SUBMIT)


def clicks(page: Page, mail: Mailed) -> None:
    """A script of its clicks all buttons."""
    run_in_page(page, mail, CLICK)


def run_in_page(page: Page, mail: Mailed, act: str) -> None:
    for link in (mail.link, mail.not_me):
        window = page.context.new_page()
        sent = []
        window.on("request", lambda request, sent=sent: sent.append(request.method == "POST"))
        window.add_init_script(AS_LOADED % (PRESSES, act))
        window.goto(link)
        while sum(sent) < PRESSES:  # asking the page would be a gesture too
            window.wait_for_event("request")
        window.wait_for_load_state("networkidle")
        window.close()


def presses(page: Page, mail: Mailed) -> None:
    """Drives the browser: presses every button there is, as a hand would, on this page and on those behind it."""
    for link in (mail.link, f"{mail.link}?asked=1", mail.not_me):
        page.goto(link)
        for number in range(page.locator("main button").count()):
            page.goto(link)
            page.evaluate("for (const more of document.querySelectorAll('details')) more.open = true")
            press(page, page.locator("main button").nth(number))


def fills_in(page: Page, mail: Mailed) -> None:
    """Types every number of the mail and of the page into every field, and presses."""
    for link in (mail.link, mail.not_me):
        page.goto(link)
        text = mail.text + page.locator("body").inner_text()
        for digits in dict.fromkeys(re.findall(r"(?<!\d)(?:\d{6}|\d\d)(?!\d)", text)):
            page.goto(link)
            for field in page.locator("main input:visible").all():
                field.fill(digits)
            press(page, page.locator("main button").first)


ROBOTS = [submits, clicks, presses, fills_in]


def stored(site, email: str) -> Signature:
    """The one sign-up of this address."""
    with site.inside():
        return db.session.query(Signature).filter_by(address_hash=address_hash(parse(email))).one()


def newest_code(site, email: str) -> str:
    """The six digits of the newest mail, also of one that was asked for a moment ago."""
    rows(site, "signatures")
    return first(r"(?<!\d)\d{6}(?!\d)", site.wait_for_mail(email, count=stored(site, email).mails)["subject"])


@pytest.mark.parametrize("robot", ROBOTS, ids=lambda robot: robot.__name__)
def test_no_robot_confirms_or_deletes_where_a_scanner_reads_the_mail_and_the_person_still_can(
    visitor, site, scanned_email, robot: Callable[[Page, Mailed], None]
):
    before = people(site)
    page = visitor.page(lang="en")
    email, digits, mail = sign_until_not_in_the_mail(page, site, scanned_email)
    robot(visitor.page(lang="en"), mail)
    assert (people(site), stored(site, email).state) == (before, "pending")

    if robot is fills_in:  # it has used up the three chances of the number, and may have asked for a code
        enter_code(page, newest_code(site, email))
    else:
        page.goto(mail.link)
        page.locator("#number").fill(digits)
        press(page, confirm_button(page).first)
    expect_thanks(page)
    assert people(site) == before + 1


def shown_digits(page: Page) -> str:
    """Of the waiting page, once it was told them."""
    place = page.locator("[data-match-number]")
    expect(place).to_have_text(re.compile(r"^\d\d$"))
    return place.text_content() or ""


def sign_until_not_in_the_mail(page: Page, site, email: str) -> tuple[str, str, Mailed]:
    """Sign, anew where the mail or the page has the two digits by chance, such as in a date: three times in ninety it does."""
    for number in range(20):
        address = email.replace("@", f"-{number}@")
        sign(page, "en", address)
        digits = shown_digits(page)
        mail = mailed(site, address)
        words = mail.text + re.sub(r"<[^>]*>", " ", page.request.get(mail.link).text())
        if digits not in re.findall(r"(?<!\d)\d\d(?!\d)", words):
            return address, digits, mail
    raise AssertionError("the digits are always there")


@pytest.mark.journey
@pytest.mark.parametrize("robot", [submits, clicks], ids=lambda robot: robot.__name__)
def test_a_script_in_a_page_confirms_nowhere(visitor, site, email, robot):
    before = people(site)
    sign(visitor.page(lang="en"), "en", email)
    mail = mailed(site, email)
    robot(visitor.page(lang="en"), mail)
    assert (people(site), stored(site, email).state) == (before, "pending")
    confirm(visitor.page(lang="en"), mail)
    assert people(site) == before + 1
