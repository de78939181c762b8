"""Counting again in the browser, by one press: against an honest site, and against one that shows what its log does not have."""

import json
import re

import pytest
from playwright.sync_api import expect

from pledge.campaigns.queries import published_slugs
from pledge.ledger.log import sign_missing_checkpoints
from tests.browser.verify.handing_in import check, expect_failure
from tests.browser.verify.test_receipts import fork
from tests.support.browser import LOOKS, assert_looks_right
from tests.support.factories import SLUG, campaign

API = f"**/api/v1/campaigns/{SLUG}"
SAID = {"entry": 0, "kind": "answer", "words": {"en": "Yes."}, "sha256": "0"}


def count_again(page):
    # The field is hidden, unless other tests have opened campaigns.
    page.locator("[data-campaign]").select_option(SLUG, force=True)
    page.locator("[data-start]").click()
    verdict = page.locator(".recount .verdict")
    expect(verdict).to_be_visible()
    return verdict


def lie(page, address, change):
    """Let the site answer something else there: `change` makes it of the true text."""

    def answer(route):
        true = route.fetch()
        route.fulfill(response=true, body=change(true.text()))

    page.route(address, answer)


def showing(**numbers):
    return lambda text: json.dumps({**json.loads(text), **numbers})


def naming(size):
    return lambda text: re.sub(r'data-size="\d+"', f'data-size="{size}"', text)


@pytest.mark.journey
def test_one_press_counts_the_whole_list_and_says_who_signed_and_what_is_not_proved(page, log):
    verdict = count_again(page)
    right = page.locator(".recount .verdict--right")
    expect(right).to_contain_text(re.compile(r"word for word .* Lines of today’s pledge text: \d+\."))
    expect(right).to_contain_text(re.compile(r"All \d+ lines .* People: \d+; organisations: \d+\."))
    expect(right).to_contain_text(re.compile(r"numbers that programs read .* at least the first \d+\."))
    expect(verdict).to_contain_text("signed by the organiser alone")
    expect(verdict).to_contain_text("one confirmed mailbox")
    with page.expect_download() as waiting:
        page.locator("[data-keep] a").click()
    assert re.fullmatch(rf"{SLUG}-\d+\.checkpoint\.txt", waiting.value.suggested_filename)
    check(page, waiting.value.path().read_bytes(), "kept.txt")
    expect(page.locator(".verify-file .verdict--right")).to_contain_text(
        "Nothing was changed or dropped since"
    )


@pytest.mark.parametrize(
    ("address", "change", "words"),
    [
        (f"{API}/count", showing(people=1004), "Number for other programs: 1,004 people are shown"),
        (f"{API}/count", showing(organizations=7), "Number for other programs: 7 organisations are shown"),
        (f"{API}/count", showing(paper=9), "9 signatures on paper are shown, the list adds up to 0"),
        (f"{API}/integrity", showing(confirmed=1004), "Report on how the number is counted: 1,004 people"),
        (f"**/c/{SLUG}", lambda text: text.replace(" data-count>", " data-count>9"), "Campaign page: 9"),
        (f"**/c/{SLUG}", naming(1), "people are shown, the list adds up to 1."),
        (f"{API}/integrity", showing(waiting=-3), "Report on how the number is counted"),
        (
            f"**/c/{SLUG}/progress",
            lambda text: text.replace(
                ' data-standing="people" class="standing__number">',
                ' data-standing="people" class="standing__number">9',
            ),
            "Progress page: 9",
        ),
    ],
)
def test_a_number_that_is_not_the_sum_of_the_list_is_named(page, log, address, change, words):
    lie(page, address, change)
    count_again(page)
    expect(page.locator(".recount .verdict--wrong")).to_contain_text(words)
    expect(page.locator(".recount .verdict")).to_contain_text("another number than its list adds up to")


@pytest.fixture
def hurried(page):
    """The checker does not wait for a list that may lag behind the log."""

    def answer(route):
        true = route.fetch()
        route.fulfill(response=true, body=true.text().replace("1000 * seconds", "seconds"))

    page.context.route("**/verify/bytes.js*", answer)
    return page


@pytest.mark.parametrize(
    ("address", "change", "words"),
    [
        (f"**/en/c/{SLUG}/pledge/1.md", lambda _: "We pledge nothing.", "pledge text that was signed is not"),
        (API, showing(pledges=[]), "pledge text that was signed is not published here"),
        (f"{API}/statements", showing(statements=[SAID]), "entry 0 of the log, is not published here"),
        (f"{API}/statements", lambda _: "[]", "said in somebody’s name"),
    ],
)
def test_words_that_are_not_those_in_the_list_are_named(hurried, log, address, change, words):
    lie(hurried.context, address, change)
    count_again(hurried)
    wrong = hurried.locator(".recount .verdict--wrong")
    expect(wrong).to_contain_text("This site shows other words than those in its list")
    expect(wrong).to_contain_text(words)


def test_the_list_of_another_campaign_at_this_address_is_named(page, log, site):
    with site.inside():
        campaign("another")
        sign_missing_checkpoints(published_slugs)
    to_another = re.compile(rf"/log/{SLUG}/")
    page.context.route(
        to_another,
        lambda route: route.fulfill(response=route.fetch(url=route.request.url.replace(SLUG, "another"))),
    )
    count_again(page)
    wrong = page.locator(".recount .verdict--wrong")
    expect(wrong).to_contain_text("This address shows the list of another campaign")
    expect(wrong).to_contain_text("/log/another")


@pytest.mark.parametrize(
    ("address", "change", "words"),
    [
        (
            f"{API}/count",
            showing(checkpoint=None, people=10**6),
            "it is not said which lines give the number",
        ),
        (
            f"{API}/count",
            showing(checkpoint=10**9, people=10**6),
            "the sum of 1,000,000,000 lines, but only",
        ),
        (f"{API}/count", lambda _: "[]", "Number for other programs: no number could be read"),
        (f"{API}/integrity", showing(checkpoint=None), "Report on how the number is counted: it is not said"),
        (f"**/c/{SLUG}", naming("null"), "Campaign page: it is not said which lines give the number"),
        (
            f"**/c/{SLUG}/progress",
            lambda text: text.replace("data-size", "data-x"),
            "Progress page: it is not",
        ),
    ],
)
def test_a_number_that_cannot_be_compared_is_not_called_right(page, log, address, change, words):
    lie(page, address, change)
    count_again(page)
    expect(page.locator(".recount .verdict--unsure")).to_contain_text(words)
    expect(page.locator(".recount .verdict--right")).to_have_count(0)


def test_a_list_in_which_one_digit_was_changed_is_a_fault_of_the_site(page, log):
    def answer(route):
        true = route.fetch()
        other = re.sub(
            rb'("commitment":")(.)',
            lambda match: match[1] + (b"1" if match[2] == b"0" else b"0"),
            true.body(),
        )
        route.fulfill(response=true, body=other)

    page.context.route("**/tile/entries/**", answer)
    count_again(page)
    wrong = page.locator(".recount .verdict--wrong")
    expect(wrong).to_contain_text("The public list of this site is not in order")
    expect(wrong).to_contain_text("The entries do not give the value that was signed")


def test_another_history_is_shown_by_a_checkpoint_that_somebody_kept(page, log):
    check(page, fork(log).note().encode(), "kept.txt")
    expect_failure(page, "consistency")
    expect(page.locator(".verdict__title")).to_contain_text(
        "The site’s log was changed, or you were shown another"
    )


def test_counting_can_be_stopped_and_begun_again(page, log):
    page.context.route("**/tile/entries/**", lambda route: None)
    page.locator("[data-start]").click()
    expect(page.locator("[data-running] progress")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator("[data-running]")).to_be_hidden()
    expect(page.locator("[data-start]")).to_be_focused()
    page.context.unroute("**/tile/entries/**")
    count_again(page)
    expect(page.locator(".recount .verdict--right")).to_be_visible()


def test_a_campaign_that_nobody_has_signed_adds_up_to_nobody(visitor, site):
    with site.inside():
        campaign("nobody")
        sign_missing_checkpoints(published_slugs)
    page = visitor.page(lang="en")
    page.goto("/en/c/nobody/progress")
    page.locator("[data-start]").click()
    right = page.locator(".recount .verdict--right")
    expect(right).to_contain_text("All 0 lines of the list, added up again. People: 0; organisations: 0.")


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_the_progress_page_counts_again_too(visitor, log, lang):
    page = visitor.page(lang=lang)
    page.goto(f"/{lang}/c/{SLUG}/progress")
    count_again(page)
    expect(page.locator(".recount .verdict--right")).to_be_in_viewport(ratio=1)
    assert "{" not in page.locator(".recount .verdict").inner_text()
    assert_looks_right(page, LOOKS[lang])
