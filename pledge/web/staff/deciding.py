"""Deciding about what may take a second person: done, or the page says why it was not."""

from collections.abc import Callable

from werkzeug import Response
from werkzeug.utils import redirect

from pledge.accounts.two_people import InvitedLately, NeedsSecondPerson, WrongState


def decide(act: Callable[[], object], page: Callable[[int, str], Response], back: str) -> Response:
    """Do it and go back; else `page`, called with the status and what components/forms/two_people.html explains."""
    try:
        act()
    except NeedsSecondPerson:
        return page(403, "second")
    except InvitedLately:
        return page(403, "lately")
    except WrongState:
        return page(409, "state")
    return redirect(back, 303)
