"""Texts in Markdown: as HTML that is safe to show, as a tree for documents, and the privacy notice with its version."""

import re
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode
from markupsafe import Markup

from config import Contact
from pledge.core import languages

_MARKDOWN = MarkdownIt("commonmark", {"html": False, "typographer": False}).enable("table")
_TAGS = {
    *("h2", "h3", "h4", "p", "ul", "ol", "li", "strong", "em", "a", "blockquote", "br", "hr"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}
#: Characters of a setting that Markdown would take as its own.
_SPECIAL = re.compile(r"[\\`*_{}\[\]<>()#+.!|-]")
#: Before the headings of second level, however they are indented.
_SECTIONS = re.compile(r"^ {0,3}## ", re.MULTILINE)
_PRIVACY = Path(__file__).parents[2] / "content" / "privacy"


@lru_cache(maxsize=64)
def markdown(text: str) -> Markup:
    """Render our own texts; links open nothing foreign without a `rel`, and no attribute but `href` survives."""
    html = nh3.clean(
        _MARKDOWN.render(text), tags=_TAGS, attributes={"a": {"href"}}, link_rel="noopener noreferrer"
    )
    return Markup(html)  # noqa: S704  # the sanitiser's output is what makes it safe


@dataclass(frozen=True)
class Section:
    """What stands below one heading of a text."""

    title: str  #: "" for what stands before the first heading
    html: Markup
    has_list: bool


@lru_cache(maxsize=64)
def sections(text: str) -> tuple[Section, ...]:
    """Our own text by its headings of second level."""
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
    """Our own text as a tree of blocks and what is inside them, for documents that are no pages.

    Each node is `{"type": …}` with `children`, `text`, `level` of a heading, `ordered` of a list or `href` of a link; HTML is text.
    """
    return [_node(node) for node in SyntaxTreeNode(_MARKDOWN.parse(text)).children]


def _node(node: SyntaxTreeNode) -> dict[str, Any]:
    found: dict[str, Any] = {"type": node.type.removeprefix("ordered_").removeprefix("bullet_")}
    if node.type == "heading":
        found["level"] = int(node.tag[1:])
    elif node.type == "link":
        href = str(node.attrs.get("href", ""))
        found["href"] = href if href.startswith(("https://", "http://", "mailto:")) else ""
    elif found["type"] == "list":
        found["ordered"] = node.type == "ordered_list"
    if node.children:
        found["children"] = [_node(child) for child in node.children]
    elif node.content:
        found["text"] = node.content
    return found


@lru_cache(maxsize=4)
def privacy_notice(lang: str, contact: Contact, *, names_kakao: bool) -> Markup:
    """The privacy notice with who answers for it; `{email}` in it is replaced by that field of `contact`, and so on.

    `names_kakao`: people can share by KakaoTalk here, so the notice says what Kakao learns.
    """
    _, _, body = (_PRIVACY / f"{lang}.md").read_text("utf-8").partition("\n")
    kakao = (_PRIVACY / "kakao" / f"{lang}.md").read_text("utf-8") if names_kakao else ""
    body = body.replace("{kakao}", kakao)
    for field, value in asdict(contact).items():
        body = body.replace(f"{{{field}}}", _SPECIAL.sub(r"\\\g<0>", value))
    return markdown(body)


def privacy_version() -> str:
    """The version (a date) of the notice that a signer is shown; every language carries the same."""
    return _version(languages.default())


@lru_cache(maxsize=4)
def _version(lang: str) -> str:
    first, _, _ = (_PRIVACY / f"{lang}.md").read_text("utf-8").partition("\n")
    return first.removeprefix("version:").strip()
