"""Draws a share image: a title, a figure and its words in the sky above the ridges, as a PNG of 1200 × 630 pixels.

`sky.png` is the ridges of the site's pages (`templates/components/campaign/skyline.html`) without any text.
"""

import io
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from pledge.core.typesetting import FONTS, code_points, presentable

if TYPE_CHECKING:
    from PIL import Image, ImageDraw, ImageFont

WIDTH, HEIGHT = 1200, 630
_SKY = Path(__file__).parent / "sky.png"
_INK, _INK_SOFT, _ACTION = "#0c2a44", "#34536f", "#0061a8"
_LEFT, _TOP = 80, 72
_ROOM = WIDTH - 2 * _LEFT
#: Sizes in pixels that are tried for a title, largest first, and how many lines it may have.
_TITLE_SIZES, _TITLE_LINES = (68, 60, 52, 44), 2
_FIGURE_SIZES = (120, 96, 76, 60, 48)
#: Tried in this order for each character; together they have all that `presentable` leaves, but for scripts that are joined.
_FACES = ("Pretendard-SemiBold.otf", "NotoSansCJKkrSubset-Regular.otf")


@dataclass(frozen=True)
class ShareImage:
    """What is written on the image."""

    site: str  #: the name of the site, in small
    title: str  #: of the campaign
    figure: str  #: "12,345" or "62nd"
    words: str  #: what the figure counts, written beside it


def draw(image: ShareImage) -> bytes:
    """The PNG. The same words give the same bytes."""
    from PIL import ImageDraw  # noqa: PLC0415  # only a process that draws needs its memory

    picture = _sky().copy()
    pen = ImageDraw.Draw(picture)
    _write(pen, (_LEFT, _TOP + 30), _shortened(presentable(image.site), 30), 30, _INK_SOFT)
    size, lines = _title(presentable(image.title))
    y = _TOP + 56
    for line in lines:
        _write(pen, (_LEFT, y + size), line, size, _INK)
        y += round(size * 1.25)
    figure, words = presentable(image.figure), presentable(image.words)
    size = next(
        (size for size in _FIGURE_SIZES if _figure_width(figure, words, size) <= _ROOM), _FIGURE_SIZES[-1]
    )
    baseline = y + 20 + size
    end = _write(pen, (_LEFT, baseline), figure, size, _ACTION)
    _write(pen, (end + size // 6, baseline), words, round(size * 0.4), _INK)
    return _png(picture)


def _figure_width(figure: str, words: str, size: int) -> float:
    return text_width(figure, size) + size // 6 + text_width(words, round(size * 0.4))


def _title(text: str) -> tuple[int, list[str]]:
    """The largest size in which the title fits, and its lines; a title that fits in none is cut."""
    for size in _TITLE_SIZES:
        lines = _wrapped(text, size)
        if len(lines) <= _TITLE_LINES:
            return size, lines
    size = _TITLE_SIZES[-1]
    lines = _wrapped(text, size)
    return size, [*lines[: _TITLE_LINES - 1], _shortened(" ".join(lines[_TITLE_LINES - 1 :]), size)]


def _wrapped(text: str, size: int) -> list[str]:
    """Lines that fit, broken at spaces; a word that is wider than the room is a line of its own and is cut."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else ""
        if lines and text_width(longer, size) <= _ROOM:
            lines[-1] = longer
        else:
            lines.append(_shortened(word, size))
    return lines


def _shortened(text: str, size: int) -> str:
    if text_width(text, size) <= _ROOM:
        return text
    while text and text_width(text + "…", size) > _ROOM:
        text = text[:-1]
    return text.rstrip() + "…"


def _write(
    pen: "ImageDraw.ImageDraw", start: tuple[float, float], text: str, size: int, colour: str
) -> float:
    """Write from this point of the baseline on, and return where the text ends."""
    x, y = start
    for run, font in _runs(text, size):
        pen.text((x, y), run, font=font, fill=colour, anchor="ls")
        x += font.getlength(run)
    return x


def text_width(text: str, size: int) -> float:
    """How wide the text is in our fonts, in pixels."""
    return sum(font.getlength(run) for run, font in _runs(text, size))


def _runs(text: str, size: int) -> "list[tuple[str, ImageFont.FreeTypeFont]]":
    """The text in pieces, each with the first face that has its characters."""
    runs: list[tuple[str, ImageFont.FreeTypeFont]] = []
    for character in text:
        name = next((face for face in _FACES if ord(character) in code_points(face)), _FACES[0])
        font = _font(name, size)
        if runs and runs[-1][1] is font:
            runs[-1] = (runs[-1][0] + character, font)
        else:
            runs.append((character, font))
    return runs


@cache
def _font(face: str, size: int) -> "ImageFont.FreeTypeFont":
    from PIL import ImageFont  # noqa: PLC0415  # as above

    return ImageFont.truetype(str(FONTS / face), size)


@cache
def _sky() -> "Image.Image":
    from PIL import Image  # noqa: PLC0415  # as above

    with Image.open(_SKY) as sky:
        return sky.convert("RGB")


def _png(picture: "Image.Image") -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG", compress_level=6)
    return out.getvalue()
