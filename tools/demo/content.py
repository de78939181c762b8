"""The readable files that sample data is made from: texts, and pictures drawn for invented names, of nobody's trademark."""

import tomllib
from pathlib import Path
from typing import Any

from pledge.files import services as files
from pledge.files.pictures import SIZES
from pledge.files.resizing import reencode

FOLDER = Path(__file__).resolve().parent / "content"


def read(name: str) -> dict[str, Any]:
    """The content of `<name>.toml`."""
    return tomllib.loads((FOLDER / f"{name}.toml").read_text("utf-8"))


def store_logo(name: str) -> str:
    """Store `logos/<name>.webp`; in this process, as we have drawn it ourselves. Returns its random name."""
    drawn = (FOLDER / "logos" / f"{name}.webp").read_bytes()
    return files.store_renditions(dict(zip(SIZES, reencode(drawn, "WEBP"), strict=True)))
