"""Signals: what is known of a form that was sent, without a person's data leaving, and what follows from it.

The rule is pure: signals in, level out. No signal is proof, and none is told to whoever sent the form. People come in
crowds (a hall, a school, a company), so a crowd alone asks for nothing: only forms that also look as if no person had sent
them are asked for a proof of work, or held.
"""

from collections.abc import Callable, Collection, Iterable
from datetime import datetime, timedelta
from enum import StrEnum

from disposable_email_domains import blocklist

from pledge.abuse.models import HoldReason


class Signal(StrEnum):
    """What can be noticed. The values are stored (signatures.signals), so they stay as they are."""

    # How many there are
    NETWORK = "network"  #: many forms from one network: an IPv4 address or an IPv6 /64
    WIDE_NETWORK = "wide_network"  #: many from the block around it: /24 or /48
    DOMAIN = "domain"  #: many with one mail domain, outside the providers
    LIMIT = "limit"  #: more than a network, or its block, may send without a proof
    BREAKER = "breaker"  #: few of the last mails to confirm were answered, whoever asked for them
    # What address it is
    DISPOSABLE = "disposable"  #: of a domain that gives out throwaway addresses
    # How the form was sent
    QUICK = "quick"  #: sooner than people can fill it in
    NO_FORM = "no_form"  #: without the mark of a form that we have shown, or with a forged one
    OLD_FORM = "old_form"  #: with the mark of a page of long ago, or one that has served many forms since
    HEADERS = "headers"  #: not the headers of a browser
    # How the step-up was answered
    PROVED = "proved"  #: with proof of work
    UNPROVED = "unproved"  #: without: the mail has a code and no link


class Level(StrEnum):
    LOW = "low"  #: nothing changes
    MIDDLE = "middle"  #: proof of work is asked for
    HIGH = "high"  #: proof of work is asked for, and a person decides before it is counted


#: Forms of others from the same place, confirmed or not. They raise the level of a form by one step at most.
PLACE = frozenset({Signal.NETWORK, Signal.WIDE_NETWORK})
CROWD = PLACE | {Signal.DOMAIN}
MACHINE = frozenset({Signal.QUICK, Signal.NO_FORM, Signal.HEADERS})
#: Marks that ask for a proof where many forms come. OLD_FORM holds nobody: people leave pages open.
MARKS = MACHINE | {Signal.OLD_FORM}
#: Each of these alone asks for a proof.
DECISIVE = frozenset({Signal.BREAKER, Signal.DISPOSABLE})

#: Of a form by itself, whoever else has sent some: its mail goes out after the others (mail/outbox.py).
SUSPICIOUS = MACHINE | {Signal.DISPOSABLE}

#: Nobody types a name and an address and ticks two boxes in less. Pages may be a minute old when they are opened, so a form
#: that was opened and sent at once often looks older than it is; never younger.
MIN_AGE = timedelta(seconds=2)
#: The mark of a form works for so long.
MAX_AGE = timedelta(days=1)
#: All who open the page within a second have the same copy of it, and fill it in while it is new. Afterwards its mark is good for
#: so many forms, from one block of networks and in all.
SHARED_FOR = timedelta(minutes=10)
LATER_FROM_BLOCK, LATER_IN_ALL = "5 per day", "100 per day"
#: Clocks of two of our machines may differ by this much.
_SKEW = timedelta(minutes=5)

#: Chromium sends fetch metadata since version 80; well above it, as brands copy its name with old numbers.
_FIRST_CERTAIN_CHROMIUM = 90


def level(signals: Iterable[Signal]) -> Level:
    """What follows from the signals of one form.

    A crowd alone is people, asked above the limit only, and how a form was sent is nothing alone: programs may send it, and some people's proxies strip
    headers. Together they are asked about. A crowd at one place holds none of them: else whoever sends some forms from there,
    which nobody has to confirm, could have others held.
    """
    seen = frozenset(signals)
    if Signal.DISPOSABLE in seen and seen & (CROWD | {Signal.BREAKER}):
        return Level.HIGH
    if seen & (DECISIVE | {Signal.DOMAIN}) and len(seen & MACHINE) >= 2:
        return Level.HIGH
    return (
        Level.MIDDLE if seen & (DECISIVE | {Signal.LIMIT}) or (seen & CROWD and seen & MARKS) else Level.LOW
    )


def hold_reason(signals: Iterable[Signal]) -> HoldReason | None:
    """Why a signature with these signals is held when it is confirmed; None when it is not."""
    return HoldReason.SIGNALS if level(signals) is Level.HIGH else None


def names(signals: Iterable[StrEnum]) -> str | None:
    """The signals as they are stored: names, sorted, a space between; None when there are none."""
    return " ".join(sorted(signals)) or None


def is_among(signal: Signal, stored: str | None) -> bool:
    """Whether the stored names have this one."""
    return signal in (stored or "").split()


def is_suspicious(stored: str | None) -> bool:
    """Whether the stored names tell of a form that no person may have sent."""
    return not SUSPICIOUS.isdisjoint((stored or "").split())


def age_signals(shown_at: datetime | None, now: datetime) -> set[Signal]:
    """What the age of a form tells. `shown_at`: when we made its page; None without a mark of ours."""
    if shown_at is None or shown_at > now + _SKEW:
        return {Signal.NO_FORM}
    if now - shown_at > MAX_AGE:
        return {Signal.OLD_FORM}
    return {Signal.QUICK} if now - shown_at < MIN_AGE else set()


def header_signals(header: Callable[[str], str | None], *, encrypted: bool) -> set[Signal]:
    """What the headers of a request tell. `header`: the value of one; `encrypted`: it came over HTTPS, where browsers say more.

    Every browser names itself and its languages. Only Chromium is expected to send fetch metadata: Safari, old browsers
    and those inside of other applications (Android's `wv`) are not judged by it.
    """
    agent = header("User-Agent")
    if not agent or not header("Accept-Language"):
        return {Signal.HEADERS}
    is_modern = header("Sec-CH-UA") or (_chromium(agent) >= _FIRST_CERTAIN_CHROMIUM and "; wv)" not in agent)
    return {Signal.HEADERS} if encrypted and is_modern and not header("Sec-Fetch-Site") else set()


def _chromium(agent: str) -> int:
    """The version of Chromium that a User-Agent names; 0 for others."""
    number = agent.partition(" Chrome/")[2].partition(".")[0]
    return int(number) if number.isascii() and number.isdigit() and len(number) < 5 else 0


def is_disposable(domain: str) -> bool:
    """Whether a mail domain (in ASCII and lower case), or one above it, gives out throwaway addresses, by the package's list."""
    while domain:
        if domain in blocklist:
            return True
        domain = domain.partition(".")[2]
    return False


#: Nobody reads a mail, opens its link and presses the button in less.
MIN_READING_TIME = timedelta(seconds=5)

#: Two-digit numbers that may be typed behind the link of one submission, right or wrong: a guesser has three chances in ninety.
MAX_MATCH_TRIES = 3


class ClickSignal(StrEnum):
    """What was seen when the button of a mailed link was pressed: by a person or a machine? Names are stored with the signature.

    Mail scanners open links in a browser of their own, and some press what they find there. No header is required: Safari
    does not send Sec-Fetch-User, and a browser inside another application may send none of them (docs/adr/0122).
    """

    ASKED = "asked"  #: and answered: the number was right
    #: A Chromium sent the form, and nobody had touched a key, the mouse or the screen.
    NO_GESTURE = "no_gesture"
    INSTANT = "instant"  #: a few seconds after the mail was written


def click_signals(header: Callable[[str], str | None], since_mail: timedelta) -> frozenset[ClickSignal]:
    """The signals of one request that sends the form, `since_mail` after its link was made. `header`: the value of one.

    A Chromium that sends fetch metadata at all says `Sec-Fetch-User: ?1` whenever a person started a navigation.
    """
    signals = set()
    is_chromium = header("Sec-CH-UA") is not None and header("Sec-Fetch-Site") is not None
    if is_chromium and header("Sec-Fetch-User") != "?1":
        signals.add(ClickSignal.NO_GESTURE)
    if since_mail < MIN_READING_TIME:
        signals.add(ClickSignal.INSTANT)
    return frozenset(signals)


def is_machine_click(signals: Collection[ClickSignal]) -> bool:
    """Whether to ask before the press counts. INSTANT alone calls for nothing: somebody who waits for the mail is as quick."""
    return ClickSignal.NO_GESTURE in signals
