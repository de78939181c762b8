"""Every form of the site, filled with what no form expects: an answer that says so, never an error, never half a row."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from urllib.parse import quote, urlsplit

import html5lib
import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.routing import Rule

from pledge.campaigns import items
from pledge.campaigns.events import EVENT
from pledge.core.db import db
from pledge.endorsements import handover
from pledge.endorsements.models import ContactChange
from pledge.exports import services
from pledge.signatures.addresses import parse
from pledge.signatures.moderation import hide_name
from pledge.signatures.origins import domain_hash
from pledge.web.staff.auth.cookies import AREA
from tests.support import apps, deliveries
from tests.support.factories import (
    ANNA,
    EDITOR,
    SLUG,
    campaign,
    confirm_token,
    draft,
    endorse_confirm_token,
    endorse_contact_token,
    endorse_form,
    endorse_manage_token,
    endorsement,
    event_fields,
    fold_all,
    invalidation,
    list_terms,
    manage_token,
    sign_form,
    signature,
    unsubscribe_token,
)
from tests.support.staff import StaffClient, csrf_token
from tests.support.staff import client as staff_client_of

HTML = "{http://www.w3.org/1999/xhtml}"
URLENCODED = "application/x-www-form-urlencoded"

#: Percent-encoded, as a body carries them; the last two are no text at all.
HOSTILE = {
    "empty": "",
    "spaces": "+++",
    "line break": "%0D%0A",
    "no-break space": quote("\u00a0\u3000"),
    "zero width": quote("\u200b\ufeff\u200d"),
    "right to left": quote("\u202eabc\u2066"),
    "formula": quote("=cmd|' /C calc'!A0"),
    "markup": quote('"><script>alert(1)</script></textarea></title><svg onload=alert(1)>{{7*7}}'),
    "negative": "-1",
    "other digits": quote("١٢٣²Ⅷ"),
    "number": "9" * 40,
    "emoji": quote("👩‍👩‍👧‍👦\U000e0041"),
    "long": "x" * 10_000,
    "long in Korean": quote("가" * 3_000),
    "NUL": "a%00b",
    "lone surrogate": "%ED%A0%80",
}
#: What is sent to the staff's many forms; the public ones get all of it.
SOME = ("spaces", "line break", "zero width", "formula", "markup", "number", "long")
#: Also sent in one field alone, with the others as they should be.
ALONE = ("line break",)
#: Tables that say nothing of an act: sessions, tries that failed, files that wait a day to be kept.
BESIDE = {"staff_sessions", "staff_attempts", "stored_files"}
#: The answers that a form may give. 400: no text; 404, 409, 410: gone or too late; 422: told at the field.
ANSWERS = {200, 302, 303, 400, 403, 404, 409, 410, 413, 422}
#: Routes whose form no page shows in this world; they are sent what such forms hold.
NOT_SHOWN = ("why", "reason")


@dataclass
class Form:
    """A form as a page shows it; `fields` holds what a browser would send without anything typed."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        return [name for name in self.fields if name != "csrf_token"]


def forms_of(page: str, address: str) -> Iterator[Form]:
    for element in html5lib.parse(page, treebuilder="etree").iter(f"{HTML}form"):
        if element.get("method", "get").lower() != "post":
            continue
        form = Form(urlsplit(element.get("action") or address).path)
        for one in element.iter():
            name = one.get("name")
            if not name or one.get("disabled") is not None:
                continue
            if one.tag == f"{HTML}textarea":
                form.fields[name] = one.text or ""
            elif one.tag == f"{HTML}select":
                values = [option.get("value", "") for option in one.iter(f"{HTML}option")]
                form.fields[name] = next(filter(None, values), "")
            elif one.get("type") in ("radio", "checkbox"):
                form.fields.setdefault(name, one.get("value", "y"))
            elif one.tag in (f"{HTML}input", f"{HTML}button"):
                form.fields[name] = one.get("value", "")
        yield form


#: What the fields want, by name; what is not named takes any words.
GOOD = {
    **sign_form(email="somebody@example.org"),
    **endorse_form(email="speaker@sky.example.org"),
    "registration_number": "124-81-00998",
    "slug": "another-campaign",
    "goal": "5000",
    "opens_at": "",
    "closes_at": "2031-05-06T07:08",
    "start_day": "2031-05-06",
    "start_time": "10:00",
    "end_day": "2031-05-06",
    "end_time": "11:00",
    "since": "2026-01-01",
    "until": "2031-01-01",
    "url": "https://example.org/page",
    "video": "https://youtu.be/dQw4w9WgXcQ",
    "code": "mistake-in-name",
}


@dataclass
class World:
    """Where the values of the routes' arguments lead somewhere."""

    values: dict[str, list[str]]

    def addresses(self, app) -> Iterator[str]:
        """Of all pages."""
        for rule in app.url_map.iter_rules():
            if "GET" in rule.methods:
                yield from self._built(rule)

    def of_posts(self, app) -> dict[str, str]:
        """One address of each route that takes a POST, by endpoint."""
        rules = [rule for rule in app.url_map.iter_rules() if "POST" in rule.methods]
        return {rule.endpoint: next(self._built(rule)) for rule in rules}

    def _built(self, rule: Rule) -> Iterator[str]:
        lang = {"lang": "en"} if "lang" in rule.arguments else {}
        for parts in self._parts(sorted(rule.arguments - {"lang"})):
            built = rule.build({**lang, **parts})
            assert built is not None, rule
            yield built[1]

    def _parts(self, names: list[str]) -> Iterator[dict[str, str]]:
        if not names:
            yield {}
            return
        for value in self.values.get(names[0], ["1"]):
            for rest in self._parts(names[1:]):
                yield {names[0]: value, **rest}


def world(staff) -> World:
    of = campaign(versions=2)
    terms = list_terms(of)
    draft("draft")
    people = [signature(of, state=state, updates=True) for state in ("pending", "confirmed", "withdrawn")]
    people.append(signature(of, state="confirmed", list_terms_id=terms.id))
    hashed = domain_hash(SLUG, "robots.example")
    people.append(signature(of, state="held", hold_reason="speed", domain_hash=hashed))
    states = ("pending", "review", "changes", "published", "declined", "removed", "withdrawn")
    organizations = [endorsement(of, state=state) for state in states]
    published = organizations[states.index("published")]
    new_speaker = parse("sea@haneul.co.kr")
    handover.ask(endorse_manage_token(published), name="이바다", title="팀장", mailbox=new_speaker, lang="ko")
    change = db.session.get(ContactChange, published.id)
    fold_all()
    invalidation(state="proposed")
    handed_over = [deliveries.answered(of), deliveries.handed_over(of), deliveries.frozen(of)]
    items.add(EVENT, EDITOR, SLUG, event_fields())
    hide_name(ANNA, people[1].id, "no name")
    services.request(ANNA, SLUG, "ledger", "csv", lang="ko", reason="why")
    tokens = [make(person) for person in people for make in (confirm_token, manage_token, unsubscribe_token)]
    tokens += [make(one) for one in organizations for make in (endorse_confirm_token, endorse_manage_token)]
    public = FlaskClient(staff.application, staff.application.response_class)
    sent = (
        public.post(f"/en/c/{SLUG}/sign", data=sign_form()),
        public.post(f"/en/c/{SLUG}/endorse", data=endorse_form()),
    )
    tickets = [reply.location.partition("/check/")[2] for reply in sent]
    return World(
        {
            "slug": [SLUG, "draft"],
            "token": [*tokens, endorse_contact_token(change)],
            "ticket": tickets,
            "signature_id": [str(person.id) for person in people],
            "endorsement_id": [str(one.id) for one in organizations],
            "delivery_id": [str(number) for number in handed_over],
            "staff_id": [str(staff.member.id), str(staff.member.id + 1)],
            "event": ["1"],
            "section": ["partners", "events", "sisters"],
            "direction": ["up"],
            "sort": ["domain"],
            "value": [hashed.hex()],
            "act": ["hold", "release", "refuse", "invalidate"],
            "ending": ["mp4"],
            "after": ["paused", "closed", "open", "archived"],
        }
    )


def found_forms(app, staff: StaffClient, known: World) -> list[Form]:
    """Every form that a page shows to an administrator or to whoever holds a link, once for each route it is sent to."""
    found: dict[tuple[str, str], Form] = {}
    match = app.url_map.bind("localhost").match
    for address in known.addresses(app):
        page = staff.get(address)
        if page.status_code == 200 and page.mimetype == "text/html":
            for form in forms_of(page.text, address):
                endpoint, _ = match(form.action, method="POST")
                found.setdefault((endpoint, " ".join(sorted(form.names))), form)
    shown = {endpoint for endpoint, _ in found}
    hidden = [
        Form(address, {"csrf_token": csrf_token(app), **dict.fromkeys(NOT_SHOWN, "")})
        for endpoint, address in known.of_posts(app).items()
        if endpoint not in shown
    ]
    return [*found.values(), *hidden]


class Snapshot:
    """The rows of an SQLite database as they were, to go on from again after a form was taken."""

    def __init__(self, folder: Path) -> None:
        self._kept = folder / "snapshot.sqlite3"
        db.session.rollback()
        with closing(sqlite3.connect(_live())) as live, closing(sqlite3.connect(self._kept)) as kept:
            live.backup(kept)

    def restore(self, app) -> None:
        db.session.rollback()
        db.engine.dispose()
        with closing(sqlite3.connect(_live())) as live, closing(sqlite3.connect(self._kept)) as kept:
            kept.backup(live)
        apps.forget_caches(app)


def _live() -> str:
    return str(db.engine.url.database)


def rows() -> dict[str, int]:
    """How many rows each table holds."""
    db.session.rollback()
    tables = db.metadata.sorted_tables
    counts = [select(func.count()).select_from(table).scalar_subquery() for table in tables]
    return dict(zip([table.name for table in tables], db.session.execute(select(*counts)).one(), strict=True))


def bodies(form: Form, hostile: Iterable[str]) -> Iterator[tuple[str, str]]:
    """What is wrong with it, and the body that is sent."""
    good = {name: quote(value or GOOD.get(name, "Some words")) for name, value in form.fields.items()}

    def body(pairs: Iterable[tuple[str, str]]) -> str:
        return "&".join(f"{quote(name)}={value}" for name, value in pairs)

    yield "as it should be", body(good.items())
    if not form.names:
        return
    for what in hostile:
        yield f"{what} everywhere", body({**good, **dict.fromkeys(form.names, HOSTILE[what])}.items())
    token = [("csrf_token", good["csrf_token"])] if "csrf_token" in good else []
    yield "nothing", body(token)
    yield "everything twice", body([*good.items(), *((name, HOSTILE["markup"]) for name in form.names)])
    yield "lists", body([*token, *((f"{name}[]", good[name]) for name in form.names)])
    for name in form.names:
        for what in ALONE:
            yield f"{what} in {name}", body({**good, name: HOSTILE[what]}.items())
        yield f"no {name}", body((other, value) for other, value in good.items() if other != name)


def walk(app, client, forms: list[Form], snapshot: Snapshot | None = None) -> tuple[list[str], set[str]]:
    """Send every form with every body: what went wrong, and the addresses that took one."""
    wrong, taken, before, somebody = [], set(), rows(), count(1)
    cookie = client.get_cookie("staff", path=AREA)
    for form in forms:
        for what, typed in bodies(form, SOME if snapshot else HOSTILE):
            # Another person each time: one who has just sent a form is not looked at again.
            body = typed if snapshot else typed.replace("%40sky.", f"{next(somebody)}%40sky.")
            # buffered: a file is read to its end
            answer = client.post(
                form.action, data=body, content_type=URLENCODED, buffered=True, **_no_token(client)
            )
            if answer.status_code not in ANSWERS:
                wrong.append(f"{form.action}, {what}: {answer.status_code}")
            if answer.status_code < 400:
                taken.add(form.action)
            after = rows()
            moved = {name: after[name] - before[name] for name in after if after[name] != before[name]}
            if answer.status_code >= 400 and moved.keys() - BESIDE:
                wrong.append(f"{form.action}, {what}: {answer.status_code}, and yet {moved}")
            if answer.status_code != 422:
                apps.forget_caches(app)  # no limit is to be met
            if snapshot is None:
                before = after
            elif answer.status_code < 400 or moved:
                snapshot.restore(app)
                # It may have signed out.
                client.set_cookie("staff", cookie.value, domain="localhost", path=AREA)
    return wrong, taken


def _no_token(client) -> dict[str, bool]:
    """The form has its token, or is sent without on purpose."""
    return {"csrf": False} if isinstance(client, StaffClient) else {}


@pytest.mark.sqlite_only
def test_no_form_breaks_over_blank_and_odd_fields_and_what_is_refused_leaves_nothing(app, tmp_path):
    staff = staff_client_of(app)
    forms = found_forms(app, staff, world(staff))
    wrong, taken = walk(app, staff, forms, Snapshot(tmp_path))
    assert wrong == []
    assert len(taken) > 60, "most forms are right but for what is odd in them"


def test_no_public_form_breaks_on_either_database(app, client):
    signature(campaign(versions=2))
    pages = [f"/en/c/{SLUG}/sign", f"/en/c/{SLUG}/endorse", "/en/me", "/en/endorse/me"]
    forms = [form for page in pages for form in forms_of(client.get(page).text, page)]
    assert {form.action for form in forms} >= set(pages)
    wrong, taken = walk(app, client, forms)
    assert wrong == []
    assert taken == {form.action for form in forms}
