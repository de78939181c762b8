"""Proof of work: a solution works for the form that it was asked for, for five minutes."""

import base64
import json
import time

import altcha
import pytest
from altcha import derive_key_scrypt
from hypothesis import given
from hypothesis import strategies as st

from pledge.abuse import proof
from pledge.abuse.proof import BadSolution, Fault
from tests.support.proof import solve

pytestmark = pytest.mark.sqlite_only
FORM = "SignForm blue-skies hong@example.org"


@pytest.fixture(autouse=True)
def _cheap(monkeypatch):
    monkeypatch.setattr(proof, "COST", 16)


def fault(purpose, solution):
    with pytest.raises(BadSolution) as caught:
        proof.check(purpose, solution)
    return caught.value.fault


def changed(solution, change):
    read = json.loads(base64.b64decode(solution))
    change(read)
    return base64.b64encode(json.dumps(read).encode()).decode()


def test_a_solution_is_accepted_and_names_its_challenge(app):
    first, other = proof.challenge(FORM), proof.challenge(FORM)
    assert proof.check(FORM, solve(first)) == first["signature"] != other["signature"]


def test_a_challenge_says_nothing_of_what_it_is_for(app):
    made = json.dumps(proof.challenge(FORM))
    assert "hong" not in made
    assert "blue-skies" not in made
    assert len(made) == len(json.dumps(proof.challenge("SignForm blue-skies k@example.org")))


def test_a_solution_of_another_form_campaign_or_address_is_foreign(app):
    solution = solve(proof.challenge(FORM))
    for purpose in (
        FORM.replace("Sign", "Endorse"),
        FORM.replace("blue", "red"),
        FORM.replace("hong", "kim"),
    ):
        assert fault(purpose, solution) is Fault.FOREIGN


def test_after_five_minutes_it_has_expired(app, frozen_clock):
    solution = solve(proof.challenge(FORM))
    frozen_clock.move(minutes=4, seconds=58)
    assert proof.check(FORM, solution)
    frozen_clock.move(seconds=4)
    assert fault(FORM, solution) is Fault.EXPIRED


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda read: read["solution"].update(derivedKey="00" * 32), Fault.WRONG),
        (lambda read: read["solution"].update(derivedKey=None), Fault.WRONG),
        (lambda read: read["challenge"]["parameters"].update(cost=1), Fault.FOREIGN),
        (lambda read: read["challenge"]["parameters"].update(cost=10**9), Fault.FOREIGN),
        (lambda read: read["challenge"]["parameters"].update(memoryCost=1), Fault.FOREIGN),
        (lambda read: read["challenge"]["parameters"].update(memoryCost=10**9), Fault.FOREIGN),
        (lambda read: read["challenge"]["parameters"].update(algorithm="SHA-256"), Fault.FOREIGN),
        (lambda read: read["challenge"]["parameters"].update(expiresAt=2**40), Fault.FOREIGN),
        (lambda read: read["challenge"]["parameters"].update(expiresAt="soon"), Fault.FOREIGN),
        (lambda read: read["challenge"]["parameters"].update(keySignature=None), Fault.FOREIGN),
        (lambda read: read["challenge"].update(signature="0" * 64), Fault.FOREIGN),
        (lambda read: read["challenge"].update(signature=None), Fault.FOREIGN),
        (lambda read: read["challenge"].update(signature=7), Fault.FOREIGN),
        (lambda read: read.update(challenge={}), Fault.UNREADABLE),
        (lambda read: read.update(challenge=[]), Fault.UNREADABLE),
        (lambda read: read.update(solution="x"), Fault.UNREADABLE),
        (lambda read: read["challenge"].update(parameters="x"), Fault.UNREADABLE),
    ],
)
def test_a_changed_solution_is_refused(app, change, expected):
    assert fault(FORM, changed(solve(proof.challenge(FORM)), change)) is expected


@pytest.mark.parametrize(
    "garbled", ["", "x", "é", "\ud800", "e30=", "W10=", "bnVsbA==", "MQ==", "Tm9O", "A" * 3000, "[" * 1500]
)
def test_what_cannot_be_read_is_refused(app, garbled):
    assert fault(FORM, garbled) is Fault.UNREADABLE


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(["challenge", "solution", "parameters", "signature", "expiresAt", "cost"]),
                inner,
            )
        ),
    )
)
def test_no_json_raises_anything_else(app, value):
    with pytest.raises(BadSolution):
        proof.check(FORM, base64.b64encode(json.dumps(value).encode()).decode())


def test_a_challenge_of_the_key_before_still_works_after_a_rotation(make_app):
    old, new = (
        "an old key of more than thirty-two characters",
        "a new key of more than thirty-two characters!",
    )
    with make_app(secret_keys=old).app_context():
        solution = solve(proof.challenge(FORM))
    with make_app(secret_keys=f"{new},{old}").app_context():
        assert proof.check(FORM, solution)
    with make_app(secret_keys=new).app_context():
        assert fault(FORM, solution) is Fault.FOREIGN


def test_the_number_may_be_any_so_nothing_is_gained_by_where_one_begins(app):
    counters = [
        json.loads(base64.b64decode(solve(proof.challenge(FORM))))["solution"]["counter"] for _ in range(60)
    ]
    assert min(counters) < proof.LAST / 4
    assert proof.LAST * 3 / 4 < max(counters) <= proof.LAST


def test_a_proof_costs_a_robot_tenths_of_a_second_and_the_site_a_small_part_of_that(app, monkeypatch):
    """0.4 s on the machine of 29 November 2026; a faster one may have half of it."""
    monkeypatch.undo()
    made, asking = _timed(lambda: proof.challenge(FORM))
    parameters = altcha.Challenge.from_dict(made).parameters
    seconds = min(_timed(lambda: derive_key_scrypt(parameters, bytes(16), bytes(20)))[1] for _ in range(5))
    robot = seconds * proof.LAST / 2
    assert robot >= 0.2
    assert asking <= robot / 20
    solution = solve(made)
    assert _timed(lambda: proof.check(FORM, solution))[1] <= robot / 20


def _timed(call):
    """What a call gives, and the seconds of processor that it takes."""
    before = time.process_time()
    return call(), time.process_time() - before
