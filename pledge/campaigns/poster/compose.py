"""A poster of a campaign as a PDF: the title, what to do, and the code that leads to the page. Typst sets it (docs/adr/0018)."""

import json
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from io import BytesIO
from pathlib import Path

import segno
import typst

from pledge.core.fonts.glyphs import presentable
from pledge.core.fonts.typesetting import typst_fonts

_SOURCES = Path(__file__).parent
#: Posters that a process keeps: two sizes in each language for some campaigns.
MAX_KEPT = 24


class Paper(StrEnum):
    A4 = "a4"
    A3 = "a3"


@dataclass(frozen=True)
class PosterWords:
    """What a poster says, in one language."""

    lang: str
    title: str
    tagline: str
    ask: str  #: what to do with the code
    code_alt: str  #: what the code is, for a screen reader
    recipient: str  #: to whom the number goes, in a sentence; "" without one
    secretariat: str  #: who runs the campaign; "" where nobody is named
    url: str  #: where the code leads


@lru_cache(maxsize=MAX_KEPT)
def poster_pdf(words: PosterWords, paper: Paper) -> bytes:
    """The poster, tagged for screen readers (PDF/UA-1). The same words always give the same bytes."""
    data: dict[str, object] = {name: presentable(value) for name, value in vars(words).items()}
    data |= {
        "lang": words.lang,
        "url": words.url,
        "address": words.url.partition("://")[2],
        "paper": paper.value,
        "senders": [data["secretariat"]] if words.secretariat else [],
        "code": _code(words.url),
    }
    made = typst.Compiler(
        str(_SOURCES / "poster.typ"),
        root=str(_SOURCES),
        font_paths=typst_fonts(),
        sys_inputs={"poster": json.dumps(data, ensure_ascii=False)},
    ).compile(format="pdf", pdf_standards=["ua-1"])
    if not isinstance(made, bytes):
        raise TypeError("a PDF is one file")
    return made


def _code(url: str) -> str:
    """The QR code as SVG; level Q, since a poster hangs in the rain."""
    drawn = BytesIO()
    segno.make(url, error="q", micro=False).save(drawn, kind="svg", border=0, dark="#0c2a44", xmldecl=False)
    return drawn.getvalue().decode()
