"""What is sent where nobody expects it: texts, headers, bodies and files."""

import io
import json
import zipfile
from urllib.parse import quote

from tests.support.payloads import PAYLOADS
from tests.support.pictures import PDF, SVG, forged_size, inflating, jpeg, png
from tests.support.videos import mp4

#: An element and an attribute that no page has: raw on a page they were reflected as they are.
MARKER = "hx-7"
#: What a line break in a header would add.
INJECTED = "X-Injected"
#: Where no redirect may lead.
ELSEWHERE = "evil.example"

_PLAIN = {
    "empty": "",
    "spaces": "   ",
    "no-break space": "\u00a0\u3000",
    "zero width": "\u200b\ufeff\u200d",
    "right to left": "\u202eabc\u2066",
    "line separator": "a\u2028b\u2029c\x85d",
    "control": "a\x01\x08\x1b[31m\x7f",
    "decomposed Hangul": "\u1112\u1161\u11ab\u1100\u1173\u11af" * 20,
    "combining": "e" + "\u0301" * 400,
    "emoji": "👩‍👩‍👧‍👦\U000e0041",
    "outside the BMP": "\U0010ffff\U0001f600",
    "other digits": "١٢٣²Ⅷ",
    "case": "ıİßΣς\u212a",
    "long": "x" * 10_000,
    "long in Korean": "가" * 3_000,
    "too long by one": "가" * 256,
    "many words": "a " * 5_000,
    "many lines": "a\r\n" * 3_000,
    "header": f"x\r\n{INJECTED}: 1\r\nSet-Cookie: {INJECTED}=1",
    "line break": "\r\n",
    "formula": "=cmd|' /C calc'!A0",
    "tab and formula": "\t=1+1",
    "element": f'"><{MARKER} {MARKER}=1>',
    "attribute": f'" {MARKER}="1" x="',
    "single quotes": f"' {MARKER}='1' x='",
    "end of a comment": f"--><{MARKER}>",
    "end of a script": f"</script><{MARKER}>",
    "template": "{{7*7}}{%raw%}${7*7}#{7*7}<%=7*7%>",
    "format": "%(name)s %s %n {0} {0.__class__} {}",
    "quotes": "'\"`\\",
    "union": "' UNION SELECT NULL,version()--",
    "always": "1' OR '1'='1",
    "sleep": "1;SELECT pg_sleep(9)--",
    "wildcards": "%_%\\",
    "backslash": "\\",
    "regular expression": "(((((a+)+)+)+)+$[",
    "search operators": "a & | ! :* <-> (",
    "path": "../../../../etc/passwd",
    "path on Windows": "..\\..\\boot.ini",
    "absolute path": "/etc/passwd",
    "dots": ".",
    "slashes": "//",
    "other site": f"//{ELSEWHERE}/",
    "other site by backslash": f"/\\{ELSEWHERE}",
    "other site with scheme": f"https://{ELSEWHERE}/",
    "other site behind a line break": f"/\n/{ELSEWHERE}",
    "script address": "javascript:alert(1)",
    "half an address": "http://[::1",
    "bad port": "http://localhost:99999999/",
    "command": "; cat /etc/passwd | $(id) `id`",
    "LDAP": "*)(uid=*))(|(uid=*",
    "XML entity": '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
    "zero": "0",
    "negative": "-1",
    "plus": "+1",
    "fraction": "1.5",
    "exponent": "1e400",
    "not a number": "NaN",
    "infinity": "-Infinity",
    "hexadecimal": "0x7f",
    "underscore": "1_000",
    "too large for 32 bits": "2147483648",
    "too large for 64 bits": "9223372036854775808",
    "too small for 64 bits": "-9223372036854775809",
    "number": "9" * 40,
    "very long number": "9" * 5_000,
    "true": "true",
    "null": "null",
    "None": "None",
    "list": "[]",
    "object": "{}",
    "nested object": '{"a": [{"b": null}]}',
    "list of numbers": "[1, [2], [[3, 4]]]",
    "pairs": '[["name", "x"], ["name"], [1, 2], null]',
    "escaped surrogate": '["\\ud800", ["a", "\\ud800"]]',
    "escaped NUL": '[["a", "\\u0000"]]',
    "JSON that is too deep": "[" * 12_000,
    "dictionary that is too deep": '{"a":' * 2_000,
    "proto": "__proto__",
    "class": "__class__.__init__.__globals__",
    "no such day": "2026-02-30",
    "leap second": "2026-06-30T23:59:60",
    "no such hour": "25:61",
    "year 0": "0000-01-01",
    "year 1": "0001-01-01T00:00",
    "year 9999": "9999-12-31T23:59",
    "2038": "2038-01-19T03:14:08",
    "no such country": "ZZ",
    "address with a header": f"a@example.org\r\nBcc: b@{ELSEWHERE}",
    "two addresses": "a@example.org,b@example.org",
    "quoted address": '"a b"@example.org',
    "address at a number": "a@[127.0.0.1]",
    "long address": "a" * 65 + "@example.org",
    "Punycode": "a@xn--zzzzzzzz.xn--99999",
    "dots in an address": "a..b@example..org",
    "token": "a.b.c",
    "base64": "=" * 40 + "AAAA",
    "code": "000000",
    "resident registration number": "900101-1234567",
    "slug": "-",
    "two times encoded": "%2500%250d%250a%253Cscript%253E",
}
#: As they stand in an address or a form body; the last ones are no text at all.
TEXTS = {
    **{name: quote(text, safe="") for name, text in _PLAIN.items()},
    **{f"payload {number}": quote(payload, safe="") for number, payload in enumerate(PAYLOADS)},
    "NUL": "a%00b",
    "lone surrogate": "%ED%A0%80",
    "Latin": "caf%E9",
    "overlong slash": "..%C0%AF..%C0%AF",
    "cut off": "%EA%B0",
    "percent": "%",
    "half an escape": "%zz%1",
    "old escape": "%u0041",
}

#: Values of headers, in Latin-1 as WSGI has them. Those of `""` go into each of the headers.
HEADERS: dict[str, tuple[str, ...]] = {
    "": (
        "",
        "x" * 4_000,
        f"'\"><{MARKER}>",
        "\xff\xfe\x80",
        "a\tb",
        "%00%0d%0a",
        "{{7*7}}",
        "-1",
        "9" * 40,
        ",;=,;=",
        "\\",
    ),
    "Accept": ("*", "text/html;q=x", "a/b;" * 500, "application/json"),
    "Accept-Encoding": ("br;q=2, gzip;q=", "*;q=0", "identity;q=0, br;q=0", "gzip, " * 500),
    "Accept-Language": ("ko-KR", "zz", "en;q=abc", "ko;q=1e400", "-", "*", "x-" * 500, "ko;" * 2_000),
    "Authorization": ("Bearer", "Bearer ", "Basic !!!", "Digest a=b", "Bearer \xff"),
    "Cookie": (
        "staff",
        "staff=",
        "staff=a.b.c",
        "=;=;",
        "staff=a; staff=b",
        '$Version="1"; staff="\\"',
        "a=b;" * 900,
    ),
    "Content-Length": ("-1", "x", "+1", "0x10", "1_0"),
    "Content-Type": (
        "multipart/form-data",
        "text/plain; charset=utf-7",
        "/",
        ";",
        "application/x-www-form-urlencoded; charset=x",
    ),
    "Content-Encoding": ("gzip", "x"),
    "DNT": ("1",),
    "Expect": ("100-continue", "x"),
    "Forwarded": ('for="[::1"', "for=unknown;host=evil.example;proto=javascript"),
    "From": ("a@example.org",),
    "Host": (
        ELSEWHERE,
        f"localhost@{ELSEWHERE}",
        "localhost:99999",
        "[::1",
        "localhost.",
        "LOCALHOST",
        "xn--a",
        "a..b",
        "localhost, b",
    ),
    "If-Match": ("*", '"', 'W/"a"'),
    "If-Modified-Since": (
        "yesterday",
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "Thu, 99 Jan 99999 00:00:00 GMT",
        "0",
    ),
    "If-None-Match": ("*", '"', 'W/"', '"a", W/"b', "*" * 3_000),
    "If-Range": ('"a"', "x"),
    "If-Unmodified-Since": ("Thu, 01 Jan 1970 00:00:00 GMT",),
    "Origin": ("null", "http://[", f"http://{ELSEWHERE}", "http://localhost:x", "localhost"),
    "Range": (
        "bytes=0-",
        "bytes=-0",
        "bytes=5-1",
        "bytes=9999999999999999999999-",
        "bytes=0-1,2-3," * 200,
        "lines=1-2",
        "bytes=a-b",
    ),
    "Referer": ("http://[", f"http://{ELSEWHERE}/", "x" * 2_000),
    "Sec-CH-UA": ('"Chromium";v="x"', '"'),
    "Sec-Fetch-Site": ("cross-site", "same-site", "none", "x"),
    "Sec-Fetch-User": ("?0", "x"),
    "Sec-Fetch-Dest": ("iframe", "x"),
    "TE": ("trailers", "x"),
    "Traceparent": ("00-x-y-z", "00-" + "0" * 32 + "-" + "0" * 16 + "-01"),
    "Transfer-Encoding": ("chunked", "x"),
    "User-Agent": ("", "() { :;}; echo", "x" * 4_000),
    "Upgrade": ("websocket", "h2c"),
    "X-Forwarded-For": (
        "unknown",
        "127.0.0.1",
        "::1%eth0",
        "fe80::1%25eth0",
        "1.2.3.4:99",
        "[::1]:80",
        "999.1.1.1",
        "::ffff:1.2.3.4",
        "a, b, " * 300,
    ),
    "X-Forwarded-Host": (ELSEWHERE, "[::1"),
    "X-Forwarded-Port": ("x", "99999"),
    "X-Forwarded-Prefix": (f"//{ELSEWHERE}",),
    "X-Forwarded-Proto": ("javascript", "https", "http,https"),
    "X-HTTP-Method-Override": ("DELETE", "PUT"),
    "X-Original-URL": ("/staff/", "http://["),
    "X-Real-IP": ("127.0.0.1", "x"),
    "X-Requested-With": ("XMLHttpRequest",),
}

#: Methods that no route takes.
METHODS = ("PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "X" * 300)

_JSON = "application/json"
_MULTIPART = "multipart/form-data; boundary=b"


def _part(*head: str, body: str = "x") -> bytes:
    lines = "".join(f"{line}\r\n" for line in head)
    return f"--b\r\n{lines}\r\n{body}\r\n--b--\r\n".encode("latin-1")


#: Bodies as no form sends them, with their type.
BODIES: dict[str, tuple[str, bytes]] = {
    "JSON": (_JSON, b'{"name": "x", "csrf_token": ["x"]}'),
    "deep JSON": (_JSON, b"[" * 10_000),
    "JSON with a surrogate": (_JSON, b'{"name": "\\ud800"}'),
    "JSON as a form": ("application/x-www-form-urlencoded", json.dumps({"name": "x"}).encode()),
    "XML": ("application/xml", b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'),
    "no type": ("", b"name=x"),
    "text": ("text/plain", b"name=x\r\ncsrf_token=y"),
    "UTF-7": ("application/x-www-form-urlencoded; charset=utf-7", b"name=+ADw-script+AD4-"),
    "UTF-16": ("application/x-www-form-urlencoded; charset=utf-16", "name=x".encode("utf-16")),
    "bytes": ("application/x-www-form-urlencoded", bytes(range(256))),
    "names without values": ("application/x-www-form-urlencoded", b"&&=&=x&name&&csrf_token"),
    "fifty fields": ("application/x-www-form-urlencoded", b"&".join(b"f%d=x" % n for n in range(50))),
    "many fields": ("application/x-www-form-urlencoded", b"&".join(b"f%d=x" % n for n in range(5_000))),
    "one large field": ("application/x-www-form-urlencoded", b"name=" + b"x" * 60_000),
    "too large": ("application/x-www-form-urlencoded", b"name=" + b"x" * 9_000_000),
    "no boundary": ("multipart/form-data", b"--b\r\n"),
    "empty boundary": ("multipart/form-data; boundary=", b"--\r\n\r\nx\r\n----"),
    "long boundary": (f"multipart/form-data; boundary={'b' * 500}", b"--b\r\n\r\n"),
    "boundary of other bytes": ("multipart/form-data; boundary=\xff", b"--\xff\r\n\r\n"),
    "no end": (_MULTIPART, b'--b\r\nContent-Disposition: form-data; name="name"\r\n\r\nx'),
    "no head": (_MULTIPART, b"--b\r\n\r\nx\r\n--b--\r\n"),
    "no name": (_MULTIPART, _part("Content-Disposition: form-data")),
    "NUL in a name": (_MULTIPART, _part('Content-Disposition: form-data; name="a\0b"')),
    "NUL in a value": (_MULTIPART, _part('Content-Disposition: form-data; name="name"', body="a\0b")),
    "other bytes in a value": (
        _MULTIPART,
        _part('Content-Disposition: form-data; name="name"', body="\xff\xed\xa0\x80"),
    ),
    "charset of a part": (
        _MULTIPART,
        _part(
            'Content-Disposition: form-data; name="name"',
            "Content-Type: text/plain; charset=utf-7",
            body="+ADw-",
        ),
    ),
    "no such charset": (
        _MULTIPART,
        _part('Content-Disposition: form-data; name="name"', "Content-Type: text/plain; charset=x"),
    ),
    "token as a file": (
        _MULTIPART,
        _part('Content-Disposition: form-data; name="csrf_token"; filename="a"'),
    ),
    "large head": (_MULTIPART, _part(f"Content-Disposition: form-data; name={'n' * 40_000}")),
    "encoded name": (_MULTIPART, _part("Content-Disposition: form-data; name*=utf-8''%00%ff")),
    "parts in a part": (
        _MULTIPART,
        _part('Content-Disposition: form-data; name="a"', "Content-Type: multipart/mixed; boundary=b"),
    ),
    "a mail": ("message/rfc822", b"Subject: x\r\n\r\nx"),
}


def _zip(name: str, content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr(name, content)
    return out.getvalue()


#: Files: name, type, content.
FILES: dict[str, tuple[str, str, bytes]] = {
    "nothing": ("a.png", "image/png", b""),
    "path": ("../../../etc/passwd", "image/png", png()),
    "NUL in its name": ("a\0.png", "image/png", png()),
    "markup in its name": (f"<{MARKER}>.png", "image/png", png()),
    "long name": ("x" * 4_000, "image/png", png()),
    "drawing": ("a.svg", "image/svg+xml", SVG),
    "page": ("a.html", "text/html", f"<{MARKER}>".encode()),
    "picture that inflates": ("a.png", "image/png", inflating(b"zTXt", b"Comment\0\0")),
    "picture of a forged size": ("a.jpg", "image/jpeg", forged_size(jpeg(), 65_500, 65_500)),
    "document": ("a.pdf", "application/pdf", PDF),
    "document with a script": ("a.pdf", "application/pdf", PDF.replace(b"<<>>", b"<</S/JavaScript/JS(a)>>")),
    "half a document": ("a.pdf", "application/pdf", b"%PDF-1.7\n1 0 obj<</Type/ObjStm/N 9"),
    "film": ("a.mp4", "video/mp4", mp4()),
    "half a film": ("a.webm", "video/webm", b"\x1a\x45\xdf\xa3\xff\xff"),
    "captions": ("a.vtt", "text/vtt", f"WEBVTT\n\n00:00.000 --> 99:99.999\n<{MARKER}>\0".encode()),
    "table": ("a.csv", "text/csv", f'name,name\n"<{MARKER}>\n=1+1,\0\n'.encode()),
    "table in Latin": ("a.csv", "text/csv", b"\xff\xfe\xe9,\xe9\n" * 20),
    "half a table": ("a.xlsx", "application/zip", b"PK\x03\x04" + bytes(60)),
    "table with an entity": (
        "a.xlsx",
        "application/zip",
        _zip("[Content_Types].xml", b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'),
    ),
    "archive with a path": ("a.zip", "application/zip", _zip("../../a.png", png())),
    "archive that inflates": ("a.zip", "application/zip", _zip("a.png", bytes(20_000_000))),
    "bytes": ("a.bin", "application/octet-stream", bytes(range(256)) * 50),
}
