"""Join the style sheets under pledge/static/css: site.css for every page, one cascade layer for each kind; and for
some pages another one, loaded after site.css: staff.css, live.css, dark.css. Each more costs a phone a connection before it
shows anything, which is why the public pages share one.

tools/compile.sh runs it; the joined files are not in git.
"""

from __future__ import annotations

import re
from pathlib import Path

CSS = Path(__file__).resolve().parent.parent / "pledge" / "static" / "css"
#: The layers of each joined file; later layers win, whatever their selectors weigh, and those of the second file come last.
TARGETS = {
    "site.css": ("settings", "base", "layout", "components", "screens", "widget"),
    "staff.css": ("staff",),
    "live.css": ("live",),
    "dark.css": ("settings", "widget"),
}
#: What only they have whose browser asks for it; in dark.css everybody.
DARK = "@media (prefers-color-scheme: dark)"


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
        "/* Made by tools/build_css.py. */",
        f"@layer {', '.join(layers)};",
    ]
    for layer in layers:
        body = "\n".join(squeeze(path.read_text("utf-8")) for path in sources(layer))
        parts.append(f"@layer {layer} {{\n{body}\n}}")
    text = "\n".join(parts) + "\n"
    return text.replace(DARK, "@media all") if target == "dark.css" else text


if __name__ == "__main__":
    for target in TARGETS:
        path, text = CSS / target, build(target)
        if not path.is_file() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
