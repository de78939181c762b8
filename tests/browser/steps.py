"""What people do on the site, step by step, for the tests of this folder. Fields are found by their names in the contract."""

import re
from dataclasses import dataclass
from itertools import count
from typing import Any

from playwright.sync_api import Locator, Page, expect

from pledge.core.i18n import format_ordinal
from tests.support.browser import DESK, Visitor, wait_for_modules
from tests.support.site import Site
from tests.support.staff import sign_in
from tests.support.waiting import wait_until

CAMPAIGN = "c/blue-skies"
_people = count(1)


@dataclass(frozen=True)
class Mailed:
    """The mail to confirm, as a person reads it."""

    subject: str
    text: str
    link: str
    not_me: str
    code: str


def new_address() -> str:
    return f"visitor{next(_people)}@example.org"


def press(page: Page, button: str | Locator) -> None:
    """Press what leads to another page, and wait until it is there."""
    with page.expect_navigation():
        (page.locator(button) if isinstance(button, str) else button).click()


def reload_until(page: Page, shown: Locator) -> None:
    """Load the page again until that is on it."""

    def is_shown() -> bool:
        if shown.count():
            return True
        page.wait_for_timeout(200)
        page.reload()
        return False

    wait_until(is_shown, f"never: {shown}")


MAX_STOPS = 80

FOCUS_IS_SEEN = """() => {
    const element = document.activeElement;
    if (element.matches("video:not(:focus)")) return true;  // a control of the browser's own, which marks it itself
    const style = getComputedStyle(element);
    const box = element.getBoundingClientRect();
    const ring = (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2) || style.boxShadow !== "none";
    return ring && box.width > 0 && box.height > 0 && box.bottom > 0 && box.top < innerHeight;
}"""


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until the element has the focus; wherever one passes, the focus must be seen."""
    for _ in range(MAX_STOPS):
        page.keyboard.press("Tab")
        assert page.evaluate(FOCUS_IS_SEEN), (
            f"focus is not seen on {page.evaluate('document.activeElement.outerHTML.slice(0, 200)')}"
        )
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"Tab never reaches {selector} on {page.url}")


# --- Signing ---


def fill_form(page: Page, email: str, *, name: str = "홍길동", **ticks: bool) -> None:
    """All that is asked for; `updates=True` ticks an optional box, `age_ok=False` leaves one of the required out."""
    form = sign_form(page)
    form.locator("#name").fill(name)
    form.locator("#email").fill(email)
    for box, wanted in {"age_ok": True, "consent_privacy": True, **ticks}.items():
        unfold(form, box)
        form.locator(f"#{box}").set_checked(wanted)


def unfold(form: Locator, box: str) -> None:
    """Open what a tick box is folded in, if it is."""
    folded = form.locator("details:not([open])").filter(has=form.page.locator(f"#{box}"))
    if folded.count():
        folded.locator("summary").click()


def sign(page: Page, lang: str, email: str, **details: bool | str) -> None:
    """From the campaign's page to "check your mail"; with JavaScript the ticket leaves the address there."""
    page.goto(f"/{lang}/{CAMPAIGN}")
    fill_form(page, email, **details)
    sign_button(page).click()
    expect(page).to_have_url(re.compile(rf"/{lang}/{CAMPAIGN}/check(/|$)"))


def sign_form(page: Page) -> Locator:
    return page.locator("#sign-form")


def sign_button(page: Page) -> Locator:
    return sign_form(page).locator("button[type=submit]")


# --- Staff ---


def staff_page(visitor: Visitor, site: Site, role: str, lang: str = "en", **window: Any) -> Page:
    """The window of somebody with this role who has just signed in; another person each time."""
    page = visitor.page(lang=lang, size=DESK, **window)
    sign_in(page, site, role, lang=lang)
    return page


# --- Organisations ---


def fill_organization(page: Page, domain: str, **changes: str) -> None:
    """The form of an organisation with a website at this domain."""
    fields = {
        "name_ko": f"하늘 {domain.partition('.')[0]}",
        "name_en": f"Sky {domain.partition('.')[0]}",
        "website": f"https://{domain}",
        "target_year": "2050",
        "statement_en": "We walk along.",
        "contact_name": "Kim Haneul",
        "contact_title": "Director",
        "email": f"sky@{domain}",
        **changes,
    }
    for summary in page.locator("#endorse-form summary").all():
        summary.click()
    for field, value in fields.items():
        page.locator(f"#{field}").fill(value)
    page.locator("#type").select_option("civil")
    for box in ("authority_ok", "consent_organization", "consent_person"):
        page.locator(f"#{box}").check()


def organization_link(site: Site, address: str, kind: str, count: int = 1) -> str:
    """That to "confirm" or to its own page ("me"), in the newest of so many mails."""
    return first(
        rf"https?://\S+/endorse/{kind}/[^/\s]+(?=\s)", site.wait_for_mail(address, count=count)["text"]
    )


# --- The mail ---


def mailed(site: Site, email: str, *, count: int = 1) -> Mailed:
    """The newest mail to confirm, once there are `count` of them."""
    mail = site.wait_for_mail(email, count=count)
    text = mail["text"]
    return Mailed(
        subject=mail["subject"],
        text=text,
        link=first(r"https?://\S+/confirm/[^/\s]+(?=\s)", text),
        not_me=first(r"https?://\S+/confirm/[^/\s]+/not-me", text),
        code=first(r"(?<!\d)\d{6}(?!\d)", re.sub(r"https?://\S+", "", text)),
    )


def first(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    assert match, f"nothing like {pattern} in:\n{text}"
    return match.group()


# --- Confirming ---


def confirm_button(page: Page) -> Locator:
    """The one on the page of the mailed link."""
    return page.locator("main form[method=post][action*='/confirm/'] button")


def confirm(page: Page, mail: Mailed) -> None:
    page.goto(mail.link)
    page.wait_for_load_state("networkidle")  # its script keeps the key of who presses
    confirm_button(page).click()
    expect_thanks(page)


def expect_thanks(page: Page) -> None:
    """The page after confirming, which has no token in its address."""
    expect(page).to_have_url(re.compile(rf"/{CAMPAIGN}(/endorse)?/thanks$"))


def enter_code(page: Page, code: str, *, javascript: bool = True) -> None:
    """With JavaScript the sixth digit sends the form."""
    if javascript:
        wait_for_modules(page)
    page.locator("#code").fill(code)
    if not javascript:
        page.locator("form", has=page.locator("#code")).locator("button").click()


def sign_and_confirm(page: Page, site: Site, lang: str = "en", email: str = "", **details: bool | str) -> str:
    """All the way; returns the address that was used."""
    email = email or new_address()
    sign(page, lang, email, **details)
    confirm(page, mailed(site, email))
    return email


def own_page(page: Page) -> None:
    """From the page with the thanks to one's own page."""
    page.locator("main .action__row > a[href*='/me/']").click()
    expect(page.locator("#stored-title")).to_be_visible()


def own_page_by_mail(page: Page, site: Site, email: str) -> None:
    """The way without JavaScript, by the form that mails the link."""
    forget_mail_pauses(site)
    count = len(site.mails(email)) + 1
    page.goto(first(r".*/(?:ko|en)/", page.url) + "me")
    page.locator("#email").fill(email)
    campaigns = page.locator("select[name=campaign]")
    if campaigns.count():  # other tests have opened some
        campaigns.select_option("blue-skies")
    page.locator("main form button").click()
    page.goto(first(r"https?://\S+/me/[^/\s]+(?=\s)", site.wait_for_mail(email, count=count)["text"]))
    expect(page.locator("#stored-title")).to_be_visible()


# --- The number ---


def people(site: Site) -> int:
    """What the ledger says, once nothing waits to be folded."""
    unfolded = "SELECT count(*) FROM ledger_entries WHERE number IS NULL"
    with site.database() as database:
        wait_until(lambda: database.execute(unfolded).fetchone() == (0,), "the ledger is not folded")
        row = database.execute("SELECT people FROM ledger_heads").fetchone()
    return int(row[0]) if row else 0


def forget_mail_pauses(site: Site) -> None:
    """As if ten minutes had passed: an address gets one mail in that time."""
    with site.database() as database:
        database.execute("DELETE FROM mail_allowances")


def rows(site: Site, table: str) -> int:
    """How many there are, once the worker has answered all forms, those of the test before too."""
    unanswered = "SELECT count(*) FROM mail_requests"
    with site.database() as database:
        wait_until(lambda: database.execute(unanswered).fetchone() == (0,), "a form is not answered")
        return int(database.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def shown_number(page: Page) -> Locator:
    return page.locator("[data-count]")


def watch(page: Page, site: Site, lang: str = "en") -> int:
    """Open the campaign's page and wait until it shows what the ledger says; that number."""
    page.goto(f"/{lang}/{CAMPAIGN}")
    now = people(site)
    expect(shown_number(page)).to_have_text(f"{now:,}")
    return now


def expect_own_number(page: Page, lang: str, number: int) -> None:
    """The page says which one the person is."""
    expect(page.locator(".number__value")).to_have_text(format_ordinal(number, lang))


def expect_number(page: Page, number: int) -> None:
    """The open page shows the number, without being loaded again."""
    expect(shown_number(page)).to_have_text(f"{number:,}")
