"""Hostile values in every part, parameter, header, field, file and body of every route: no error, nothing reflected; and what
is refused leaves nothing.

`make hostile` sends all of them (docs/security.md has its figures); here it is a sample of that.
"""

import os
import random
import sys

import pytest
from pydantic import SecretStr

from rehearsals.hostile.driver import Driver
from rehearsals.hostile.inputs import HOOK_KEY, everything, odd_forms, sample
from rehearsals.hostile.survey import ANYBODY, STAFF, survey
from tests.support.factories import staff
from tests.support.staff import StaffClient, client, client_of
from tests.support.world import world

#: Hostile values for each place; 0 sends a sample.
EACH = int(os.environ.get("HOSTILE", "0"))
SEED = int(os.environ.get("SEED", "0"))
SAMPLE = 300

#: No limit is to be met, and the address behind one proxy counts.
OPEN = {
    **dict.fromkeys(("limit_sign", "limit_token", "limit_link", "limit_domain"), "1000000 per minute"),
    **dict.fromkeys(("limit_unproved", "step_up_network", "step_up_domain"), "1000000 per minute"),
    "trusted_proxies": 1,
    "kakao_key": "0123456789abcdef" * 2,
    "bounce_address": "bounce@pledge.example",
    "bounce_hook_key": SecretStr(HOOK_KEY),
}


def cookie(visitor: StaffClient) -> str:
    """What the browser of somebody sends to the staff area."""
    stored = visitor.get_cookie("staff", path="/staff")
    return f"{stored.key}={stored.value}"


@pytest.mark.sqlite_only
@pytest.mark.parametrize("on", ["sqlite", "postgresql"])
def test_no_hostile_input_breaks_a_route_or_comes_back_as_markup(new_database, app_on, frozen_clock, on):
    """On SQLite the odd forms."""
    del frozen_clock  # the second factor stays recent, however long this takes
    app = app_on(new_database(on, "hostile"), **OPEN)
    with app.app_context():
        by_staff = client(app)
        visitors = {
            STAFF: by_staff,
            "after the password": client_of(app, staff(), enrolled=False),
            "at the sign-in": StaffClient(app, app.response_class),
        }
        visitors["at the sign-in"].get("/staff/sign-in")
        routes = survey(app, world(by_staff), visitors)
        inputs = list(odd_forms(routes))
        if on == "postgresql":
            inputs = [attempt for attempt in inputs if attempt.visitor == ANYBODY] + hostile(routes)
        cookies = {name: cookie(visitor) for name, visitor in visitors.items()}
        report = Driver(app, cookies).run(inputs)
        sys.stdout.write(f"{report.table()}\n")
        assert not report.faults, "\n".join(report.faults)
        assert on == "sqlite" or unsent(app, report) == []
        assert len(report.taken) > 60, "most forms are right but for what is odd in them"


def hostile(routes):
    chance = random.Random(SEED)
    inputs = list(everything(routes, EACH or 1, chance))
    return inputs if EACH else sample(inputs, SAMPLE, chance)


def unsent(app, report):
    """Routes and methods that got nothing: none may be forgotten."""
    return [
        f"{method} {rule.rule}"
        for rule in app.url_map.iter_rules()
        for method in rule.methods or ()
        if (rule.rule, method) not in report.routes
    ]
