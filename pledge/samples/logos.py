"""Logos of sample organisations, drawn from their names: plain shapes and letters, of nobody's trademark."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from PIL import Image, ImageDraw, ImageFont

from pledge.core.fonts.glyphs import FONTS
from pledge.files.pictures import SIZES

#: Drawn so many times larger than stored, for smooth edges.
_SMOOTH = 2
_HEIGHT = 240 * _SMOOTH
_FACE = "Pretendard-SemiBold.otf"
#: A dark colour and a light one that goes with it.
_PALETTES = (
    ("#0b4f8a", "#6ec1ff"),
    ("#0f6b4f", "#8fe0b0"),
    ("#7a3b12", "#ffc078"),
    ("#5b2a86", "#d3b3ff"),
    ("#9b1d3a", "#ffb3c1"),
    ("#14535c", "#7fdbe0"),
    ("#3d4a12", "#d5e38a"),
    ("#23324d", "#a9bdd8"),
    ("#8a4b0b", "#ffd76e"),
    ("#1c6b0f", "#b6e08f"),
    ("#12407a", "#78e0ff"),
    ("#862a66", "#ffb3ec"),
    ("#1d2a9b", "#b3bcff"),
    ("#5c1e14", "#e0917f"),
    ("#124a35", "#e3d58a"),
    ("#4d2340", "#d8a9cb"),
)


@dataclass(frozen=True)
class Ground:
    """Where a mark is drawn: the middle, and how far it reaches."""

    pen: ImageDraw.ImageDraw
    x: float
    y: float
    r: float


#: Draws in a dark and a light colour.
Mark = Callable[[Ground, str, str], None]


def draw(name: str, number: int) -> dict[int, bytes]:
    """WebP with a transparent ground, in the sizes of a picture. Each number below 96 has a logo of its own."""
    marks = (_sun, _leaf, _waves, _ridges, _ring, _letter(name))
    dark, light = _PALETTES[number % len(_PALETTES)]
    mark = marks[
        (number + number // 48) % len(marks)
    ]  # 48: after so many, colours and marks would meet again
    is_wide = number % 4 == 1
    side = _HEIGHT
    width = side + round(_font(side // 3).getlength(name)) + side // 5 if is_wide else side
    picture = Image.new("RGBA", (width, side))
    pen = ImageDraw.Draw(picture)
    mark(Ground(pen, side / 2, side / 2, side * 0.46), dark, light)
    if is_wide:
        pen.text((side * 1.1, side / 2), name, font=_font(side // 3), fill=dark, anchor="lm")
    return {size: _webp(picture, size) for size in SIZES}


def draw_portrait() -> dict[int, bytes]:
    """As draw, head and shoulders before a sky: nobody in particular."""
    side = 320 * _SMOOTH
    picture = Image.new("RGB", (side, side), "#bfe3f7")
    pen = ImageDraw.Draw(picture)
    x = side / 2
    pen.ellipse((x - side * 0.36, side * 0.68, x + side * 0.36, side * 1.4), fill="#1f6387")
    pen.rounded_rectangle(
        (x - side * 0.08, side * 0.5, x + side * 0.08, side * 0.76), side * 0.07, fill="#e2b68f"
    )
    pen.ellipse((x - side * 0.21, side * 0.14, x + side * 0.21, side * 0.62), fill="#2b2f3a")
    pen.ellipse((x - side * 0.165, side * 0.24, x + side * 0.165, side * 0.62), fill="#f0c9a4")
    return {size: _webp(picture, size) for size in SIZES}


def _sun(on: Ground, dark: str, light: str) -> None:
    pen, x, y, r = on.pen, on.x, on.y, on.r
    pen.ellipse((x - r, y - r, x + r, y + r), fill=light)
    pen.pieslice((x - r, y - r, x + r, y + r), 0, 180, fill=dark)
    pen.ellipse((x - r * 0.42, y - r * 0.62, x + r * 0.42, y + r * 0.22), fill="#ffffff")
    pen.rectangle((x - r * 0.5, y, x + r * 0.5, y + r * 0.3), fill=dark)


def _leaf(on: Ground, dark: str, light: str) -> None:
    pen, x, y, r = on.pen, on.x, on.y, on.r
    # Round at two opposite corners: top left and bottom right.
    pen.rounded_rectangle((x - r, y - r, x + r, y + r), r, fill=light, corners=(True, False, True, False))
    pen.line((x - r, y + r, x + r * 0.5, y - r * 0.5), fill=dark, width=max(1, round(r * 0.09)))


def _waves(on: Ground, dark: str, light: str) -> None:
    pen, x, y, r = on.pen, on.x, on.y, on.r
    pen.rounded_rectangle((x - r, y - r, x + r, y + r), r * 0.3, fill=dark)
    step, thick = r * 0.5, max(1, round(r * 0.13))
    for line in (-0.45, 0.0, 0.45):
        for place in range(4):
            left = x - r + place * step
            box = (left, y + line * r - step / 2, left + step, y + line * r + step / 2)
            pen.arc(box, *((180, 360) if place % 2 == 0 else (0, 180)), fill=light, width=thick)


def _ridges(on: Ground, dark: str, light: str) -> None:
    pen, x, y, r = on.pen, on.x, on.y, on.r
    pen.ellipse((x + r * 0.15, y - r, x + r * 0.85, y - r * 0.3), fill=light)
    pen.polygon([(x - r, y + r * 0.8), (x - r * 0.25, y - r * 0.6), (x + r * 0.5, y + r * 0.8)], fill=dark)
    pen.polygon([(x - r * 0.1, y + r * 0.8), (x + r * 0.45, y - r * 0.1), (x + r, y + r * 0.8)], fill=light)


def _ring(on: Ground, dark: str, light: str) -> None:
    pen, x, y, r = on.pen, on.x, on.y, on.r
    thick = max(1, round(r * 0.26))
    pen.arc((x - r, y - r, x + r, y + r), 40, 320, fill=dark, width=thick)
    pen.arc((x - r * 0.55, y - r * 0.55, x + r * 0.55, y + r * 0.55), 220, 500, fill=light, width=thick)


def _letter(name: str) -> Mark:
    def mark(on: Ground, dark: str, light: str) -> None:
        pen, x, y, r = on.pen, on.x, on.y, on.r
        pen.rounded_rectangle((x - r, y - r, x + r, y + r), r * 0.22, fill=dark)
        pen.text((x, y), name[:1], font=_font(round(r * 1.2)), fill=light, anchor="mm")

    return mark


def _webp(picture: Image.Image, size: int) -> bytes:
    made = picture.copy()
    made.thumbnail((size, size), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    made.save(out, "WEBP", quality=90)
    return out.getvalue()


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(FONTS / _FACE), size)
