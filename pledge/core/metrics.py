"""Prometheus metrics of this process. docs/metrics.md lists them; web/ops/metrics.py serves them at `/metrics`.

With PROMETHEUS_MULTIPROC_DIR, which `flask serve` and the units in deploy/ set, any process shows the sum of all, the worker's
included (the multi-process mode of prometheus_client). Without it a process shows its own values.

Labels are names in our code and slugs of campaigns, never a path, an address, a network or anything else that a visitor sent.
"""

import os
from contextlib import suppress
from functools import partial
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Summary,
    disable_created_metrics,
    generate_latest,
    multiprocess,
)
from sqlalchemy import Engine, event
from sqlalchemy.pool import QueuePool

from config import metrics_folder

#: Where all processes of this machine keep their values; None if each keeps its own.
FOLDER = metrics_folder()

# Turn off the `_created` samples: processes that share a folder do not have them.
disable_created_metrics()

_values = CollectorRegistry()
_counter = partial(Counter, registry=_values)
_gauge = partial(Gauge, registry=_values)

requests = _counter(
    "pledge_requests", "Answered requests. `status` is the class, as 2xx.", ["endpoint", "method", "status"]
)
request_seconds = Histogram(
    "pledge_request_seconds",
    "Seconds that a thread took to answer a request, without the wait for it, which nginx’s log has.",
    ["kind"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10),
    registry=_values,
)
# No histogram per view: a dozen values for each of two hundred views would be read at every scrape.
view_seconds = _counter(
    "pledge_view_seconds", "Seconds that requests took in all, by view.", ["endpoint", "method"]
)
limits_hit = _counter("pledge_limits_hit", "Requests answered 429, by the limit that they met.", ["limit"])
sign_ups = _counter("pledge_sign_ups", "Sign forms that were recorded, new or not.", ["campaign"])
signals = _counter(
    "pledge_signals", "Signals of robots at valid forms, once for each time that a form is sent.", ["signal"]
)
step_ups = _counter(
    "pledge_step_ups",
    "Forms that had to be proved, by what came: none (now they are asked), proved, unproved, expired, spent or unusable.",
    ["answer"],
)
confirmations = _counter(
    "pledge_confirmations",
    "Confirmations that were recorded: `subject` is signature or endorsement, `by` is link, code or number.",
    ["subject", "by"],
)
withdrawals = _counter(
    "pledge_withdrawals", "Withdrawals and erasures that people did on their own page.", ["subject"]
)
connections_in_use = _gauge(
    "pledge_database_connections_in_use",
    "Database connections that are being used, of all processes together.",
    multiprocess_mode="livesum",
)
mails = _counter(
    "pledge_mails",
    "What became of mails that were tried: sent, dropped (no longer true), deferred (tried again later) or dead.",
    ["outcome"],
)
step_seconds = Summary(
    "pledge_worker_step_seconds",
    "Seconds that a step of the worker took; its count is how often the step ran.",
    ["step"],
    registry=_values,
)
step_failures = _counter("pledge_worker_step_failures", "Runs of a step of the worker that failed.", ["step"])
step_succeeded = _gauge(
    "pledge_worker_step_success_timestamp_seconds",
    "When a step of the worker last ran without an error, in Unix seconds.",
    ["step"],
    multiprocess_mode="max",
)


def exposition() -> bytes:
    """The values of all processes of this machine in Prometheus's text format."""
    if FOLDER is None:
        return generate_latest(_values)
    together = CollectorRegistry()
    for file in FOLDER.glob("gauge_live*.db"):
        process = int(file.stem.rpartition("_")[2])
        if not _is_running(process):  # an ended process uses no connection; its counters stay in the sums
            with suppress(FileNotFoundError):  # a scrape at the same time may remove it too
                multiprocess.mark_process_dead(process, str(FOLDER))
    multiprocess.MultiProcessCollector(together, path=str(FOLDER))
    return generate_latest(together)


def watch_connections(engine: Engine) -> None:
    """Keep the gauge of connections in use."""

    def note(given_back: int) -> None:
        if isinstance(engine.pool, QueuePool):
            connections_in_use.set(engine.pool.checkedout() - given_back)

    @event.listens_for(engine, "checkout")
    def _checkout(*_: Any) -> None:
        note(0)

    @event.listens_for(engine, "checkin")
    def _checkin(*_: Any) -> None:
        note(1)  # not yet returned


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
