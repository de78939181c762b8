"""The readable files that sample data is made from (pledge/content/sample)."""

import tomllib
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent.parent / "content" / "sample"


def read(name: str) -> dict[str, Any]:
    """The content of `<name>.toml`."""
    return tomllib.loads((FOLDER / f"{name}.toml").read_text("utf-8"))
