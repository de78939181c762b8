"""Draw the site's icons from pledge/static/img/favicon.svg, with Chromium: `.venv/bin/python tools/icons.py`.

Browsers take the SVG; telephones and older programs ask for these. The results are in the repository.
"""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

IMAGES = Path(__file__).resolve().parent.parent / "pledge" / "static" / "img"
#: Telephones cut their own shape out of a picture: it fills the square, and the drawing keeps away from its edge.
BACKGROUND = "#0061a8"
ICONS = {"apple-touch-icon.png": 180, "icon-192.png": 192, "icon-512.png": 512}


def main() -> None:
    drawing = (IMAGES / "favicon.svg").read_text("utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch()
        page = browser.new_page()

        def picture(size: int, background: str, share: float) -> bytes:
            page.set_viewport_size({"width": size, "height": size})
            page.set_content(
                f"<body style='margin:0;background:{background};display:grid;place-items:center;height:100vh'>"
                f"{drawing.replace('<svg ', f'<svg width={share * size} ')}</body>"
            )
            return page.screenshot(omit_background=True)

        for name, size in ICONS.items():
            icon = Image.open(io.BytesIO(picture(size, BACKGROUND, 0.8))).convert("RGB")
            icon.quantize(64).save(IMAGES / name, optimize=True)
        small = Image.open(io.BytesIO(picture(48, "transparent", 1)))
        small.save(IMAGES / "favicon.ico", sizes=[(16, 16), (32, 32), (48, 48)])
        browser.close()


if __name__ == "__main__":
    main()
