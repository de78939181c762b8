"""What a later version of a promise changes, and which changes make it weaker."""

from dataclasses import replace

import pytest

from pledge.core.languages import Texts
from pledge.endorsements import promises
from pledge.endorsements.rules import Content

FULL = Content(
    name=Texts(en="Sky"),
    type="civil",
    country="KR",
    region=None,
    website="",
    target_year=2040,
    interim_year=2030,
    interim_percent=50,
    base_year=2018,
    scope="energy",
    plan_url="https://sky.example/plan",
    report_url="https://sky.example/report",
)


@pytest.mark.parametrize(
    ("field", "weaker", "no_weaker"),
    [
        ("target_year", (2045, None), (2035,)),
        ("interim_year", (2031, None), (2029,)),
        ("interim_percent", (49, None), (51,)),
        ("base_year", (), (2017, 2019)),
        ("scope", ("own", None), ("chain",)),
        ("plan_url", ("",), ("https://sky.example/new",)),
        ("report_url", (), ("", "https://sky.example/new")),
    ],
)
def test_a_promise_gets_weaker_by_a_later_year_a_smaller_share_a_narrower_scope_and_no_plan(
    app, field, weaker, no_weaker
):
    for value in (*weaker, *no_weaker):
        (change,) = promises.changes(FULL, replace(FULL, **{field: value}), "en")
        assert (change.label, change.is_weaker) == (str(promises.LABELS[field].text), value in weaker)


def test_what_is_promised_for_the_first_time_is_no_weaker(app):
    before = Content(name=FULL.name, type="civil", country="KR", region=None, website="")
    changes = promises.changes(before, FULL, "en")
    assert [change.before for change in changes] == [""] * 7
    assert not any(change.is_weaker for change in changes)
