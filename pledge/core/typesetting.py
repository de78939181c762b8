"""Typesetting with Typst (docs/adr/0049). Characters that our fonts lack are replaced by a mark.

A PDF for screen readers may not contain a character without a glyph (ISO 14289-1, 7.21.8), and a name must not lose a letter
unnoticed.
"""

import json
import unicodedata
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import typst

FONTS = Path(__file__).parent / "fonts"

#: GETA MARK, the usual sign of Korean and Japanese printers for a missing character.
MISSING = "〓"

_JOINERS = "\u200c\u200d"  #: Persian, Hindi and other scripts need them inside words


def presentable(text: str) -> str:
    """The text as it can be typeset: composed (NFC), without invisible characters, and with MISSING in place of each run of
    characters that no font has. Line breaks are kept.
    """
    return "\n".join(_line(line) for line in unicodedata.normalize("NFC", text).splitlines())


def _line(line: str) -> str:
    shown: list[str] = []
    for cluster in _clusters(line):
        if any(_all_in(cluster, font) for font in fonts()):
            shown.append(cluster)
        elif shown[-1:] != [MISSING]:
            shown.append(MISSING)
    return "".join(shown)


def _clusters(line: str) -> list[str]:
    """Characters with their marks and joiners: a whole cluster is set from one font."""
    clusters: list[str] = []
    for character in line:
        category = unicodedata.category(character)
        if category[0] == "Z" or character == "\t":
            clusters.append(" ")
        elif character in _JOINERS or category[0] == "M":
            # A mark without a base is set on a space.
            clusters = clusters or [" "]
            clusters[-1] += character
        elif category not in ("Cc", "Cf"):
            clusters.append(character)
    return clusters


def _all_in(cluster: str, font: frozenset[int]) -> bool:
    return all(ord(character) in font for character in cluster if character not in _JOINERS)


@cache
def fonts() -> tuple[frozenset[int], ...]:
    """The code points of each font family in regular weight."""
    return tuple(code_points(path.name) for path in sorted(FONTS.glob("*-Regular.*")))


@cache
def code_points(name: str) -> frozenset[int]:
    """The code points for which a font file in FONTS has a glyph."""
    from fontTools.ttLib import TTFont  # noqa: PLC0415  # only processes that draw or typeset need it

    with TTFont(FONTS / name, lazy=True) as font:
        return frozenset(font.getBestCmap())


class CannotTypeset(ValueError):
    """This text cannot be typeset."""


def typeset(source: Path, data: object, at: datetime | None = None) -> bytes:
    """A PDF tagged for screen readers (PDF/UA-1) of a Typst file, to which `data` comes as JSON, never as markup.

    It uses no font, package or clock of this machine, so the same data always give the same bytes. `at`: the PDF's date.
    Raises CannotTypeset.
    """
    import typst  # noqa: PLC0415  # tens of megabytes, which only processes that typeset need

    try:
        made = compiler(source, data).compile(format="pdf", pdf_standards=["ua-1"], timestamp=at)
    except typst.TypstError as error:
        raise CannotTypeset(str(error)) from None
    if not isinstance(made, bytes):
        raise TypeError("a PDF is one file")
    return made


def compiler(source: Path, data: object) -> "typst.Compiler":
    """A Typst compiler with our fonts and this data. Its root is the folder of the file."""
    import typst  # noqa: PLC0415  # as above

    return typst.Compiler(
        str(source),
        root=str(source.parent),
        font_paths=_typst_fonts(),
        sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
    )


@cache
def _typst_fonts() -> "typst.Fonts":
    """Our fonts, read once in each process, and none of the system's."""
    import typst  # noqa: PLC0415  # as above

    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(FONTS)])
