"""What must become of each kind of people and robots of the simulated week. It is written before the rules that have to reach it,
from the side of whoever is counted or not: no expectation follows from how a rule works.

Prices are general knowledge, in USD: a domain 1–10 for a year, a mailbox 0.05–1, a residential address some cents.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Who(StrEnum):
    PEOPLE = "people"
    VICTIMS = "victims"
    QUICK = "quick robots"
    PATIENT = "patient robots"


class Must(StrEnum):
    """`COST` is no bar: no rule finds these, as each has what a person has."""

    PRESS = "held only with a press pending"
    NONE_HELD = "none held"
    FEW = "1 in 20 counted"
    EACH_DOMAIN = "30 counted of each domain"
    TOGETHER = "30 counted of all"
    ONE_SERVER = "30 counted of all, and 5 of each domain"
    COST = "not found"


#: A press is pending for whoever is held in a cluster that staff have on their list: one decision counts all of it.
#: Of those who may be held so large a share may be without one; so large a share of people may be asked for a proof of work.
WITHOUT_PRESS, ASKED = 0.001, 0.005
#: Robots that may be counted in a week at a registered domain or below a public suffix; and, where many domains share one server,
#: of each in any case: so many has the smallest office, which must not be held for its neighbours.
COUNTED, COUNTED_OF_SMALLEST = 30, 5

EXPECTED: dict[str, tuple[Who, Must]] = {
    "at home": (Who.PEOPLE, Must.PRESS),
    "behind a carrier's address": (Who.PEOPLE, Must.PRESS),
    "on a carrier's IPv6": (Who.PEOPLE, Must.PRESS),
    "in a hall": (Who.PEOPLE, Must.PRESS),
    "a broadcast: 5,000 in two minutes": (Who.PEOPLE, Must.PRESS),
    "families and shops with a domain at a hoster": (Who.PEOPLE, Must.PRESS),
    "companies of 5 to 2,000": (Who.PEOPLE, Must.PRESS),
    "an unknown company: 400 in an hour behind one address": (Who.PEOPLE, Must.PRESS),
    # Robots are customers there, too, and no figure tells the twelve from them.
    "an office of 12 at a hoster full of robots": (Who.PEOPLE, Must.PRESS),
    "a company that staff allow": (Who.PEOPLE, Must.NONE_HELD),
    "people of a published organisation": (Who.PEOPLE, Must.NONE_HELD),
    "pupils in a hall": (Who.PEOPLE, Must.NONE_HELD),
    "classes of 30 in ten minutes behind one address": (Who.PEOPLE, Must.NONE_HELD),
    "200 of a school in a week": (Who.PEOPLE, Must.NONE_HELD),
    "universities: 60 to 600 in a week, several hosts each": (Who.PEOPLE, Must.NONE_HELD),
    "at small and foreign providers, 40 each": (Who.PEOPLE, Must.NONE_HELD),
    "employees: robots name their server second": (Who.VICTIMS, Must.NONE_HELD),
    "employees: robots name a dead host of theirs first": (Who.VICTIMS, Must.NONE_HELD),
    "a university: robots name its server second": (Who.VICTIMS, Must.NONE_HELD),
    "a company of 8 at a hoster: robots name its server second": (Who.VICTIMS, Must.NONE_HELD),
    "a shop of 4 at a hoster full of robots": (Who.VICTIMS, Must.NONE_HELD),
    "at outlook.fr, after 26 bought mailboxes": (Who.VICTIMS, Must.NONE_HELD),
    "a botnet": (Who.QUICK, Must.FEW),
    "mailboxes at Naver and Gmail": (Who.QUICK, Must.FEW),
    "a slow drip": (Who.QUICK, Must.FEW),
    "one catch-all domain, ever new /64": (Who.QUICK, Must.FEW),
    "one /48": (Who.QUICK, Must.FEW),
    "throwaway domains": (Who.QUICK, Must.FEW),
    "one catch-all domain": (Who.PATIENT, Must.TOGETHER),
    "one catch-all domain, after 61–90 s": (Who.PATIENT, Must.TOGETHER),
    "one domain, 40 subdomains without MX": (Who.PATIENT, Must.TOGETHER),
    "one domain under .co.kr, 8 subdomains, some at Google": (Who.PATIENT, Must.TOGETHER),
    "20 names under duckdns.org": (Who.PATIENT, Must.TOGETHER),
    "20 names under eu.org": (Who.PATIENT, Must.TOGETHER),
    # Fastmail delivers whatever@name.fastmail.com to name@fastmail.com.
    "one mailbox at Fastmail, any address below it": (Who.PATIENT, Must.TOGETHER),
    "20 domains, one mail server": (Who.PATIENT, Must.ONE_SERVER),
    "12 domains, one mail server, Google second": (Who.PATIENT, Must.ONE_SERVER),
    "12 domains, one mail server, a victim's second": (Who.PATIENT, Must.ONE_SERVER),
    "12 domains, a victim's dead host first": (Who.PATIENT, Must.ONE_SERVER),
    "12 domains at an unlisted hoster": (Who.PATIENT, Must.ONE_SERVER),
    "20 domains without MX in one /24": (Who.PATIENT, Must.ONE_SERVER),
    # What these cost is the domains: 1 to 10 USD for 30 signatures a week.
    "20 domains, own servers": (Who.PATIENT, Must.EACH_DOMAIN),
    "20 domains, own servers, 12 VPN exits": (Who.PATIENT, Must.EACH_DOMAIN),
    "5 domains over four days": (Who.PATIENT, Must.EACH_DOMAIN),
    # 1 to 10 USD for four signatures, once.
    "60 domains with four each, one mail server": (Who.PATIENT, Must.ONE_SERVER),
    # 1 to 10 USD for each signature; 0.05 to 1 USD for each.
    "a domain each": (Who.PATIENT, Must.COST),
    "bought mailboxes at Naver and Gmail": (Who.PATIENT, Must.COST),
    "26 bought mailboxes at outlook.fr": (Who.PATIENT, Must.COST),
}


@dataclass
class Fate:
    """What became of one kind."""

    sent: int = 0
    asked: int = 0  #: for a proof of work
    held: int = 0  #: kept from the count until a person decides; or would be when they confirm
    without_press: int = 0  #: of these
    counted: int = 0
    of_domain: Counter[str] = field(default_factory=Counter)  #: those counted, by registered domain

    @property
    def most_of_domain(self) -> int:
        return max(self.of_domain.values(), default=0)


def broken(fates: Mapping[str, Fate], few: float) -> list[str]:
    """The expectations that were not reached; none when all is well. `few`: the share of quick robots that may be counted."""
    faults = [f"{kind}: not played" for kind in EXPECTED.keys() - fates.keys()]
    for kind, fate in fates.items():
        must = EXPECTED[kind][1]
        if must is Must.NONE_HELD and fate.held:
            faults.append(f"{kind}: {fate.held} of {fate.sent} held")
        if must is Must.EACH_DOMAIN and fate.most_of_domain > COUNTED:
            faults.append(f"{kind}: {fate.most_of_domain} counted of one domain")
        smallest = COUNTED_OF_SMALLEST * len(fate.of_domain) if must is Must.ONE_SERVER else 0
        if must in (Must.TOGETHER, Must.ONE_SERVER) and fate.counted > COUNTED + smallest:
            faults.append(f"{kind}: {fate.counted} of {fate.sent} counted")
    for who, what, most_of_all in (
        (Who.PEOPLE, "without_press", WITHOUT_PRESS),
        (Who.PEOPLE, "asked", ASKED),
        (Who.QUICK, "counted", few),
    ):
        of_all = share(fates, who, what)
        if of_all > most_of_all:
            faults.append(f"{who}: {of_all:.2%} {what}")
    return faults


def share(fates: Mapping[str, Fate], who: Who, what: str) -> float:
    """Of all these, the share that was "asked", "held", "without_press" or "counted"."""
    chosen = [fate for kind, fate in fates.items() if EXPECTED[kind][0] is who]
    return sum(getattr(fate, what) for fate in chosen) / sum(fate.sent for fate in chosen)


def table(fates: Mapping[str, Fate]) -> str:
    """The fates as Markdown, in the order of the expectations."""
    lines = [
        "| Who | Must | Sign-ups | Asked | Held | Without a press | Counted | Of one domain |",
        "|---" * 8 + "|",
    ]
    for kind, (who, must) in EXPECTED.items():
        fate = fates.get(kind, Fate())
        figures = (fate.sent, fate.asked, fate.held, fate.without_press, fate.counted, fate.most_of_domain)
        lines.append(f"| {who}: {kind} | {must} | {' | '.join(f'{figure:,}' for figure in figures)} |")
    return "\n".join(lines)
