"""Join tools/anywhere/ and the parts of the site's own checker into tools/anywhere.html, one file that runs from a disk.

`make lint` runs it with --check: the file is in git, as its SHA-256 is what people compare.
"""

from __future__ import annotations

import base64
import hashlib
import re
import sys
from pathlib import Path

TOOLS = Path(__file__).resolve().parent
FILE = TOOLS / "anywhere.html"
PARTS = TOOLS.parent / "pledge" / "static" / "js" / "verify"
#: As worker.js loads them, without what only packs need.
ORDER = ("note", "merkle", "entries", "log", "receipt", "count")


def as_function(path: Path) -> str:
    """A module that no file imports: what it exports is what the function returns."""
    name, text = path.stem, path.read_text("utf-8")
    exported = re.findall(r"^export (?:async )?(?:const|class|function) (\w+)", text, re.MULTILINE)
    returned = f"{{ {', '.join(exported)} }}" if exported else name
    body = re.sub(r"^export (default )?", "", text, flags=re.MULTILINE)
    return f"const {name}Part = (() => {{\n{body}\nreturn {returned};\n}})();\n"


def source_hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def build() -> str:
    """The whole page. Its policy (CSP) lets nothing run but the script whose hash it names."""
    own = {path.name: path.read_text("utf-8") for path in (TOOLS / "anywhere").iterdir()}
    modules = "".join(as_function(PARTS / f"{name}.js") for name in ("bytes", *ORDER))
    modules += as_function(TOOLS / "anywhere" / "witness.js")
    values = {
        "style": f"\n{own['page.css']}",
        "script": f"\n{modules}const ASSEMBLED = [{', '.join(f'{name}Part' for name in (*ORDER, 'witness'))}];\n\n{own['words.js']}\n{own['page.js']}",
    }
    values |= {f"{name}_hash": source_hash(text) for name, text in values.items()}
    return re.sub(r"\{(\w+)\}", lambda match: values[match[1]], own["page.html"])


if __name__ == "__main__":
    if "--check" not in sys.argv:
        FILE.write_text(build(), "utf-8")
    elif not FILE.is_file() or FILE.read_text("utf-8") != build():
        sys.exit(
            "tools/anywhere.html is not made of what is here now: .venv/bin/python tools/build_anywhere.py"
        )
