"""The web side against the floor: in each round floor and ours take turns, and the medians are compared."""

from collections import defaultdict
from collections.abc import Callable
from itertools import count

from bench import load, people
from bench.load import Run
from bench.report import Figure, against
from bench.servers import Bench, Site

SLUG = "blue-skies"
PAGE = f"/ko/c/{SLUG}"
MINE = f"{PAGE}/mine"
COUNT = f"/api/v1/campaigns/{SLUG}/count"

SECONDS = 4
ROUNDS = 9
#: More tokens than 32 clients can use in one run of the floor's speed.
TOKENS_A_SECOND = 5000
FEW, MANY = 1_000, 1_000_000

ASKED = {"sign": 0.3, "confirm": 0.45, "count": 0.5, "page": 0.3}
ASKED_OF_YARDSTICK = 1.1
NAMES = {
    "sign": "sign, of F1",
    "confirm": "confirm POST, of F1",
    "count": "count, of F0",
    "page": "campaign page, of F0",
}
SAME_SIZE = 0.9  #: within 10 %


def ratios(bench: Bench, parts: list[str]) -> list[Figure]:
    """sign, confirm, count and page as shares of F1 and F0; sign also of the yardstick."""
    floor = bench.floor()
    site = bench.site("small", PLEDGE_REDIS_URL=bench.redis.url)
    people.add_confirmed(site, FEW)
    visitor = Visitor(bench, site)
    yardstick = bench.yardstick() if "sign" in parts else ""
    runs: dict[str, list[Run]] = defaultdict(list)
    for _ in range(1 if bench.quick else ROUNDS):
        for part in parts:
            writes = part in ("sign", "confirm")
            runs[f"{part} floor"].append(
                load.run(f"{floor}/insert", visitor.seconds, "sign", visitor.word())
                if writes
                else load.run(f"{floor}/204", visitor.seconds)
            )
            runs[part].append(visitor.actions[part]())
        if "sign" in parts:
            runs["yardstick"].append(load.run(f"{yardstick}/sign", visitor.seconds, "sign", visitor.word()))
    figures = [_share(part, load.middle(runs[part]), load.middle(runs[f"{part} floor"])) for part in parts]
    if "sign" in parts:
        plain = load.middle(runs["yardstick"])
        figures.insert(
            1,
            against("sign, of the yardstick", load.middle(runs["sign"]).rate, plain.rate, ASKED_OF_YARDSTICK),
        )
    return figures


def sizes(bench: Bench) -> list[Figure]:
    """Page and confirm at a million signatures against a thousand, two sites side by side."""
    few, many = 100 if bench.quick else FEW, 20_000 if bench.quick else MANY
    visitors = {}
    for name, number in (("few", few), ("many", many)):
        site = bench.site(name, PLEDGE_REDIS_URL=bench.redis.url)
        people.add_confirmed(site, number)
        visitors[name] = Visitor(bench, site)
    runs: dict[tuple[str, str], list[Run]] = defaultdict(list)
    for _ in range(1 if bench.quick else ROUNDS):
        for part in ("page", "confirm"):
            for name, visitor in visitors.items():
                runs[part, name].append(visitor.actions[part]())
    return [
        against(
            f"{part} at {many:,} signatures, of {few:,}",
            load.middle(runs[part, "many"]).rate,
            load.middle(runs[part, "few"]).rate,
            SAME_SIZE,
        )
        for part in ("page", "confirm")
    ]


class Visitor:
    """Many people doing one thing on one site."""

    def __init__(self, bench: Bench, site: Site) -> None:
        self.seconds = 1 if bench.quick else SECONDS
        self._site = site
        self._url = bench.serve(site)
        self._runs = count(1)
        self.actions: dict[str, Callable[[], Run]] = {
            "sign": self.sign,
            "confirm": self.confirm,
            "count": lambda: load.run(self._url + COUNT, self.seconds),
            "page": lambda: load.run(self._url + PAGE, self.seconds),
        }
        for path in (COUNT, PAGE, f"{PAGE}/sign"):  # a warm start: templates compiled, connections open
            load.run(self._url + path, 2, clients=4)

    def word(self) -> str:
        return str(next(self._runs))

    def sign(self) -> Run:
        before = self._rows("signatures")
        run = load.run(f"{self._url}{PAGE}/sign", self.seconds, "sign", self.word())
        self._check(run, self._rows("signatures") - before)
        return run

    def confirm(self) -> Run:
        pending = people.add_pending(self._site, TOKENS_A_SECOND * self.seconds)
        before = self._rows("ledger_entries")
        run = load.run(self._url, self.seconds, "confirm", str(pending.tokens), str(load.THREADS))
        self._check(run, self._rows("ledger_entries") - before)
        return run

    def _rows(self, table: str) -> int:
        with people.connect(self._site) as connection:
            return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]

    def _check(self, run: Run, stored: int) -> None:
        """Every answer is one row; wrk hangs up on up to one request for each client."""
        if not run.requests <= stored <= run.requests + 2 * load.CLIENTS:
            raise load.Refused(f"{run.requests} answers, but {stored} rows")


def _share(part: str, ours: Run, floor: Run) -> Figure:
    times = f", p50 {ours.p50_ms:.1f} ms, p99 {ours.p99_ms:.1f} ms"
    return against(NAMES[part], ours.rate, floor.rate, ASKED[part], detail=times)
