"""What a step of the worker may do without ending it."""

import re
import socket
import threading
import time
import urllib.error
import urllib.request
from datetime import timedelta

import pytest
from sqlalchemy import func, insert, select, text
from structlog.testing import capture_logs

from pledge.core import clock
from pledge.core.db import db, fetch, transaction
from pledge.mail import queries as outbox
from pledge.mail import services as mail
from pledge.mail.models import OutboxMail
from pledge.news import sending
from pledge.worker import loop
from pledge.worker.loop import MAX_PAUSE_WITHOUT_DATABASE, Pauses, Worker
from tests.support import news
from tests.support.factories import crowd
from tests.support.mails import Notes, enqueue
from tests.support.metrics import samples
from tests.support.run import free_port
from tests.support.waiting import TEST_TIMEOUT
from tests.support.worker import run_step


def test_a_step_that_fails_is_tried_again(app):
    worker = Worker(app)
    calls = []

    def step():
        calls.append(len(calls))
        if len(calls) == 1:
            raise ZeroDivisionError("hong@example.org")
        worker.stopping.set()
        return 0.0

    with capture_logs() as lines:
        worker.repeat("fold", step)

    assert calls == [0, 1]
    assert [line["event"] for line in lines] == ["worker: step failed", "worker: working again"]


def test_pauses_grow_to_their_limit_and_begin_anew():
    pauses = Pauses(MAX_PAUSE_WITHOUT_DATABASE)

    grown = [pauses.next() for _ in range(30)]
    assert grown[:3] == [0.5, 1.0, 2.0]
    assert grown[-1] == MAX_PAUSE_WITHOUT_DATABASE
    pauses.reset()
    assert pauses.next() == 0.5


def test_news_goes_at_the_pace_of_the_settings(make_app):
    app = make_app(news_pace=60)
    with app.app_context():
        crowd(100, updates=True)
        news.begun()
        assert [run_step(app, "news") for _ in range(2)] == [0.05, None]
        assert outbox.outbox().later == sending.AHEAD.seconds


def test_one_sender_leaves_mails_for_the_others(app, monkeypatch):
    for _ in range(loop.MAILS_AT_ONCE + 3):
        enqueue()
    worker, taken = Worker(app), []

    def note_leases(_to):
        with db.engine.connect() as other:
            taken.append(other.scalar(select(func.count(OutboxMail.lease_until))))
        worker.stopping.set()

    monkeypatch.setattr(mail, "transport", lambda _config: Notes(before=note_leases))
    worker.send_mails(app.extensions["pledge.config"])
    assert taken == [loop.MAILS_AT_ONCE]


def test_a_sender_without_mails_rests_between_its_steps(app, monkeypatch):
    """A pause inside a step is part of how long the step took, for monitoring."""
    worker, rests = Worker(app), []

    def wait(rest):
        rests.append(rest)
        if len(rests) == 2:
            worker.stopping.set()

    monkeypatch.setattr(worker.woken["mail"], "wait", wait)
    worker.send_mails(app.extensions["pledge.config"])
    assert rests == [loop.MAX_REST] * 2


def test_only_steps_for_which_something_waits_are_woken(app, monkeypatch):
    worker = Worker(app)
    enqueue()
    monkeypatch.setattr(worker.stopping, "wait", lambda _rest: worker.stopping.set())
    for seconds, waits in loop.WAITS.items():
        worker.look(seconds, waits)
        worker.stopping.clear()
    assert [name for name, woken in worker.woken.items() if woken.is_set()] == ["mail"]


@pytest.mark.postgresql_only
@pytest.mark.parametrize("seconds", [-600, 600])
def test_a_worker_whose_clock_differs_from_the_databases_does_nothing(app, monkeypatch, seconds):
    """A worker ten minutes ahead sent links that were refused, and took mails from the hands of others."""
    real = clock.machine_time
    wrong = lambda: real() + timedelta(seconds=seconds)  # noqa: E731
    monkeypatch.setattr(clock, "machine_time", wrong)
    monkeypatch.setattr(loop, "CLOCK_CHECK_INTERVAL", 0.1)
    worker, done = Worker(app), []

    def step():
        done.append(1)
        worker.stopping.set()
        return 0.0

    with capture_logs() as lines:
        thread = threading.Thread(target=worker.repeat, args=("mail", step))
        thread.start()
        time.sleep(0.5)
        assert done == []
        monkeypatch.setattr(clock, "machine_time", real)
        thread.join(TEST_TIMEOUT)
    assert done == [1]
    events = [line["event"] for line in lines]
    assert events[0] == "worker: wrong clock, nothing is done"
    assert lines[0]["database_ahead_seconds"] == pytest.approx(-seconds, abs=60)
    assert events[-1] == "worker: the clock is right again"


TOKEN = "a token of thirty-two characters or more"


@pytest.fixture
def alive():
    return [True]


@pytest.fixture
def port(make_app, alive):
    app = make_app(metrics_token=TOKEN)
    port = free_port()
    server = loop.serve_health(app, port, lambda: alive[0])
    with app.app_context():
        run_step(app, "fold")
    yield port
    server.shutdown()
    server.server_close()


def get(port, path, **headers):
    asked = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers)
    try:
        with urllib.request.urlopen(asked, timeout=TEST_TIMEOUT) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_a_lone_worker_shows_its_metrics_to_whoever_has_the_token(port):
    status, text = get(port, "/metrics", Authorization=f"Bearer {TOKEN}")
    assert status == 200
    assert samples(text)["pledge_worker_step_success_timestamp_seconds", "fold"] > 0
    assert get(port, "/metrics")[0] == 404


def test_a_lone_worker_is_healthy_while_all_its_threads_run(port, alive):
    assert get(port, "/healthz") == (200, "ok\n")
    alive[0] = False
    assert get(port, "/healthz")[0] == 503


def test_a_lone_worker_answers_no_page_of_the_site(port):
    for path in ("/ko/", "/staff/", "/readyz", "/metrics/", "//metrics"):
        assert get(port, path)[0] == 404


def test_a_client_that_says_nothing_holds_up_nobody(port):
    with socket.create_connection(("127.0.0.1", port)):
        assert get(port, "/healthz")[0] == 200


@pytest.mark.postgresql_only
def test_no_look_reads_a_whole_table_of_an_action_day(app):
    """Ten thousand who were mailed and signed, whose thanks are queued for later, and nothing to do now."""
    long_ago = clock.now() - timedelta(days=1)
    people = crowd(5_000, submitted_at=long_ago, confirmed_at=long_ago)
    sent = {"kind": "confirm", "known": False, "state": "sent", "sent_at": long_ago, "due_at": long_ago}
    thanks = {
        "kind": "thanks",
        "known": True,
        "state": "queued",
        "sent_at": None,
        "due_at": clock.now() + timedelta(hours=1),
    }
    rows = [
        {"subject_id": person, "seq": 0, "lang": "ko", "created_at": long_ago, **mail}
        for person in people
        for mail in (sent, thanks)
    ]
    with transaction() as session:
        session.execute(insert(OutboxMail), rows)
        session.execute(text("ANALYZE outbox_mails, signatures"))

    plans = [_plan(select(*waits.values())) for waits in loop.WAITS.values()]

    assert all(any("outbox_mails" in line for line in plan) for plan in plans)
    assert not [line for plan in plans for line in plan if re.search("Seq Scan on (outbox|signatures)", line)]


def _plan(query):
    sql = query.compile(db.engine, compile_kwargs={"render_postcompile": True})
    with db.engine.connect() as connection:
        return [row[0] for row in connection.exec_driver_sql(f"EXPLAIN {sql}", sql.params)]


@pytest.mark.postgresql_only
def test_no_statement_is_compiled(app):
    assert fetch(text("SHOW jit")).scalar_one() == "off"
