"""The fixed texts of the letter, one file for each language."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

TYPST = Path(__file__).parent / "typst"


@cache
def fixed(lang: str) -> dict[str, Any]:
    return tomllib.loads((TYPST / f"{lang}.toml").read_text("utf-8"))
