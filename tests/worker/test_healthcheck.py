"""A worker that runs alone answers whether it is alive and what it counts, and nothing else."""

import socket
import urllib.error
import urllib.request

import pytest

from pledge.worker import healthcheck
from tests.support.metrics import samples
from tests.support.run import free_port
from tests.support.waiting import PATIENCE
from tests.support.worker import run_step

TOKEN = "a token of thirty-two characters or more"


@pytest.fixture
def alive():
    return [True]


@pytest.fixture
def port(make_app, alive):
    app = make_app(metrics_token=TOKEN)
    port = free_port()
    server = healthcheck.serve(app, port, lambda: alive[0])
    with app.app_context():
        run_step(app, "fold")
    yield port
    server.shutdown()
    server.server_close()


def get(port, path, **headers):
    asked = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers)
    try:
        with urllib.request.urlopen(asked, timeout=PATIENCE) as response:
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
