"""Join the style sheets under pledge/static/css into site.css, one cascade layer for each kind.

Run it after changing a source. With --check nothing is written and a stale site.css ends with status 1.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

CSS = Path(__file__).resolve().parent.parent / "pledge" / "static" / "css"
TARGET = CSS / "site.css"
#: Later layers win, whatever their selectors weigh.
LAYERS = ("settings", "base", "layout", "components", "screens")


def sources(layer: str) -> list[Path]:
    """The files of one layer: settings.css, or everything in components/, in the order of their names."""
    return sorted((CSS / layer).glob("*.css")) or [CSS / f"{layer}.css"]


def squeeze(text: str) -> str:
    """Leave out comments and indentation; a reader has the sources, a phone does not need them."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())


def build() -> str:
    """The whole text of site.css."""
    parts = [
        "/* Made by tools/build_css.py from the files beside it. Do not edit. */",
        f"@layer {', '.join(LAYERS)};",
    ]
    for layer in LAYERS:
        body = "\n".join(squeeze(path.read_text("utf-8")) for path in sources(layer))
        parts.append(f"@layer {layer} {{\n{body}\n}}")
    return "\n".join(parts) + "\n"


def main(arguments: list[str]) -> int:
    """Write site.css, or say whether it is as it should be."""
    text = build()
    if "--check" not in arguments:
        TARGET.write_text(text, "utf-8")
        return 0
    if TARGET.is_file() and TARGET.read_text("utf-8") == text:
        return 0
    print("site.css is not what its sources make it: run python tools/build_css.py", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
