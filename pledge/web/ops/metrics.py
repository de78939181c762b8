"""`/metrics` for Prometheus: what the processes of this machine counted, and the figures of the database."""

import hmac
from collections.abc import Iterator, Mapping
from ipaddress import ip_address

from flask import Flask, Response, abort, g, request
from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from config import current_config
from pledge.core import clock, metrics
from pledge.diagnosis.state import figures
from pledge.web.address_book import AddressBook

blueprint = AddressBook("metrics", __name__)

#: Labels by method; a visitor may send any word.
_METHODS = {"GET": "GET", "HEAD": "GET", "POST": "POST"}
#: Headers of proxies: a request with one comes from elsewhere, whatever the proxy's address.
_FORWARDED = ("X-Forwarded-For", "X-Real-Ip", "Forwarded", "Via")

#: The kinds of requests whose time people notice most; the others go by their blueprint.
_SIGN = frozenset({"public.sign_post", "embed.sign"})
_CONFIRM = frozenset({"public.signature_confirm", "public.signature_check_post"})
_MACHINE = frozenset({"api", "log", "tool"})


def register(app: Flask) -> None:
    app.register_blueprint(blueprint)
    app.after_request(_count)


@blueprint.page("/metrics")
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
        endpoint, method = request.endpoint or "none", _METHODS.get(request.method, "other")
        took = clock.monotonic() - g.started
        metrics.requests.labels(endpoint, method, f"{response.status_code // 100}xx").inc()
        metrics.view_seconds.labels(endpoint, method).inc(took)
        metrics.request_seconds.labels(kind_of(endpoint, method)).observe(took)
    return response


def kind_of(endpoint: str, method: str) -> str:
    """The label of the request in the histogram of durations."""
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
        stored = figures()
        yield GaugeMetricFamily(
            "pledge_database_up",
            "1 when the database answers and lets the site read, else 0.",
            value=float(stored is not None),
        )
        for figure in stored or ():
            family = CounterMetricFamily if figure.only_grows else GaugeMetricFamily
            metric = family(f"pledge_{figure.name}", figure.text, labels=figure.labels)
            values = figure.value if isinstance(figure.value, Mapping) else {(): figure.value}
            for labels, value in values.items():
                metric.add_metric(labels, float(value))
            yield metric
