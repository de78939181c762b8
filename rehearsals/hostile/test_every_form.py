"""Every form of the site, filled with what no form expects: an answer that says so, never an error, never half a row."""

from collections.abc import Iterable, Iterator
from itertools import count
from urllib.parse import quote

import pytest
from sqlalchemy import func, select

from pledge.core.db import db
from pledge.web.staff.auth.cookies import AREA
from rehearsals.hostile import corpus
from rehearsals.hostile.forms import GOOD, URLENCODED, Form, forms_of
from rehearsals.hostile.snapshots import Snapshot, SqliteSnapshot
from rehearsals.hostile.survey import STAFF, survey
from tests.support import apps
from tests.support.factories import SLUG, campaign, signature
from tests.support.staff import StaffClient
from tests.support.staff import client as staff_client_of
from tests.support.world import world

#: Percent-encoded, as a body carries them; the last two are no text at all.
HOSTILE = {
    name: corpus.TEXTS[name]
    for name in (
        *(
            "empty",
            "spaces",
            "line break",
            "no-break space",
            "zero width",
            "right to left",
            "formula",
            "element",
        ),
        *("negative", "other digits", "number", "emoji", "long", "long in Korean", "NUL", "lone surrogate"),
    )
}
#: What is sent to the staff's many forms; the public ones get all of it.
SOME = ("spaces", "line break", "zero width", "formula", "element", "number", "long")
#: Also sent in one field alone, with the others as they should be.
ALONE = ("line break",)
#: Tables that say nothing of an act: sessions, tries that failed, files that wait a day to be kept.
BESIDE = {"staff_sessions", "staff_attempts", "stored_files"}
#: The answers that a form may give. 400: no text; 404, 409, 410: gone or too late; 422: told at the field.
ANSWERS = {200, 302, 303, 400, 403, 404, 409, 410, 413, 422}


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
    yield "everything twice", body([*good.items(), *((name, HOSTILE["element"]) for name in form.names)])
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
    forms = [form for route in survey(app, world(staff), {STAFF: staff}) for _, form in route.forms]
    wrong, taken = walk(app, staff, forms, SqliteSnapshot(tmp_path))
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
