"""A page is painted before any of its modules is fetched, so that they cannot delay it."""

from tests.browser.steps import CAMPAIGN
from tests.support.waiting import wait_until

FETCHED = "performance.getEntriesByType('resource').filter(({ name }) => name.includes('/js/public/')).length"


def test_modules_are_fetched_once_the_page_is_painted(visitor, site):
    page = visitor.page(lang="ko")
    page.add_init_script("window.requestAnimationFrame = (callback) => { window.paint = callback; };")
    page.goto(f"/ko/{CAMPAIGN}")
    # Playwright's own waiting looks in each animation frame, which the test holds back, by eval, which our policy forbids.
    wait_until(lambda: page.evaluate("window.paint !== undefined"))
    assert page.evaluate(FETCHED) == 0
    page.evaluate("() => { window.paint(); window.paint(); }")
    wait_until(lambda: page.evaluate(FETCHED) > 0)
