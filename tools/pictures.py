"""The pictures of the README, taken from a running `make demo`: `python -m tools.pictures http://127.0.0.1:8000`."""

import sys
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser

from tests.support.browser import chromium

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


def take(browser: Browser, address: str, folder: Path) -> None:
    """Write every picture into the folder as `<name>.png`. Raises RuntimeError for a page that does not answer with 200."""
    for picture in PICTURES:
        page = browser.new_page(viewport={"width": picture.width, "height": picture.height})
        answer = page.goto(address + picture.path, wait_until="networkidle")
        if answer is None or answer.status != 200:
            raise RuntimeError(f"{picture.path} is not there")
        page.screenshot(path=folder / f"{picture.name}.png", animations="disabled")
        page.close()


if __name__ == "__main__":
    with chromium() as found:
        take(found, sys.argv[1].rstrip("/"), FOLDER)
