"""What one signer costs the web processes, as a browser asks through nginx: pages, forms, and what the scripts of two pages ask."""

import http.client
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
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
from tests.support.nginx import Nginx

CLIENTS = 4
PEOPLE = 600
ROUNDS = 5
ASKED = 45
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

Form = Mapping[str, str]


def journey(bench: Bench) -> list[Figure]:
    """The CPU of the web processes for one signer, of that for one empty reply of the floor, in turns."""
    floor = _Server(bench.floor(), bench.process("floor.web").pid)
    site = bench.site("journey", PLEDGE_REDIS_URL=bench.redis.url)
    people.add_confirmed(site, FEW)
    port = int(bench.serve(site).rpartition(":")[2])
    files = bench.folder / "journey-files"
    files.mkdir()
    nginx = Nginx(bench.folder / "journey-nginx", port, files=files, behind_proxy=True).start()
    bench.stack.callback(nginx.stop)
    ours = _Server(f"http://127.0.0.1:{nginx.plain}", bench.process("journey.web").pid)
    rounds = 1 if bench.quick else ROUNDS
    number = 50 if bench.quick else PEOPLE
    walked: list[dict[str, float]] = []
    empty: list[float] = []
    for turn in range(rounds + 1):
        steps = _walk(ours, site, turn, number)
        reply = floor.cpu_of(["/204"] * EMPTY_REPLIES, status=204)[1]
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
    """Milliseconds of CPU for each step of one signer, when `number` of them take each step together.

    The two digits come with the address, so the script of the waiting page asks for nothing in the fifteen seconds in which they
    turn to their mail (check.js).
    """
    first = turn * number
    forms = [{**FORM, "email": f"hong.{first + place}@naver.com"} for place in range(number)]
    answers, sign = server.cpu_of([f"{PAGE}/sign"] * number, forms, first=first, status=303)
    waiting = [address.partition("#")[0] for address in answers]
    check = server.cpu_of(waiting, first=first)[1]
    with site.context():
        submissions = [read_ticket(SLUG, path.rpartition("/")[2]) for path in waiting]
        links = [f"/ko/confirm/{tokens.mint(Purpose.CONFIRM, [submission])}" for submission in submissions]
    shown = server.cpu_of(links, first=first)[1]
    pressed, confirm = server.cpu_of(links, [{}] * number, first=first, status=303)
    with site.context():
        while fold(ledger_sources()):
            pass
        keys = [{"key": tokens.mint(Purpose.PRESSED, [submission])} for submission in submissions]
    thanks = server.cpu_of(pressed, first=first)[1]
    learnt = server.cpu_of([MINE] * number, keys, first=first)[1]
    return {
        "sign": sign,
        "waiting page": check,
        "confirm page": shown,
        "confirm": confirm,
        "thanks": thanks,
        "number": learnt,
    }


class _Server:
    """A started web server, asked over a few kept connections. `process`: that of the web server, not of nginx before it."""

    def __init__(self, url: str, process: int) -> None:
        self._host = urlsplit(url).netloc
        self._process = process

    def cpu_of(
        self, paths: Sequence[str], forms: Sequence[Form] = (), *, first: int = 0, status: int = 200
    ) -> tuple[list[str], float]:
        """Where each answer leads, and the milliseconds of CPU that one of these requests took all web processes. Each comes from a
        public network of its own, the same for the same number (`first` and on).
        """
        requests = [
            (path, forms[place] if forms else None, first + place) for place, path in enumerate(paths)
        ]
        before = self._cpu_ms()
        with ThreadPoolExecutor(CLIENTS) as pool:
            quarter = -(-len(requests) // CLIENTS)
            parts = [requests[at : at + quarter] for at in range(0, len(requests), quarter)]
            led = [place for part in pool.map(lambda part: self._send(part, status), parts) for place in part]
        return led, (self._cpu_ms() - before) / len(requests)

    def _send(self, requests: Sequence[tuple[str, Form | None, int]], status: int) -> list[str]:
        connection = http.client.HTTPConnection(self._host, timeout=30)
        led = []
        for path, form, number in requests:
            headers = {**load.BROWSER, "X-Forwarded-For": f"20.{number // 250}.{number % 250}.7"}
            if form is None:
                connection.request("GET", path, headers=headers)
            else:
                headers["Content-Type"] = "application/x-www-form-urlencoded"
                connection.request("POST", path, urlencode(form), headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status != status:
                raise load.Refused(f"{path[:40]}: {answer.status}")
            led.append(answer.headers.get("Location", ""))
        connection.close()
        return led

    def _cpu_ms(self) -> float:
        """User and system time of the server and its workers so far, in milliseconds."""
        return 1000 * processes.cpu_seconds(self._process)
