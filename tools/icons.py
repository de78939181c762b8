"""Draw the site's icons from pledge/static/img/favicon.svg, with Chromium: `.venv/bin/python tools/icons.py`.

Browsers take the SVG; telephones and older programs ask for these. The results are in the repository.
"""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

IMAGES = Path(__file__).resolve().parent.parent / "pledge" / "static" / "img"
#: Telephones cut their own shape out of a picture: the drawing fills a square around its disc.
SQUARE = {'viewBox="0 0 32 32"': 'viewBox="-4 -4 40 40"', ' clip-path="url(#disc)"': ""}
ICONS = {"apple-touch-icon.png": 180, "icon-192.png": 192, "icon-512.png": 512}


def main() -> None:
    disc = square = (IMAGES / "favicon.svg").read_text("utf-8")
    for cut, whole in SQUARE.items():
        square = square.replace(cut, whole)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch()
        page = browser.new_page()

        def picture(drawing: str, size: int) -> bytes:
            page.set_viewport_size({"width": size, "height": size})
            page.set_content(f"<body style='margin:0'>{drawing}</body>")
            return page.screenshot(omit_background=True)

        for name, size in ICONS.items():
            icon = Image.open(io.BytesIO(picture(square, size))).convert("RGB")
            icon.quantize(64).save(IMAGES / name, optimize=True)
        small = Image.open(io.BytesIO(picture(disc, 48)))
        small.save(IMAGES / "favicon.ico", sizes=[(16, 16), (32, 32), (48, 48)])
        browser.close()


if __name__ == "__main__":
    main()
