"""Fifty at once, on connections of their own, on both databases: one row, one mail, one count."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import literal, select, true, update

from pledge.core import clock as time
from pledge.core.db import db, load, transaction
from pledge.core.tokens import BadToken
from pledge.ledger.models import LedgerEntry
from pledge.ledger.queries import count
from pledge.mail.models import OutboxMail
from pledge.signatures import moderation, services
from pledge.signatures.models import Signature
from tests.support import apps
from tests.support.at_once import at_once
from tests.support.factories import (
    ANNA,
    HONG,
    answer_requests,
    campaign,
    code,
    confirm_token,
    fold_all,
    mailed,
    manage_token,
    sign_form,
    signature,
)
from tests.support.mails import Notes, deliver
from tests.support.rows import number_of

CROWD = 50


@pytest.fixture
def crowd(make_app: Callable[..., Flask]) -> Callable[[Callable[[Flask, int], Any]], list[Any]]:
    """Run one act fifty times at the same moment, each in a thread with its own connection."""
    app = make_app(pool_size=CROWD, limit_sign="1000 per minute", limit_token="1000 per minute")
    return lambda act: at_once(app, *(partial(act, app, number) for number in range(CROWD)))


def test_fifty_sign_ups_of_one_person_make_one_row_and_one_mail(app, crowd):
    campaign()

    def sign(app: Flask, number: int) -> tuple[int, str | None, bytes]:
        form = sign_form(email=f"hong.gildong+{number}@gmail.com")
        reply = app.test_client().post("/ko/c/blue-skies/sign", data=form)
        return reply.status_code, reply.headers.get("Location"), reply.data

    replies = crowd(sign)
    assert {(status, len(place), body) for status, place, body in replies} == {(303, len(replies[0][1]), b"")}
    answer_requests()
    deliver(notes := Notes())
    assert len(notes.sent) == 1, "the others wait for their turn, or for nothing"
    ids = db.session.scalars(select(Signature.id)).all()
    results = crowd(lambda app, number: confirmed(app, ids[number % len(ids)]))
    assert results.count("blue-skies") == 1
    assert number_of(LedgerEntry) == 1


def test_one_form_sent_fifty_times_at_once_is_one_row_and_one_mail(app, crowd, frozen_clock):
    campaign()
    form = sign_form(email="hong@example.org")
    crowd(lambda app, _: app.test_client().post("/ko/c/blue-skies/sign", data=form).status_code)
    answer_requests()
    assert number_of(Signature) == 1
    assert number_of(OutboxMail) == 1


def confirmed(app: Flask, signature_id: int) -> str | None:
    with app.app_context():
        return services.confirm(signature_id)


def test_fifty_people_at_once_make_fifty_rows_and_fifty_mails(app, crowd):
    campaign()

    def sign(app: Flask, number: int) -> int:
        form = sign_form(email=f"person-{number}@crowd.example")
        return app.test_client().post("/ko/c/blue-skies/sign", data=form).status_code

    assert set(crowd(sign)) == {303}
    answer_requests()
    assert number_of(Signature) == CROWD
    assert number_of(OutboxMail) == CROWD


def test_fifty_presses_of_one_link_count_once_and_all_see_success(app, crowd):
    person = signature(state="pending")
    token = confirm_token(person)
    crowd_sees = set(crowd(lambda app, _: app.test_client().post(f"/ko/confirm/{token}").status_code))
    assert crowd_sees == {303}
    assert number_of(LedgerEntry) == 1
    fold_all()
    assert count(person.campaign_id).people == 1


def test_link_and_code_at_once_count_once(app, crowd):
    person = mailed(signature(state="pending"))
    token, digits, signature_id = confirm_token(person), code(person), person.id

    def confirm(app: Flask, number: int) -> None:
        if number % 2:
            app.test_client().post(f"/ko/confirm/{token}")
        else:
            with app.app_context():
                services.confirm_by_code(signature_id, digits)

    crowd(confirm)
    assert number_of(LedgerEntry) == 1


def test_fifty_withdrawals_take_back_once(app, crowd):
    person = signature()
    token = manage_token(person)
    replies = set(crowd(lambda app, _: app.test_client().post(f"/ko/me/{token}/withdraw").status_code))
    assert replies == {303}
    assert number_of(LedgerEntry) == 2


def test_erasing_and_withdrawing_at_once_take_back_once(app, crowd):
    person = signature()
    token = manage_token(person)

    def leave(app: Flask, number: int) -> int:
        act = "erase" if number % 2 else "withdraw"
        return app.test_client().post(f"/ko/me/{token}/{act}").status_code

    assert set(crowd(leave)) <= {200, 303, 410}
    assert number_of(LedgerEntry) == 2
    assert number_of(Signature) == 0


def test_the_worker_and_the_person_who_stops_it_at_once_end_in_one_of_both(app):
    people = [signature() for _ in range(30)]
    tokens = {person.id: manage_token(person) for person in people}
    for number in tokens:
        moderation.plan_erasure(ANNA, number, "asked")
    deliver(Notes())
    with transaction() as session:
        session.execute(update(Signature).values(erase_at=time.now() - timedelta(hours=1)))
        session.execute(update(OutboxMail).values(sent_at=time.now() - timedelta(days=2)))

    def stop(mine):
        kept = set()
        for number, token in mine:
            with suppress(BadToken):
                services.stop_erasure(token)
                kept.add(number)
        return kept

    pairs = list(tokens.items())
    worker = partial(services.erase_due, 50)
    *erased, first, other = at_once(app, worker, worker, partial(stop, pairs), partial(stop, pairs[::-1]))
    kept = {row.id for row in load(select(Signature))}
    assert first == other == kept
    assert sum(erased) == len(people) - len(kept)
    assert number_of(LedgerEntry, LedgerEntry.delta == -1) == sum(erased)
    assert number_of(Signature, Signature.erase_at.is_not(None)) == 0


def test_guessing_codes_in_parallel_gets_no_more_tries(app, crowd):
    person = mailed(signature(state="pending"))
    signature_id, right = person.id, int(code(person))

    def guess(app: Flask, number: int) -> str:
        with app.app_context():
            return services.confirm_by_code(signature_id, f"{(right + 1 + number) % 1_000_000:06d}").value

    outcomes = crowd(guess)
    assert outcomes.count("wrong") == 5
    assert outcomes.count("spent") == CROWD - 5


@pytest.mark.postgresql_only
def test_who_signs_or_confirms_waits_for_no_row_that_somebody_else_writes(app):
    person = signature(state="pending")
    signature()
    fold_all()
    own = {Signature.__table__: Signature.id != person.id}
    with db.engine.connect().execution_options(isolation_level="READ COMMITTED") as somebody:
        for table in apps.tables():  # an UPDATE of each row, as it goes on
            rows = select(literal(1)).select_from(table).where(own.get(table, true()))
            somebody.execute(rows.with_for_update(key_share=True))
        services.sign(HONG)
        assert services.confirm(person.id)
