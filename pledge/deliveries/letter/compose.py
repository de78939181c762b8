"""The letter of a delivery as a PDF, by Typst, one language after another. The texts come in as data, never as markup."""

import json

import typst

from pledge.core.clock import from_iso_utc
from pledge.core.fonts.glyphs import presentable
from pledge.core.fonts.typesetting import typst_fonts
from pledge.deliveries.document import Document
from pledge.deliveries.letter.parts import part
from pledge.deliveries.letter.wording import TYPST


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
        font_paths=typst_fonts(),
        sys_inputs={"letter": _data(document, draft=draft)},
    )


def _data(document: Document, *, draft: bool) -> str:
    parts = [part(document, lang, draft=draft) for lang in document.languages]
    titles = dict.fromkeys(document.title.of(lang) for lang in document.languages)
    return json.dumps(
        {
            "title": " / ".join(part["subject"] for part in parts),
            "authors": parts[0]["senders"],
            "description": presentable(" / ".join(titles)),
            "parts": parts,
        },
        ensure_ascii=False,
    )
