"""`make replay`: the busiest day of a petition at once, on one machine that also makes the load.

The record is that of the petition for Article 50 (United Kingdom, 2019): 2,000 sign-ups a minute. Each is the whole journey
of a person; beside them 10,000 count requests and 200 page views a second come through nginx. `--factor 2` is twice that.
bench/README.md says how it is made; a run of at least three minutes is kept in bench/REPLAY.md.
"""

import argparse
import asyncio
import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from bench import load, machine, people, processes
from bench.crowd import Crowd
from bench.load import BROWSER, Run
from bench.processes import Use
from bench.report import Figure, at_most, table
from bench.servers import Bench, Site, bench, wait_until_up
from bench.web import COUNT, PAGE
from pledge.signatures.statements import THANKS_AFTER
from tests.support import units
from tests.support.nginx import Nginx
from tests.support.run import free_port

#: A second, at factor 1.
SIGN_UPS, POLLS, VIEWS = 2_000 / 60, 10_000, 200
#: Of those who look at a page, how many come for the first time, with an empty cache.
FIRST_VISITS = 0.5
POLLERS, VIEWERS, LOADERS = 2_000, 40, 40
VIEWED = (PAGE, PAGE, PAGE, PAGE, "/ko/", "/en/c/blue-skies", f"{PAGE}/progress", f"{PAGE}/organizations")
SIGNED_BEFORE = 10_000
#: Seconds before the figures count: from then on mails with thanks go out as fast as people confirm.
WARM_UP = int(THANKS_AFTER.total_seconds()) + 60
SECONDS = 180
SOAK_SECONDS, SOAK_FACTOR, SOAK_GROWTH = 900, 0.5, 0.05
#: Redis keeps the counter of a network for twice ten minutes; before, there are more of them each second.
SOAK_WARM_UP = 21 * 60
#: More connections to PostgreSQL, or open files elsewhere, than after the warm-up.
MORE_CONNECTIONS, MORE_FILES = 5, 20

#: Asked at 1 × the record and at 2 ×.
MAX_P99_MS, MAX_ERRORS, MAX_MAIL_LAG = (150, 500), (0, 20), (30, 10)
MAX_COUNT_LAG, MAX_CORES = 3, 1.1
REPORT = Path(__file__).parent / "REPLAY.md"
_ASSET = re.compile(r'(?:href|src)="(/static/[^"]+\.(?:css|js|woff2|svg|png|webp)\?v=[^"]+)"')


@dataclass
class Servers:
    """What the site runs on, by name, and the process at the root of each."""

    roots: dict[str, int] = field(default_factory=dict)

    def use(self) -> dict[str, Use]:
        return {name: processes.use(root) for name, root in self.roots.items()}


@dataclass
class Result:
    """What one run gave."""

    factor: float
    seconds: float
    crowd: Crowd
    since: float
    polls: Run
    views: Run
    assets: Run
    cores: dict[str, float]
    busy: float
    before: dict[str, Use]
    after: dict[str, Use]
    lost: int
    complaints: Counter[str] = field(default_factory=Counter)  #: errors in the logs of the site

    @property
    def own_cores(self) -> float:
        """Cores that the site itself has used, on average."""
        return sum(value for name, value in self.cores.items() if name != "load")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--factor", type=float, help="times the record (default 1; 0.5 for --soak)")
    parser.add_argument("--seconds", type=int, help=f"(default {SECONDS}; {SOAK_SECONDS} for --soak)")
    parser.add_argument("--soak", action="store_true", help="do memory, connections and files stay the same?")
    options = parser.parse_args(arguments)
    factor = options.factor or (SOAK_FACTOR if options.soak else 1.0)
    seconds = options.seconds or (SOAK_SECONDS if options.soak else SECONDS)
    with bench() as started:
        result = _run(started, factor, seconds, SOAK_WARM_UP if options.soak else WARM_UP)
        for name in ("web-1", "web-2", "replay.worker"):
            result.complaints += _complaints(started.log(name))
    figures = _figures(result) + (_growth(result) if options.soak else [])
    report = "\n\n".join([table(figures), _steps(result), _use(result), _limits(result)])
    print(f"\n{report}")
    if seconds >= SECONDS and not options.soak:
        _keep(result, report)
    return 0 if all(figure.ok for figure in figures) else 1


# --- The run ---


def _run(started: Bench, factor: float, seconds: int, warm_up: int) -> Result:
    mail_port = free_port()
    site = started.site(
        "replay",
        PLEDGE_REDIS_URL=started.redis.url,
        PLEDGE_SMTP_URL=f"smtp://127.0.0.1:{mail_port}",
    )
    people.add_confirmed(site, SIGNED_BEFORE)
    servers, port = _start(started, site)
    with started.worker(site):
        servers.roots["worker"] = started.process("replay.worker").pid
        crowd = Crowd(port, started.folder / "etag")
        return asyncio.run(_replay(crowd, servers, site, mail_port, factor, seconds, warm_up))


def _start(started: Bench, site: Site) -> tuple[Servers, int]:
    """Both web services as the unit starts them, and nginx in front with what deploy/ ships."""
    servers = Servers()
    sockets = tuple(started.folder / f"web-{number}" for number in (1, 2))
    for number, socket in enumerate(sockets, 1):
        words = units.web_service(number, socket)
        servers.roots[f"web {number}"] = started.start(f"web-{number}", words, site.environment).pid
    files = started.folder / "no-files"
    files.mkdir()
    nginx = Nginx(
        started.folder / "nginx",
        0,
        sockets=sockets,
        connections=16_384,
        processes=2,
        files=files,
        behind_proxy=True,
    ).start()
    started.stack.callback(nginx.stop)
    wait_until_up(f"http://127.0.0.1:{nginx.plain}/ko/privacy", started.log("web-1"))
    servers.roots["PostgreSQL"] = started.postgres.pid
    servers.roots["nginx"] = nginx.process.pid
    servers.roots["Redis"] = started.redis.process.pid
    return servers, nginx.plain


async def _replay(
    crowd: Crowd, servers: Servers, site: Site, mail_port: int, factor: float, seconds: int, warm_up: int
) -> Result:
    url = f"http://127.0.0.1:{crowd.port}"
    assets = _assets(f"{url}{PAGE}")
    in_all = warm_up + seconds
    async with crowd.mailbox(mail_port):
        watcher = asyncio.create_task(crowd.watch())
        looking = [
            _viewers(url, in_all, POLLERS, POLLS * factor, [COUNT], str(crowd.etag)),
            _viewers(url, in_all, VIEWERS, VIEWS * factor, VIEWED),
            _viewers(url, in_all, LOADERS, VIEWS * factor * FIRST_VISITS * len(assets), assets),
        ]
        arriving = asyncio.create_task(crowd.arrive(SIGN_UPS * factor, in_all))
        await asyncio.sleep(warm_up)
        crowd.forget()
        since, before, busy, load_before = (
            time.monotonic(),
            servers.use(),
            processes.busy_cores(),
            _load_cpu(looking),
        )
        await asyncio.sleep(seconds)
        passed = time.monotonic() - since
        after, load_after = servers.use(), _load_cpu(looking)
        busy = (processes.busy_cores() - busy) / passed
        await arriving
        runs = [await asyncio.to_thread(load.finish, process) for process in looking]
        await asyncio.sleep(3)
        watcher.cancel()
    cores = {name: (after[name].cpu - before[name].cpu) / passed for name in before}
    cores["load"] = (load_after - load_before) / passed
    lost = len(crowd.confirmed) - _counted(site)
    return Result(factor, passed, crowd, since, *runs, cores, busy, before, after, lost)


def _viewers(
    url: str, seconds: int, number: int, rate: float, paths: "list[str] | tuple[str, ...]", etag: str = "-"
) -> "subprocess.Popen[str]":
    pause = max(1, round(1000 * number / rate))
    return load.start(url, seconds, "viewers", str(pause), etag, *paths, clients=number, threads=1)


def _load_cpu(looking: "list[subprocess.Popen[str]]") -> float:
    times = os.times()
    return times.user + times.system + sum(processes.cpu_seconds(process.pid) for process in looking)


def _assets(url: str) -> list[str]:
    """What a browser with an empty cache loads with the campaign page."""
    headers = {**BROWSER, "Accept-Encoding": "identity"}
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as answer:
        assets = sorted(set(_ASSET.findall(answer.read().decode())))
    if not assets:
        raise SystemExit("the campaign page names no static files")
    return assets


def _complaints(log: Path) -> Counter[str]:
    """Lines of a log that are errors, by what they say and the last line of what was raised."""
    complaints: Counter[str] = Counter()
    for line in log.read_text().splitlines():
        if '"error"' in line and line.startswith("{"):
            record = json.loads(line)
            complaints[f"{record['event']} {record.get('exception', '')[-200:]}".strip()] += 1
    return complaints


def _counted(site: Site) -> int:
    """People in the count since the beginning, from the ledger's own numbers."""
    with people.connect(site) as connection:
        return connection.execute("SELECT people FROM ledger_heads").fetchone()[0] - SIGNED_BEFORE


# --- What it says ---


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))] if values else 0.0


def _figures(result: Result) -> list[Figure]:
    crowd, seconds = result.crowd, result.crowd.seconds
    lags = crowd.lags(SIGNED_BEFORE, result.since)
    errors = sum(crowd.errors.values()) + sum(
        run.faults for run in (result.polls, result.views, result.assets)
    )
    p99 = {name: 1000 * percentile(seconds[name], 0.99) for name in ("sign", "confirm")}
    count_lag, mail_lag = percentile(lags, 0.99), percentile(seconds["mail"], 0.99)
    is_double = result.factor > 1
    return [
        *(at_most(f"{name}, p99", value, MAX_P99_MS[is_double], " ms") for name, value in p99.items()),
        at_most("confirmation to count, p99", count_lag, MAX_COUNT_LAG, " s"),
        at_most("sign-up to mail, p99", mail_lag, MAX_MAIL_LAG[is_double], " s"),
        at_most("errors", errors, MAX_ERRORS[is_double]),
        at_most("acknowledged and not counted", result.lost, 0),
        Figure(
            "cores of the site",
            f"{result.own_cores:.2f}",
            f"≤ {MAX_CORES * result.factor:g}",
            result.own_cores <= MAX_CORES * result.factor,
        ),
    ]


def _growth(result: Result) -> list[Figure]:
    """What each server uses at the end, against the end of the warm-up.

    Of PostgreSQL connections count: its memory is a cache that fills, and each connection opens the files that it reads.
    """
    figures = []
    for name, before in result.before.items():
        after = result.after[name]
        if name == "PostgreSQL":
            grown = after.processes - before.processes
            change = f"{before.processes} → {after.processes}"
            figures.append(
                Figure(f"{name}: processes", change, f"≤ +{MORE_CONNECTIONS}", grown <= MORE_CONNECTIONS)
            )
            continue
        share = after.megabytes / before.megabytes - 1
        change = f"{before.megabytes:.0f} → {after.megabytes:.0f} MB ({share:+.1%})"
        figures.append(Figure(f"{name}: memory", change, f"≤ {SOAK_GROWTH:+.0%}", share <= SOAK_GROWTH))
        grown = after.files - before.files
        change = f"{before.files} → {after.files}"
        figures.append(Figure(f"{name}: open files", change, f"≤ +{MORE_FILES}", grown <= MORE_FILES))
    return figures


def _steps(result: Result) -> str:
    rows = [("step", "requests", "p50", "p95", "p99", "longest")]
    rows.append(("---",) * len(rows[0]))
    for name, taken in result.crowd.seconds.items():
        shown = [f"{1000 * percentile(taken, share):,.0f} ms" for share in (0.5, 0.95, 0.99, 1)]
        rows.append((name, f"{len(taken):,}", *shown))
    lags = result.crowd.lags(SIGNED_BEFORE, result.since)
    rows.append(
        (
            "confirmation to count",
            f"{len(lags):,}",
            *(f"{1000 * percentile(lags, share):,.0f} ms" for share in (0.5, 0.95, 0.99, 1)),
        )
    )
    rows.append(("mail with thanks", f"{result.crowd.thanked:,}", *("–",) * 4))
    looking = {"count, polled": result.polls, "pages, viewed": result.views, "static files": result.assets}
    for name, run in looking.items():
        times = [f"{value:,.1f} ms" for value in (run.p50_ms, run.p95_ms, run.p99_ms)]
        rows.append((name, f"{run.requests:,} ({run.rate:,.0f}/s)", *times, "–"))
    viewers = [(run.faults, f"{name}: {run.fault_kinds}") for name, run in looking.items() if run.faults]
    signers = [
        (number, what)
        for what, number in result.crowd.errors.most_common(20) + result.complaints.most_common(10)
    ]
    errors = "".join(f"\n- {number} × {what}" for number, what in (*viewers, *signers))
    if warming := result.crowd.warm_up_errors:
        errors += f"\n- of what people met, {warming} in the warm-up"
    return _markdown(rows) + (
        f"\n\nErrors that people met, and in the logs of the site:\n{errors}" if errors else ""
    )


def _use(result: Result) -> str:
    people_a_second = SIGN_UPS * result.factor
    rows = [("process", "cores", "CPU ms for each sign-up", "memory MB", "open files")]
    rows.append(("---",) * len(rows[0]))
    for name, cores in result.cores.items():
        after = result.after.get(name)
        own = (f"{after.megabytes:.0f}", str(after.files)) if after else ("–", "–")
        rows.append((name, f"{cores:.2f}", f"{1000 * cores / people_a_second:.2f}", *own))
    return _markdown(rows)


def _limits(result: Result) -> str:
    """What is saturated, and which of them would be first at a higher factor."""
    cores = os.cpu_count() or 1
    #: A Python process runs on one core at a time.
    most = {"web 1": 1.0, "web 2": 1.0, "worker": 1.0}
    shares = {name: result.cores[name] / most.get(name, cores) for name in result.cores if name != "load"}
    shares["the machine, load included"] = result.busy / cores
    others = result.busy - sum(result.cores.values())
    lines = [
        f"{result.busy:.2f} of {cores} cores busy: {result.cores['load']:.2f} with the load, {others:.2f} with other work."
    ]
    full = [name for name, share in shares.items() if share > 0.9]
    lines.append(f"Saturated: {', '.join(full) or 'nothing'}.")
    name, share = max(shares.items(), key=lambda pair: pair[1])
    lines.append(
        f"Nearest to its limit: {name}, at {share:.0%}; by this arithmetic it is full at {result.factor / share:.1f} × the record."
    )
    own = result.own_cores
    lines.append(
        f"The site alone takes {own / result.factor:.2f} cores for each 1 × the record: {cores} cores of its own carry {result.factor * cores / own:.1f} ×."
    )
    return "\n".join(f"- {line}" for line in lines)


def _markdown(rows: list[tuple[str, ...]]) -> str:
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _keep(result: Result, report: str) -> None:
    described = "\n".join(f"- {name}: {value}" for name, value in machine.description().items())
    REPORT.write_text(
        f"""# The record day, replayed {date.today().isoformat()}

Made by `make replay X={result.factor:g}` in {result.seconds:.0f} seconds after a warm-up; bench/README.md says how.
{SIGN_UPS * result.factor * 60:,.0f} sign-ups a minute, {POLLS * result.factor:,.0f} count requests and {VIEWS * result.factor:,.0f} page views a second.

{report}

Machine (the load shares it):

{described}
""",
        "utf-8",
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
