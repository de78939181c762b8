"""Which characters our fonts can show, read from the fonts themselves; others are replaced by a mark.

A PDF for screen readers may contain no character without a glyph (ISO 14289-1, 7.21.8), and a name must not lose a letter
without anybody noticing.
"""

import struct
import unicodedata
from functools import cache
from pathlib import Path

FONTS = Path(__file__).parent

#: GETA MARK, by which Korean and Japanese printers show a character that they have no type for.
MISSING = "〓"

_JOINERS = "\u200c\u200d"  #: scripts such as Persian and Hindi need them inside words
_WHOLE_RANGE, _BY_SEGMENT = 12, 4


def presentable(text: str) -> str:
    """The text as it can be typeset: composed (NFC), without invisible characters, and with MISSING in place of each run of
    characters that no font has. Line breaks are kept.
    """
    return "\n".join(_line(line) for line in unicodedata.normalize("NFC", text).splitlines())


def is_complete(text: str) -> bool:
    """Whether nothing visible had to be replaced."""
    return MISSING not in presentable(text.replace(MISSING, ""))


def _line(line: str) -> str:
    shown: list[str] = []
    for cluster in _clusters(line):
        if any(_all_in(cluster, font) for font in fonts()):
            shown.append(cluster)
        elif shown[-1:] != [MISSING]:
            shown.append(MISSING)
    return "".join(shown)


def _clusters(line: str) -> list[str]:
    """Characters, each with the marks and joiners on it: a cluster is set from one font or from none."""
    clusters: list[str] = []
    for character in line:
        category = unicodedata.category(character)
        if category[0] == "Z" or character == "\t":
            clusters.append(" ")
        elif character in _JOINERS or category[0] == "M":
            # Without anything to stand on, a mark is set on a space.
            clusters = clusters or [" "]
            clusters[-1] += character
        elif category not in ("Cc", "Cf"):
            clusters.append(character)
    return clusters


def _all_in(cluster: str, font: frozenset[int]) -> bool:
    return all(ord(character) in font for character in cluster if character not in _JOINERS)


@cache
def fonts() -> tuple[frozenset[int], ...]:
    """The code points of each family that is set in regular weight."""
    return tuple(code_points(path.name) for path in sorted(FONTS.glob("*-Regular.*")))


@cache
def code_points(name: str) -> frozenset[int]:
    """The code points that a font file in FONTS has a glyph for."""
    return _code_points((FONTS / name).read_bytes())


def _code_points(font: bytes) -> frozenset[int]:
    """The code points that the `cmap` table of an OpenType font maps to a glyph (ISO/IEC 14496-22, 5.2.1), formats 4 and 12."""
    tables = {tag: offset for tag, _, offset, _ in struct.iter_unpack(">4sIII", _directory(font))}
    start = tables[b"cmap"]
    (count,) = struct.unpack_from(">H", font, start + 2)
    found: set[int] = set()
    for place in range(count):
        (offset,) = struct.unpack_from(">I", font, start + 4 + 8 * place + 4)
        (form,) = struct.unpack_from(">H", font, start + offset)
        if form == _WHOLE_RANGE:
            found |= _groups(font, start + offset)
        elif form == _BY_SEGMENT:
            found |= _segments(font, start + offset)
    return frozenset(found)


def _directory(font: bytes) -> bytes:
    (count,) = struct.unpack_from(">H", font, 4)
    return font[12 : 12 + 16 * count]


def _groups(font: bytes, start: int) -> set[int]:
    (count,) = struct.unpack_from(">I", font, start + 12)
    groups = struct.iter_unpack(">III", font[start + 16 : start + 16 + 12 * count])
    return {code for first, last, glyph in groups for code in range(first, last + 1) if glyph + code - first}


def _segments(font: bytes, start: int) -> set[int]:
    (double,) = struct.unpack_from(">H", font, start + 6)
    count = double // 2

    def column(number: int, form: str) -> tuple[int, ...]:
        # There is one padding word between the first and the second column.
        offset = start + 14 + double * number + (2 if number else 0)
        return struct.unpack_from(f">{count}{form}", font, offset)

    lasts, firsts, deltas, offsets = column(0, "H"), column(1, "H"), column(2, "h"), column(3, "H")
    table = start + 16 + 3 * double
    found = set()
    for place, (first, last, delta, offset) in enumerate(zip(firsts, lasts, deltas, offsets, strict=True)):
        for code in range(first, min(last, 0xFFFE) + 1):
            if offset == 0:
                glyph = (code + delta) & 0xFFFF
            else:
                (glyph,) = struct.unpack_from(">H", font, table + 2 * place + offset + 2 * (code - first))
            if glyph:
                found.add(code)
    return found
