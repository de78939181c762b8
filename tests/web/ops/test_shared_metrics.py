"""Two web processes and a worker: whichever process is asked tells what all of them counted."""

import pytest

from tests.support.metrics import samples
from tests.support.waiting import wait_until

REQUESTS = "pledge_requests_total"


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "metrics"


@pytest.fixture
def site(make_site, redis, folder):
    site = make_site("postgresql", PLEDGE_REDIS_URL=redis.url, PROMETHEUS_MULTIPROC_DIR=str(folder))
    site.start()
    wait_until(
        lambda: len(list(folder.glob("gauge_livesum_*.db"))) >= 3, "two of the web server, one of the worker"
    )
    return site


def read(site):
    return samples(site.get("/metrics"))


def steps(samples):
    """The steps of the worker that have ended well."""
    return {key[1] for key in samples if key[0] == "pledge_worker_step_success_timestamp_seconds"}


def test_every_process_tells_what_all_counted_and_an_ended_one_stays_in_the_sum(site, folder):
    for _ in range(40):
        site.get("/ko/")
    name = (REQUESTS, "public.home", "GET", "2xx")
    answers = [read(site) for _ in range(6)]
    assert [answer[name] for answer in answers] == [40] * 6
    wait_until(lambda: {"fold", "mail", "requests"} <= steps(read(site)))
    folds = ("pledge_worker_step_seconds_count", "fold")
    ended = ("pledge_worker_step_success_timestamp_seconds", "fold")
    before = read(site)
    wait_until(lambda: read(site)[folds] > before[folds])

    killed = site.worker.pid
    assert list(folder.glob(f"gauge_livesum_{killed}.db"))
    site.kill_worker()
    after = [read(site) for _ in range(3)]
    assert after[0][folds] > before[folds]
    assert {answer[folds] for answer in after} == {after[0][folds]}, "it stays in the sum"
    assert after[0][ended] > before[ended]
    assert not list(folder.glob(f"gauge_live*_{killed}.db")), "it uses no connection any more"

    site.start_worker()
    wait_until(lambda: read(site)[folds] > after[0][folds], "the next one goes on from there")
