"""Somebody has a copy of the database and the live site, but no keys: no address can be matched to a row.

They may post any address they like to the site and take apart whatever it gives back, down to the bytes.
"""

import base64
import re
import zlib
from contextlib import suppress
from email import message_from_bytes, policy

import pytest
from sqlalchemy import LargeBinary, String, Text, select, text

from pledge.core.db import fetch
from pledge.mail import services as mail_services
from pledge.worker.registry import composers
from tests.support import apps
from tests.support.factories import (
    answer_requests,
    campaign,
    endorse_form,
    endorsement,
    sign_form,
    signature,
)
from tests.support.mails import Notes

PEOPLE = [f"{name}@company.example" for name in ("kim", "lee", "park")]
#: So short a piece of a random value is not in the other one by chance.
PIECE = 8


def dump() -> dict[str, list[bytes]]:
    """Every stored value of every table that could hold something of a person, as bytes; by table and column."""
    contents: dict[str, list[bytes]] = {}
    for table in apps.tables():
        for column in table.columns:
            if isinstance(column.type, (LargeBinary, String, Text)) or hasattr(column.type, "context"):
                raw = fetch(text(f'SELECT "{column.name}" FROM {table.name}')).scalars()
                contents[f"{table.name}.{column.name}"] = [
                    _bytes(value) for value in raw if value is not None
                ]
            elif table.name == "signatures" and column.name == "id":
                ids = fetch(select(column)).scalars()
                contents["signatures.id"] = [form for value in ids for form in _number(value)]
    return contents


def _bytes(value) -> bytes:
    return value.encode() if isinstance(value, str) else bytes(value)


def _number(value: int) -> list[bytes]:
    return [str(value).encode(), value.to_bytes(8, "big"), value.to_bytes(8, "little")]


#: The two alphabets of base64 (RFC 4648), the first without the slash that parts the pieces of an address.
ALPHABETS = (
    (re.compile(rb"[A-Za-z0-9_-]{8,}"), base64.urlsafe_b64decode),
    (re.compile(rb"[A-Za-z0-9+/]{8,}"), base64.b64decode),
)


def layers(given: bytes, depth: int = 4) -> set[bytes]:
    """What was given, and what each of its parts is when it is read as base64 or hexadecimal or unpacked, again and again."""
    readings = {given}
    if not depth:
        return readings
    for alphabet, decode in ALPHABETS:
        for part in alphabet.findall(given):
            with suppress(ValueError):
                readings |= layers(decode(part + b"=" * (-len(part) % 4)), depth - 1)
    for part in re.findall(rb"[0-9a-fA-F]{16,}", given):
        with suppress(ValueError):
            readings.add(bytes.fromhex(part.decode()))
    with suppress(zlib.error):
        readings |= layers(zlib.decompress(given), depth - 1)
    return readings


def pieces(value: bytes) -> set[bytes]:
    return {value[at : at + PIECE] for at in range(len(value) - PIECE + 1)}


def given_by_the_site(client, email: str) -> bytes:
    """All that a stranger gets for an address: bodies, headers, cookies, addresses of pages, of every form there is."""
    answers = []
    for path, data in (
        ("/en/c/blue-skies/sign", sign_form(email=email)),
        ("/en/c/blue-skies/endorse", endorse_form(email=email)),
        ("/en/me", {"email": email, "campaign": "blue-skies"}),
        ("/en/endorse/me", {"email": email, "campaign": "blue-skies"}),
    ):
        reply = client.post(path, data=data)
        assert reply.status_code == 303
        page = client.get(reply.headers["Location"])
        answers += [str(reply.headers).encode(), reply.data, str(page.headers).encode()]
        answers.append(reply.headers["Location"].encode())
    return b"\n".join(answers)


def own_mails(client) -> bytes:
    """The mails that come to an address of one's own: headers with their Message-ID, links and all."""
    for path, form in (("sign", sign_form), ("endorse", endorse_form)):
        client.post(f"/en/c/blue-skies/{path}", data=form(email="stranger@example.org"))
    answer_requests()
    notes = Notes()
    while mail_services.deliver(composers(), notes).total:
        pass
    own = [message for to, message in notes.sent if to == "stranger@example.org"]
    assert len(own) == 2
    parts = [message_from_bytes(message, policy=policy.default) for message in own]
    return b"\n".join([*own, *(part.get_body(("plain",)).get_content().encode() for part in parts)])


@pytest.fixture
def stolen(app):
    """The copy, taken while three people are known in several states."""
    of = campaign()
    signature(of, email=PEOPLE[0], state="confirmed")
    signature(of, email=PEOPLE[1], state="pending")
    signature(of, email=PEOPLE[2], state="withdrawn")
    for email, state in zip(PEOPLE, ("published", "pending", "withdrawn"), strict=True):
        endorsement(of, email=email, state=state)
    return dump()


def test_nothing_that_the_site_gives_for_an_address_is_in_the_copy(client, stolen):
    client.checked = False
    # What is public anyway is no clue: the words of the pages, the names of organisations and campaigns.
    public = client.get("/en/c/blue-skies").data + client.get("/en/c/blue-skies/organizations").data
    known = (
        pieces(public)
        | pieces(str(client.get("/en/me").headers).encode())
        | pieces(client.get("/en/me").data)
    )
    secret = {
        piece
        for name, values in stolen.items()
        if not name.startswith(("campaign", "pledge_texts", "partners", "alembic"))
        for value in values
        for piece in pieces(value)
        if piece not in known
    }
    assert len(secret) > 1000, "the copy holds hashes and sealed values"
    given = b"\n".join(given_by_the_site(client, email) for email in PEOPLE) + own_mails(client)
    for layer in layers(given):
        leaked = pieces(layer) & secret
        assert not {piece for piece in leaked if not _is_plain(piece)}, leaked
    assert any(len(layer) >= 60 and not layer.isascii() for layer in layers(given)), (
        "the tickets were decoded"
    )


def _is_plain(piece: bytes) -> bool:
    """A piece of an ordinary word, such as `example.` or a date: it tells one row from another no more than a word does."""
    return re.fullmatch(rb"[a-z0-9 .:/@_,\-]+", piece, re.IGNORECASE) is not None and not piece.isdigit()
