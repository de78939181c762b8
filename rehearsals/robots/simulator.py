"""A week of sign-ups, made of people and of robots: who comes from where, how the form is sent, and when the mail is answered.

The robots have real mailboxes; those that are asked for a proof of work give it. Quick ones answer every mail within a minute,
of each of the six kinds there are equally many. Patient ones answer like people. It begins on a Tuesday at nine in Seoul, and most
of all come within the first six hours. `size` is the part of the whole that is simulated: smaller, there are fewer clusters, not
smaller ones. What a kind is called, and what must become of it: expectations.py.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from pledge.abuse.mail_servers import MailHosts
from pledge.abuse.signals import Signal

ROBOTS = 50_000

MINUTE, HOUR, DAY = 60.0, 3600.0, 24 * 3600.0
WEEK = 7 * DAY
#: In which most patient robots come.
PATIENT_LAST = 2 * HOUR
#: A program that talks to the site by itself.
CRUDE = frozenset({Signal.NO_FORM, Signal.HEADERS})
#: One that drives a browser, and fills in the form at once.
QUICK = frozenset({Signal.QUICK})
PROPER: frozenset[Signal] = frozenset()
#: A person's browser whose headers a privacy tool or a proxy strips; so many of all people are supposed to have one.
STRIPPED, SHARE_STRIPPED = frozenset({Signal.HEADERS}), 0.005


def served_by(*servers: str) -> MailHosts:
    """The mail of a domain at these servers, the first preferred."""
    return MailHosts([(10 * place, server) for place, server in enumerate(servers, 1)])


#: Services at which small companies have their mail; the last is none that the site knows.
OFFICE_HOSTS = tuple(
    map(
        served_by,
        (
            "aspmx.l.google.com",
            "kr1-aspmx1.worksmobile.com",
            "own-kr.mail.protection.outlook.com",
            "mx.cafe24.com",
            "mail.hiworks.co.kr",
            "mx.unlisted-host.co.kr",
        ),
    )
)
#: A hoster that the site does not know either, at which most customers are robots; and one whose name robots use.
ROBOTS_HOSTER, VICTIMS_HOSTER = "mx.cheap-host.co.kr", "mx.quiet-host.co.kr"
#: Of people: domains that staff allow, and that of a published organisation.
ALLOWED, PUBLISHED = ("company.co.kr",), "published.co.kr"
NAMED_SECOND, NAMED_UNIVERSITY, NAMED_DEAD = "victim-corp.co.kr", "univ-victim.ac.kr", "dead-victim.co.kr"
SMALL_PROVIDERS = "outlook.fr hotmail.de fastmail.com hey.com dreamwiz.com chol.com libero.it".split()


@dataclass(order=True)
class Visit:
    """Somebody who sends the form."""

    at: float  #: seconds from the beginning
    kind: str = field(compare=False)
    domain: str = field(compare=False)
    network: str = field(compare=False)
    answers: float | None = field(compare=False)  #: seconds until the mail is answered; None: never
    sent: frozenset[Signal] = field(compare=False, default=PROPER)  #: what the form's age and headers tell
    mail: MailHosts | None = field(compare=False, default=None)  #: None: a server of the domain's own


def visits(chance: random.Random, size: float) -> list[Visit]:
    """All of them in the order in which they come."""
    kinds = (_people, _groups, _institutions, _victims, _quick_robots, _patient_robots, _joined_robots)
    return sorted(visit for kind in kinds for visit in kind(chance, size))


# --- People ---


def _people(chance: random.Random, size: float) -> Iterator[Visit]:
    day = 6 * HOUR
    carriers = [f"211.234.{chance.randrange(6)}.{chance.randrange(1, 255)}" for _ in range(_some(40, size))]

    def carrier_64() -> str:
        return f"2001:e60:{chance.randrange(3):x}:{chance.randrange(2**16):x}::/64"

    for _ in range(_some(2000, size)):
        yield _of_all(chance, "at home", chance.uniform(0, day), _home(chance))
    for _ in range(_some(1300, size)):
        yield _of_all(chance, "behind a carrier's address", _rush(chance, day), chance.choice(carriers))
    for _ in range(_some(600, size)):
        yield _of_all(chance, "on a carrier's IPv6", _rush(chance, day), carrier_64())
    for _ in range(_some(5000, size)):
        at = 10 * HOUR + chance.uniform(0, 2 * MINUTE)
        network = chance.choice((chance.choice(carriers), carrier_64(), _home(chance)))
        yield _of_all(chance, "a broadcast: 5,000 in two minutes", at, network)
    for hall in range(_some(3, size)):
        begins = chance.uniform(HOUR, 5 * HOUR)
        for _ in range(200 if size == 1 else 60):
            at, network = begins + chance.uniform(0, 10 * MINUTE), f"121.78.9.{hall + 1}"
            if chance.random() < 0.4:
                yield _person(chance, "pupils in a hall", at, "school.hs.kr", network, in_a_room=True)
            else:
                yield _person(chance, "in a hall", at, _provider(chance), network, in_a_room=True)


def _groups(chance: random.Random, size: float) -> Iterator[Visit]:
    """Who share a domain: the k-th of a hundred companies has 2,000 / k^1.3 people, as by Zipf's law."""
    for family in range(_some(100, size)):
        kind, mail = "families and shops with a domain at a hoster", OFFICE_HOSTS[family % len(OFFICE_HOSTS)]
        yield from _apart(chance, kind, f"family{family}.kr", 4, WEEK, mail=mail)
    for rank in range(1 if size == 1 else 10, 101, round(1 / size)):
        people, mail = round(2000 / rank**1.3), chance.choice([None, *OFFICE_HOSTS])
        yield from _company(chance, "companies of 5 to 2,000", f"firm{rank}.co.kr", people, mail)
    company, published = (500, 300) if size == 1 else (100, 80)
    yield from _company(chance, "a company that staff allow", *ALLOWED, company)
    yield from _company(chance, "people of a published organisation", PUBLISHED, published)
    office, kind = _home(chance), "an unknown company: 400 in an hour behind one address"
    for _ in range(400):
        yield _person(chance, kind, 3 * HOUR + chance.uniform(0, HOUR), "unknown.co.kr", office)


def _company(
    chance: random.Random, kind: str, domain: str, people: int, mail: MailHosts | None = None
) -> Iterator[Visit]:
    """Most sign in the hours after a colleague has written to all, behind the office's address; the others at home."""
    office, begins = _home(chance), DAY * chance.randrange(3) + chance.uniform(0, 5 * HOUR)
    for _ in range(people):
        if chance.random() < 0.6:
            at = begins + chance.expovariate(1 / (40 * MINUTE))
            yield _person(chance, kind, at, domain, office, mail=mail)
        else:
            yield _person(chance, kind, chance.uniform(0, WEEK), domain, _home(chance), mail=mail)


def _institutions(chance: random.Random, size: float) -> Iterator[Visit]:
    """And providers: whose names no robot's owner can buy."""
    for school in range(_some(20, size)):
        begins, room = DAY * chance.randrange(3) + chance.uniform(0, 6 * HOUR), _home(chance)
        kind, ending = "classes of 30 in ten minutes behind one address", ("hs", "ms", "es")[school % 3]
        for _ in range(30):
            at = begins + chance.uniform(0, 10 * MINUTE)
            yield _person(chance, kind, at, f"class{school}.{ending}.kr", room, in_a_room=True)
    pupils = 200 if size == 1 else 40
    yield from _apart(chance, "200 of a school in a week", "village.ms.kr", pupils, WEEK)
    for place in range(8) if size == 1 else (0, 4):
        campus, kind = _home(chance), "universities: 60 to 600 in a week, several hosts each"
        for _ in range(round(60 * 10 ** (place / 7))):
            host, network = (
                chance.choice(("", "cs.", "g.", "alumni.")),
                chance.choice((campus, _home(chance))),
            )
            yield _person(chance, kind, chance.uniform(0, WEEK), f"{host}univ{place}.ac.kr", network)
    for provider in SMALL_PROVIDERS[: max(3, _some(7, size))]:
        yield from _apart(chance, "at small and foreign providers, 40 each", provider, 40, WEEK)


def _victims(chance: random.Random, _size: float) -> Iterator[Visit]:
    """Who have nothing to do with the robots that use a name or provider of theirs, and come when those are done."""
    hosted, among_robots = served_by(VICTIMS_HOSTER), served_by(ROBOTS_HOSTER)
    for kind, domain, number, mail in (
        ("employees: robots name their server second", NAMED_SECOND, 20, None),
        ("employees: robots name a dead host of theirs first", NAMED_DEAD, 20, None),
        ("a university: robots name its server second", NAMED_UNIVERSITY, 20, None),
        ("a company of 8 at a hoster: robots name its server second", "eight.co.kr", 8, hosted),
        ("a shop of 4 at a hoster full of robots", "shop.kr", 4, among_robots),
        ("an office of 12 at a hoster full of robots", "twelve.co.kr", 12, among_robots),
        ("at outlook.fr, after 26 bought mailboxes", "outlook.fr", 10, None),
    ):
        yield from _apart(chance, kind, domain, number, 2 * DAY, begins=6 * HOUR, mail=mail)


def _of_all(chance: random.Random, kind: str, at: float, network: str) -> Visit:
    """Somebody at a large provider, or one of twelve with a domain of their own."""
    if chance.random() < 0.92:
        return _person(chance, kind, at, _provider(chance), network)
    number = chance.randrange(300)
    mail = OFFICE_HOSTS[number % len(OFFICE_HOSTS)]
    return _person(chance, kind, at, f"own{number}.kr", network, mail=mail)


def _person(
    chance: random.Random,
    kind: str,
    at: float,
    domain: str,
    network: str,
    *,
    in_a_room: bool = False,
    mail: MailHosts | None = None,
) -> Visit:
    """`in_a_room`: where somebody asks all to look at their mail."""
    answers = _answer(chance, median=70, spread=0.8, share=0.88) if in_a_room else _answer(chance)
    sent = STRIPPED if chance.random() < SHARE_STRIPPED else PROPER
    return Visit(at, kind, domain, network, answers, sent, mail)


def _answer(
    chance: random.Random, median: float = 150, spread: float = 1.2, share: float = 0.78
) -> float | None:
    """Half of those who answer do so within `median` seconds; `share` do at all. The mail takes a few seconds."""
    return 8 + median * chance.lognormvariate(0, spread) if chance.random() < share else None


def _apart(
    chance: random.Random,
    kind: str,
    domain: str,
    number: int,
    ends: float,
    *,
    begins: float = 0,
    mail: MailHosts | None = None,
    home: Callable[[random.Random], str] | None = None,
) -> Iterator[Visit]:
    """Each at some time and from an address of its own."""
    for _ in range(number):
        network = (home or _home)(chance)
        yield _person(chance, kind, chance.uniform(begins, ends), domain, network, mail=mail)


def _provider(chance: random.Random) -> str:
    (domain,) = chance.choices(("naver.com", "gmail.com", "daum.net", "kakao.com"), (60, 25, 9, 6))
    return domain


def _home(chance: random.Random) -> str:
    return _address(chance.randrange(10**6))


def _rented(chance: random.Random) -> str:
    """Of a home, through which a robot comes."""
    return _address(chance.randrange(3 * 10**6, 5 * 10**6))


def _address(number: int) -> str:
    return f"{1 + number // 65536 % 100}.{number // 256 % 256}.{number % 256}.{1 + number * 7 % 254}"


def _rush(chance: random.Random, day: float) -> float:
    """The news bring half of them within half an hour."""
    return chance.gauss(3 * HOUR, 10 * MINUTE) if chance.random() < 0.5 else chance.uniform(0, day)


# --- Robots ---


def _quick_robots(chance: random.Random, size: float) -> Iterator[Visit]:
    each = _some(ROBOTS // 6, size)
    mail = _domains("mail", _some(40, size))
    bots = [_address(10**6 + 97 * number) for number in range(_some(5_000, size))]
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
            moment, answers = begins + chance.uniform(0, lasts), chance.uniform(quickest, slowest)
            yield Visit(moment, kind, domain(), network(), answers, sent)

    def any_64() -> str:
        return f"2a0{chance.randrange(10)}:{chance.randrange(2**16):x}:{chance.randrange(2**16):x}:{chance.randrange(2**16):x}::/64"

    def in_one_48() -> str:
        return f"2a10:cc4:7:{chance.randrange(_some(2_000, size)):x}::/64"

    def any_of(things: list[str]) -> Callable[[], str]:
        return lambda: chance.choice(things)

    mailboxes, catch_all = (lambda: _provider(chance)), (lambda: "catchall.example")
    throwaway, exits = _throwaway(_some(40, size)), bots[: _some(500, size)]
    bot, drip = _domains("bot", _some(36, size)), _domains("drip", _some(24, size))
    lasts, kind = 14 * MINUTE * size**0.5, "one catch-all domain, ever new /64"
    yield from wave(kind, lasts, catch_all, any_64, 3, 12, CRUDE)
    yield from wave("throwaway domains", HOUR, any_of(throwaway), any_of(exits), 4, 20, CRUDE)
    yield from wave("one /48", HOUR, any_of(mail), in_one_48, 20, 50, QUICK)
    yield from wave("a botnet", HOUR, any_of(bot), any_of(bots), 5, 45, PROPER)
    yield from wave("mailboxes at Naver and Gmail", 1.5 * HOUR, mailboxes, any_of(few), 5, 40, PROPER)
    yield from wave("a slow drip", 5 * HOUR, any_of(drip), any_of(bots), 10, 50, QUICK)


def _patient_robots(chance: random.Random, size: float) -> Iterator[Visit]:
    """Their headers and form are a browser's, and each but those of the exits has an address of its own, as of rented homes."""
    exits = [f"146.70.{number}.9" for number in range(12)]
    alone, many, each = max(80, _some(600, size)), _some(20, size), 200 if size == 1 else 100

    def wave(kind: str, domain: str, number: int, ends: float = PATIENT_LAST) -> Iterator[Visit]:
        return _apart(chance, kind, domain, number, ends, home=_rented)

    yield from wave("one catch-all domain", "trap.example", alone)
    for _ in range(alone):
        soon = chance.uniform(61, 90) if chance.random() < 0.95 else None
        at, kind = chance.uniform(0, PATIENT_LAST), "one catch-all domain, after 61–90 s"
        yield Visit(at, kind, "soon.example", _rented(chance), soon)
    for domain in _domains("calm", many):
        yield from wave("20 domains, own servers", domain, 100)
    for domain in _domains("exit", many):
        kind = "20 domains, own servers, 12 VPN exits"
        yield from _apart(chance, kind, domain, 100, PATIENT_LAST, home=lambda _: chance.choice(exits))
    for domain in _domains("days", _some(5, size)):
        yield from wave("5 domains over four days", domain, each, 4 * DAY)
    for domain in _domains("single", _some(200, size)):
        yield from wave("a domain each", domain, 1)
    for domain in ("naver.com", "gmail.com"):
        yield from wave("bought mailboxes at Naver and Gmail", domain, alone // 2)
    yield from wave("26 bought mailboxes at outlook.fr", "outlook.fr", 26)


def _joined_robots(chance: random.Random, size: float) -> Iterator[Visit]:
    """Patient ones at names that one owner has for the price of one, or that share a server. The few domains of an attack on
    somebody else are all there in a part, too: fewer would not be one.
    """
    few, each = max(4, _some(20, size)), 25 if size == 1 else 12

    def wave(
        kind: str, pattern: str, number: int, *mails: MailHosts | None, each: int = each
    ) -> Iterator[Visit]:
        """Their mail is at each of these in turn; at none: without MX, at an address of their own."""
        for place in range(number):
            alone = MailHosts(addresses=[_rented(chance)])
            mail = mails[place % len(mails)] if mails else alone
            domain = pattern.format(place)
            yield from _apart(chance, kind, domain, each, PATIENT_LAST, mail=mail, home=_rented)

    subdomains = max(8, _some(40, size))
    yield from wave("one domain, 40 subdomains without MX", "s{}.nomx-robots.kr", subdomains)
    kind = "one domain under .co.kr, 8 subdomains, some at Google"
    yield from wave(kind, "s{}.mx-robots.co.kr", 8, None, OFFICE_HOSTS[0])
    yield from wave("20 names under duckdns.org", "robots{}.duckdns.org", few)
    yield from wave("20 names under eu.org", "robots{}.eu.org", few)
    kind, mail = "one mailbox at Fastmail, any address below it", served_by("in1-smtp.messagingengine.com")
    yield from wave(kind, "robots.fastmail.com", 1, mail, each=6 * each)
    yield from wave("20 domains, one mail server", "shared{}-robots.kr", few, served_by("mx.zz-robots.kr"))
    kind, mail = (
        "12 domains, one mail server, Google second",
        served_by("mx.zx-robots.kr", "aspmx.l.google.com"),
    )
    yield from wave(kind, "google{}-robots.kr", 12, mail)
    named = (f"mx.{NAMED_SECOND}", f"mx.{NAMED_UNIVERSITY}", VICTIMS_HOSTER)
    mails = [served_by("mx.zy-robots.kr", victim) for victim in named]
    yield from wave("12 domains, one mail server, a victim's second", "second{}-robots.kr", 12, *mails)
    mail = served_by(f"old-mx.{NAMED_DEAD}", "mx.zw-robots.kr")
    yield from wave("12 domains, a victim's dead host first", "dead{}-robots.kr", 12, mail)
    mail = served_by(ROBOTS_HOSTER)
    yield from wave("12 domains at an unlisted hoster", "cheap{}-robots.kr", 12, mail)
    mails = [MailHosts(addresses=[f"185.220.7.{place + 1}"]) for place in range(few)]
    yield from wave("20 domains without MX in one /24", "block{}-robots.kr", few, *mails)
    kind, mail = "60 domains with four each, one mail server", served_by("mx.zv-robots.kr")
    yield from wave(kind, "four{}-robots.kr", _some(60, size), mail, each=5)


def _domains(name: str, number: int) -> list[str]:
    return [f"{name}{place}.example" for place in range(number)]


def _throwaway(number: int) -> list[str]:
    """Domains that the kept list has."""
    from disposable_email_domains import blocklist

    return sorted(blocklist)[:number]


def _some(number: int, size: float) -> int:
    return max(1, round(number * size))
