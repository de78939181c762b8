"""docs/sizing.md: what machines carry, by what the record day took of one (`make replay`).

`python -m bench.sizing` writes what follows from the last replay (REPLAY.md) into the page, between the marks there;
tests/house/test_bench.py compares the two.
"""

import re
import sys
from math import ceil
from pathlib import Path

from bench.replay import REPORT
from config import ROOT

_REPLAY = REPORT.read_text("utf-8")


def _read(pattern: str) -> str:
    """What the last replay says there."""
    match = re.search(pattern, _REPLAY, re.MULTILINE)
    if match is None:
        raise SystemExit(f"{REPORT.name} has no {pattern}")
    return match[1]


def _cores(process: str) -> float:
    """Cores that a process took at 1 × the record."""
    return float(_read(rf"^\| {process} \| ([\d.]+) \|")) / float(_read(r"`make replay X=([\d.]+)`"))


MEASURED_ON = _read(r"^# The record day, replayed (\S+)$")
MACHINE = f"{_read(r'^- processor: (.+)$')}, which also made the load"
WEB = _cores("web 1") + _cores("web 2")
POSTGRESQL, WORKER, NGINX, REDIS = map(_cores, ("PostgreSQL", "worker", "nginx", "Redis"))

#: Sign-ups a minute at 1 × the record.
RECORD = 2_000
#: Share of the cores that is left to the system, and what is planned for of the others.
SYSTEM, PLANNED = 0.1, 2 / 3
#: So that one can be restarted while the other answers.
MIN_WEB_SERVICES = 2
ONE_HOST = ((2, 4), (4, 8), (16, 16))  #: cores, GB
SEVERAL_HOSTS = ((4, (2, 4, 8)), (16, (2, 4, 8)))  #: cores of each, how many

#: The largest day that is planned for, in times the record: a million sign-ups in an hour.
LARGEST = 1_000_000 / 60 / RECORD
#: With up to so many people signed before. Ten million with their mails and log take 20 GB (`make bench ARGS=growth`).
PEOPLE, GB_FOR_TEN_MILLION = 50_000_000, 20

SITE = WEB + POSTGRESQL + WORKER + NGINX + REDIS
APPLICATION = WEB + WORKER + NGINX
DATABASE = POSTGRESQL + REDIS

PAGE = ROOT / "docs" / "sizing.md"
_BLOCK = re.compile(r"(<!-- sizing: (\w+) -->\n).*?(\n<!-- sizing: end -->)", re.DOTALL)


def costs() -> str:
    rows = (
        ("web services", WEB, f"sign-ups ({_cpu_each(WEB)}: four pages, two forms, what their scripts ask for), and a little with the number of public pages that are made anew each second"),
        ("PostgreSQL", POSTGRESQL, f"sign-ups ({_cpu_each(POSTGRESQL)})"),
        ("worker", WORKER, f"sign-ups ({_cpu_each(WORKER)}: decide on the mail, write and send it, count)"),
        ("nginx", NGINX, "viewers (10,000 count requests, 200 pages and 1,000 files a second, without TLS)"),
        ("Redis", REDIS, "sign-ups (limits)"),
        ("**the site**", SITE, ""),
    )  # fmt: skip
    heading = f"Processor time at 1 × the record, measured by `make replay` on {MEASURED_ON} ({MACHINE}):"
    return f"{heading}\n\n{_table(('', 'cores', 'grows with'), [(name, f'{cores:.2f}', with_) for name, cores, with_ in rows])}"


def one_host() -> str:
    rows = []
    for cores, memory in ONE_HOST:
        times = _carries(cores, SITE)
        rows.append(
            (f"{cores} cores, {memory} GB", str(_web_services(times)), _times(times), _sign_ups(times))
        )
    head = ("one host", "web services", "times the record", "sign-ups a minute")
    return (
        f"Arithmetic: cores, less a tenth for the system, of which at most two thirds are planned for, so that a second of bad luck "
        f"does not make people wait; divided by {SITE:.2f} cores for each 1 × the record. A web service runs on one core at a time, "
        f"so there are as many as the second column says, two at least so that one can be restarted.\n\n{_table(head, rows)}\n\n"
        f"One worker process carries 1 / {WORKER:.2f} = {1 / WORKER:.1f} × the record before its core is full, and by the same two thirds "
        f"{PLANNED / WORKER:.1f} ×; beyond that start another one for each {PLANNED / WORKER:.1f} × (any number may run, on any machine)."
    )


def several_hosts() -> str:
    split = (
        f"Several hosts: PostgreSQL and Redis on a host of their own, nginx, web services and workers on the others. Sign-ups then cost "
        f"the application hosts {WEB:.2f} + {WORKER:.2f} + {NGINX:.2f} = {APPLICATION:.2f} cores for each 1 ×, and the database {DATABASE:.2f}."
    )
    paragraphs = [split]
    for cores, numbers in SEVERAL_HOSTS:
        head = (
            f"hosts of {cores} cores",
            "application",
            "database",
            "times the record",
            "database is at",
            "what is full first",
        )
        paragraphs.append(_table(head, [_hosts(cores, number) for number in numbers]))
    return "\n\n".join(paragraphs)


def largest() -> str:
    rows = [
        ("web services", WEB, f"{_web_services(LARGEST)} of them"),
        ("worker and mail services", WORKER, f"a worker and {_mail_services() - 1} `pledge-mail@`, on any machine"),
        ("PostgreSQL", POSTGRESQL, f"one host; {PEOPLE * GB_FOR_TEN_MILLION // 10_000_000} GB of disk for 50 million people"),
        ("nginx", NGINX, "without a CDN; with one that answers the count and static files, next to none"),
        ("Redis", REDIS, "beside PostgreSQL"),
    ]  # fmt: skip
    head = ("a million sign-ups in an hour", "cores", "planned", "as")
    table = _table(
        head,
        [
            (name, f"{LARGEST * each:.1f}", f"{ceil(LARGEST * each / (1 - SYSTEM) / PLANNED)}", how)
            for name, each, how in rows
        ],
    )
    # Two mails for each sign-up: the link, and thanks ten minutes later.
    mails = 2 * LARGEST * RECORD / 60
    return (
        f"{table}\n\nThat is {LARGEST:.1f} × the record, {LARGEST * RECORD / 60:,.0f} sign-ups and {mails:,.0f} mails a second. "
        "Full first are the web services, each of which has one interpreter: start more, on more hosts. PostgreSQL comes long after "
        "them, as nothing that a visitor waits for reads more rows when more people have signed."
    )


def _mail_services() -> int:
    """Processes that send, the worker among them."""
    return ceil(LARGEST * WORKER / PLANNED)


def _hosts(cores: int, number: int) -> tuple[str, ...]:
    application, database = _carries((number - 1) * cores, APPLICATION), _carries(cores, DATABASE)
    times = min(application, database)
    first = "the web services" if application <= database else "the database"
    at = f"{times * DATABASE:.1f} of {cores} cores"
    return str(number), str(number - 1), "1", _times(times), at, first


def _carries(cores: int, each: float) -> float:
    """Times the record, for `each` cores at 1 ×."""
    return cores * (1 - SYSTEM) * PLANNED / each


def _web_services(times: float) -> int:
    return max(MIN_WEB_SERVICES, ceil(times * WEB / PLANNED))


def _cpu_each(cores: float) -> str:
    return f"{1000 * cores / (RECORD / 60):.0f} ms each"


def _times(times: float) -> str:
    return f"{times:.1f}" if times < 20 else f"{times:.0f}"


def _sign_ups(times: float) -> str:
    return f"{round(times * RECORD, -2):,.0f}"


def _table(head: tuple[str, ...], rows: "list[tuple[str, ...]]") -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


BLOCKS = {"costs": costs, "one_host": one_host, "several_hosts": several_hosts, "largest": largest}


def filled_in(page: str) -> str:
    """The page with each block as the figures make it."""
    return _BLOCK.sub(lambda match: f"{match[1]}{BLOCKS[match[2]]()}{match[3]}", page)


def main(page: Path = PAGE) -> int:
    page.write_text(filled_in(page.read_text("utf-8")), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
