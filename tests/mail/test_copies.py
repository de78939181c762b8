"""How often one mail goes out: once, and once more only where a worker died between handing over and marking."""

import os
import re
import signal
import sys
import threading

import pytest
from pydantic import SecretStr
from sqlalchemy.engine import make_url

from pledge.core.db import db
from pledge.mail import queries, services
from pledge.mail.services import SenderGroup
from pledge.signatures import mails
from tests.support import programs
from tests.support.at_once import at_once
from tests.support.mails import Notes, deliver, enqueue, fate, pending
from tests.support.waiting import TEST_TIMEOUT, wait_until

KILLED_BEFORE_MARKING = """
import os, signal, sys
from pledge import create_app
from pledge.mail import queries, services
from pledge.signatures import mails

app = create_app()
queries.sent = lambda _: os.kill(os.getpid(), signal.SIGKILL)
with app.app_context():
    services.deliver(mails.composers(), services.transport(app.extensions["pledge.config"]))
"""


def run_killed(app, smtp, tmp_path):
    """A worker process that is killed when it is about to mark its first mail."""
    settings = app.extensions["pledge.config"]
    environment = {
        **os.environ,
        "PLEDGE_DATABASE_URL": settings.database_url,
        "PLEDGE_SMTP_URL": smtp.url,
        "PLEDGE_BASE_URL": settings.base_url,
        "PLEDGE_INSTANCE_DIR": str(tmp_path),
    }
    done = programs.run(sys.executable, "-c", KILLED_BEFORE_MARKING, env=environment)
    assert done.returncode == -signal.SIGKILL


def test_a_worker_killed_before_it_marks_leaves_a_mail_that_goes_out_again_after_the_lease(
    app, smtp, transport, clock, tmp_path
):
    mail = enqueue(pending("hong@example.org"))
    run_killed(app, smtp, tmp_path)
    assert smtp.recipients() == ["hong@example.org"]

    assert deliver(transport).total == 0, "the lease still runs"
    clock.move(seconds=45)
    assert deliver(transport).sent == 1

    first, second = smtp.mails_to("hong@example.org")
    assert first.message["Message-ID"] == second.message["Message-ID"]
    assert fate(mail).attempts == 2


def test_each_mail_has_a_message_id_which_does_not_tell_how_many_went_out_before(app, smtp, transport):
    numbers = [enqueue() for _ in range(3)]
    assert deliver(transport).sent == 3
    ids = {mail.message["Message-ID"] for mail in smtp.received}
    assert len(ids) == 3
    assert all(re.fullmatch(r"<[0-9a-f]{32}@[^>]+>", message_id) for message_id in ids)
    parts = [re.split(r"[<@.]", message_id)[1] for message_id in ids]
    assert not {str(number) for number in numbers} & set(parts)


def test_several_workers_at_once_send_every_mail_once(app, smtp):
    for number in range(40):
        enqueue(pending(f"person-{number}@example.org"))
    settings = app.extensions["pledge.config"].model_copy(update={"smtp_url": SecretStr(smtp.url)})
    group = SenderGroup()

    def work():
        transport = services.transport(settings)
        while services.deliver(mails.composers(), transport, limit=3, group=group).total:
            pass
        transport.close()

    at_once(app, *[work] * 4)
    assert sorted(smtp.recipients()) == sorted(f"person-{number}@example.org" for number in range(40))


def test_a_sender_that_lives_keeps_its_mails_however_long_the_server_takes(app, clock, monkeypatch):
    monkeypatch.setattr(services, "RENEW_EVERY", 0.05)
    enqueued = [enqueue() for _ in range(3)]
    is_sending, go_on = threading.Event(), threading.Event()

    def hold(_to):
        is_sending.set()
        go_on.wait(TEST_TIMEOUT)

    notes = Notes(before=hold)

    def send():
        with app.app_context():
            deliver(notes)
            db.session.remove()

    sender = threading.Thread(target=send)
    sender.start()
    assert is_sending.wait(TEST_TIMEOUT)
    for _ in range(3):  # together longer than the lease
        clock.move(seconds=services.LEASE.total_seconds() / 2)
        wait_until(lambda: fate(enqueued[0]).lease_until > clock.now() + services.LEASE * 0.6)
        assert queries.claim(5, services.LEASE) == []
    go_on.set()
    sender.join(TEST_TIMEOUT)
    assert {fate(mail).state for mail in enqueued} == {"sent"}
    assert [fate(mail).attempts for mail in enqueued] == [1, 1, 1]
    assert len(notes.sent) == 3


def test_nothing_new_is_begun_while_the_lease_cannot_be_renewed(app, clock, monkeypatch):
    from sqlalchemy.exc import OperationalError

    def away(*_):
        raise OperationalError("", {}, Exception())

    monkeypatch.setattr(queries, "renew", away)
    enqueued = [enqueue() for _ in range(3)]
    each = 0.75 * (services.LEASE - services.MIN_LEASE_LEFT)
    notes = Notes(after=lambda _to: clock.move(seconds=each.total_seconds()))
    assert deliver(notes).sent == 2
    assert [fate(mail).state for mail in enqueued].count("queued") == 1


@pytest.mark.postgresql_only
def test_a_mark_is_tried_again_while_the_database_is_away_for_a_moment(app, postgres_server):
    name = make_url(app.extensions["pledge.config"].database_url).database
    mail = enqueue()

    def shut(_to):
        postgres_server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        postgres_server.disconnect_all(name)
        threading.Timer(0.8, open_again).start()

    def open_again():
        postgres_server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')

    notes = Notes(after=shut)
    assert deliver(notes).sent == 1
    db.engine.dispose()
    assert fate(mail).state == "sent"
