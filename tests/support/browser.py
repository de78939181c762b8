"""A real Chromium. Every page that a test opens must be quiet: no script error, no blocked or foreign request."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    Response,
    ViewportSize,
    expect,
    sync_playwright,
)

from tests.support.programs import installed
from tests.support.waiting import TEST_TIMEOUT

#: Milliseconds, as Playwright counts.
TIMEOUT = 1000 * TEST_TIMEOUT
expect.set_options(timeout=TIMEOUT)

#: As root Chromium wants no sandbox; the rest keeps it from calling home.
FLAGS = (
    "--no-sandbox",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-dev-shm-usage",
    # Each page lives for a second: what optimising its scripts takes never comes back, and it was a fifth of a look. The
    # quick optimiser stays: without any, the proof of work takes minutes.
    "--js-flags=--no-opt",
)

#: The smallest window that a page has to fit (WCAG 2.2, 1.4.10 Reflow).
NARROW = {"width": 320, "height": 640}
PHONE = {"width": 360, "height": 740}
DESK = {"width": 1280, "height": 900}


@dataclass(frozen=True)
class Look:
    """How somebody sees a page: the size of their window in CSS pixels, and light or dark."""

    width: int
    height: int
    scheme: Literal["light", "dark"]

    @property
    def size(self) -> ViewportSize:
        return {"width": self.width, "height": self.height}


LIGHT_PHONE = Look(**NARROW, scheme="light")
DARK_DESK = Look(**DESK, scheme="dark")
#: For tests that show the same pages in both languages: axe sees each page in both, in light and in dark, on a phone and
#: on a desk, but not in all eight combinations, as contrast comes from the style sheet and not from the language.
LOOKS = {"ko": LIGHT_PHONE, "en": DARK_DESK}


@contextmanager
def chromium() -> Iterator[Browser]:
    """The system's Chromium, without a window."""
    program = installed("chromium", "fonts-noto-cjk")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        yield browser
        browser.close()


@dataclass
class Visitor:
    """Opens browser windows as different people have them, and remembers what went wrong in any."""

    browser: Browser
    site: str
    faults: list[str] = field(default_factory=list)
    _contexts: list[BrowserContext] = field(default_factory=list)

    def page(
        self,
        *,
        lang: str = "ko",
        javascript: bool = True,
        calm: bool = True,
        size: dict[str, int] | None = None,
        **more: Any,
    ) -> Page:
        """A window of its own (no storage shared). `calm` asks for reduced motion. Addresses are relative to the site."""
        context = self.browser.new_context(
            base_url=self.site,
            locale={"ko": "ko-KR", "en": "en-GB"}[lang],
            timezone_id="Asia/Seoul",
            java_script_enabled=javascript,
            reduced_motion="reduce" if calm else "no-preference",
            viewport=size or PHONE,
            **more,
        )
        context.set_default_timeout(TIMEOUT)
        self._contexts.append(context)
        page = context.new_page()
        self.watch(page)
        return page

    def watch(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.faults.append(f"script error on {page.url}: {error}"))
        page.on("console", self._note_console)
        page.on("request", self._note_request)
        page.on("response", self._note_response)

    def close(self) -> None:
        cookies = [cookie for context in self._contexts for cookie in context.cookies()]
        for context in self._contexts:
            context.close()
        self._contexts.clear()
        assert not self.faults, "the browser complained:\n  " + "\n  ".join(self.faults)
        # The staff area's session, and that somebody has signed in in this browser: no cookie leaves that area.
        known = {("staff", "/staff"), ("staff_browser", "/staff")}
        foreign = [cookie for cookie in cookies if (cookie["name"], cookie["path"]) not in known]
        assert not foreign, f"the site left cookies: {foreign}"

    def _note_console(self, message: ConsoleMessage) -> None:
        # A page that answers 4xx on purpose also logs "Failed to load resource"; its status is the test's matter.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.faults.append(f"console: {message.text}")

    def _note_request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https") and parts.netloc != urlsplit(self.site).netloc:
            self.faults.append(f"a request to another host: {request.url}")

    def _note_response(self, response: Response) -> None:
        # Pages may answer 4xx on purpose; what belongs to a page may not be missing. A log without witnesses has none to show.
        is_absent = response.status == 404 and "/witness" in response.url
        if response.status >= 400 and not is_absent and response.request.resource_type != "document":
            self.faults.append(f"{response.status} for {response.url}")


#: site.js fetches the modules once the page is painted, and those of what comes near the window in the frame after.
PAINTED = "() => new Promise((painted) => new PerformanceObserver(() => painted()).observe({ type: 'paint', buffered: true }))"
FRAMES = "async () => { for (let n = 0; n < 2; n += 1) await new Promise(requestAnimationFrame); }"
#: Asks for them as well, which fetches none anew: they are here when those of the page are.
MODULES = """() => Promise.all([...document.querySelectorAll('[data-module]')]
    .map(({ dataset }) => import(new URL(dataset.moduleSrc, document.baseURI))))"""


def wait_for_modules(page: Page) -> None:
    """Until its modules have improved the page; before that a press finds one that works without."""
    page.evaluate(PAINTED)
    page.evaluate(FRAMES)
    page.evaluate(MODULES)


#: Axe as a function that is not yet called: a document that nobody looks at pays next to nothing for it.
AXE = f"window.loadAxe = () => {{ {AXE_SCRIPT} }};"
#: Gives the violations alone: what else axe tells would take as long to bring here as to find.
LOOK = """async () => {
    if (!window.axe) loadAxe();
    return (await axe.run(document, {resultTypes: ['violations']})).violations;
}"""


def accessibility_faults(page: Page) -> list[str]:
    """What axe finds on the page as it is shown now, one line for each element. Needs a window with JavaScript."""
    # DevTools evaluate it beside the page's own scripts, so a strict policy stays in force and does not block it.
    if not page.evaluate("'loadAxe' in window"):
        # A window that was looked at once is looked at again: half a megabyte goes there once.
        page.add_init_script(AXE)
        page.evaluate(AXE)
    return [
        f"{violation['id']} ({violation['impact']}): {node['html'][:160]} -- {node['failureSummary']}"
        for violation in page.evaluate(LOOK)
        for node in violation["nodes"]
    ]


def overflow(page: Page) -> int:
    """How many pixels stick out to the side."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def assert_fits(page: Page) -> None:
    assert overflow(page) <= 0, f"{page.url} sticks out by {overflow(page)} px"


#: What can be pressed and is smaller than 44 by 44 CSS pixels: our own measure; WCAG 2.2, 2.5.8 asks for 24. As there, links in
#: a sentence may be as high as its line. What a label or a pseudo-element adds counts, as it can be pressed too.
SMALL_TARGETS = """() => {
    const MIN = 44;
    const inSentence = (element) => {
        if (getComputedStyle(element).display !== 'inline') return false;
        let block = element.parentElement;
        while (getComputedStyle(block).display === 'inline') block = block.parentElement;
        return block.textContent.trim().length > element.textContent.trim().length;
    };
    const isHit = (element, x, y) => {
        const hit = document.elementFromPoint(x, y);
        return hit !== null && [element, ...(element.labels || [])].some((part) => part.contains(hit));
    };
    const reach = (element, x, y, dx, dy) => {
        let n = 0;
        while (n < MIN && isHit(element, x + dx * (n + 1), y + dy * (n + 1))) n += 1;
        return n;
    };
    const small = [];
    for (const element of document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary')) {
        if (!element.checkVisibility({opacityProperty: true, visibilityProperty: true}) || inSentence(element)) continue;
        let box = element.getBoundingClientRect();
        if (box.height <= 1 || (box.height >= MIN && box.width >= MIN)) continue;
        element.scrollIntoView({block: 'center', behavior: 'instant'});
        box = element.getBoundingClientRect();
        const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
        const width = reach(element, x, y, -1, 0) + reach(element, x, y, 1, 0) + 1;
        const height = reach(element, x, y, 0, -1) + reach(element, x, y, 0, 1) + 1;
        if (Math.min(width, height) < MIN - 1) small.push(`${width} x ${height}: ${element.outerHTML.slice(0, 160)}`);
    }
    return small;
}"""


def target_faults(page: Page) -> list[str]:
    """What is hard to press with a thumb on the page as it is shown now."""
    return [f"a target too small, {small}" for small in page.evaluate(SMALL_TARGETS)]


def look_faults(page: Page, *looks: Look) -> list[str]:
    """Everything that is wrong with how the page looks now: whole on the narrowest phone, and whole and usable for everybody
    in each of `looks`, without any named in both.

    The page keeps what it shows; its window is as before afterwards, in light. Each change of the window lays the page out
    anew, so none is made that changes nothing.
    """
    before, faults = page.viewport_size, []
    looks = looks or (LIGHT_PHONE, DARK_DESK)
    for look in (LIGHT_PHONE, DARK_DESK):
        if look not in looks and look is not LIGHT_PHONE:
            continue
        if page.viewport_size != look.size:
            page.set_viewport_size(look.size)
        where, sticks_out = f"{look.scheme}, {look.width} px", overflow(page)
        faults += [f"{where}: {sticks_out} px stick out"] if sticks_out > 0 else []
        if look in looks:
            page.emulate_media(color_scheme=look.scheme)
            faults += [f"{where}: {fault}" for fault in accessibility_faults(page)]
    if DARK_DESK in looks:
        page.emulate_media(color_scheme="light")
    if before is not None and page.viewport_size != before:
        page.set_viewport_size(before)
    return [f"{page.url}: {fault}" for fault in faults]


def assert_looks_right(page: Page, *looks: Look) -> None:
    faults = look_faults(page, *looks)
    assert not faults, "\n" + "\n".join(faults)
