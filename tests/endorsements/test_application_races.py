"""Fifty at once, on connections of their own, on both databases: one row, one mail, one move, one -1."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from pledge.core.db import db, load
from pledge.endorsements import handover, services
from pledge.endorsements.models import ContactChange, Endorsement, EndorsementVersion
from pledge.endorsements.versions import content_of
from pledge.ledger.models import LedgerEntry
from pledge.mail.addresses import parse
from pledge.mail.models import MailKind, MailState, OutboxMail
from pledge.mail.requests import answer
from pledge.worker.registry import handlers
from tests.support.at_once import at_once
from tests.support.factories import (
    HANEUL,
    answer_requests,
    campaign,
    changed_content,
    endorse_confirm_token,
    endorse_form,
    endorse_manage_token,
    endorsement,
    version_of,
)
from tests.support.rows import again, enqueued, number_of

CROWD = 50


@pytest.fixture
def crowd(make_app: Callable[..., Flask]) -> Callable[[Callable[[Flask, int], Any]], list[Any]]:
    """Run one act fifty times at the same moment, each in a thread with its own connection."""
    app = make_app(pool_size=CROWD, limit_sign="1000 per minute", limit_token="1000 per minute")
    return lambda act: at_once(app, *(partial(act, app, number) for number in range(CROWD)))


def test_fifty_applications_of_one_organisation_make_one_row_and_one_mail(app, crowd):
    campaign()

    def apply(app: Flask, number: int) -> tuple[int, str | None, bytes]:
        names = ("㈜하늘에너지", "하늘 에너지 주식회사", "(주)하늘에너지")
        form = endorse_form(email=f"sky.kim+{number}@gmail.com", name_ko=names[number % 3], name_en=None)
        reply = app.test_client().post("/ko/c/blue-skies/endorse", data=form)
        return reply.status_code, reply.headers.get("Location"), reply.data

    replies = crowd(apply)
    assert {(status, len(place), body) for status, place, body in replies} == {(303, len(replies[0][1]), b"")}
    at_work(crowd)
    assert number_of(Endorsement) == 1
    assert (
        number_of(EndorsementVersion) == number_of(OutboxMail, OutboxMail.state == MailState.QUEUED) == 5
    ), "each spelling has a mail, within the caps"
    row = db.session.scalars(select(Endorsement)).one()
    waiting = db.session.scalars(select(EndorsementVersion.seq)).all()
    seen = crowd(lambda app, number: confirmed(app, row.id, waiting[number % 5]))
    assert seen.count("blue-skies") == 1
    assert number_of(EndorsementVersion) == 1


def at_work(crowd) -> None:
    """Several workers answer what was asked for; one that meets another tries again, as the worker does."""

    def work(app: Flask, number: int) -> None:
        while number < 4:
            with app.app_context():
                try:
                    if not answer(handlers(), 10):
                        return
                except SQLAlchemyError:
                    pass

    crowd(work)
    answer_requests()


def confirmed(app: Flask, endorsement_id: int, seq: int) -> bool:
    with app.app_context():
        return services.confirm(endorsement_id, seq)


def test_fifty_presses_of_one_link_move_it_once_and_all_see_success(app, crowd):
    row = endorsement(state="pending")
    token = endorse_confirm_token(row)
    seen = crowd(lambda app, _: app.test_client().post(f"/ko/endorse/confirm/{token}").status_code)
    assert set(seen) == {303}
    assert again(row).state == "review"


def test_erasing_and_withdrawing_at_once_take_back_once(app, crowd):
    token = endorse_manage_token(endorsement())

    def leave(app: Flask, number: int) -> int:
        act = "erase" if number % 2 else "withdraw"
        return app.test_client().post(f"/ko/endorse/me/{token}/{act}").status_code

    assert set(crowd(leave)) <= {200, 303, 410}
    assert number_of(LedgerEntry) == 2


def test_applying_and_confirming_at_once_loses_neither_of_them(app, crowd):
    """Whatever comes first, the one version that is confirmed is the one that its link named."""
    campaign()
    services.apply(HANEUL)
    answer_requests()
    row_id = db.session.scalars(select(Endorsement.id)).one()

    def act(app: Flask, number: int) -> None:
        with app.app_context():
            services.confirm(row_id, 1) if number % 2 else services.apply(HANEUL)

    crowd(act)
    at_work(crowd)
    (row,) = load(select(Endorsement))
    assert (row.state, row.seq) == ("review", 1)
    kinds = enqueued()
    assert kinds.count(MailKind.ENDORSE_CONFIRM) == 1
    assert kinds.count(MailKind.ENDORSE_ALREADY) <= 1


def test_fifty_corrections_leave_one_that_waits(app, crowd):
    row = endorsement()
    token, content = endorse_manage_token(row), content_of(version_of(row))

    def correct(app: Flask, number: int) -> None:
        changed = changed_content(content, statement_ko=f"말 {number}")
        with app.app_context():
            services.correct(token, changed, name="김하늘", title="대표", show=False)

    crowd(correct)
    states = load(select(EndorsementVersion.state))
    assert len(states) == CROWD + 1
    assert states.count("proposed") == states.count("published") == 1


def test_fifty_acceptances_hand_over_once(app, crowd):
    row = endorsement()
    handover.ask(
        endorse_manage_token(row), name="이바다", title="팀장", mailbox=parse("sea@haneul.co.kr"), lang="ko"
    )
    number = db.session.scalars(select(ContactChange.contact_number)).one()
    row_id = row.id

    def accept(app: Flask, _: int) -> bool:
        with app.app_context():
            return handover.accept(row_id, number, "2026-11-25")

    assert crowd(accept).count(True) == 1
    assert enqueued().count(MailKind.ENDORSE_HANDOVER) == 1
