"""The letter of a campaign, from the text of its page, and its posters, as PDF."""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any

import segno

from pledge.core.text.markdown import markdown_tree
from pledge.core.typesetting import presentable, typeset

_TYPST = Path(__file__).with_name("typst")
#: Letters that a process keeps: each language of some campaigns.
MAX_CACHED_LETTERS = 16
#: The same of posters: two sizes in each language.
MAX_CACHED_POSTERS = 24
MAX_LEVEL = 4  #: of a heading


@dataclass(frozen=True)
class LetterWords:
    """A letter in one language."""

    lang: str
    heading: str  #: what the document is
    campaign: str  #: the title of the campaign
    text: str  #: CommonMark
    secretariat: str  #: who runs the campaign; "" where nobody is named
    url: str  #: of the campaign


@lru_cache(maxsize=MAX_CACHED_LETTERS)
def letter_pdf(letter: LetterWords) -> bytes:
    """The letter, tagged for screen readers (PDF/UA-1). The same letter always gives the same bytes."""
    return _typeset(letter)


def check_letter_text(lang: str, text: str) -> None:
    """Set a text once, so that its page never leads to a PDF that cannot be made. Raises CannotTypeset."""
    _typeset(
        LetterWords(lang, heading="-", campaign="-", text=text, secretariat="", url="https://localhost/")
    )


def _typeset(letter: LetterWords) -> bytes:
    return _set("letter.typ", letter, blocks=_with_outline(_presentable(markdown_tree(letter.text))))


def _set(source: str, words: "LetterWords | PosterWords", **more: object) -> bytes:
    """The document of a source in Typst, with the words in characters that our fonts have, and more."""
    data: dict[str, object] = {name: presentable(value) for name, value in vars(words).items()}
    senders = [data["secretariat"]] if words.secretariat else []
    return typeset(
        _TYPST / source, {**data, "lang": words.lang, "url": words.url, "senders": senders, **more}
    )


def _with_outline(blocks: list[dict[str, Any]], above: list[int] | None = None) -> list[dict[str, Any]]:
    """The tree, changed in place, with headings as PDF/UA-1 has them (ISO 14289-1, 7.4.2).

    No level is left out, and none is without a text. `above` has the level of the heading before, in the order of reading; that of the letter itself is the first.
    """
    above = [1] if above is None else above
    kept = []
    for node in blocks:
        if node["type"] == "heading":
            if not _has_text(node):
                continue
            above[0] = max(2, min(node["level"], above[0] + 1, MAX_LEVEL))
            node["level"] = above[0]
        elif "children" in node:
            node["children"] = _with_outline(node["children"], above)
        kept.append(node)
    return kept


def _has_text(node: dict[str, Any]) -> bool:
    return bool(node.get("text", "").strip()) or any(map(_has_text, node.get("children", [])))


def _presentable(tree: Any) -> Any:
    """The tree with characters that our fonts have."""
    if isinstance(tree, list):
        return [_presentable(node) for node in tree]
    return {
        name: presentable(value) if name == "text" else _presentable(value) if name == "children" else value
        for name, value in tree.items()
    }


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


@lru_cache(maxsize=MAX_CACHED_POSTERS)
def poster_pdf(words: PosterWords, paper: Paper) -> bytes:
    """The poster, tagged for screen readers (PDF/UA-1). The same words always give the same bytes."""
    address = words.url.partition("://")[2]
    return _set("poster.typ", words, address=address, paper=paper.value, code=_code(words.url))


def _code(url: str) -> str:
    """The QR code as SVG; level Q, since a poster hangs in the rain."""
    drawn = BytesIO()
    segno.make(url, error="q", micro=False).save(drawn, kind="svg", border=0, dark="#0c2a44", xmldecl=False)
    return drawn.getvalue().decode()
