"""The first visit to the campaign page: what a phone with an empty cache loads, counted by Chromium."""

import io

from PIL import Image

from bench import people
from bench.report import Figure, at_most
from bench.servers import Bench, Site
from bench.web import PAGE, SLUG
from pledge.audit.models import COMMAND_LINE
from pledge.campaigns.media import PHOTO, set_photo
from pledge.campaigns.rules import stamp
from pledge.campaigns.staff_queries import desk
from pledge.files import services as files
from tests.support.browser import PHONE, chromium

#: Long enough for everything that the page asks for by itself, the first look at the count included.
SETTLED_MS = 1200
#: Of a phone of today; with it Chromium chooses the size of the photograph.
PIXELS_PER_CSS_PIXEL = 2
MAX_KB, MAX_KB_WITH_PHOTO = 45, 90
MAX_REQUESTS = 8

#: Octaves of noise, from clouds to grain: width in pixels, and share. A photograph has about as much to keep.
OCTAVES = ((8, 0.35), (32, 0.22), (128, 0.15), (600, 0.12), (2400, 0.05))
PHOTO_SIZE = (2400, 1350)


def first_visit(bench: Bench) -> list[Figure]:
    site = bench.site("visit", PLEDGE_TRUSTED_HOSTS="127.0.0.1")
    people.add_confirmed(site, 1_000)
    url = bench.serve(site) + PAGE
    kilobytes, requests = _visit(url)
    _add_photo(site)
    kilobytes_with_photo, _ = _visit(url)
    return [
        at_most("first visit, over the wire", kilobytes, MAX_KB, " kB"),
        at_most(
            "first visit with a photograph, over the wire", kilobytes_with_photo, MAX_KB_WITH_PHOTO, " kB"
        ),
        at_most("first visit, requests", requests, MAX_REQUESTS),
    ]


def _visit(url: str) -> tuple[float, int]:
    """Kilobytes over the wire, and the number of requests; their addresses are printed."""
    asked: dict[str, str] = {}
    loaded: dict[str, int] = {}
    with chromium() as browser:
        context = browser.new_context(
            viewport=PHONE, device_scale_factor=PIXELS_PER_CSS_PIXEL, locale="ko-KR"
        )
        page = context.new_page()
        devtools = context.new_cdp_session(page)
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
        f"{loaded[request]:7,} {name}"
        for request, name in asked.items()
        if not name.startswith("data:") and request in loaded
    ]
    print("", *over_the_wire, sep="\n  ")
    return sum(loaded.values()) / 1000, len(over_the_wire)


def _add_photo(site: Site) -> None:
    with site.context():
        name = files.store_picture(_photograph(), wide=True)
        words = {"ko": "맑은 하늘", "en": "A clear sky"}
        seen = stamp(desk(SLUG).part(PHOTO))
        set_photo(COMMAND_LINE, SLUG, seen, words, "center", new=name)


def _photograph() -> bytes:
    """A sky with clouds, as hard to compress as a photograph."""
    width, height = PHOTO_SIZE
    made = Image.linear_gradient("L").resize(PHOTO_SIZE).convert("RGB")
    for octave, share in OCTAVES:
        noise = Image.effect_noise((octave, max(4, octave * height // width)), 90).resize(PHOTO_SIZE)
        made = Image.blend(made, noise.convert("RGB"), share)
    out = io.BytesIO()
    made.save(out, "JPEG", quality=82)
    return out.getvalue()
