"""What every page must satisfy, whichever test fetches it."""

import re
from collections import Counter
from hashlib import sha256
from html import escape, unescape
from typing import Any
from xml.etree.ElementTree import Element

import html5lib
from flask.testing import FlaskClient
from werkzeug.http import parse_options_header
from werkzeug.test import TestResponse, encode_multipart

HTML = "{http://www.w3.org/1999/xhtml}"
LANGUAGES = ("ko", "en")

STAFF = re.compile(r"^/staff(/|$)")
STAFF_COOKIE = re.compile(r"^(?:(?:__Host-)?staff|(?:__Secure-)?staff_browser)=")

#: Tokens, keys of rows and hashes differ from page to page; its form is where the same one stands again.
VARYING = re.compile(r"[A-Za-z0-9_.-]{60,}|[0-9a-f]{8,}")
#: Nor do words between tags. Not so references (`&…`), which may be wrong, characters that no document may hold, and
#: whatever may be the rest of an attribute.
_WORD = r"[^<&\"\x00-\x20\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff]"
WORDS = re.compile(rf"(?<=>)[ \t\r\n]*{_WORD}(?:{_WORD}|[ \t\r\n])*(?=<)")

#: The two digits of the page where somebody signed; they differ with the submission.
MATCH_NUMBER = re.compile(r"(?<=data-match-number>)(\d\d)(?=<)")

#: Elements that no template of ours has.
NEVER_USED = {"base", "iframe", "object", "embed", "math", "frameset"}
#: What browsers take out of an address before they read its scheme (WHATWG URL, 4.4).
_IGNORED = str.maketrans("", "", "\t\r\n")

#: HTML, 2.3.5.4: a fraction of a second has three digits at most.
LONG_FRACTION = re.compile(r"\.\d{4,}")

#: A mail shown in the development mailbox brings its own inline styles, as mails must.
MAIL_PREVIEW = re.compile(r"^/dev/mailbox/.")


#: The page that opens KakaoTalk tells Kakao the name of the site, and may be told by its window that it is done.
KAKAO = re.compile(r"/share/kakao$")
KAKAO_HEADERS = {
    "Referrer-Policy": "strict-origin",
    "Cross-Origin-Opener-Policy": "same-origin-allow-popups",
}


def thanks_parts(
    client: FlaskClient, key: str, lang: str = "en", slug: str = "blue-skies", done: str = ""
) -> str:
    """What the browser that pressed is shown on the page with the thanks."""
    answer = client.post(f"/{lang}/c/{slug}/mine", data={"key": key, "done": done}).json
    return filled(client.get(f"/{lang}/c/{slug}/thanks").text, answer)


def without_templates(page: str) -> str:
    """What a page shows by itself."""
    inmost = re.compile("<template(?:(?!<template).)*?</template>", re.DOTALL)
    while inmost.search(page):
        page = inmost.sub("", page)
    return page


def filled(page: str, answer: dict[str, Any]) -> str:
    """The parts of a page with the thanks for this answer, as thanks.js fills them in."""
    choice = re.compile(r'<template data-if="(\w+)">((?:(?!<template).)*?)</template>', re.DOTALL)
    while choice.search(page):
        page = choice.sub(lambda match: match[2] if answer.get(match[1]) else "", page)
    parts = re.search(f'<template data-state="{answer["state"]}">(.*?)</template>', page, re.DOTALL)
    return re.sub(r"~(\w+)~", lambda match: escape(str(answer.get(match[1], ""))), parts[1])


def multipart(fields: dict[str, Any]) -> dict[str, Any]:
    """What a client sends of a form that may hold files, made in memory: the client itself would leave a file of its own open."""
    boundary, body = encode_multipart(fields)
    return {"data": body, "content_type": f"multipart/form-data; boundary={boundary}"}


def hidden_fields(form: str) -> dict[str, str]:
    """What a form, or part of a page, passes on by itself."""
    fields = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form)
    return {unescape(name): unescape(value) for name, value in fields}


class BadPage(AssertionError):
    """A page that must not be shown to anybody; the message lists everything that is wrong with it."""


def check_page(response: TestResponse) -> None:
    """Check headers of every answer, and the document when it is an HTML page."""
    path = response.request.path
    faults = header_faults(response)
    if response.content_length:
        faults += type_faults(response.content_type or "")
    if response.mimetype == "text/html" and response.status_code not in (204, 301, 302, 303, 304, 307, 308):
        has_body = response.request.method not in ("HEAD", "OPTIONS")
        if has_body and not MAIL_PREVIEW.match(path):
            faults += document_faults(response.get_data(as_text=True), language_of(path))
    if faults:
        raise BadPage(f"{response.request.method} {path} ({response.status_code}):\n  " + "\n  ".join(faults))


def language_of(path: str) -> str | None:
    """The language that the address promises."""
    first = path.strip("/").split("/")[0]
    return first if first in LANGUAGES else None


def header_faults(response: TestResponse) -> list[str]:
    headers = response.headers
    policy = headers.get("Content-Security-Policy", "")
    faults = []
    if "default-src 'none'" not in policy:
        faults.append(f"Content-Security-Policy does not begin from nothing: {policy!r}")
    if "frame-ancestors" not in policy:
        faults.append("Content-Security-Policy without frame-ancestors")
    if ("unsafe-inline" in policy or "unsafe-eval" in policy) and not MAIL_PREVIEW.match(
        response.request.path
    ):
        faults.append(f"Content-Security-Policy allows inline code: {policy!r}")
    for name, value in {
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        **(KAKAO_HEADERS if _opens_kakao(response) else {}),
    }.items():
        if headers.get(name) != value:
            faults.append(f"{name} is {headers.get(name)!r}, expected {value!r}")
    return faults + cookie_faults(response)


def type_faults(content_type: str) -> list[str]:
    """An answer says what it is, and of text in which encoding (OWASP ASVS 5.0, 4.1.1)."""
    kind, parameters = parse_options_header(content_type.lower())
    is_text = kind.startswith("text/") or kind.endswith(("/xml", "+xml"))
    is_right = bool(kind) and (not is_text or parameters.get("charset") == "utf-8")
    return [] if is_right else [f"Content-Type {content_type!r}"]


def _opens_kakao(response: TestResponse) -> bool:
    request = response.request
    is_page = response.status_code in (200, 304, 412) and request.method != "OPTIONS"
    return is_page and KAKAO.search(request.path) is not None


def cookie_faults(response: TestResponse) -> list[str]:
    """Only the staff area sets cookies, its two, which no script reads and no other site sends."""
    cookies = response.headers.getlist("Set-Cookie")
    if not cookies:
        return []
    faults = [f"sets a cookie: {cookies!r}"] if not STAFF.match(response.request.path) else []
    for cookie in cookies:
        pair, *attributes = [part.strip() for part in cookie.split(";")]
        if not STAFF_COOKIE.match(pair) or not {"HttpOnly", "SameSite=Lax"} <= set(attributes):
            faults.append(f"a cookie that is not the staff session's: {cookie!r}")
    if len(cookies) > 2:
        faults.append(f"{len(cookies)} cookies")
    if response.headers.get("Cache-Control") != "no-store":
        faults.append("sets a cookie on a page that caches may keep")
    return faults


_found: dict[tuple[bytes, str | None], list[str]] = {}


def parsed_faults(text: str, lang: str | None) -> list[str]:
    """What is wrong with one document, each time anew."""
    parser = html5lib.HTMLParser()
    root: Element = parser.parse(text)
    faults = [f"line {place[0]}: {code} {details or ''}".strip() for place, code, details in parser.errors]
    elements = list(root.iter())

    declared = root.get("lang")
    if lang is not None and declared != lang:
        faults.append(f"html lang is {declared!r} at an address of {lang!r}")
    if declared not in LANGUAGES:
        faults.append(f"html lang is {declared!r}")

    # What stands in a template is not in the page until a script puts it there.
    inert = {element for template in root.iter(f"{HTML}template") for element in template.iter()}
    headings = [element for element in elements if element.tag == f"{HTML}h1" and element not in inert]
    if len(headings) != 1:
        faults.append(f"{len(headings)} h1 elements")
    elif not "".join(headings[0].itertext()).strip():
        faults.append("an empty h1")
    title = root.find(f"{HTML}head/{HTML}title")
    if title is None or not (title.text or "").strip():
        faults.append("no title")

    named = [element for element in elements if element.get("id") is not None]
    ids = Counter(element.get("id") for element in named if element not in inert)
    faults += [f"id {name!r} stands {times} times" for name, times in ids.items() if times > 1]
    faults += [
        f"empty {attribute}" for attribute in ("id", "href") for e in elements if e.get(attribute) == ""
    ]
    targets = {element.get("id") for element in named}
    for element in elements:
        faults += _element_faults(element, targets)
    return faults


def form_of(text: str) -> str:
    """The document without what may differ between two pages that are right or wrong in the same way."""
    names: dict[str, str] = {}
    return WORDS.sub("x", VARYING.sub(lambda match: names.setdefault(match[0], f"v{len(names)}"), text))


def document_faults(text: str, lang: str | None) -> list[str]:
    """What is wrong with an HTML document at an address of this language. Pages of one form are parsed once."""
    page = (sha256(text.encode()).digest(), lang)
    if page not in _found:
        form = (sha256(form_of(text).encode()).digest(), lang)
        if form not in _found:
            _found[form] = parsed_faults(text, lang)
        _found[page] = _found[form]
    return list(_found[page])


def _address(element: Element, name: str) -> str:
    return (element.get(name) or "").translate(_IGNORED).strip().lower()


def _element_faults(element: Element, targets: set[str | None]) -> list[str]:
    if not isinstance(element.tag, str):  # a comment
        return []
    tag = element.tag.rpartition("}")[2]
    faults = _foreign_parts(element, tag)
    for name in element.attrib:
        if name == "style":
            faults.append(f"a style attribute on {tag}")
        elif name.startswith("on"):
            faults.append(f"an {name} attribute on {tag}")
    if tag == "time" and LONG_FRACTION.search(element.get("datetime", "")):
        faults.append(f"a time with more than milliseconds: {element.get('datetime')!r}")
    if tag == "img" and element.get("alt") is None:
        faults.append("an img without alt")
    for name in ("for", "aria-describedby", "aria-labelledby", "aria-controls"):
        faults += [
            f"{tag} {name}={target!r} leads nowhere"
            for target in (element.get(name) or "").split()
            if target not in targets
        ]
    return faults


def _foreign_parts(element: Element, tag: str) -> list[str]:
    """What may only come from somebody's text: code, and what leads or loads from elsewhere without a press."""
    faults = [
        f"a {scheme} address on {tag}"
        for name in ("href", "src", "action", "formaction", "{http://www.w3.org/1999/xlink}href")
        for scheme in ("javascript:", "data:")
        if _address(element, name).startswith(scheme)
    ]
    if tag in NEVER_USED:
        faults.append(f"an element that no page has: {tag}")
    elif tag == "style":
        faults.append("an inline style sheet")
    elif tag == "script" and element.get("type") != "application/ld+json":
        if (element.text or "").strip():
            faults.append("an inline script")
        if not _address(element, "src").startswith("/static/"):
            faults.append(f"a script from {element.get('src')!r}")
    elif tag == "form" and _address(element, "action").startswith(("//", "http")):
        faults.append(f"a form for another site: {element.get('action')!r}")
    elif element.get("http-equiv") is not None and not (element.get("content") or "").isdigit():
        faults.append(f"a meta {element.get('http-equiv')}: {element.get('content')!r}")
    return faults
