"""Signals of the moment in which the button of a mailed link is pressed: was it a person or a machine?

Mail scanners open links in a browser of their own, and some press what they find there. What is known then is the mail
server of the recipient and the headers of the request. No header is required: Safari does not send Sec-Fetch-User, and a
browser inside another application may send none of them (docs/adr/0122).
"""

from collections.abc import Callable, Collection
from datetime import timedelta
from enum import StrEnum

#: Nobody reads a mail, opens its link and presses the button in less.
INSTANTLY = timedelta(seconds=5)

#: Two-digit numbers that may be typed behind the link of one submission, right or wrong: a guesser has three chances in ninety.
MAX_MATCH_TRIES = 3


class Press(StrEnum):
    """What was seen at a press. Names are stored with the signature."""

    ASKED = "asked"  #: and answered: the number was right
    #: A Chromium sent the form, and nobody had touched a key, the mouse or the screen.
    NO_GESTURE = "no_gesture"
    INSTANT = "instant"  #: a few seconds after the mail was written


def seen(header: Callable[[str], str | None], since_mail: timedelta) -> frozenset[Press]:
    """The signals of one request that sends the form, `since_mail` after its link was made. `header`: the value of one."""
    found = set()
    if _is_without_gesture(header):
        found.add(Press.NO_GESTURE)
    if since_mail < INSTANTLY:
        found.add(Press.INSTANT)
    return frozenset(found)


def is_machine(signals: Collection[Press]) -> bool:
    """Whether to ask before the press counts. INSTANT alone calls for nothing: somebody who waits for the mail is as quick."""
    return Press.NO_GESTURE in signals


def _is_without_gesture(header: Callable[[str], str | None]) -> bool:
    """A Chromium that sends fetch metadata at all says `Sec-Fetch-User: ?1` whenever a person started a navigation."""
    is_chromium = header("Sec-CH-UA") is not None and header("Sec-Fetch-Site") is not None
    return is_chromium and header("Sec-Fetch-User") != "?1"
