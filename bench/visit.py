"""The first visit to the campaign page: what a phone with an empty cache loads, counted by Chromium."""

from bench import people
from bench.report import Figure, at_most
from bench.servers import Bench
from bench.web import PAGE
from tests.support.browser import PHONE, chromium

#: Long enough for everything that the page asks for by itself, the first look at the count included.
SETTLED_MS = 1200


def first_visit(bench: Bench) -> list[Figure]:
    site = bench.site("visit", PLEDGE_TRUSTED_HOSTS="127.0.0.1")
    people.add_confirmed(site, 1_000)
    url = bench.serve(site) + PAGE
    asked: dict[str, str] = {}
    loaded: dict[str, int] = {}
    with chromium() as browser:
        page = browser.new_context(viewport=PHONE, locale="ko-KR").new_page()
        devtools = page.context.new_cdp_session(page)
        devtools.send("Network.enable")
        devtools.on(
            "Network.requestWillBeSent",
            lambda event: asked.setdefault(event["requestId"], event["request"]["url"]),
        )
        devtools.on(
            "Network.loadingFinished",
            lambda event: loaded.setdefault(event["requestId"], int(event["encodedDataLength"])),
        )
        page.goto(url, wait_until="networkidle")
        page.wait_for_timeout(SETTLED_MS)
    over_the_wire = [
        name for request, name in asked.items() if not name.startswith("data:") and request in loaded
    ]
    print("", *over_the_wire, sep="\n  ")
    return [
        at_most("first visit, over the wire", sum(loaded.values()) / 1000, 60, " kB"),
        at_most("first visit, requests", len(over_the_wire), 8),
    ]
