"""What a request answers and does is the same, byte for byte, statement for statement and row for row, whatever is known
about the person.

Time cannot tell what the work does not depend on (docs/security.md).
"""

import pytest
from sqlalchemy import func, select

from pledge.core.db import db, fetch
from pledge.endorsements.services import ticket_for as endorse_ticket_for
from pledge.mail import suppression
from pledge.mail.addresses import address_hash, parse
from pledge.mail.models import Returned
from pledge.signatures.models import Signature
from pledge.signatures.services import ticket_for
from tests.support import apps
from tests.support.factories import (
    answer_requests,
    campaign,
    endorse_form,
    endorsement,
    mailed,
    sign_form,
    signature,
)

PERSON = "hong@example.org"
ORGANIZATION = {"name_ko": None, "name_en": "Sky Energy", "email": PERSON}
SIGNED = ("pending", "confirmed", "withdrawn", "invalidated")
ENDORSED = ("pending", "review", "changes", "published", "declined", "withdrawn")


def bring(client, kind, state: str) -> None:
    """Somebody who has signed, or applied for an organisation, or may get no mail."""
    campaign()
    if state == "suppressed":
        suppression.stop(PERSON, Returned.NO_MAILBOX, known=True)
    elif state == "capped":
        for number in range(6):
            if kind == "person":
                client.post("/en/c/blue-skies/sign", data=sign_form(email=PERSON, name=f"Name {number}"))
            else:
                apply(client, statement_ko=f"말 {number}")
            answer_requests()
    elif state != "new" and kind == "person":
        mailed(signature(state=state, email=PERSON))
    elif state != "new":
        endorsement(state=state, name_ko="", name_en="Sky Energy", email=PERSON)


def rows() -> dict[str, int]:
    return {table.name: fetch(select(func.count()).select_from(table)).scalar() for table in apps.tables()}


def effects(statements, act, client, ticket):
    """What a request answers, the texts of the statements that it runs, and by how many rows each table grows."""
    before = rows()
    with statements() as seen:
        reply = act(client, ticket)
    after = rows()
    grown = {name: after[name] - before[name] for name in after if after[name] != before[name]}
    return _seen(reply), list(seen), grown


def _seen(reply):
    """All of an answer but the number of the request and the ticket, of which the length is compared."""
    place, _, ticket = reply.headers.get("Location", "").rpartition("/")
    headers = [pair for pair in reply.headers if pair[0] not in ("X-Request-Id", "Date", "Location")]
    return reply.status_code, headers, place, len(ticket), reply.data


def sign(client):
    return client.post("/en/c/blue-skies/sign", data=sign_form(email=PERSON, name="Somebody Else"))


def apply(client, **changes):
    return client.post("/en/c/blue-skies/endorse", data=endorse_form(**ORGANIZATION | changes))


#: What one may send; from the second on, the page that waits for the mail of the first is known.
ACTS = {
    "person": {
        "sign": lambda client, place: sign(client),
        "resend": lambda client, place: client.post(place, data={"resend": "y"}),
        "code": lambda client, place: client.post(place, data={"code": "000000"}),
        "link": lambda client, place: client.post("/en/me", data={"email": PERSON, "campaign": "blue-skies"}),
    },
    "organization": {
        "endorse": lambda client, place: apply(client),
        "resend": lambda client, place: client.post(place, data={"resend": "y"}),
        "link": lambda client, place: client.post("/en/endorse/me", data={"email": PERSON}),
    },
}
#: By how many rows tables grow; where nothing is said, by one request for a mail.
GROWN = {"sign": {"signatures": 1, "mail_requests": 1}, "code": {}}


def waiting_page(kind):
    if kind == "organization":
        ticket = endorse_ticket_for("blue-skies", address_hash(parse(PERSON)), "Sky Energy")
        return f"/en/c/blue-skies/endorse/check/{ticket}"
    newest = db.session.scalar(select(Signature.id).order_by(Signature.submitted_at.desc()).limit(1))
    return f"/en/c/blue-skies/check/{ticket_for('blue-skies', newest)}"


def effects_of_all(client, statements, clock, kind):
    (first, begin), *others = ACTS[kind].items()
    client.get(f"/en/c/blue-skies/{first}")  # what is cached for a second is cached
    by_address = {first: effects(statements, begin, client, "")}
    place = waiting_page(kind)
    client.get(place)
    for name, act in others:
        by_address[name] = effects(statements, act, client, place)
        clock.move(seconds=0.1)
    return by_address


@pytest.mark.parametrize("path", ["/en/me", "/en/endorse/me"])
def test_asking_for_the_own_link_is_the_same_work_for_somebody_unknown(
    client, statements, frozen_clock, path
):
    blue = campaign()
    mailed(signature(state="confirmed", email=PERSON))
    endorsement(blue, contact_email=PERSON)

    def ask(email):
        form = {"email": email, "campaign": "blue-skies"}
        return effects(statements, lambda client, _: client.post(path, data=form), client, "")

    ask("somebody@example.org")  # what is cached for a second is cached
    known, unknown = ask(PERSON), ask("nobody@example.org")
    assert known == unknown
    assert unknown[-1] == {"mail_requests": 1}


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        *(("person", state) for state in ("new", *SIGNED, "suppressed", "capped")),
        *(("organization", state) for state in ("new", *ENDORSED, "suppressed", "capped")),
    ],
)
def test_the_work_is_the_same_whatever_is_known(app, client, statements, frozen_clock, kind, state):
    bring(client, kind, "new")
    expected = effects_of_all(client, statements, frozen_clock, kind)
    db.session.remove()
    apps.clean(app)
    apps.forget_caches(app)
    bring(client, kind, state)
    frozen_clock.move(seconds=5)
    assert effects_of_all(client, statements, frozen_clock, kind) == expected
    for name, (*_, grown) in expected.items():
        assert grown == GROWN.get(name, {"mail_requests": 1}), name
