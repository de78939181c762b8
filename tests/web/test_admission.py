"""Slow requests do not hold up quick ones: who gets a slot, who is refused, and bodies that never arrive."""

import io
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from werkzeug.test import EnvironBuilder, run_wsgi_app

from config import WEB_THREADS
from pledge.web import admission, slots
from pledge.web.admission import Admission
from pledge.web.slots import Urgency
from tests.support.waiting import PATIENCE, wait_until


class Slow:
    """An application whose requests to /slow end when the test says so."""

    def __init__(self):
        self.release = threading.Event()
        self.inside = 0  #: of those that are held
        self.bodies = []

    def __call__(self, environ, start_response):
        if "slow" in environ["PATH_INFO"]:
            self.inside += 1
            self.release.wait(PATIENCE)
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
            self.closed_by_client.wait(PATIENCE)
            return 0
        self.given = True
        buffer[:6] = b"name=x"
        return 6


@pytest.fixture
def slow():
    app = Slow()
    yield app
    app.release.set()


@pytest.fixture
def unhurried(monkeypatch):
    """Nobody is refused for having waited long, not on a slow machine either."""
    monkeypatch.setattr(slots, "STALLED", 1000)
    for name in ("FORM", "PERSONAL", "PUBLIC", "OPTIONAL"):
        monkeypatch.setattr(admission, name, replace(getattr(admission, name), deadline=1000))


def ask(app, path="/", **words):
    stream, length = words.pop("stream", None), words.pop("length", None)
    environ = EnvironBuilder(path, **words).get_environ()
    if stream is not None:
        environ |= {"wsgi.input": stream, "CONTENT_LENGTH": str(length)}
    body, status, headers = run_wsgi_app(app, environ, buffered=True)
    return status[:3], headers, b"".join(body).decode()


def hold(pool, slow, app, number, path="/ko/confirm/slow", **words):
    """Requests that each work, wait or are refused by now."""

    def placed():
        return slow.inside + app.waiting()

    before = placed()
    held = [pool.submit(ask, app, path, **words) for _ in range(number)]
    wait_until(lambda: placed() - before + sum(one.done() for one in held) == number)
    return held


@pytest.mark.usefixtures("unhurried")
def test_a_page_that_is_the_same_for_everybody_is_shown_however_many_wait_for_their_own(slow):
    app = Admission(slow)
    with ThreadPoolExecutor(20) as pool:
        held = hold(pool, slow, app, admission.PERSONAL_SLOTS + 4)
        for path in (
            "/ko/c/blue-skies",
            "/api/v1/campaigns/blue-skies/count",
            "/ko/c/blue-skies/organizations?q=x",
        ):
            assert (path, ask(app, path)[0]) == (path, "200")
        assert [one.done() for one in held] == [False] * len(held)
        slow.release.set()
        assert {one.result()[0] for one in held} == {"200"}


@pytest.mark.usefixtures("unhurried")
def test_when_all_comes_at_once_pages_for_everybody_are_shown_and_forms_are_refused_last(slow):
    app = Admission(slow)
    pages = admission.PERSONAL_SLOTS + admission.PERSONAL.waiting
    polls = admission.OPTIONAL_SLOTS + admission.OPTIONAL.waiting

    def refused(held):
        done = [one.result()[0] for one in held if one.done()]
        assert set(done) <= {"503"}
        return len(done)

    with ThreadPoolExecutor(260) as pool:
        held = hold(pool, slow, app, pages + 5)
        asking = hold(pool, slow, app, polls + 5, "/ko/c/slow/mine", method="POST")
        sent = hold(pool, slow, app, admission.FORM.waiting, "/ko/c/slow/sign", method="POST")
        assert (refused(held), refused(asking), refused(sent)) == (5, 5, 0)
        assert ask(app, "/ko/c/blue-skies")[0] == "200"
        sent += hold(pool, slow, app, 3, "/ko/c/slow/sign", method="POST")
        assert refused(sent) == 3
        assert ask(app, "/ko/c/blue-skies")[0] == "200"
        slow.release.set()
        # Whoever waited is answered.
        answered = [one.result()[0] for one in (*held, *asking, *sent)].count("200")
        assert answered == pages + polls + admission.FORM.waiting


@pytest.mark.usefixtures("unhurried")
def test_searches_and_documents_do_not_take_the_slots_of_pages(slow):
    app = Admission(slow)
    with ThreadPoolExecutor(20) as pool:
        hold(pool, slow, app, admission.OPTIONAL_SLOTS + 2, "/ko/c/slow/poster-a4.pdf")
        assert ask(app, "/ko/c/blue-skies")[0] == "200"
        assert ask(app, "/ko/confirm/token")[0] == "200"
        slow.release.set()


@pytest.mark.parametrize(
    ("method", "path", "urgency"),
    [
        ("POST", "/ko/c/blue-skies/sign", admission.FORM),
        ("POST", "/embed/blue-skies/sign", admission.FORM),
        ("POST", "/en/confirm/token", admission.FORM),
        ("GET", "/en/confirm/token", admission.PERSONAL),
        ("GET", "/ko/c/blue-skies/check/ticket", admission.PUBLIC),
        ("POST", "/ko/c/blue-skies/check/ticket", admission.FORM),
        ("GET", "/ko/c/blue-skies/endorse/thanks", admission.PUBLIC),
        ("GET", "/ko/c/blue-skies/sign?via=x", admission.PERSONAL),
        ("GET", "/ko/me/token/receipt", admission.PERSONAL),
        ("GET", "/staff/", admission.STAFF),
        ("GET", "/staff/sign-in", admission.STAFF),
        ("POST", "/staff/sign-in", admission.SIGN_IN),
        ("POST", "/staff/sign-in/recovery", admission.SIGN_IN),
        ("POST", "/ko/c/blue-skies/endorse", admission.ENDORSING),
        ("POST", "/ko/endorse/me/token/correct", admission.ENDORSING),
        ("GET", "/ko/c/blue-skies/endorse", admission.PERSONAL),
        ("POST", "/ko/c/blue-skies/mine", admission.OPTIONAL),
        ("POST", "/ko/c/blue-skies/endorse/mine", admission.OPTIONAL),
        ("GET", "/ko/c/blue-skies/organizations?q=x", admission.OPTIONAL),
        ("GET", "/embed/blue-skies?form=1", admission.PUBLIC),
        ("GET", "/ko/c/blue-skies?via=p3", admission.PUBLIC),
        ("GET", "/ko/c/blue-skies/letter.pdf", admission.OPTIONAL),
        ("GET", "/share/blue-skies/12.ko.png", admission.OPTIONAL),
        ("GET", "/ko/c/blue-skies/organizations", admission.PUBLIC),
        ("GET", "/ko/c/staff", admission.PUBLIC),
        ("GET", "/share/blue-skies.ko.png", admission.PUBLIC),
        ("GET", "/metrics", admission.METRICS),
        ("GET", "/api/v1/campaigns/blue-skies/count", admission.PUBLIC),
    ],
)
def test_each_request_is_as_urgent_as_what_it_is_for(method, path, urgency):
    assert admission.urgency_of(EnvironBuilder(path, method=method).get_environ()) is urgency


def test_no_page_that_is_kept_waits_with_those_of_one_person(app):
    kept = [
        rule.rule
        for rule in app.url_map.iter_rules()
        if hasattr(app.view_functions[rule.endpoint], "kept_reads")
    ]
    paths = [
        re.sub(r"<(?:\w+:)?(\w+)>", lambda found: "ko" if found[1] == "lang" else "7", rule) for rule in kept
    ]
    assert "/ko/c/7" in paths
    urgencies = {path: admission.urgency_of(EnvironBuilder(path).get_environ()).name for path in paths}
    assert {path: urgency for path, urgency in urgencies.items() if urgency == "personal"} == {}


@pytest.mark.usefixtures("unhurried")
def test_while_none_finishes_others_are_refused_at_once_and_health_is_answered(slow, monkeypatch):
    monkeypatch.setattr(slots, "STALLED", 0.3)  # long before the deadline
    app = Admission(slow)
    with ThreadPoolExecutor(20) as pool:
        held = hold(pool, slow, app, admission.PERSONAL_SLOTS)
        assert ask(app, "/ko/me")[0] == "503"  # it waited until it was clear that none finishes
        status, headers, words = ask(app, "/ko/me")
        assert status == "503"
        assert int(headers["Retry-After"]) > 0
        assert headers["Cache-Control"] == "no-store"
        assert "load this page again" in words
        status, _, words = ask(app, "/ko/c/blue-skies/sign", method="POST")
        assert status == "503"
        assert "기록되지 않았" in words
        assert "not recorded" in words
        assert ask(app, "/healthz")[0] == "200"
        assert [one.done() for one in held] == [False] * len(held)
        slow.release.set()
    assert ask(app, "/ko/me")[0] == "200"


def test_bodies_that_stop_in_the_middle_hold_nobody_up(slow):
    app = Admission(slow, reading=3)
    stuck = [Stuck() for _ in range(3)]
    words = {"method": "POST", "length": 4000, "content_type": "application/x-www-form-urlencoded"}
    with ThreadPoolExecutor(8) as pool:
        held = [pool.submit(ask, app, stream=io.BufferedReader(one), **words) for one in stuck]
        wait_until(lambda: all(one.given for one in stuck))
        assert ask(app)[0] == "200"
        status, headers, _ = ask(app, method="POST", data={"name": "x"})
        assert (status, headers["Connection"]) == ("503", "close")
        assert ask(app, "/healthz")[0] == "200"
        assert [one.done() for one in held] == [False] * len(held)
        for one in stuck:
            one.closed_by_client.set()
        for one in held:
            status, headers, said = one.result()
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
    waiting = sum(urgency.waiting for urgency in vars(admission).values() if isinstance(urgency, Urgency))
    working = sum(number for name, number in vars(admission).items() if name.endswith("_SLOTS"))
    assert WEB_THREADS - working - waiting - admission.READING >= 6
