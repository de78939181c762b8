"""The way into the staff area: invitation, password, passkey, recovery codes, and what its pages look like."""

import re
from dataclasses import dataclass
from itertools import count

import pytest
from passlib.totp import TOTP
from playwright.sync_api import expect

from tests.browser.steps import press
from tests.support.browser import LOOKS, Visitor, assert_looks_right

PASSWORD = "three green herons waited"
_people = count(1)


@dataclass
class Invited:
    email: str
    link: str


@pytest.fixture
def invited(site):
    """Somebody who has the mail with the link."""
    email = f"crew{next(_people)}@example.org"
    site.flask("staff", "create", email, "--role", "admin", "--lang", "en")
    mail = site.wait_for_mail(email)
    return Invited(email, re.search(r"http://\S+/staff/invitation/\S+", mail["text"])[0])


def choose_password(page, link):
    page.goto(link)
    page.locator("#password").fill(PASSWORD)
    page.locator("#again").fill(PASSWORD)
    page.locator("main button[type=submit]").click()
    expect(page).to_have_url(re.compile("/staff/enrol$"))


def bind_app(page):
    """Set up an authenticator as a person does."""
    page.locator("a[href$='/staff/account/authenticator']").click()
    app = TOTP(page.locator(".authenticator__key").inner_text())
    page.locator("#code").fill(app.generate().token)
    page.locator("main button[type=submit]").click()
    expect(page).to_have_url(re.compile("/staff/account/recovery-codes$"))


def keep_codes(page):
    page.locator("main button[type=submit]").click()
    expect(page.locator(".recovery-codes li")).to_have_count(10)


def type_password(page, email):
    page.goto("/staff/")
    page.locator("#email").fill(email)
    page.locator("#password").fill(PASSWORD)
    page.locator("form:has(#password) button[type=submit]").click()


def signed_in_page(page):
    page.goto("/staff/account")
    expect(page.locator("#sessions-title")).to_be_visible()


# --- Passkeys ---


@pytest.fixture
def on_localhost(chromium, site):
    """A browser that knows the site as localhost: an IP address is no name that a passkey can be bound to."""
    person = Visitor(chromium, site.url.replace("127.0.0.1", "localhost"))
    yield person
    person.close()


def authenticator(page):
    """A virtual device with a user who is present and verified; gives its driver and number."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    added = devtools.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
    return devtools, added["authenticatorId"]


def name_passkey(page, invited):
    """From the invitation to the form for a passkey, which is not sent yet."""
    choose_password(page, invited.link.replace("127.0.0.1", "localhost"))
    page.get_by_role("link", name="Add a passkey").click()
    page.locator("#name").fill("My laptop")


@pytest.mark.journey
def test_a_passkey_is_the_second_factor_and_signs_in_alone(on_localhost, invited):
    page = on_localhost.page(lang="en")
    authenticator(page)
    name_passkey(page, invited)
    page.locator("main button[type=submit]").click()
    expect(page).to_have_url(re.compile("/staff/account/recovery-codes$"))
    keep_codes(page)
    go_on = page.get_by_role("button", name="Continue")
    go_on.click()
    expect(page).to_have_url(re.compile("/staff/account/recovery-codes$"))  # the codes are kept first
    page.get_by_label("I have saved, printed or written down the codes.").check()
    press(page, go_on)
    signed_in_page(page)
    expect(page.locator(".factors")).to_contain_text("My laptop")
    page.locator("button", has_text="Sign out").click()

    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page).to_have_url(re.compile("/staff/$"))
    signed_in_page(page)
    page.locator("button", has_text="Sign out").click()

    # With the password the passkey is asked for as well: it is this account's only second factor.
    type_password(page, invited.email)
    expect(page).to_have_url(re.compile("/staff/sign-in/passkey"))
    page.get_by_role("button", name="Use a passkey").click()
    expect(page).to_have_url(re.compile("/staff/$"))


# --- For everybody ---


def pages_of_the_way_in(page, invited):
    """Each page that somebody sees on the way in, shown one after the other."""
    page.goto("/staff/sign-in")
    yield "sign-in"
    page.locator("form:has(#password) button[type=submit]").click()
    yield "sign-in with errors"
    page.goto("/staff/sign-in/passkey")
    yield "passkey"
    page.goto(invited.link)
    yield "invitation"
    page.locator("main button[type=submit]").click()
    yield "invitation with errors"
    choose_password(page, invited.link)
    yield "enrol"
    page.goto("/staff/account/passkeys/new")
    yield "new passkey"
    page.goto("/staff/account/authenticator")
    yield "authenticator"
    page.locator("main button[type=submit]").click()
    yield "authenticator with errors"
    page.goto("/staff/enrol")
    bind_app(page)
    yield "recovery codes"
    keep_codes(page)
    yield "recovery codes shown"
    for path in ("account", "account/password", "verify", "people"):
        page.goto(f"/staff/{path}")
        yield path
    page.evaluate("document.querySelector('#invite').open = true")
    page.locator("#invite button[type=submit]").click()
    yield "people with errors"
    page.goto("/staff/people")
    page.get_by_role("link", name=invited.email).click()
    yield "person"
    page.locator("button", has_text=re.compile("Sign out|로그아웃")).click()
    page.goto(invited.link)
    yield "invitation over"
    type_password(page, invited.email)
    expect(page.locator("#code")).to_be_focused()
    yield "code"
    page.locator("main button[type=submit]").click()
    yield "code with errors"
    page.goto("/staff/sign-in/recovery")
    yield "recovery"


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_no_page_of_the_way_in_shuts_anybody_out(visitor, site, lang):
    email = f"crew{next(_people)}@example.org"
    link = site.flask("staff", "create", email, "--role", "admin", "--lang", lang).strip()
    page = visitor.page(lang=lang)
    for name in pages_of_the_way_in(page, Invited(email, link)):
        assert page.locator("html").get_attribute("lang") == lang, name
        assert_looks_right(page, LOOKS[lang])
