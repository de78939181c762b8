"""Join the style sheets under pledge/static/css: site.css for everybody, one cascade layer for each kind; and for
some pages a further one, which they load after site.css: staff.css, progress.css, verify.css.

Run it after changing a source. With --check nothing is written and a stale file ends with status 1.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

CSS = Path(__file__).resolve().parent.parent / "pledge" / "static" / "css"
#: The layers of each joined file; later layers win, whatever their selectors weigh, and those of the second file come last.
TARGETS = {
    "site.css": ("settings", "base", "layout", "components", "screens"),
    "staff.css": ("charts", "staff"),
    "progress.css": ("charts", "progress"),
    "verify.css": ("verify",),
}


def sources(layer: str) -> list[Path]:
    """The files of one layer: settings.css, or everything in components/, in the order of their names."""
    return sorted((CSS / layer).glob("*.css")) or [CSS / f"{layer}.css"]


def squeeze(text: str) -> str:
    """Leave out comments and indentation; a reader has the sources, a phone does not need them."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    return "\n".join(line.strip() for line in text.splitlines() if line.strip())


def build(target: str) -> str:
    """The whole text of a joined file."""
    layers = TARGETS[target]
    parts = [
        "/* Made by tools/build_css.py from the files beside it. Do not edit. */",
        f"@layer {', '.join(layers)};",
    ]
    for layer in layers:
        body = "\n".join(squeeze(path.read_text("utf-8")) for path in sources(layer))
        parts.append(f"@layer {layer} {{\n{body}\n}}")
    return "\n".join(parts) + "\n"


def main(arguments: list[str]) -> int:
    """Write the joined files, or say whether they are as they should be."""
    stale = []
    for target in TARGETS:
        path, text = CSS / target, build(target)
        if path.is_file() and path.read_text("utf-8") == text:
            continue
        if "--check" in arguments:
            stale.append(target)
        else:
            path.write_text(text, "utf-8")
    if stale:
        print(
            f"{', '.join(stale)}: not what the sources make: run python tools/build_css.py", file=sys.stderr
        )
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
