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
    data = {
        **{name: presentable(value) for name, value in vars(letter).items() if name != "text"},
        "lang": letter.lang,
        "url": letter.url,
        "senders": [presentable(letter.secretariat)] if letter.secretariat else [],
        "blocks": _presentable(markdown_tree(letter.text)),
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


def _presentable(tree: Any) -> Any:
    """The tree with characters that our fonts have."""
    if isinstance(tree, list):
        return [_presentable(node) for node in tree]
    return {
        name: presentable(value) if name == "text" else _presentable(value) if name == "children" else value
        for name, value in tree.items()
    }
