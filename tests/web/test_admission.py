"""Slow requests do not hold up quick ones: turns, stalls, and bodies that never arrive."""

import io
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from werkzeug.test import EnvironBuilder, run_wsgi_app

from config import WEB_THREADS
from pledge.web import admission
from pledge.web.admission import Admission


class Slow:
    """An application whose requests to /slow end when the test says so."""

    def __init__(self):
        self.release = threading.Event()
        self.bodies = []

    def __call__(self, environ, start_response):
        if environ["PATH_INFO"] == "/slow":
            self.release.wait(20)
        self.bodies.append(environ["wsgi.input"].read())
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"done"]


class Stuck(io.RawIOBase):
    """A body whose second half never comes."""

    def __init__(self):
        self.closed_by_client = threading.Event()
        self.given = False

    def readable(self):
        return True

    def readinto(self, buffer):
        if self.given:
            self.closed_by_client.wait(20)
            return 0
        self.given = True
        buffer[:6] = b"name=x"
        return 6


@pytest.fixture
def slow():
    app = Slow()
    yield app
    app.release.set()


def ask(app, path="/", **words):
    began = time.monotonic()
    stream, length = words.pop("stream", None), words.pop("length", None)
    environ = EnvironBuilder(path, **words).get_environ()
    if stream is not None:
        environ |= {"wsgi.input": stream, "CONTENT_LENGTH": str(length)}
    body, status, headers = run_wsgi_app(app, environ, buffered=True)
    return status[:3], headers, b"".join(body).decode(), time.monotonic() - began


def hold(pool, app, number, **words):
    held = [pool.submit(ask, app, "/slow", **words) for _ in range(number)]
    time.sleep(0.2)
    return held


def test_who_finds_all_at_work_waits_and_is_answered_when_one_finishes(slow):
    app = Admission(slow, working=2, waiting=4)
    with ThreadPoolExecutor(8) as pool:
        held = hold(pool, app, 2)
        waiting = pool.submit(ask, app)
        time.sleep(0.1)
        assert not waiting.done()
        slow.release.set()
        assert waiting.result()[0] == "200"
        assert {one.result()[0] for one in held} == {"200"}


def test_while_none_finishes_others_are_refused_at_once_and_health_is_answered(slow, monkeypatch):
    monkeypatch.setattr(admission, "STALLED", 0.3)
    app = Admission(slow, working=2, waiting=4)
    with ThreadPoolExecutor(8) as pool:
        hold(pool, app, 2)
        assert ask(app)[0] == "503"  # it waited until it was clear that none finishes
        status, headers, words, seconds = ask(app)
        assert (status, seconds < 0.1) == ("503", True)
        assert int(headers["Retry-After"]) > 0
        assert headers["Cache-Control"] == "no-store"
        assert "기록되지 않았" in words
        assert "not recorded" in words
        status, _, _, seconds = ask(app, "/healthz")
        assert (status, seconds < 0.1) == ("200", True)
        slow.release.set()
    assert ask(app)[0] == "200"


def test_no_more_wait_than_there_are_threads_for(slow):
    app = Admission(slow, working=1, waiting=2)
    with ThreadPoolExecutor(8) as pool:
        hold(pool, app, 3)  # one at work, two waiting
        status, _, _, seconds = ask(app)
        assert (status, seconds < 0.1) == ("503", True)
        slow.release.set()


def test_a_first_request_after_a_quiet_hour_is_not_taken_for_a_stall(slow, frozen_clock):
    app = Admission(slow, working=1, waiting=2)
    assert ask(app)[0] == "200"
    frozen_clock.move(hours=1)
    with ThreadPoolExecutor(4) as pool:
        hold(pool, app, 1)
        waiting = pool.submit(ask, app)
        time.sleep(0.1)
        assert not waiting.done()
        slow.release.set()
        assert waiting.result()[0] == "200"


def test_bodies_that_stop_in_the_middle_hold_nobody_up(slow):
    app = Admission(slow, working=1, waiting=0, reading=3)
    stuck = [Stuck() for _ in range(3)]
    words = {"method": "POST", "length": 4000, "content_type": "application/x-www-form-urlencoded"}
    with ThreadPoolExecutor(8) as pool:
        held = [pool.submit(ask, app, stream=io.BufferedReader(one), **words) for one in stuck]
        time.sleep(0.1)
        assert ask(app)[0] == "200"  # the only turn is free
        status, headers, _, seconds = ask(app, method="POST", data={"name": "x"})
        assert (status, headers["Connection"], seconds < 0.1) == ("503", "close", True)
        assert ask(app, "/healthz")[0] == "200"
        for one in stuck:
            one.closed_by_client.set()
        for one in held:
            status, headers, said, _ = one.result()
            assert (status, headers["Connection"]) == ("400", "close")
            assert "not recorded" in said
    assert slow.bodies == [b"", b""]
    assert ask(app, method="POST", data={"name": "x"})[0] == "200"


def test_the_application_reads_the_body_that_was_sent(slow):
    app = Admission(slow, max_body=lambda _: 2_000_000)
    for data in (b"a=1", b"x" * 1_000_000):
        assert ask(app, method="POST", stream=io.BytesIO(data), length=len(data))[0] == "200"
    assert slow.bodies == [b"a=1", b"x" * 1_000_000]


def test_the_whole_body_is_read_before_the_answer_so_that_the_connection_can_be_used_again():
    def refusing(_environ, start_response):
        start_response("403 FORBIDDEN", [])
        return [b""]

    sent = io.BytesIO(b"name=" + b"x" * 5000)
    assert ask(Admission(refusing), method="POST", stream=sent, length=5005)[0] == "403"
    assert sent.tell() == 5005


def test_threads_suffice_for_all_that_may_wait():
    quick = WEB_THREADS - admission.WORKING - admission.WAITING - admission.READING
    assert quick >= 8
