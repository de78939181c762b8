"""A page is painted before any of its modules is fetched, so that they cannot delay it."""

from tests.browser.steps import CAMPAIGN

#: Playwright looks again in each animation frame by itself, and there is none while the test holds them back.
OFTEN = 100
FETCHED = "performance.getEntriesByType('resource').filter(({ name }) => name.includes('/js/public/')).length"


def test_modules_are_fetched_once_the_page_is_painted(visitor, site):
    page = visitor.page(lang="ko")
    page.add_init_script("window.requestAnimationFrame = (callback) => { window.paint = callback; };")
    page.goto(f"/ko/{CAMPAIGN}")
    page.wait_for_function("window.paint !== undefined", polling=OFTEN)
    assert page.evaluate(FETCHED) == 0
    page.evaluate("() => { window.paint(); window.paint(); }")
    page.wait_for_function(f"{FETCHED} > 0", polling=OFTEN)
