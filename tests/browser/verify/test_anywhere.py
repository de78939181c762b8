"""The page that counts any site, opened from a disk: against an honest site, and against one that lies."""

import re

import pytest
from playwright.sync_api import expect

from pledge.campaigns.queries import published_slugs
from pledge.ledger.log import sign_missing_checkpoints
from tests.browser.verify.conftest import FILE
from tests.browser.verify.handing_in import ADDRESS
from tests.browser.verify.test_receipts import fork
from tests.browser.verify.test_recount import API, SAID, lie, showing
from tests.support import packs
from tests.support.browser import LOOKS, assert_looks_right
from tests.support.factories import SLUG, campaign


def count(page, address):
    page.locator("#address").fill(address)
    page.locator("#count button").click()
    verdict = page.locator(".verdict")
    expect(verdict).to_be_visible()
    return verdict


def check(page, site, content, **fields):
    page.locator("#address").fill(site.url)
    page.locator("#text").fill(content.decode())
    page.locator("#email").fill(fields.get("email", ""))
    page.locator("#check button").click()
    return page.locator(".verdict")


@pytest.mark.journey
def test_any_address_of_a_campaign_leads_to_its_log(anywhere, site, honest):
    for address in (honest, f"{site.url}/log/{SLUG}", f"{honest}/progress"):
        verdict = count(anywhere, address)
        expect(verdict).to_contain_text("Right")
        expect(verdict).to_contain_text(
            re.compile(r"\d+ lines of the log, .* People: \d+; organisations: \d+")
        )
        expect(verdict).to_contain_text("word for word")
    expect(verdict).to_contain_text("that this browser remembered")
    expect(verdict).to_contain_text("saw before are the beginning of today’s log")
    anywhere.reload()
    expect(anywhere.locator("#logs")).to_contain_text(f"/log/{SLUG}")
    anywhere.locator("#logs button").click()
    expect(count(anywhere, honest)).to_contain_text("sees the log for the first time")


def test_the_address_of_a_site_leads_to_its_campaigns(anywhere, site):
    with site.inside():
        campaign("second")
        sign_missing_checkpoints(published_slugs)
    expect(count(anywhere, site.url)).to_contain_text("Choose the campaign")
    anywhere.locator("#campaign").select_option(SLUG)
    anywhere.locator("#count button").click()
    expect(anywhere.locator(".verdict.right")).to_contain_text(f"/log/{SLUG}")


@pytest.mark.parametrize(
    ("address", "change", "name", "words"),
    [
        (f"{API}/count", showing(people=1004), "shown", "Number for programs (count): 1,004 people"),
        (f"{API}/integrity", showing(confirmed=1004), "shown", "(integrity): 1,00"),
        (
            f"{API}/count",
            lambda text: text.replace("{", '{"people": 7, ', 1),
            None,
            "no number could be read",
        ),
        (f"**/en/c/{SLUG}/pledge/1.md", lambda _: "We pledge nothing.", "pledge", "with other words"),
        (f"{API}/statements", showing(statements=[SAID]), "statement", "entry 0 of the log"),
    ],
)
def test_what_the_site_shows_otherwise_than_its_log_is_named(anywhere, honest, address, change, name, words):
    lie(anywhere.context, address, change)
    hurry(anywhere)
    verdict = count(anywhere, honest)
    expect(verdict).to_contain_text(f"FAILED {name}" if name else "Not everything could be checked")
    expect(verdict).to_contain_text(words)
    expect(anywhere.locator("#memory")).to_be_visible(visible=name is None)


def hurry(page):
    """Nothing is waited for between two attempts."""
    page.evaluate("() => { const wait = setTimeout; window.setTimeout = (work) => wait(work, 0); }")


def test_a_changed_entry_is_named(anywhere, honest):
    def answer(route):
        true = route.fetch()
        route.fulfill(response=true, body=re.sub(rb'("commitment":").', rb"\g<1>0", true.body()))

    anywhere.context.route("**/tile/entries/**", answer)
    expect(count(anywhere, honest)).to_contain_text("FAILED root")


def test_the_log_of_another_campaign_is_named(anywhere, site, honest):
    with site.inside():
        campaign("other")
        sign_missing_checkpoints(published_slugs)
    anywhere.context.route(
        re.compile(rf"/log/{SLUG}/"),
        lambda route: route.fulfill(response=route.fetch(url=route.request.url.replace(SLUG, "other"))),
    )
    expect(count(anywhere, honest)).to_contain_text("FAILED origin")


def test_a_log_that_does_not_continue_what_was_seen_is_named(anywhere, log, honest):
    count(anywhere, honest)
    kept = fork(log).note()
    anywhere.evaluate(
        """(note) => {
          const [name] = Object.keys(localStorage);
          localStorage[name] = JSON.stringify({ ...JSON.parse(localStorage[name]), note });
        }""",
        kept,
    )
    expect(count(anywhere, honest)).to_contain_text("FAILED consistency")


def test_a_key_that_nobody_here_knows_is_named(anywhere, log, honest):
    count(anywhere, honest)
    stranger = packs.Log(log.lines, [packs.signer("of a stranger", log.origin)], log.origin)
    lie(anywhere.context, f"**/log/{SLUG}/checkpoint", lambda _: stranger.note())
    lie(anywhere.context, f"**/log/{SLUG}/key", lambda _: stranger.keys)
    verdict = count(anywhere, honest)
    expect(verdict).to_contain_text("FAILED checkpoint")
    expect(verdict).to_contain_text("None of the keys that this browser remembers")


@pytest.mark.journey
def test_a_receipt_is_right_and_one_that_was_changed_is_not(anywhere, log, site):
    verdict = check(anywhere, site, log.receipt.content, email=ADDRESS)
    expect(verdict).to_contain_text(f"entry {log.receipt.index} of today’s public log, and it counts")
    expect(check(anywhere, site, log.receipt.content, email="other@example.org")).to_contain_text(
        "FAILED address"
    )
    changed = log.receipt.content.replace(b"index ", b"index 1")
    expect(check(anywhere, site, changed)).to_contain_text("FAILED proof")


@pytest.mark.parametrize("lang", ["ko", "en"])
@pytest.mark.parametrize("is_right", [True, False])
def test_it_looks_right(visitor, log, honest, lang, is_right):
    page = visitor.page(lang=lang)
    page.goto(FILE)
    if not is_right:
        lie(page.context, f"{API}/count", showing(people=1004))
    count(page, honest)
    expect(page.locator(".verdict.right" if is_right else ".verdict.wrong")).to_be_visible()
    assert_looks_right(page, LOOKS[lang])
