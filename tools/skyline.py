"""Make the city of the share images from the skyline of the pages: `.venv/bin/python tools/skyline.py`.

The result is in the repository; a test sees when the skyline has changed since.
"""

from __future__ import annotations

import re
from pathlib import Path

PLEDGE = Path(__file__).resolve().parent.parent / "pledge"
RESULT = PLEDGE / "share_images" / "skyline.svg"


def drawing() -> str:
    """The SVG as a page shows it by day, without haze; it begins 100 units higher, where the sun still shines."""
    template = (PLEDGE / "templates/components/campaign/skyline.html").read_text("utf-8")
    svg = re.sub(r"\{[{#%].*?[}#%]\}", "", template, flags=re.DOTALL).strip()
    svg = re.sub(r'<rect class="skyline__haze".*?/>', "", svg)
    svg = svg.replace(
        'viewBox="0 0 1440 400"', 'xmlns="http://www.w3.org/2000/svg" viewBox="0 -100 1440 500"'
    )
    settings = (PLEDGE / "static/css/settings.css").read_text("utf-8")
    # The first value of each is that of the day.
    colours = dict(reversed(re.findall(r"--([\w-]+): ([^;]+);", settings)))
    css = (PLEDGE / "static/css/components/skyline.css").read_text("utf-8")
    css = re.sub(r"[\w-]+: [^;]*--haze[^;]*;", "", css)
    css = re.sub(r"var\(--([\w-]+)\)", lambda match: colours[match[1]], css)
    style = "".join(re.findall(r"^\.skyline__[^{]+\{[^}]+\}", css, flags=re.MULTILINE))
    return re.sub("(<svg [^>]*>)", rf"\1<style>{style}</style>", svg, count=1) + "\n"


if __name__ == "__main__":
    RESULT.write_text(drawing(), "utf-8")
