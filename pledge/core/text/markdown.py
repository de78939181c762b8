"""Markdown as safe HTML and as a tree for documents, and the texts of the site with their versions."""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode
from markupsafe import Markup

from config import Contact
from pledge.core import languages

_MARKDOWN = MarkdownIt("commonmark", {"html": False, "typographer": False}).enable("table")
_TAGS = {
    *("h2", "h3", "h4", "p", "ul", "ol", "li", "strong", "em", "a", "blockquote", "br", "hr"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}
#: Characters of a setting that have a meaning in Markdown.
_SPECIAL = re.compile(r"[\\`*_{}\[\]<>()#+.!|-]")
#: Splits before headings of the second level, indented or not.
_SECTIONS = re.compile(r"^ {0,3}## ", re.MULTILINE)
_CONTENT = Path(__file__).parents[2] / "content"


@lru_cache(maxsize=64)
def markdown(text: str) -> Markup:
    """Render our own texts as safe HTML. Foreign links get a `rel`, cells of tables their column's name (`data-label`)."""
    tokens = _MARKDOWN.parse(text)
    _label_cells(tokens)
    html = nh3.clean(
        _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {}),
        tags=_TAGS,
        attributes={"a": {"href"}, "td": {"data-label"}},
        link_rel="noopener noreferrer",
    )
    return Markup(html)  # noqa: S704  # the sanitiser's output is what makes it safe


def _label_cells(tokens: Sequence[Token]) -> None:
    """Label each cell: narrow pages show the column's heading before it instead of columns (css/layout.css)."""
    heads: list[str] = []
    column = 0
    for token, content in pairwise(tokens):
        if token.type == "thead_open":
            heads = []
        elif token.type == "tr_open":
            column = 0
        elif token.type == "th_open":
            heads.append(content.content)
        elif token.type == "td_open":
            token.attrSet("data-label", heads[column])
            column += 1


@dataclass(frozen=True)
class Section:
    """The text below one heading."""

    title: str  #: "" before the first heading
    html: Markup
    has_list: bool


@lru_cache(maxsize=64)
def sections(text: str) -> tuple[Section, ...]:
    """The sections of our own text, by its headings of the second level."""
    before, *others = _SECTIONS.split(text)
    parts = [
        ("", before),
        *((title.strip(" #"), body) for title, _, body in (part.partition("\n") for part in others)),
    ]
    return tuple(
        Section(title, html := markdown(body), "<li>" in html)
        for title, body in parts
        if title or body.strip()
    )


def markdown_tree(text: str) -> list[dict[str, Any]]:
    """Our own text as a tree of blocks, for documents other than pages.

    Each node is `{"type": …}` with `children`, `text`, `level` (heading), `ordered` (list) or `href` (link). HTML is text.
    """
    return [_node(node) for node in SyntaxTreeNode(_MARKDOWN.parse(text)).children]


def _node(node: SyntaxTreeNode) -> dict[str, Any]:
    converted: dict[str, Any] = {"type": node.type.removeprefix("ordered_").removeprefix("bullet_")}
    if node.type == "heading":
        converted["level"] = int(node.tag[1:])
    elif node.type == "link":
        href = str(node.attrs.get("href", ""))
        converted["href"] = href if href.startswith(("https://", "http://", "mailto:")) else ""
    elif converted["type"] == "list":
        converted["ordered"] = node.type == "ordered_list"
    if node.children:
        converted["children"] = [_node(child) for child in node.children]
    elif node.content:
        converted["text"] = node.content
    return converted


@dataclass(frozen=True)
class SiteText:
    """A text of the site, such as the privacy notice."""

    title: str
    summary: str
    version: str  #: a date, the same in every language
    sections: tuple[Section, ...]


@lru_cache(maxsize=16)
def site_text(name: str, lang: str, contact: Contact, *, names_kakao: bool = False) -> SiteText:
    """The text in content/<name>/. `{email}` and the like are replaced by that field of `contact`.

    `names_kakao`: whether people can share by KakaoTalk here, so that the privacy notice says what Kakao learns.
    """
    facts, body = _parts(name, lang)
    kakao = (_CONTENT / name / "kakao" / f"{lang}.md").read_text("utf-8") if names_kakao else ""
    body = body.replace("{kakao}", kakao)
    for field, value in asdict(contact).items():
        body = body.replace(f"{{{field}}}", _SPECIAL.sub(r"\\\g<0>", value))
    return SiteText(**facts, sections=sections(body))


def privacy_version() -> str:
    """The version of the privacy notice that signers see."""
    return _parts("privacy", languages.default())[0]["version"]


@lru_cache(maxsize=16)
def _parts(name: str, lang: str) -> tuple[dict[str, str], str]:
    """The front matter of a text of the site, and the text after it."""
    head, _, body = (_CONTENT / name / f"{lang}.md").read_text("utf-8").partition("\n\n")
    return dict(line.split(": ", 1) for line in head.splitlines()), body
