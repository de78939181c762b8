"""The letter of a campaign as a PDF, from the text of its page. Typst sets it (docs/adr/0018)."""

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import typst

from pledge.core.fonts.glyphs import presentable
from pledge.core.fonts.typesetting import typst_fonts
from pledge.core.text.markdown import markdown_tree

#: The ridges of the poster are on the letter too.
_ROOT = Path(__file__).parents[1]
_SOURCE = Path(__file__).with_name("letter.typ")
#: Letters that a process keeps: each language of some campaigns.
MAX_KEPT = 16
MAX_LEVEL = 4  #: of a heading


class BadLetterText(ValueError):
    """No PDF can be made of this text."""


@dataclass(frozen=True)
class Letter:
    """A letter in one language."""

    lang: str
    heading: str  #: what the document is
    campaign: str  #: the title of the campaign
    text: str  #: CommonMark
    secretariat: str  #: who runs the campaign; "" where nobody is named
    url: str  #: of the campaign


@lru_cache(maxsize=MAX_KEPT)
def letter_pdf(letter: Letter) -> bytes:
    """The letter, tagged for screen readers (PDF/UA-1). The same letter always gives the same bytes."""
    return _typeset(letter)


def check_letter_text(lang: str, text: str) -> None:
    """Set a text once, so that its page never leads to a PDF that cannot be made. Raises BadLetterText."""
    try:
        _typeset(Letter(lang, heading="-", campaign="-", text=text, secretariat="", url="https://localhost/"))
    except typst.TypstError:
        raise BadLetterText from None


def _typeset(letter: Letter) -> bytes:
    data = {
        **{name: presentable(value) for name, value in vars(letter).items() if name != "text"},
        "lang": letter.lang,
        "url": letter.url,
        "senders": [presentable(letter.secretariat)] if letter.secretariat else [],
        "blocks": _with_outline(_presentable(markdown_tree(letter.text))),
    }
    made = typst.Compiler(
        str(_SOURCE),
        root=str(_ROOT),
        font_paths=typst_fonts(),
        sys_inputs={"letter": json.dumps(data, ensure_ascii=False)},
    ).compile(format="pdf", pdf_standards=["ua-1"])
    if not isinstance(made, bytes):
        raise TypeError("a PDF is one file")
    return made


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
