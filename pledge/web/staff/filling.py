"""Filling the form of a rendered page with what somebody had typed: the same page with other values in it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from html import escape, unescape
from html.parser import HTMLParser
from urllib.parse import urlsplit

#: Fields that the page sets itself.
OWN_FIELDS = frozenset({"csrf_token", "form_owner"})
_BUTTONS = frozenset({"submit", "button", "image", "reset", "file", "password"})

Attributes = list[tuple[str, str | None]]


@dataclass
class _FoundForm:
    paths: set[str] = field(default_factory=set)
    details: list[int] = field(default_factory=list)


def fill(page: str, path: str, fields: Iterable[tuple[str, str]]) -> str | None:
    """The page with these values in the form that is sent to `path`; None when there is none on it."""
    finder = _Finder()
    finder.feed(page)
    finder.close()
    number = next((n for n, form in enumerate(finder.forms) if path in form.paths), None)
    if number is None:
        return None
    filler = _Filler(number, set(finder.forms[number].details), fields)
    filler.feed(page)
    filler.close()
    return "".join(filler.parts)


class _Finder(HTMLParser):
    """Finds the forms of a page, where each is sent to, and inside which disclosures it is."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[_FoundForm] = []
        self._open_details: list[int] = []
        self._details = 0
        self._inside = False

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:
        given = dict(attrs)
        if tag == "details":
            self._open_details.append(self._details)
            self._details += 1
        elif tag == "form":
            self._inside = True
            is_post = (given.get("method") or "").lower() == "post"
            paths = {_path(given.get("action"))} if is_post else set()
            self.forms.append(_FoundForm(paths, [*self._open_details]))
        elif tag == "button" and self._inside and given.get("formaction"):
            self.forms[-1].paths.add(_path(given["formaction"]))

    def handle_endtag(self, tag: str) -> None:
        if tag == "details" and self._open_details:
            self._open_details.pop()
        elif tag == "form":
            self._inside = False


class _Filler(HTMLParser):
    """Copies a page tag by tag, and changes the fields of one form."""

    def __init__(self, number: int, details: set[int], fields: Iterable[tuple[str, str]]) -> None:
        super().__init__(convert_charrefs=False)
        self.parts: list[str] = []
        self._values: dict[str, list[str]] = {}
        for name, value in fields:
            self._values.setdefault(name, []).append(value)
        self._number, self._details_to_open = number, details
        self._forms = self._details = -1
        self._inside = False
        self._select: str | None = None
        self._skips_text = False

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:
        text = self.get_starttag_text() or ""
        given = dict(attrs)
        name = given.get("name") or ""
        if tag == "details":
            self._details += 1
            if self._details in self._details_to_open and "open" not in given:
                text = _with(tag, attrs, open="")
        elif tag == "form":
            self._forms += 1
            self._inside = self._forms == self._number
        elif self._inside and tag == "select":
            self._select = name
        elif self._inside and tag == "option" and self._select in self._values:
            chosen = given.get("value") in self._values[self._select or ""]
            text = _with(tag, attrs, selected="" if chosen else None)
        elif self._inside and name not in OWN_FIELDS:
            text = self._control(tag, attrs, name, text)
        self.parts.append(text)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False
        elif tag == "select":
            self._select = None
        elif tag == "textarea":
            self._skips_text = False
        self.parts.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if not self._skips_text:
            self.parts.append(data)

    def handle_entityref(self, name: str) -> None:
        self.handle_data(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self.handle_data(f"&#{name};")

    def handle_decl(self, decl: str) -> None:
        self.parts.append(f"<!{decl}>")

    def handle_comment(self, data: str) -> None:
        self.parts.append(f"<!--{data}-->")

    def _control(self, tag: str, attrs: Attributes, name: str, text: str) -> str:
        kind = (dict(attrs).get("type") or "text").lower()
        if tag == "input" and kind in ("checkbox", "radio"):
            value = dict(attrs).get("value") or "on"
            # An unticked box is not sent at all.
            return _with(tag, attrs, checked="" if value in self._values.get(name, []) else None)
        if name not in self._values or kind in _BUTTONS:
            return text
        if tag == "input":
            return _with(tag, attrs, value=self._next(name))
        if tag == "textarea":
            self._skips_text = True
            # A browser drops a line break right after the tag.
            return f"{text}\n{escape(self._next(name), quote=False)}"
        return text

    def _next(self, name: str) -> str:
        values = self._values[name]
        return values.pop(0) if len(values) > 1 else values[0]


def _with(tag: str, attrs: Attributes, **changes: str | None) -> str:
    """A start tag with these attributes; None removes one."""
    kept = [(name, value) for name, value in attrs if name not in changes]
    kept += [(name, value) for name, value in changes.items() if value is not None]
    words = [f' {name}="{escape(value)}"' if value else f" {name}" for name, value in kept]
    return f"<{tag}{''.join(words)}>"


def _path(address: str | None) -> str:
    return urlsplit(unescape(address or "")).path
