"""The worker as a process: quick, not held up by a mail server, patient with the database, polite when stopped."""

import os
import re
import signal
import subprocess
import time
from collections import Counter

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.engine import make_url

from config import ROOT
from pledge.abuse.models import MailHost
from pledge.cli.serve import worker_command
from pledge.core import clock
from pledge.core.db import db, fetch, transaction
from pledge.ledger.models import LedgerEntry
from pledge.mail.models import OutboxMail
from pledge.mail.services import LEASE
from pledge.signatures.models import Signature
from pledge.worker.loop import SENDERS
from tests.support import factories
from tests.support.rows import number_of
from tests.support.waiting import TEST_TIMEOUT, wait_until


@pytest.fixture
def site(request, make_site, smtp):
    """A worker beside a PostgreSQL of its own, or a database that the test names; the test plays the web server."""
    site = make_site(getattr(request, "param", "postgresql"), PLEDGE_SMTP_URL=smtp.url)
    site.folder.mkdir(parents=True)
    with site.inside():
        site.start_worker()
        wait_until(lambda: "worker started" in site.log_text())
        yield site


def sign(email="hong@example.org"):
    """A person signs: the row, and the mail that follows."""
    person = factories.signature(state="pending", email=email)
    now = clock.now()
    mail = OutboxMail(kind="confirm", subject_id=person.id, seq=1, lang="ko", created_at=now, due_at=now)
    with transaction() as session:
        session.add(mail)
    return person


def states():
    return fetch(select(OutboxMail.state).order_by(OutboxMail.id)).scalars().all()


def unfolded():
    return fetch(select(LedgerEntry.id).where(LedgerEntry.number.is_(None))).scalars().all()


def end(site, number=signal.SIGTERM):
    site.worker.send_signal(number)
    return site.worker.wait(TEST_TIMEOUT)


@pytest.mark.parametrize("site", ["sqlite", "postgresql"], indirect=True)
def test_mail_and_count_follow_within_a_second(site, smtp):
    """Other tests share the machine and can only slow it down, so the quickest of five counts."""
    mailed, counted = [], []
    for number in range(5):
        sign(f"person-{number}@example.org")
        mailed.append(seconds_until(lambda: len(smtp.received) == number + 1))  # noqa: B023  # called here
        factories.signature(state="confirmed")
        counted.append(seconds_until(lambda: not unfolded()))
    assert (min(mailed) < 1, min(counted) < 1) == (True, True), (mailed, counted)
    assert smtp.connections <= 8, "connections are kept"


def seconds_until(true):
    began = time.monotonic()
    wait_until(true)
    return time.monotonic() - began


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_told_to_stop_finishes_the_mail_in_hand(site, smtp, number):
    smtp.behave(delay=1)
    sign()
    wait_until(lambda: smtp.connections == 1)
    time.sleep(0.3)

    assert end(site, number) == 0
    assert smtp.recipients() == ["hong@example.org"]
    assert states() == ["sent"]


def test_an_idle_worker_stops_long_before_its_next_step(site):
    assert end(site) == 0


def test_a_mail_server_that_hangs_does_not_hold_up_the_count(site, smtp):
    smtp.behave(hang=True)
    for number in range(6):
        sign(f"person-{number}@example.org")
    wait_until(lambda: smtp.connections)
    time.sleep(0.5)

    factories.signature(state="confirmed")

    wait_until(lambda: not unfolded())
    assert smtp.received == []
    smtp.behave()


def test_mails_wait_for_a_mail_server_that_is_away_and_the_log_names_nobody(site, smtp):
    smtp.stop()
    try:
        for number in range(3):
            sign(f"person-{number}@example.org")
        wait_until(lambda: "unreachable" in site.log_text())
        assert set(states()) == {"queued"}
    finally:
        smtp.start()

    # Only the mails that met the closed door wait their half minute; give them their turn now.
    with transaction() as session:
        session.execute(text("UPDATE outbox_mails SET lease_until = NULL WHERE last_error IS NOT NULL"))
    wait_until(lambda: states() == ["sent"] * 3)
    assert sorted(smtp.recipients()) == [f"person-{number}@example.org" for number in range(3)]
    assert "person-" not in site.log_text()
    assert site.worker.poll() is None


def test_a_database_that_goes_away_is_waited_for(site, smtp, postgres_server):
    name = make_url(site.database_url).database
    postgres_server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
    try:
        postgres_server.disconnect_all(name)
        wait_until(lambda: "database away" in site.log_text())
        time.sleep(2)
        assert site.worker.poll() is None
        # Each thread tries about three times; it may still get through once while connections are being cut.
        outages = Counter(re.findall(r"database away .*step=(.*)", site.log_text()))
        assert outages["look"]
        more = {
            step: lines for step, lines in outages.items() if lines > 2 * (SENDERS if step == "mail" else 1)
        }
        assert more == {}, "a line for each outage, not for each try"
    finally:
        postgres_server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    db.engine.dispose()

    sign()
    wait_until(lambda: smtp.mails_to("hong@example.org"))
    factories.signature(state="confirmed")
    wait_until(lambda: not unfolded())
    wait_until(lambda: "working again" in site.log_text())


@pytest.mark.parametrize("site", ["sqlite"], indirect=True)
def test_a_worker_that_was_killed_is_replaced_without_loss(site, smtp):
    smtp.behave(delay=0.2)
    for number in range(5):
        sign(f"person-{number}@example.org")
    wait_until(lambda: len(smtp.received) >= 2)
    site.kill_worker()
    site.start_worker()

    wait_until(lambda: states() == ["sent"] * 5, seconds=LEASE.total_seconds() + TEST_TIMEOUT)
    assert {*smtp.recipients()} == {f"person-{number}@example.org" for number in range(5)}
    assert len(smtp.received) <= 6, "only the mail in hand may come twice"


def test_of_three_that_only_send_one_may_die_and_no_mail_is_lost_or_comes_twice(make_site, smtp):
    """But for the mails that the killed one had in hand, which may come once more."""
    site = make_site("postgresql", PLEDGE_SMTP_URL=smtp.url, PLEDGE_LOG_KEY="elsewhere")
    site.folder.mkdir(parents=True)
    command = [*worker_command(), "--only", "mail"]
    environment = {**os.environ, **site.environment}
    with site.inside():
        for number in range(300):
            sign(f"person-{number}@example.org")
        with transaction() as session:
            session.execute(update(Signature).values(domain_hash=bytes(32)))
        smtp.behave(delay=0.02)
        services = [subprocess.Popen(command, env=environment, cwd=ROOT) for _ in range(3)]
        try:
            wait_until(lambda: len(smtp.received) >= 60)
            services[0].kill()
            wait_until(lambda: states() == ["sent"] * 300, seconds=LEASE.total_seconds() + TEST_TIMEOUT)
            wait_until(lambda: number_of(MailHost), "nobody looks up whose mail server it is")
        finally:
            for service in services:
                service.terminate()
                service.wait(TEST_TIMEOUT)
        assert {*smtp.recipients()} == {f"person-{number}@example.org" for number in range(300)}
        assert len(smtp.received) <= 300 + SENDERS
        factories.signature(state="confirmed")
        assert unfolded(), "the worker counts, and these do not"
