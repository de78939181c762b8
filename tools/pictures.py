"""The pictures and the film of the README, taken from a running `make demo`: `python -m tools.pictures http://localhost:8000`."""

import re
import secrets
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page

from tests.support.browser import chromium
from tests.support.waiting import wait_until

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "images"


@dataclass(frozen=True)
class Picture:
    """A page, and the width and height of the window in which it is shown."""

    name: str
    path: str
    width: int = 1280
    height: int = 900


PICTURES = (
    Picture("campaign-en", "/en/c/blue-skies"),
    Picture("campaign-ko", "/ko/c/blue-skies"),
    Picture("campaign-ko-phone", "/ko/c/blue-skies", 390, 844),
    Picture("organizations-en", "/en/c/blue-skies/organizations"),
    Picture("progress-en", "/en/c/blue-skies/progress", height=1000),
)
#: Few enough that the film is a small file, enough for a sky without bands.
COLOURS = 192


def take_pictures(browser: Browser, address: str, folder: Path) -> None:
    """Write every picture into the folder as `<name>.png`. Raises RuntimeError for a page that does not answer with 200."""
    for picture in PICTURES:
        page = browser.new_page(viewport={"width": picture.width, "height": picture.height})
        answer = page.goto(address + picture.path, wait_until="networkidle")
        if answer is None or answer.status != 200:
            raise RuntimeError(f"{picture.path} is not there")
        page.screenshot(path=folder / f"{picture.name}.png", animations="disabled")
        page.close()


def film(browser: Browser, address: str, target: Path) -> None:
    """Write somebody's way from the campaign's page to the thanks as a GIF that begins again at its end."""
    frames = [(Image.open(BytesIO(shot)), shown) for shot, shown in _signing(browser, address)]
    first, *others = (frame.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE) for frame, _ in frames)
    first.save(target, save_all=True, append_images=others, duration=[shown for _, shown in frames], loop=0)


def _signing(browser: Browser, address: str) -> Iterator[tuple[bytes, int]]:
    """Each moment as a picture, with the milliseconds that it is shown."""
    email = f"haneul.{secrets.token_hex(2)}@example.org"
    page = browser.new_page(viewport={"width": 360, "height": 740}, has_touch=True)
    page.goto(f"{address}/ko/c/blue-skies", wait_until="networkidle")
    yield page.screenshot(), 3500
    page.locator(".sign-bar a").click()
    page.wait_for_timeout(1000)
    yield page.screenshot(), 1000
    for field, words in (("name", "홍길동"), ("email", email)):
        page.locator(f"#{field}").focus()
        for letters in re.findall(".{1,3}", words):
            page.keyboard.type(letters)
            yield page.screenshot(), 150
    page.locator("#agree_all").check()
    yield page.screenshot(), 1000
    page.locator("#sign-form button[type=submit]").click()
    page.wait_for_url("**/check")
    yield page.screenshot(), 2500
    mail = wait_until(lambda: _mail(page, address, email), "no mail came")
    mailbox = browser.new_page(viewport={"width": 360, "height": 740})
    mailbox.set_content(mail["html"])
    yield mailbox.screenshot(), 4000
    page.locator("#code").focus()
    for digit in re.findall(r"\d{6}", mail["subject"])[0]:
        page.keyboard.type(digit)
        yield page.screenshot(), 200
    page.wait_for_url("**/thanks")
    page.wait_for_timeout(1500)
    yield page.screenshot(), 5400


def _mail(page: Page, address: str, email: str) -> dict[str, Any] | None:
    """The newest mail to that address in the mailbox of the demo."""
    mails = page.request.get(f"{address}/dev/mailbox.json").json()
    return next((mail for mail in mails if mail["to"] == email), None)


if __name__ == "__main__":
    with chromium() as browser:
        take_pictures(browser, sys.argv[1].rstrip("/"), FOLDER)
        film(browser, sys.argv[1].rstrip("/"), FOLDER / "signing.gif")
