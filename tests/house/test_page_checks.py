"""The check of every page notices what it is there for."""

import pytest
from werkzeug.datastructures import Headers

from pledge.web.security_headers import security_headers
from tests.support.apps import settings
from tests.support.pages import document_faults, form_of, header_faults, type_faults

GOOD = (
    '<!doctype html><html lang="ko"><head><meta charset="utf-8"><title>제목</title></head>'
    '<body><main><h1 id="a">제목</h1>{}</main></body></html>'
)


class Answer:
    """As much of a response as the header check looks at."""

    def __init__(self, headers, path="/ko/"):
        self.headers = Headers(headers)
        self.request = type("Request", (), {"path": path, "method": "GET"})
        self.status_code = 200


def test_a_good_page_passes():
    assert document_faults(GOOD.format(""), "ko") == []


@pytest.mark.parametrize(
    ("page", "lang", "fault"),
    [
        (GOOD.format("<h1>zwei</h1>"), "ko", "2 h1 elements"),
        (GOOD.format("").replace('<h1 id="a">제목</h1>', ""), "ko", "0 h1 elements"),
        (GOOD.format("").replace("<title>제목</title>", "<title> </title>"), "ko", "no title"),
        (GOOD.format(""), "en", "html lang is 'ko' at an address of 'en'"),
        (GOOD.format('<p id="a"></p>'), "ko", "id 'a' stands 2 times"),
        (GOOD.format("<script>1</script>"), "ko", "an inline script"),
        (GOOD.format('<p style="color:red"></p>'), "ko", "a style attribute on p"),
        (GOOD.format('<button onclick="x()">x</button>'), "ko", "an onclick attribute on button"),
        (GOOD.format('<a href="Java\nScript:x()">x</a>'), "ko", "a javascript: address on a"),
        (GOOD.format('<a href=" data:text/html,x">x</a>'), "ko", "a data: address on a"),
        (GOOD.format('<svg><a xlink:href="javascript:x()"></a></svg>'), "ko", "a javascript: address on a"),
        (GOOD.format("<iframe></iframe>"), "ko", "an element that no page has: iframe"),
        (
            GOOD.format('<script src="https://example.org/x.js"></script>'),
            "ko",
            "a script from 'https://example.org/x.js'",
        ),
        (
            GOOD.format('<form action="//example.org"></form>'),
            "ko",
            "a form for another site: '//example.org'",
        ),
        (GOOD.format('<meta http-equiv="refresh" content="0;url=//x">'), "ko", "a meta refresh: '0;url=//x'"),
        (
            GOOD.format('<time datetime="2026-11-27T12:18:55.870760+00:00">x</time>'),
            "ko",
            "more than milliseconds",
        ),
        (GOOD.format('<img src="/x.png">'), "ko", "an img without alt"),
        (GOOD.format('<label for="nobody">x</label>'), "ko", "label for='nobody' leads nowhere"),
        (GOOD.format("<p><div></div></p>"), "ko", "unexpected-end-tag"),
        (GOOD.format("</b>"), "ko", "unexpected-end-tag"),
        (GOOD.format("").replace("<!doctype html>", ""), "ko", "expected-doctype"),
    ],
)
def test_a_bad_page_is_named(page, lang, fault):
    assert any(fault in found for found in document_faults(page, lang)), document_faults(page, lang)


def test_words_numbers_and_tokens_alone_make_no_other_form():
    one, other = (
        GOOD.format(f'<p>{words}</p><a href="/ko/me/{token * 70}">x</a>')
        for words, token in (("하나, 둘", "a"), ("1,234", "b"))
    )
    assert form_of(one) == form_of(other) != form_of(GOOD.format(""))


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        (
            '<p id="r-0123456789"></p><p id="r-9876543210"></p>',
            '<p id="r-0123456789"></p><p id="r-0123456789"></p>',
        ),
        ("<p>a and b</p>", "<p>a &nbsp b</p>"),
        ("<p>a and b</p>", "<p>a \x01 b</p>"),
        ("<p>a and b</p>", "<p>a <b> b</p>"),
        ('<p title="a>b">c</p>', '<p title="a>b" onclick="c">c</p>'),
    ],
)
def test_a_page_like_a_good_one_is_still_looked_at(good, bad):
    assert document_faults(GOOD.format(good), "ko") == []
    assert document_faults(GOOD.format(bad), "ko") != []


def test_the_headers_of_the_site_pass(tmp_path):
    assert header_faults(Answer(security_headers(settings(tmp_path)))) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Content-Security-Policy", ""),
        ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
        ("Content-Security-Policy", "default-src 'none'"),
        ("X-Content-Type-Options", ""),
        ("Referrer-Policy", "no-referrer"),
        ("Cross-Origin-Opener-Policy", ""),
        ("Set-Cookie", "session=1"),
    ],
)
def test_a_wrong_header_is_named(tmp_path, name, value):
    assert header_faults(Answer({**security_headers(settings(tmp_path)), name: value})) != []


@pytest.mark.parametrize(
    "kind", ["text/html; charset=utf-8", 'text/css; charset="utf-8"', "application/json", "image/webp"]
)
def test_a_type_that_says_all_passes(kind):
    assert type_faults(kind) == []


@pytest.mark.parametrize("kind", ["", "text/css", "image/svg+xml", "application/xml; charset=euc-kr"])
def test_a_type_that_leaves_the_encoding_open_is_named(kind):
    assert type_faults(kind) != []
