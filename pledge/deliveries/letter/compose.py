"""The letter of a delivery as a PDF, one language after another."""

from typing import Any

from pledge.core.clock import from_iso_utc
from pledge.core.typesetting import presentable, typeset
from pledge.deliveries.document import Document
from pledge.deliveries.letter.parts import part
from pledge.deliveries.letter.wording import TYPST

SOURCE = TYPST / "letter.typ"


def letter_pdf(document: Document, *, draft: bool = False) -> bytes:
    """The letter. The same document always gives the same bytes. A draft is marked as one on each page."""
    return typeset(SOURCE, letter_data(document, draft=draft), at=from_iso_utc(document.frozen_at))


def letter_data(document: Document, *, draft: bool = False) -> dict[str, Any]:
    parts = [part(document, lang, draft=draft) for lang in document.languages]
    titles = dict.fromkeys(document.title.of(lang) for lang in document.languages)
    return {
        "title": " / ".join(part["subject"] for part in parts),
        "authors": parts[0]["senders"],
        "description": presentable(" / ".join(titles)),
        "parts": parts,
    }
