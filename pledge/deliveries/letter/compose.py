"""The letter of a delivery as a PDF: Korean, then English. Typst sets it; the texts come in as data, never as markup."""

import json
from functools import cache

import typst

from pledge.core import languages
from pledge.core.clock import from_iso_utc
from pledge.deliveries.document import Document
from pledge.deliveries.letter.glyphs import FONTS, presentable
from pledge.deliveries.letter.parts import TYPST, part


def letter_pdf(document: Document, *, draft: bool = False) -> bytes:
    """The letter, tagged for screen readers (PDF/UA-1). The same document always gives the same bytes.

    A draft is marked as one on each page.

    It uses no font, package or clock of this machine: the fonts are beside this file, the date is the document's.
    """
    made = _compiler(document, draft=draft).compile(
        format="pdf", pdf_standards=["ua-1"], timestamp=from_iso_utc(document.frozen_at)
    )
    if not isinstance(made, bytes):
        raise TypeError("a PDF is one file")
    return made


def _compiler(document: Document, *, draft: bool = False) -> typst.Compiler:
    return typst.Compiler(
        str(TYPST / "letter.typ"),
        root=str(TYPST),
        font_paths=_fonts(),
        sys_inputs={"letter": _data(document, draft=draft)},
    )


def _data(document: Document, *, draft: bool) -> str:
    parts = [part(document, lang, draft=draft) for lang in languages.codes()]
    title = presentable(f"{document.title.ko} / {document.title.en}")
    return json.dumps(
        {
            "title": f"{parts[0]['subject']} / {parts[1]['subject']}",
            "authors": parts[0]["senders"],
            "description": title,
            "parts": parts,
        },
        ensure_ascii=False,
    )


@cache
def _fonts() -> typst.Fonts:
    """The fonts, read once in each process; none of the system's."""
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(FONTS)])
