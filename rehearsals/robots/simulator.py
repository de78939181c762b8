"""A week of sign-ups, made of people and of robots: who comes from where, how the form is sent, and when the mail is answered.

The robots have real mailboxes; those that are asked for a proof of work give it. Quick ones answer every mail within a minute,
of each of the six kinds there are equally many. Patient ones answer like people. Most of all come within the first six hours.
`size` is the part of the whole that is simulated: smaller, there are fewer clusters, not smaller ones.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from pledge.abuse.signals import Signal

PEOPLE, ROBOTS = 5_000, 50_000

MINUTE, HOUR, WEEK = 60.0, 3600.0, 7 * 24 * 3600.0
#: A program that talks to the site by itself.
CRUDE = frozenset({Signal.NO_FORM, Signal.HEADERS})
#: One that drives a browser, and fills in the form at once.
QUICK = frozenset({Signal.QUICK})
PROPER: frozenset[Signal] = frozenset()
#: A person's browser whose headers a privacy tool or a proxy strips; so many of all people are supposed to have one.
STRIPPED, SHARE_STRIPPED = frozenset({Signal.HEADERS}), 0.005

#: Mail servers of services at which small companies have their domains; the last is none that the site knows.
OFFICE_HOSTS = (
    "aspmx.l.google.com",
    "kr1-aspmx1.worksmobile.com",
    "own-kr.mail.protection.outlook.com",
    "mx.cafe24.com",
    "mail.hiworks.co.kr",
    "mx.unlisted-host.co.kr",
)
#: The one of robots that have many domains.
SHARED_SERVER = "mx.example.org"
#: Patient robots that no rule finds.
AT_PROVIDERS = "bought mailboxes at Naver and Gmail"
#: Of people, whose domains staff have marked as a company's and a school's.
MARKED = ("company.co.kr", "school.hs.kr", "village.ms.kr")


class Who(StrEnum):
    PEOPLE = "people"
    QUICK = "quick robots"
    PATIENT = "patient robots"


@dataclass(order=True)
class Visit:
    """Somebody who sends the form."""

    at: float  #: seconds from the beginning
    kind: str = field(compare=False)
    who: Who = field(compare=False)
    domain: str = field(compare=False)
    network: str = field(compare=False)
    answers: float | None = field(compare=False)  #: seconds until the mail is answered; None: never
    sent: frozenset[Signal] = field(compare=False, default=PROPER)  #: what the form's age and headers tell


def visits(chance: random.Random, size: float) -> list[Visit]:
    """All of them in the order in which they come."""
    return sorted([*_people(chance, size), *_quick_robots(chance, size), *_patient_robots(chance, size)])


def mail_server(domain: str) -> str:
    """Where the mail of a domain is read. Small companies have it at one of a few hosts, as robots' owners may, too."""
    if domain.startswith("own"):
        return OFFICE_HOSTS[int(domain.removeprefix("own").removesuffix(".kr")) % len(OFFICE_HOSTS)]
    return SHARED_SERVER if domain.startswith("shared") else f"mx.{domain}"


# --- People ---


def _people(chance: random.Random, size: float) -> Iterator[Visit]:
    day, homes = 6 * HOUR, iter(range(10**6))
    carriers = [f"211.234.{chance.randrange(6)}.{chance.randrange(1, 255)}" for _ in range(_some(40, size))]
    for _ in range(_some(2000, size)):
        yield _person("at home", chance.uniform(0, day), _address(chance), _home(next(homes)), chance)
    for _ in range(_some(1300, size)):
        network = chance.choice(carriers)
        yield _person("behind a carrier's address", _rush(chance, day), _address(chance), network, chance)
    for _ in range(_some(600, size)):
        network = f"2001:e60:{chance.randrange(3):x}:{chance.randrange(2**16):x}::/64"
        yield _person("on a carrier's IPv6", _rush(chance, day), _address(chance), network, chance)
    for hall in range(max(1, _some(3, size))):
        begins = chance.uniform(HOUR, 5 * HOUR)
        for _ in range(200 if size == 1 else 60):
            domain = "school.hs.kr" if chance.random() < 0.4 else _provider(chance)
            at = begins + chance.uniform(0, 10 * MINUTE)
            yield _person(
                "in a hall", at, domain, f"121.78.9.{hall + 1}", chance, median=70, spread=0.8, share=0.88
            )
    for office in range(max(1, _some(2, size))):
        for _ in range(150 if size == 1 else 50):
            at = HOUR + chance.expovariate(1 / (40 * MINUTE))
            yield _person("in an office", at, "company.co.kr", f"203.238.1.{office + 1}", chance)
    for _ in range(_some(200, size)):
        at = 2 * HOUR + chance.expovariate(1 / (40 * MINUTE))
        yield _person("colleagues at home", at, "company.co.kr", _home(next(homes)), chance)
    yield from _people_of_a_week(chance, size, homes)


def _people_of_a_week(chance: random.Random, size: float, homes: Iterator[int]) -> Iterator[Visit]:
    for company in range(_some(10, size)):
        for _ in range(25):
            at, domain = chance.uniform(0, WEEK), f"firm{company}.co.kr"
            yield _person("25 of a small company in a week", at, domain, _home(next(homes)), chance)
    for _ in range(200 if size == 1 else 40):
        at = chance.uniform(0, WEEK)
        yield _person("200 of a school in a week", at, "village.ms.kr", _home(next(homes)), chance)


def _person(
    kind: str,
    at: float,
    domain: str,
    network: str,
    chance: random.Random,
    *,
    median: float = 150,
    spread: float = 1.2,
    share: float = 0.78,
) -> Visit:
    """Half of those who answer do so within `median` seconds; `share` do at all. The mail takes a few seconds."""
    answers = _answer(chance, median, spread, share)
    sent = STRIPPED if chance.random() < SHARE_STRIPPED else PROPER
    return Visit(at, kind, Who.PEOPLE, domain, network, answers, sent)


def _answer(chance: random.Random, median: float, spread: float, share: float) -> float | None:
    return 8 + median * chance.lognormvariate(0, spread) if chance.random() < share else None


def _address(chance: random.Random) -> str:
    return _provider(chance) if chance.random() < 0.92 else f"own{chance.randrange(300)}.kr"


def _provider(chance: random.Random) -> str:
    (domain,) = chance.choices(("naver.com", "gmail.com", "daum.net", "kakao.com"), (60, 25, 9, 6))
    return domain


def _home(number: int) -> str:
    return f"{1 + number // 65536 % 100}.{number // 256 % 256}.{number % 256}.{1 + number * 7 % 254}"


def _rush(chance: random.Random, day: float) -> float:
    """The evening news bring half of them within half an hour."""
    return chance.gauss(3 * HOUR, 10 * MINUTE) if chance.random() < 0.5 else chance.uniform(0, day)


# --- Robots ---


def _quick_robots(chance: random.Random, size: float) -> Iterator[Visit]:
    each = _some(ROBOTS // 6, size)
    mail = _domains("mail", _some(40, size))
    bots = [_home(10**6 + 97 * number) for number in range(_some(5_000, size))]
    few = [f"45.90.{number}.7" for number in range(max(2, _some(12, size)))]

    def wave(
        kind: str,
        lasts: float,
        domain: Callable[[], str],
        network: Callable[[], str],
        quickest: float,
        slowest: float,
        sent: frozenset[Signal],
    ) -> Iterator[Visit]:
        begins = chance.uniform(0, HOUR)
        for _ in range(each):
            at, answers = begins + chance.uniform(0, lasts), chance.uniform(quickest, slowest)
            yield Visit(at, kind, Who.QUICK, domain(), network(), answers, sent)

    def any_64() -> str:
        return f"2a0{chance.randrange(10)}:{chance.randrange(2**16):x}:{chance.randrange(2**16):x}:{chance.randrange(2**16):x}::/64"

    def in_one_48() -> str:
        return f"2a10:cc4:7:{chance.randrange(_some(2_000, size)):x}::/64"

    def one_of(things: list[str]) -> Callable[[], str]:
        return lambda: chance.choice(things)

    yield from wave(
        "one catch-all domain, ever new /64",
        14 * MINUTE * size**0.5,
        lambda: "catchall.example",
        any_64,
        3,
        12,
        CRUDE,
    )
    yield from wave(
        "throwaway domains",
        HOUR,
        one_of(_throwaway(_some(40, size))),
        one_of(bots[: _some(500, size)]),
        4,
        20,
        CRUDE,
    )
    yield from wave("one /48", HOUR, one_of(mail), in_one_48, 20, 50, QUICK)
    yield from wave("a botnet", HOUR, one_of(_domains("bot", _some(36, size))), one_of(bots), 5, 45, PROPER)
    yield from wave(
        "mailboxes at Naver and Gmail", 1.5 * HOUR, lambda: _provider(chance), one_of(few), 5, 40, PROPER
    )
    yield from wave(
        "a slow drip", 5 * HOUR, one_of(_domains("drip", _some(24, size))), one_of(bots), 10, 50, QUICK
    )


def _patient_robots(chance: random.Random, size: float) -> Iterator[Visit]:
    """Their headers and form are a browser's, and each but those of the exits has an address of its own, as of rented homes."""
    homes = iter(range(3 * 10**6, 4 * 10**6))
    exits = [f"146.70.{number}.9" for number in range(12)]
    alone, many = max(80, _some(600, size)), _some(20, size)

    def wave(
        kind: str,
        number: int,
        domains: list[str],
        network: Callable[[], str],
        answers: Callable[[], float | None],
    ) -> Iterator[Visit]:
        for _ in range(number):
            at, domain = chance.uniform(0, 5 * HOUR), chance.choice(domains)
            yield Visit(at, kind, Who.PATIENT, domain, network(), answers())

    def home() -> str:
        return _home(next(homes))

    def vpn() -> str:
        return chance.choice(exits)

    def as_people() -> float | None:
        return _answer(chance, 150, 1.2, 0.78)

    def soon() -> float | None:
        return chance.uniform(61, 90) if chance.random() < 0.95 else None

    yield from wave("one catch-all domain", alone, ["trap.example"], home, as_people)
    yield from wave("one catch-all domain, after 61–90 s", alone, ["soon.example"], home, soon)
    yield from wave("20 domains", 100 * many, _domains("calm", many), home, as_people)
    yield from wave("20 domains, 12 VPN exits", 100 * many, _domains("exit", many), vpn, as_people)
    shared = _domains("shared", max(4, many))
    yield from wave("20 domains, one mail server", 25 * len(shared), shared, home, as_people)
    providers = ["naver.com", "gmail.com"]
    yield from wave(AT_PROVIDERS, alone, providers, home, as_people)


def _domains(name: str, number: int) -> list[str]:
    return [f"{name}{place}.example" for place in range(number)]


def _throwaway(number: int) -> list[str]:
    """Domains that the kept list has."""
    from disposable_email_domains import blocklist

    return sorted(blocklist)[:number]


def _some(number: int, size: float) -> int:
    return max(1, round(number * size))
