"""A flood of forms that nobody confirms, and somebody who signs behind it: when the mail goes out that they wait for."""

import sys
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import insert

from pledge.core.db import snapshots, transaction
from pledge.mail import breaker
from pledge.mail.addresses import parse
from pledge.mail.models import MailKind, MailState, OutboxMail
from pledge.signatures import services
from pledge.worker.registry import confirmations
from tests.support import factories
from tests.support.mails import Notes, deliver

FLOOD, DOMAINS = 2_000, 40
QUIET = "person@quiet.example"


@pytest.fixture
def site(make_app, frozen_clock):
    """One with the paces that the settings have by default."""
    with make_app().app_context():
        snapshots.clear()
        factories.campaign()
        yield


def sign(address, network):
    services.sign(replace(factories.HONG, address=parse(address), network=network))


def open_breaker(now):
    """As two hundred mails that nobody has confirmed do."""
    at = now - timedelta(minutes=11)
    rows = [
        {"kind": MailKind.CONFIRM, "subject_id": 1, "seq": 1, "lang": "ko", "state": MailState.SENT}
        | {"sent_at": at, "due_at": at, "created_at": at}
    ] * 200
    with transaction() as session:
        session.execute(insert(OutboxMail), rows)
    breaker.watch(confirmations())
    assert breaker.opened_at() is not None


@pytest.mark.sqlite_only
def test_a_quiet_domains_mail_goes_out_within_a_minute_of_a_flood(site, frozen_clock):
    open_breaker(frozen_clock.now())
    for number in range(FLOOD):
        network = f"{1 + number // 200}.{number % 200}.7.{1 + number % 250}"
        sign(f"someone{number}@flood{number % DOMAINS}.example", network)
    sign(QUIET, "121.130.4.5")
    factories.answer_requests()
    notes, waited = Notes(), 0
    while QUIET not in notes.recipients and waited < 3600:
        deliver(notes)
        frozen_clock.move(seconds=1)
        waited += 1
    sys.stdout.write(f"{waited} s, behind {len(notes.recipients)} mails\n")
    assert waited <= 60
