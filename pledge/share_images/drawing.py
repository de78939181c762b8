"""Draws a share image as a PNG: a title and a figure in the sky over the city of the campaign's page, in one of three shapes.

Typst sets it (image.typ). `skyline.svg` is the city of the pages without its haze, made by tools/skyline.py.
"""

import io
import shutil
import threading
from dataclasses import asdict, dataclass
from functools import cache, lru_cache
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from zlib import crc32

from pledge.core.typesetting import FONTS, compiler, presentable

#: What Typst reads besides the pictures on it.
_SOURCES = [Path(__file__).with_name(name) for name in ("image.typ", "skyline.svg")]
#: How much haze lies over the city, by the steps that are reached (css/components/skyline.css).
HAZE = (0.9, 0.74, 0.56, 0.38, 0.2, 0.0)
#: Pictures that a process keeps, of about 100 kB each: messengers ask for one again and again.
MAX_CACHED = 24
#: One at a time: each takes a core and some tens of MB.
_drawing = threading.Lock()
#: Of text_width, tried in this order for each character.
_FACES = ("Pretendard-SemiBold.otf", "NotoSansCJKkrSubset-Regular.otf")


@dataclass(frozen=True)
class Shape:
    """Where things are on a picture, in pixels."""

    width: int
    height: int
    room: int  #: of a line
    top: int  #: what is written stands in the middle between this
    bottom: int  #: and this
    figure: int  #: the size of the figure; everything else is in proportion
    city: float  #: pixels for a unit of the city
    hosts: int  #: the middle of the line with who is behind it


#: KakaoTalk shows the square in its middle, so all words are there.
WIDE = Shape(1200, 630, room=610, top=24, bottom=456, figure=160, city=0.84, hosts=592)
SQUARE = Shape(1080, 1080, room=960, top=60, bottom=720, figure=240, city=1.1, hosts=1022)
#: Applications put signs of their own over its upper and lower end.
STORY = Shape(1080, 1920, room=920, top=270, bottom=1060, figure=260, city=2.1, hosts=1190)


@dataclass(frozen=True)
class Host:
    """Who is behind the campaign: a logo, or the name where there is none."""

    name: str
    logo: bytes = b""  #: as a picture in `files`


@dataclass(frozen=True)
class ShareImage:
    """What is on the image. Texts may be ""; pictures are those of `files`, or b""."""

    lang: str
    above: str  #: in small
    title: str
    figure: str  #: "11,843" or "62nd"
    words: str  #: below the figure
    clearness: int  #: of its sky, as in campaigns/goals.py
    below: str = ""  #: below the title
    hosts: tuple[Host, ...] = ()
    logo: bytes = b""  #: above the title
    photo: bytes = b""  #: in place of the city
    focus: str = "center"  #: the part of the photograph that stays in sight, as in campaigns/media.py


@lru_cache(maxsize=MAX_CACHED)
def draw(image: ShareImage, shape: Shape = WIDE) -> bytes:
    """The PNG. The same image gives the same bytes."""
    data = {**asdict(image), "shape": asdict(shape), "haze": HAZE[image.clearness]}
    with _drawing, TemporaryDirectory() as folder:
        source, *_others = [shutil.copy(path, folder) for path in _SOURCES]
        made = compiler(Path(source), _as_json(data, Path(folder))).compile(format="png", ppi=72)
        if not isinstance(made, bytes):
            raise TypeError("a picture is one file")
        return _with_few_colours(made) if image.photo else made


def with_text(png: bytes, keyword: str, text: str) -> bytes:
    """Add a text that programs read (PNG, 11.3.3.2 tEXt), right after the header."""
    chunk = f"tEXt{keyword}\0{text}".encode("latin-1")
    lengths = (len(chunk) - 4).to_bytes(4), crc32(chunk).to_bytes(4)
    return png[:33] + lengths[0] + chunk + lengths[1] + png[33:]


def _with_few_colours(png: bytes) -> bytes:
    """Reduce to 256 colours: a photograph in full colour exceeds the size that messengers accept."""
    from PIL import Image  # noqa: PLC0415  # only a process that draws needs its memory

    out = io.BytesIO()
    with Image.open(io.BytesIO(png)) as opened:
        picture = opened.convert("RGB")
    picture.quantize(palette=picture.reduce(4).quantize(256), dither=Image.Dither.NONE).save(out, "PNG")
    return out.getvalue()


def _as_json(value: object, folder: Path) -> object:
    """Texts as they can be set, and for a picture the name of its file in the folder: as numbers its bytes would take a
    hundred times their room, for as long as Typst keeps them.
    """
    if isinstance(value, dict):
        return {name: _as_json(each, folder) for name, each in value.items()}
    if isinstance(value, tuple):
        return [_as_json(each, folder) for each in value]
    if isinstance(value, bytes):
        name = sha256(value).hexdigest() if value else ""
        if name:
            (folder / name).write_bytes(value)
        return name
    return presentable(value) if isinstance(value, str) else value


def text_width(text: str, size: int) -> float:
    """How wide the text is in our fonts, in pixels."""
    return sum(size * next((face[ord(it)] for face in _faces() if ord(it) in face), 1) for it in text)


@cache
def _faces() -> list[dict[int, float]]:
    """Advance widths of each font face, in ems, by code point."""
    from fontTools.ttLib import TTFont  # noqa: PLC0415  # as above

    faces = []
    for face in _FACES:
        with TTFont(FONTS / face, lazy=True) as font:
            widths, em = font["hmtx"], font["head"].unitsPerEm
            faces.append({code: widths[name][0] / em for code, name in font.getBestCmap().items()})
    return faces
