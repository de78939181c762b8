"""The record of signatures on paper is checked in the browser: what is right is said to be right, what was changed is named."""

import json
import secrets
from functools import partial

import pytest
from playwright.sync_api import expect

from pledge.campaigns import log_facts
from pledge.ledger.log import sign_missing_checkpoints
from pledge.paper import services
from tests.browser.verify.handing_in import expect_failure, expect_right
from tests.support import factories, paper
from tests.support.browser import LOOKS, assert_looks_right
from tests.support.paper import COUNTER


def published(site, signatures):
    """A campaign with a signed record of three lines: its slug, and the two files by their names."""
    with site.inside():
        of = factories.campaign(f"sheets-{secrets.token_hex(4)}")
        sign_missing_checkpoints(log_facts.published)
        taken_back = paper.agreed(of, signatures=128)
        paper.agreed(of, signatures=signatures)
        services.withdraw(COUNTER, of.slug, taken_back, "copies")
        paper.sign()
        slug = of.slug
    site.wait_for(f"/log/{slug}/paper", f"\n3\n{signatures}\n")
    return slug, {name: site.get(f"/log/{slug}/{name}") for name in ("paper", "paper/entries")}


@pytest.fixture(scope="session")
def record(site):
    return published(site, 40)


def answer(text, route):
    route.fulfill(body=text)


@pytest.fixture
def check(visitor, record):
    """`check(**{"paper/entries": text})` presses the button of the campaign, with other files than those of the site."""
    slug, _ = record

    def look(lang="en", **changed):
        page = visitor.page(lang=lang)
        for name, text in changed.items():
            page.context.route(f"**/log/{slug}/{name}", partial(answer, text))
        page.goto(f"/{lang}/verify#paper")
        page.locator(f"[data-paper='{slug}']").click()
        expect(page.locator(".verdict")).to_be_visible()
        return page

    return look


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_a_record_as_it_is_published_is_right(check, lang):
    page = check(lang)
    expect_right(page)
    expect(page.locator(".checks__line--done")).to_have_count(3)
    expect(page.locator("[data-facts] .facts__value").first).to_have_text("40")
    assert_looks_right(page, LOOKS[lang])


@pytest.mark.parametrize(("number", "name"), [(0, "paper-line:1"), (1, "paper-line:2"), (2, "paper-sum")])
def test_a_line_that_was_changed_is_named(check, record, number, name):
    _, files = record
    lines = files["paper/entries"].splitlines()
    said = json.loads(lines[number])
    lines[number] = json.dumps({**said, "sheets": said["sheets"] + 1}, separators=(",", ":"))
    expect_failure(check(**{"paper/entries": "\n".join([*lines, ""])}), name)


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (lambda text: text[: text.rindex("{")], "paper-sum"),  # the last line is left out
        (lambda text: text + text.splitlines()[0], "paper-sum"),
        (lambda text: text.replace('"change":-128', '"change":-28'), "paper-line:2"),
        (lambda text: text.replace('"change":-128', '"change":128'), "paper-line:2"),
        (lambda text: "null\n" + text, "paper-line:0"),
    ],
)
def test_lines_that_are_not_those_of_the_record_are_named(check, record, change, name):
    _, files = record
    expect_failure(check(**{"paper/entries": change(files["paper/entries"])}), name)


@pytest.mark.parametrize("change", [("\n40\n", "\n41\n"), ("pledge-paper/v1", "pledge-paper/v2")])
def test_an_end_that_the_key_has_not_signed_is_named(check, record, change):
    _, files = record
    assert change[0] in files["paper"]
    expect_failure(check(paper=files["paper"].replace(*change)), "paper")


def test_the_record_of_another_campaign_is_refused(check, site):
    _, other = published(site, 41)
    expect_failure(check(**other), "paper")


def test_where_the_record_cannot_be_read_nothing_is_said_about_it(visitor, record):
    slug, _ = record
    page = visitor.page(lang="en")
    page.context.route("**/paper/entries", lambda route: route.abort())
    page.goto("/en/verify")
    page.locator(f"[data-paper='{slug}']").click()
    expect(page.locator(".verdict--unsure")).to_contain_text("does not mean that the file is wrong")
