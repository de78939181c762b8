"""What one signer costs the web processes: sign, waiting page, confirm page, confirm, thank-you page, and what both ask for."""

import http.client
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from statistics import median
from urllib.parse import urlencode, urlsplit

from bench import load, people, processes
from bench.report import Figure
from bench.servers import Bench, Site
from bench.web import FEW, MINE, PAGE, SLUG
from pledge.core import tokens
from pledge.core.tokens import Purpose
from pledge.ledger.services import fold
from pledge.signatures.services import read_ticket
from pledge.worker.registry import ledger_sources

CLIENTS = 4
PEOPLE = 600
ROUNDS = 5
ASKED = 80
#: Of an empty reply, more are needed for a figure: one takes a tenth of a millisecond.
EMPTY_REPLIES = 10_000

FORM = {
    "pledge_version": "1",
    "name": "홍길동",
    "country": "KR",
    "region": "KR-11",
    "age_ok": "y",
    "consent_privacy": "y",
    "public_name": "y",
    "updates": "y",
}


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    form: dict[str, str] | None = None


def journey(bench: Bench) -> list[Figure]:
    """The CPU of the web processes for one signer, of that for one empty reply of the floor, in turns."""
    floor = _Server(bench.floor(), bench, "floor")
    site = bench.site("journey", PLEDGE_REDIS_URL=bench.redis.url)
    people.add_confirmed(site, FEW)
    ours = _Server(bench.serve(site), bench, "journey")
    rounds = 1 if bench.quick else ROUNDS
    number = 50 if bench.quick else PEOPLE
    walked: list[dict[str, float]] = []
    empty: list[float] = []
    for turn in range(rounds + 1):
        steps = _walk(ours, site, turn, number)
        reply = floor.cpu_of([Request("GET", "/204")] * EMPTY_REPLIES)[1]
        if turn:  # the first one warms up
            walked.append(steps)
            empty.append(reply)
    reply = median(empty)
    each = {step: median(steps[step] for steps in walked) for step in walked[0]}
    ratio = median(sum(steps.values()) / reply for steps, reply in zip(walked, empty, strict=True))
    detail = ", ".join(f"{step} {milliseconds:.2f}" for step, milliseconds in each.items())
    return [
        Figure(
            "one signer's journey, web CPU of an empty reply",
            f"{sum(each.values()):.2f} ms ({detail})",
            f"≤ {ASKED}",
            ratio <= ASKED,
            f"{reply:.3f} ms",
            ratio,
        )
    ]


def _walk(server: "_Server", site: Site, turn: int, number: int) -> dict[str, float]:
    """Milliseconds of CPU for each step of one signer, when `number` of them take each step together."""
    signing = [
        Request("POST", f"{PAGE}/sign", {**FORM, "email": f"hong.{turn}.{place}@example.org"})
        for place in range(number)
    ]
    waiting, sign = server.cpu_of(signing, 303)
    check = server.cpu_of([Request("GET", path) for path in waiting])[1]
    tickets = [{"ticket": path.rpartition("/")[2]} for path in waiting]
    asked = server.cpu_of([Request("POST", MINE, ticket) for ticket in tickets])[1]
    with site.context():
        submissions = [read_ticket(SLUG, path.rpartition("/")[2]) for path in waiting]
        links = [f"/ko/confirm/{tokens.mint(Purpose.CONFIRM, [submission])}" for submission in submissions]
    shown = server.cpu_of([Request("GET", link) for link in links])[1]
    led, confirm = server.cpu_of([Request("POST", link, {}) for link in links], 303)
    with site.context():
        while fold(ledger_sources()):
            pass
        keys = [{"key": tokens.mint(Purpose.PRESSED, [submission])} for submission in submissions]
    thanks = server.cpu_of([Request("GET", place) for place in led])[1]
    told = server.cpu_of([Request("POST", MINE, key) for key in keys])[1]
    return {
        "sign": sign,
        "waiting page": check,
        "its digits": asked,
        "confirm page": shown,
        "confirm": confirm,
        "thanks": thanks,
        "its number": told,
    }


class _Server:
    """A started web server, asked over a few kept connections."""

    def __init__(self, url: str, bench: Bench, name: str) -> None:
        self._host = urlsplit(url).netloc
        self._parent = bench.process(f"{name}.web").pid

    def cpu_of(self, requests: list[Request], status: int | None = None) -> tuple[list[str], float]:
        """Where each answer leads, and the milliseconds of CPU that one of these requests took all web processes."""
        before = self._cpu_ms()
        with ThreadPoolExecutor(CLIENTS) as pool:
            parts = [requests[place::CLIENTS] for place in range(CLIENTS)]
            led = [place for part in pool.map(lambda part: self._send(part, status), parts) for place in part]
        return led, (self._cpu_ms() - before) / len(requests)

    def _send(self, requests: list[Request], status: int | None) -> list[str]:
        connection = http.client.HTTPConnection(self._host, timeout=30)
        led = []
        for request in requests:
            body = None if request.form is None else urlencode(request.form)
            headers = dict(load.BROWSER)
            if body is not None:
                headers["Content-Type"] = "application/x-www-form-urlencoded"
            connection.request(request.method, request.path, body, headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status != (status or (204 if request.path == "/204" else 200)):
                raise load.Refused(f"{request.method} {request.path[:40]}: {answer.status}")
            led.append(answer.headers.get("Location", ""))
        connection.close()
        return led

    def _cpu_ms(self) -> float:
        """User and system time of the server and its workers so far, in milliseconds."""
        return 1000 * processes.cpu_seconds(self._parent)
