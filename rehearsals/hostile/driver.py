"""Sends hostile inputs to the application, and says what is wrong with its answers."""

import gzip
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import unquote_to_bytes, urljoin, urlsplit

import brotli
import html5lib
from flask import Flask
from flask.testing import EnvironBuilder
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from pledge.core.db import db, fetch
from rehearsals.hostile import corpus
from rehearsals.hostile.inputs import Input
from tests.support import apps
from tests.support.insider import guards_away
from tests.support.pages import BadPage, check_page

#: Of answers that a browser reads as a document.
DOCUMENTS = {"text/html", "image/svg+xml", "application/xml", "text/xml"}
#: What an error says that nobody caught.
INSIDE = ("Traceback (most recent call last)", "sqlalchemy.exc", "psycopg.", "werkzeug.exceptions", 'File "/')
#: Answers of 500 and more that are meant: a format that the specification of oEmbed calls 501.
MEANT = {("embed.oembed", 501)}
#: Seconds of the processor for one request. The slowest that are right set a page of a PDF.
SLOW = 3.0
#: The answers that a form may give. 400: no text; 401: not signed; 404, 409, 410: gone or too late; 422: told at the field.
ANSWERS = {200, 302, 303, 400, 401, 403, 404, 409, 410, 413, 422}
#: Tables that say nothing of an act: sessions, tries that failed, files that wait a day to be kept.
BESIDE = {"staff_sessions", "staff_attempts", "stored_files"}


@dataclass
class Report:
    """What came of it."""

    faults: list[str] = field(default_factory=list)
    #: By rule and method: the kinds of places and the statuses.
    routes: dict[tuple[str, str], Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    #: Of forms that were as they should be but for one field: the routes that took one.
    taken: set[str] = field(default_factory=set)

    @property
    def sent(self) -> int:
        return sum(
            count for counts in self.routes.values() for name, count in counts.items() if name.isdigit()
        )

    def table(self) -> str:
        lines = [f"{self.sent} hostile inputs, {len(self.routes)} routes and methods"]
        for (rule, method), counts in sorted(self.routes.items()):
            summary = " ".join(f"{name}:{count}" for name, count in sorted(counts.items()))
            lines.append(f"{method:8.8} {rule}  {summary}")
        return "\n".join(lines)


class Driver:
    """Sends inputs to the application, in whose context it is; what a form has changed is put back as it was at first."""

    def __init__(self, app: Flask, cookies: Mapping[str, str]) -> None:
        self._app = app
        self._signed_in = cookies
        self._client = app.test_client(use_cookies=False)
        self._client.checked = False
        with db.engine.begin() as connection:
            for table in db.metadata.sorted_tables:
                connection.exec_driver_sql(f"CREATE TABLE kept_{table} AS SELECT * FROM {table}")

    def run(self, inputs: Iterable[Input]) -> Report:
        report, before = Report(), _rows()
        for given in inputs:
            began = time.thread_time()
            answer = self._answered(given)
            seconds = time.thread_time() - began
            counts = report.routes[given.rule, given.method]
            counts[str(answer.status_code)] += 1
            counts[given.kind] += 1
            report.faults += [f"{given}: {fault}" for fault in faults_of(given, answer)]
            if seconds > SLOW:
                report.faults.append(f"{given}: took {seconds:.1f} s")
            if given.method != "POST":
                continue
            if given.kind == "form" and answer.status_code not in ANSWERS:
                report.faults.append(f"{given}: answered {answer.status_code}")
            if answer.status_code < 400:
                report.taken |= {given.rule} if given.kind in ("form", "field", "file") else set()
                report.faults += [f"{given}, then {fault}" for fault in self._faults_behind(given, answer)]
            elif (moved := before ^ _rows()) and {name for name, _ in moved} - BESIDE:
                report.faults.append(f"{given}: answered {answer.status_code}, and yet changed {moved}")
            if answer.status_code < 400 or moved:
                self._restore()
        return report

    def _answered(self, given: Input) -> TestResponse:
        answer = self._send(given)
        if answer.status_code == 429:  # who tries too often has to wait
            self._restore()
            answer = self._send(given)
        return answer

    def _restore(self) -> None:
        apps.clean(self._app)
        with guards_away() as connection:
            for table in db.metadata.sorted_tables:
                connection.exec_driver_sql(f"INSERT INTO {table} SELECT * FROM kept_{table}")
        apps.forget_caches(self._app)

    def _faults_behind(self, given: Input, answer: TestResponse) -> list[str]:
        """Of the page that the answer to a form leads to."""
        if answer.location is None:
            return []
        there = urlsplit(answer.location)
        page = replace(given, method="GET", path=there.path, query=there.query, headers={}, body=b"")
        return [f"{there.path}: {fault}" for fault in faults_of(page, self._send(page))]

    def _send(self, given: Input) -> TestResponse:
        environ = {
            "PATH_INFO": unquote_to_bytes(given.path).decode("latin-1"),
            "QUERY_STRING": given.query,
            "HTTP_USER_AGENT": "Mozilla/5.0",
            "HTTP_ACCEPT_LANGUAGE": "ko",
        }
        if cookie := self._signed_in.get(given.visitor):
            environ["HTTP_COOKIE"] = cookie
        for name, value in given.headers.items():
            key = name.upper().replace("-", "_")
            environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
        options = {"data": given.body, "content_type": given.content_type} if given.method == "POST" else {}
        builder = EnvironBuilder(self._app, "/", method=given.method, environ_overrides=environ, **options)
        return _readable(self._client.open(builder, buffered=True))


def _rows() -> set[tuple[str, int]]:
    """How many rows each table holds."""
    tables = db.metadata.sorted_tables
    counts = [select(func.count()).select_from(table).scalar_subquery() for table in tables]
    numbers = fetch(select(*counts)).one()
    return set(zip([table.name for table in tables], numbers, strict=True))


def _readable(answer: TestResponse) -> TestResponse:
    """An answer as its browser reads it: unpacked."""
    unpack = {"gzip": gzip.decompress, "br": brotli.decompress}.get(
        answer.headers.get("Content-Encoding", "")
    )
    if unpack is not None and answer.data:
        answer.data = unpack(answer.data)
    return answer


def faults_of(given: Input, answer: TestResponse) -> Iterator[str]:
    """What is wrong with an answer to a hostile input."""
    if answer.status_code >= 500 and (given.endpoint, answer.status_code) not in MEANT:
        yield f"answered {answer.status_code}"
    for name, value in answer.headers:
        if name == corpus.INJECTED or "\r" in value or "\n" in value:
            yield f"a header was injected: {name}: {value!r}"
        if name == "Set-Cookie" and corpus.INJECTED in value:
            yield f"a cookie was injected: {value!r}"
        # Browsers take a backslash for a slash.
        if name == "Location" and _host(value.replace("\\", "/")) != "localhost":
            yield f"leads elsewhere: {value!r}"
    kind = answer.mimetype or ""  # 304 has none
    text = answer.get_data(as_text=True) if kind.startswith(("text/", "image/svg")) or "json" in kind else ""
    yield from (f"shows {inside!r}" for inside in INSIDE if inside in text)
    if kind in DOCUMENTS:
        if "<" in given.sent and given.sent in text:
            yield "reflected as it was sent"
        if corpus.MARKER in text and _is_marked(text):
            yield "reflected as an element or an attribute"
    if text or kind != "text/html":
        yield from _bad_page(answer)


def _bad_page(answer: TestResponse) -> Iterator[str]:
    """A form shows again what was typed, also a control character, which HTML has no way to write."""
    try:
        check_page(answer)
    except BadPage as error:
        lines = [line for line in str(error).split("\n  ")[1:] if "invalid-codepoint" not in line]
        yield from [f"a bad page: {lines}"] if lines else []


def _host(location: str) -> str | None:
    try:
        return urlsplit(urljoin("http://localhost/", location)).hostname
    except ValueError:
        return None


def _is_marked(text: str) -> bool:
    """Whether the page has an element or an attribute of the corpus."""
    return any(
        name.startswith(corpus.MARKER)
        for element in html5lib.parse(text, treebuilder="etree").iter()
        if isinstance(element.tag, str)
        for name in (element.tag.rpartition("}")[2], *element.attrib)
    )
