"""`/metrics` for Prometheus: what the processes of this machine counted, and the figures of the database."""

import hmac
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import ip_address

from flask import Blueprint, Flask, Response, abort, g, request
from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from config import current_config
from pledge.core import clock, metrics
from pledge.diagnosis.figures import SiteFigures, figures

blueprint = Blueprint("metrics", __name__)

#: Labels by method; a visitor may send any word.
_METHODS = {"GET": "GET", "HEAD": "GET", "POST": "POST"}
#: Set by proxies: a request with one of them comes from elsewhere, whatever the address of the proxy is.
_FORWARDED = ("X-Forwarded-For", "X-Real-Ip", "Forwarded", "Via")

#: The kinds of requests whose time people notice most; the others go by their blueprint.
_SIGN = frozenset({"public.sign_post", "embed.widget_sign"})
_CONFIRM = frozenset({"public.signature_confirm", "public.signature_check_post"})
_MACHINE = frozenset({"api", "log", "tool"})


@dataclass(frozen=True)
class _Counters:
    """What is raised for a request."""

    count: Callable[[], None]
    add_seconds: Callable[[float], None]
    observe: Callable[[float], None]


#: By endpoint, method and status class: finding them anew costs more than raising them.
_counters: dict[tuple[str, str, int], _Counters] = {}


def register(app: Flask) -> None:
    app.register_blueprint(blueprint)
    app.after_request(_count)


@blueprint.get("/metrics")
def show() -> Response:
    """All metrics in Prometheus's text format. Whoever may not read them gets the page of an address that does not exist."""
    if not _may_read():
        abort(404)
    site = CollectorRegistry()
    site.register(_Site())
    return Response(metrics.exposition() + generate_latest(site), content_type=CONTENT_TYPE_PLAIN_0_0_4)


def _may_read() -> bool:
    """With the token, where one is set; else from this machine, not through a proxy."""
    token = current_config().metrics_token.get_secret_value()
    if token:
        return hmac.compare_digest(
            request.headers.get("Authorization", "").encode(), f"Bearer {token}".encode()
        )
    return not any(name in request.headers for name in _FORWARDED) and _is_local(request.remote_addr)


def _is_local(address: str | None) -> bool:
    """Whether it is a loopback address, or none, as on a Unix socket."""
    try:
        return not address or ip_address(address).is_loopback
    except ValueError:
        return False


def _count(response: Response) -> Response:
    """Count the request and its time. A path may carry a token, so only the name of the view is kept."""
    if "started" in g:
        key = (request.endpoint or "none", _METHODS.get(request.method, "other"), response.status_code // 100)
        counters = _counters.get(key)
        if counters is None:
            counters = _counters[key] = _counters_of(*key)
        took = clock.monotonic() - g.started
        counters.count()
        counters.add_seconds(took)
        counters.observe(took)
    return response


def _counters_of(endpoint: str, method: str, status: int) -> _Counters:
    return _Counters(
        metrics.requests.labels(endpoint, method, f"{status}xx").inc,
        metrics.view_seconds.labels(endpoint, method).inc,
        metrics.request_seconds.labels(kind_of(endpoint, method)).observe,
    )


def kind_of(endpoint: str, method: str) -> str:
    """Under which kind the time of a request is counted."""
    blueprint = endpoint.partition(".")[0]
    if blueprint == "staff":
        return "staff"
    if blueprint in _MACHINE:
        return "api"
    if method != "POST":
        return "page"
    if endpoint in _SIGN:
        return "sign"
    return "confirm" if endpoint in _CONFIRM else "form"


class _Site(Collector):
    """The figures of the database, read when somebody asks."""

    def collect(self) -> Iterator[Metric]:
        found = figures()
        yield GaugeMetricFamily(
            "pledge_database_up",
            "1 when the database answers and lets the site read, else 0.",
            value=float(found is not None),
        )
        if found is not None:
            yield from _campaigns(found)
            yield from _mail(found)
            yield from _rest(found)


def _campaigns(found: SiteFigures) -> Iterator[Metric]:
    people = _gauge("people", "People who are counted.", "campaign")
    organizations = _gauge("organizations", "Organisations that are counted, apart from people.", "campaign")
    additions = _counter("log_additions", "Entries of the public log that add something.")
    removals = _counter("log_removals", "Entries of the public log that take something away.")
    unsigned = _gauge(
        "log_unsigned_entries", "Numbered entries that no published checkpoint covers yet.", "campaign"
    )
    signed = _gauge(
        "checkpoint_timestamp_seconds", "When the newest checkpoint was signed, in Unix seconds.", "campaign"
    )
    aside = _gauge("log_set_aside_entries", "Entries that were set aside and are not dismissed.", "campaign")
    differing = _gauge(
        "ledger_differences",
        "What the last comparison of log, signatures, wall and places found.",
        "campaign",
    )
    for slug, log in found.logs.items():
        people.add_metric([slug], log.people)
        organizations.add_metric([slug], log.organizations)
        additions.add_metric([slug], log.additions)
        removals.add_metric([slug], log.removals)
        unsigned.add_metric([slug], log.size - log.signed_size)
        if log.signed_at is not None:
            signed.add_metric([slug], log.signed_at.timestamp())
        aside.add_metric([slug], found.set_aside.get(slug, 0))
        differing.add_metric([slug], found.differences[slug])
    yield from (people, organizations, additions, removals, unsigned, signed, aside, differing)
    held = _gauge("held_signatures", "Confirmed signatures that wait for staff to release them.", "campaign")
    oldest = _gauge("held_oldest_seconds", "For how long the first of them has waited.", "campaign")
    for slug, waiting in found.held.items():
        held.add_metric([slug], waiting.signatures)
        oldest.add_metric([slug], max(0.0, (clock.now() - waiting.since).total_seconds()))
    yield from (held, oldest)
    yield _gauge("fold_waiting_entries", "Entries that are not counted yet.", value=found.waiting_entries)
    yield _gauge("fold_lag_seconds", "For how long the oldest of them has waited.", value=found.fold_lag)


def _mail(found: SiteFigures) -> Iterator[Metric]:
    mails = _gauge("outbox_mails", "Mails that wait: due, or for later.", "class", "state")
    oldest = _gauge(
        "outbox_oldest_due_seconds", "For how long the oldest mail of a class has been due.", "class"
    )
    for waiting in found.outbox:
        mails.add_metric([waiting.name, "due"], waiting.due)
        mails.add_metric([waiting.name, "later"], waiting.later)
        oldest.add_metric([waiting.name], waiting.age)
    yield from (mails, oldest)
    yield _gauge("outbox_dead_mails", "Mails that were given up.", value=found.dead_mails)
    asked = found.requests
    yield _gauge(
        "mail_requests_waiting", "Sent forms whose mail is not decided yet.", value=asked.due + asked.later
    )
    yield _gauge(
        "mail_requests_oldest_seconds", "For how long the oldest of them has been due.", value=asked.age
    )
    yield _gauge(
        "mail_valve_closed",
        "1 while mails to new addresses are held back at their pace.",
        value=found.is_valve_closed,
    )
    yield _gauge(
        "mail_breaker_open",
        "1 while few mails to new addresses are confirmed, so that they go out slowly.",
        value=found.is_breaker_open,
    )


def _rest(found: SiteFigures) -> Iterator[Metric]:
    paused = _gauge("paused", "1 while staff have paused it.", "what")
    for what in ("signing", "mail"):
        paused.add_metric([what], float(what in found.paused))
    yield paused
    if found.archive_age is not None:
        yield _gauge(
            "archive_age_seconds",
            "For how long WAL has waited to be archived; infinite while PostgreSQL archives nothing.",
            value=found.archive_age,
        )
    yield _gauge(
        "clock_difference_seconds",
        "Seconds by which the database's clock is ahead of this machine's.",
        value=found.clock_difference,
    )


def _gauge(name: str, text: str, *labels: str, value: float | None = None) -> GaugeMetricFamily:
    given = None if value is None else float(value)
    return GaugeMetricFamily(f"pledge_{name}", text, value=given, labels=labels or None)


def _counter(name: str, text: str) -> CounterMetricFamily:
    return CounterMetricFamily(f"pledge_{name}", text, labels=["campaign"])
