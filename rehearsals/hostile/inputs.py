"""Every place of every route where a visitor can put something, and what is put there."""

import hashlib
import hmac
import random
from base64 import b64encode
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import quote, unquote_to_bytes

from pledge.core import clock
from rehearsals.hostile import corpus
from rehearsals.hostile.forms import GOOD, URLENCODED, Form
from rehearsals.hostile.survey import ANYBODY, Route

MULTIPART = "multipart/form-data; boundary=hostile"

#: What is sent in all fields of every form, and what of the public ones only.
EVERYWHERE = ("spaces", "line break", "zero width", "formula", "element", "number", "long")
IN_PUBLIC = (
    *("empty", "no-break space", "right to left", "negative", "other digits"),
    *("emoji", "long in Korean", "NUL", "lone surrogate"),
)

#: The key of those who may forward bounces, and a report of one; `%s` is hostile.
HOOK_KEY = "hook-key-of-forty-characters-0123456789ab"
REPORT = (
    b'Subject: %s\r\nContent-Type: multipart/report; report-type=feedback-report; boundary="b"\r\n\r\n'
    b"--b\r\nContent-Type: message/feedback-report\r\n\r\n"
    b"Feedback-Type: abuse\r\nOriginal-Mail-From: <%s>\r\nOriginal-Rcpt-To: %s\r\n\r\n--b--\r\n"
)


@dataclass(frozen=True)
class Input:
    """One request. `path` and `query` are percent-encoded; `sent` is the text that must not come back as it is."""

    rule: str
    endpoint: str
    method: str
    path: str
    place: str  #: where the hostile value is, and which one
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = ""
    body: bytes = b""
    sent: str = ""
    visitor: str = ANYBODY

    @property
    def kind(self) -> str:
        return self.place.partition(" ")[0]

    def __str__(self) -> str:
        return f"{self.method} {self.rule} ({self.visitor}), {self.place}"


def everything(routes: Sequence[Route], each: int, chance: random.Random) -> Iterator[Input]:
    """`each` hostile values for every place of every route: as anybody, and in the staff area as staff too."""
    for route in routes:
        for visitor in route.visitors:
            plain = Input(route.rule.rule, route.rule.endpoint, "", route.path(), "", visitor=visitor)
            for method in route.methods("GET", "HEAD", "OPTIONS"):
                yield from _requests(
                    route, replace(plain, method=method), each if method == "GET" else 1, chance
                )
            for method in route.methods("POST"):
                yield from _in_bodies(replace(plain, method=method), each, chance)
            yield replace(plain, method=chance.choice(corpus.METHODS), place="method")
        for visitor, form in route.forms:
            plain = Input(
                route.rule.rule, route.rule.endpoint, "POST", quote(form.action), "", visitor=visitor
            )
            yield from _filled(form, plain, each, chance)
            yield from _requests(route, replace(plain, **_body(form, _good(form))), 1, chance)
        if route.rule.endpoint == "hooks.mail_hook":
            yield from _reports(route, each, chance)


def sample(inputs: Sequence[Input], number: int, chance: random.Random) -> list[Input]:
    """One of each route and method, of a form one in a field; and so many more."""
    of_each: dict[tuple[str, str], list[Input]] = defaultdict(list)
    for value in inputs:
        of_each[value.rule, value.method].append(value)
    chosen = [
        chance.choice([value for value in some if value.kind == "field"] or some) for some in of_each.values()
    ]
    return chosen + chance.sample(inputs, number)


def odd_forms(routes: Sequence[Route]) -> Iterator[Input]:
    """Every form as it should be, empty, as lists, twice, without each of its fields, and with what none expects."""
    for route in routes:
        for visitor, form in route.forms:
            action = quote(form.action)
            plain = Input(route.rule.rule, route.rule.endpoint, "POST", action, "", visitor=visitor)
            good = _good(form)
            token = {name: value for name, value in good.items() if name not in form.names}
            line_break, element = (
                dict.fromkeys(form.names, corpus.TEXTS[kind]) for kind in ("line break", "element")
            )
            kinds = {
                "as it should be": _body(form, good),
                "empty": _body(form, token),
                "of lists": _body(form, {**token, **{f"{name}[]": good[name] for name in form.names}}),
                "twice": _body(form, good, again=element),
            }
            for what in (*EVERYWHERE, *(IN_PUBLIC if visitor == ANYBODY else ())):
                kinds[f"all {what}"] = _body(form, {**good, **dict.fromkeys(form.names, corpus.TEXTS[what])})
            for name in form.names:
                others = {other: value for other, value in good.items() if other != name}
                kinds[f"without {name}"] = _body(form, others)
                kinds[f"with a line break in {name}"] = _body(form, {**good, name: line_break[name]})
            for what, body in kinds.items():
                yield replace(plain, place=f"form {what}", **body)


def _in_bodies(plain: Input, each: int, chance: random.Random) -> Iterator[Input]:
    for name in chance.sample(sorted(corpus.BODIES), 2 * each):
        kind, body = corpus.BODIES[name]
        yield replace(plain, place=f"body {name}", content_type=kind, body=body)


def _requests(route: Route, plain: Input, each: int, chance: random.Random) -> Iterator[Input]:
    """In the parts of the address, the query and the headers."""
    for part in route.parts:
        for name, text in _texts(each, chance):
            yield replace(
                plain, place=f"part {part}: {name}", path=route.path(**{part: text}), sent=_read(text)
            )
    for parameter in sorted({*route.parameters, "other"}):
        for name, text in _texts(each, chance):
            query = f"{quote(parameter)}={text}"
            yield replace(plain, place=f"query {parameter}: {name}", query=query, sent=_read(text))
    for name in chance.sample(sorted(corpus.HEADERS.keys() - {""}), 4 * each):
        value = chance.choice(corpus.HEADERS[name] + corpus.HEADERS[""])
        yield replace(plain, place=f"header {name}", headers={name: value}, sent=value)


def _filled(form: Form, plain: Input, each: int, chance: random.Random) -> Iterator[Input]:
    """A form that is as it should be but for one field, or with one text in all of them."""
    good = _good(form)
    for name in form.names:
        if name in form.files:
            for what in chance.sample(sorted(corpus.FILES), each):
                yield replace(
                    plain, place=f"file {name}: {what}", **_body(form, good, {name: corpus.FILES[what]})
                )
            continue
        for what, text in _texts(each, chance):
            yield replace(
                plain, place=f"field {name}: {what}", sent=_read(text), **_body(form, {**good, name: text})
            )
    for what, text in _texts(1, chance):
        everywhere = {name: text if name in form.names else value for name, value in good.items()}
        yield replace(plain, place=f"field all: {what}", sent=_read(text), **_body(form, everywhere))
    yield replace(plain, place="field none as it should be", **_body(form, good))


def _reports(route: Route, each: int, chance: random.Random) -> Iterator[Input]:
    """Signed reports of bounces with something hostile in them."""
    plain = Input(route.rule.rule, route.rule.endpoint, "POST", route.path(), "")
    for what, text in _texts(10 * each, chance):
        body, stamp = REPORT.replace(b"%s", unquote_to_bytes(text)), str(int(clock.now().timestamp()))
        signed = hmac.digest(HOOK_KEY.encode(), f"{what}.{stamp}.".encode() + body, hashlib.sha256)
        headers = {
            "Webhook-Id": what,
            "Webhook-Timestamp": stamp,
            "Webhook-Signature": f"v1,{b64encode(signed).decode()}",
        }
        yield replace(
            plain, place=f"field mail: {what}", headers=headers, content_type="message/rfc822", body=body
        )


def _texts(each: int, chance: random.Random) -> list[tuple[str, str]]:
    return [(name, corpus.TEXTS[name]) for name in chance.sample(sorted(corpus.TEXTS), each)]


def _read(encoded: str) -> str:
    return unquote_to_bytes(encoded).decode("utf-8", "replace")


def _good(form: Form) -> dict[str, str]:
    return {name: quote(value or GOOD.get(name, "Some words")) for name, value in form.fields.items()}


def _body(
    form: Form,
    values: Mapping[str, str],
    files: Mapping[str, tuple[str, str, bytes]] | None = None,
    again: Mapping[str, str] | None = None,
) -> dict[str, object]:
    """Content type and body of a form; one with files has parts, and a part without a name where none was chosen."""
    pairs = [*values.items(), *(again or {}).items()]
    if not form.files:
        body = "&".join(f"{quote(name)}={value}" for name, value in pairs)
        return {"content_type": URLENCODED, "body": body.encode()}
    parts = [_part(name, unquote_to_bytes(value)) for name, value in pairs if name not in form.files]
    for name in form.files:
        filename, kind, content = (files or {}).get(name, ("", "application/octet-stream", b""))
        parts.append(_part(name, content, f'; filename="{filename}"\r\nContent-Type: {kind}'))
    return {"content_type": MULTIPART, "body": b"".join(parts) + b"--hostile--\r\n"}


def _part(name: str, content: bytes, more: str = "") -> bytes:
    head = f'--hostile\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'
    return head.encode() + content + b"\r\n"
