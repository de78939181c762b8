"""The proof of work: who is asked for a proof of work, what its page keeps, and what follows from each answer."""

import re

import pytest
from sqlalchemy import select

from pledge.abuse import proof
from pledge.audit.models import Actor
from pledge.core import clock, metrics, tokens
from pledge.core.db import db, snapshots, transaction
from pledge.core.tokens import Purpose
from pledge.mail import suppression, valve
from pledge.mail.addresses import address_hash, parse
from pledge.mail.models import OutboxMail, Returned
from pledge.signatures.models import Signature
from pledge.switches import services as switches
from tests.support.factories import answer_requests, campaign, endorse_form, sign_form, signature
from tests.support.metrics import samples
from tests.support.pages import hidden_fields
from tests.support.proof import challenge_of, solve

SIGN = "/en/c/blue-skies/sign"
ENDORSE = "/en/c/blue-skies/endorse"
HALL = "203.0.113.7"
HOUR = 3600
BROWSER = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Accept-Language": "ko",
}


@pytest.fixture(autouse=True)
def _open_campaign(app, monkeypatch):
    monkeypatch.setattr(proof, "COST", 16)
    campaign()


def mark(seconds_ago=30):
    return tokens.mint(Purpose.FORM, [int(clock.now().timestamp()) - seconds_ago])


def send(client, fields, *, path=SIGN, network=HALL, headers=BROWSER):
    return client.post(path, data=fields, headers=headers, environ_base={"REMOTE_ADDR": network})


def form(**changes):
    """As a person sends it: with the mark of the page where it was filled in. A bare `sign_form()` has none."""
    return sign_form(**{"shown_at": mark(), **changes})


def crowd(client, people=3, network=HALL):
    """So many people sign from one network."""
    for _ in range(people):
        assert send(client, form(), network=network).status_code == 303


def proof_page(client, **changes):
    """The page that asks for a proof of work, for a form without a mark from the network of a crowd."""
    crowd(client)
    page = send(client, sign_form(**changes))
    assert page.status_code == 403
    return page


def fields_of(page):
    """What the form on the page passes on."""
    return {name: value for name, value in hidden_fields(page.text).items() if name != "altcha"}


def solved(page):
    """The form of the page as its script sends it."""
    return {**fields_of(page), "altcha": solve(challenge_of(page))}


def stored():
    return db.session.scalars(select(Signature).order_by(Signature.submitted_at, Signature.id)).all()


def signals_of(email):
    wanted = address_hash(parse(email))
    return db.session.scalars(select(Signature.signals).where(Signature.address_hash == wanted)).one()


# --- Who is asked ---


def test_a_form_like_any_other_is_recorded_at_once_and_without_a_signal(client):
    assert send(client, form(email="hong@example.org")).status_code == 303
    assert signals_of("hong@example.org") is None


def test_the_fourth_of_a_network_in_ten_minutes_is_asked_if_it_has_a_mark_of_a_program(client):
    page = proof_page(client, email="hong@example.org")
    assert len(stored()) == 3
    assert send(client, solved(page)).status_code == 303
    assert signals_of("hong@example.org") == "network no_form proved"


def test_a_throwaway_address_is_asked(client):
    assert send(client, form(email="x@mailinator.com")).status_code == 403
    assert send(client, form(email="x@sub.mailinator.com"), network="2001:db8::1").status_code == 403


def test_the_site_s_own_machine_is_no_network(client):
    client.checked = False
    assert {send(client, sign_form(), network="127.0.0.1").status_code for _ in range(40)} == {303}


def test_staff_who_raise_the_limits_for_a_hall_also_raise_what_is_asked_beyond(client):
    switches.turn(Actor(1, "admin@example.org", "192.0.2.1"), "limits", 5, "a hall of people")
    crowd(client, 14)
    assert send(client, sign_form()).status_code == 303
    assert send(client, sign_form()).status_code == 403


def test_everybody_in_a_hall_may_have_the_same_copy_of_the_page(client):
    client.checked = False
    shared = mark(5 * 60)
    for number in range(120):
        sent = form(email=f"hall{number}@naver.com", shown_at=shared)
        assert send(client, sent, network=f"203.0.{number % 3}.7").status_code == 303
    assert {signals for row in stored() for signals in (row.signals or "").split()} == {
        "network",
        "wide_network",
    }


@pytest.mark.parametrize(
    ("network", "good"), [("203.0.113.{}", 5), ("198.51.{}.7", 100)], ids=["one block", "everywhere"]
)
def test_the_mark_of_a_page_that_was_left_open_is_good_for_so_many_forms(client, network, good):
    client.checked = False
    shared = mark(HOUR)
    for number in range(good + 1):
        sent = form(email=f"p{number}@naver.com", shown_at=shared)
        assert send(client, sent, network=network.format(number)).status_code == 303
    assert [row.signals for row in stored()].count("old_form") == 1
    assert signals_of(f"p{good}@naver.com") == "old_form"


@pytest.mark.parametrize(
    ("email", "signals", "reason"),
    [
        ("hong@example.org", "headers network no_form proved", None),
        ("hong@mailinator.com", "disposable headers network no_form proved", "signals"),
    ],
)
def test_forms_of_strangers_nearby_hold_nobody_but_throwaway_addresses(client, email, signals, reason):
    crowd(client)
    page = send(client, sign_form(email=email), headers={})
    assert send(client, solved(page), headers={}).status_code == 303
    assert (stored()[-1].signals, stored()[-1].hold_reason) == (signals, reason)


def test_the_page_of_a_form_marks_it_with_its_time_and_keeps_the_mark_while_mistakes_are_put_right(client):
    shown = re.search(r'name="shown_at" value="([^"]+)"', client.get(SIGN).text)[1]
    assert tokens.read(Purpose.FORM, shown).payload
    page = send(client, form(shown_at=shown, age_ok=None))
    assert page.status_code == 422
    assert f'name="shown_at" value="{shown}"' in page.text


# --- The page, and its answers ---


def test_the_page_passes_on_all_that_was_sent(client):
    sent = form(email="hong@example.org", updates="y", public_name="y", via='"<b>&')
    crowd(client)
    page = send(client, sent, headers={"User-Agent": "curl/8.14"})
    assert (page.status_code, page.headers["Cache-Control"]) == (403, "no-store")
    assert fields_of(page) == sent


@pytest.mark.parametrize("other", ["garbled", "another address", "another form", "another campaign"])
def test_a_solution_that_is_none_leads_to_the_step_again_with_nothing_lost(client, other):
    page = proof_page(client, email="hong@example.org")
    if other == "garbled":
        solution = "garbled"
    elif other == "another address":
        solution = solved(send(client, sign_form(email="kim@example.org")))["altcha"]
    elif other == "another campaign":
        campaign("red-skies")
        sent = sign_form(email="hong@example.org")
        solution = solved(send(client, sent, path="/en/c/red-skies/sign"))["altcha"]
    else:
        sent = endorse_form(email="hong@example.org")
        solution = solved(send(client, sent, path=ENDORSE))["altcha"]
    again = send(client, {**solved(page), "altcha": solution})
    assert again.status_code == 403
    assert "did not arrive as it should" in again.text
    assert fields_of(again) == fields_of(page)
    assert challenge_of(again) != challenge_of(page)
    assert send(client, solved(again)).status_code == 303


def test_a_solution_works_once(client):
    page = proof_page(client, email="hong@example.org")
    answer = solved(page)
    assert send(client, answer).status_code == 303
    again = send(client, answer)
    assert again.status_code == 403
    assert "used already" in again.text
    assert len(stored()) == 4


@pytest.mark.sqlite_only
def test_the_301st_of_a_network_is_asked_and_nobody_is_sent_away_before_the_3001st(client):
    crowd(client, 300)
    page = send(client, form(email="sky@naver.com"))
    assert page.status_code == 403
    assert send(client, form(altcha="made up")).status_code == 403
    assert send(client, solved(page)).status_code == 303
    assert signals_of("sky@naver.com") == "limit network proved wide_network"
    assert {send(client, {}).status_code for _ in range(3000 - 302)} == {422}
    last = send(client, form())
    assert last.status_code == 429
    assert 1 <= int(last.headers["Retry-After"]) <= 600
    assert "Many requests came from your network" in last.text
    assert send(client, form(email="rain@naver.com"), network="203.0.114.8").status_code == 303


def test_a_form_with_its_proof_counts_once_against_the_limits(make_app):
    client = make_app(limit_sign="1 per hour").test_client()
    assert send(client, form()).status_code == 303
    for number in range(2, 11):
        asks = send(client, form())
        assert (number, asks.status_code) == (number, 403)
        assert send(client, solved(asks)).status_code == 303
    assert send(client, form()).status_code == 429


def test_a_form_with_its_proof_counts_once_for_its_network_and_block(make_app):
    client = make_app(step_up_network="1 per hour").test_client()
    for host in range(1, 5):
        network = f"203.0.113.{host}"
        assert send(client, sign_form(), network=network).status_code == 303
        asks = send(client, sign_form(), network=network)
        assert send(client, solved(asks), network=network).status_code == 303
    # Eight of ten for the block.
    assert send(client, sign_form(), network="203.0.113.9").status_code == 303


def test_a_mistake_in_the_form_is_told_before_anything_is_asked(client):
    crowd(client)
    assert send(client, sign_form(name="")).status_code == 422


def test_the_page_is_the_same_whatever_is_known_of_an_address(client):
    for number, state in enumerate(("pending", "confirmed", "withdrawn")):
        signature(email=f"p{number}@example.org", state=state)
    suppression.stop("p3@example.org", Returned.NO_MAILBOX, known=True)
    crowd(client)
    pages = set()
    for number in range(5):  # the last one is new
        page = send(client, sign_form(email=f"p{number}@example.org"))
        text = re.sub(r'data-challenge="[^"]+"', "", page.text.replace(f"p{number}@", "p@"))
        pages.add((page.status_code, len(page.data), text, str(sorted(page.headers.keys()))))
    assert len(pages) == 1


# --- Without JavaScript ---


def test_who_goes_on_without_the_proof_is_recorded_and_told_to_type_the_code(client):
    page = proof_page(client, email="hong@example.org")
    answer = send(client, {**fields_of(page), "unproved": "y"})
    assert answer.status_code == 303
    assert answer.location.endswith("?by=code")
    assert signals_of("hong@example.org") == "network no_form unproved"
    waiting = client.get(answer.location).text
    assert "enter the code we e-mailed you" in waiting
    assert "press the link" not in waiting.lower()


def test_who_was_not_asked_gets_a_link_whatever_they_send(client):
    answer = send(client, form(email="hong@example.org", unproved="y", altcha="x"))
    assert answer.status_code == 303
    assert "by=code" not in answer.location
    assert signals_of("hong@example.org") is None


def test_only_some_of_a_network_can_go_on_without_the_proof_and_nothing_is_lost(make_app):
    client = make_app(limit_unproved="2 per 10 minutes").test_client()
    crowd(client)
    answers = [send(client, sign_form(unproved="y")) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [303, 303, 429]
    last = answers[-1]
    assert 1 <= int(last.headers["Retry-After"]) <= 600
    assert "minutes" in last.text
    assert send(client, solved(last)).status_code == 303


# --- The other forms ---


def test_the_form_of_the_widget_is_asked_in_its_frame(client):
    crowd(client)
    form_of_widget = "/embed/blue-skies/sign?lang=en&form=1&accent=leaf"
    page = send(client, sign_form(email="hong@example.org"), path=form_of_widget)
    assert page.status_code == 403
    assert "frame-ancestors *" in page.headers["Content-Security-Policy"]
    assert "action=" not in page.text, "its form is sent to its own address"
    answer = send(client, {**fields_of(page), "unproved": "y"}, path=form_of_widget)
    assert answer.status_code == 303
    assert "accent=leaf&by=code" in answer.location
    sent = client.get(answer.location).text
    assert "enter the code we e-mailed you" in sent
    assert "press the link" not in sent.lower()


def test_an_organisation_is_asked_its_form_is_passed_on_and_its_mail_is_marked_as_proved(client):
    for number in range(3):
        sent = endorse_form(email=f"a{number}@example.org", name_en=f"Sky {number}", shown_at=mark())
        assert send(client, sent, path=ENDORSE).status_code == 303
    page = send(client, endorse_form(email="b@example.org", name_en="Sky Watch"), path=ENDORSE)
    assert page.status_code == 403
    assert fields_of(page)["name_en"] == "Sky Watch"
    assert send(client, solved(page), path=ENDORSE).status_code == 303
    answer_requests()
    proved = db.session.scalars(select(OutboxMail.proved).order_by(OutboxMail.id)).all()
    assert proved == [False, False, False, True]


# --- Others ---


def test_while_the_breaker_is_open_everybody_is_asked(client):
    with transaction() as session:
        valve.lock(session).breaker_opened_at = clock.now()
    snapshots.clear()
    for network in (HALL, "127.0.0.1"):
        page = send(client, form(email=f"{network}@example.org"), network=network)
        assert page.status_code == 403
        assert send(client, solved(page), network=network).status_code == 303
    assert {row.signals for row in stored()} == {"breaker proved"}


def test_metrics_tell_what_was_seen_and_how_forms_went_on(client):
    def counted():
        return samples(metrics.exposition().decode())

    before = counted()
    page = proof_page(client)
    send(client, solved(page))
    after = counted()
    gained = {
        name: after.get(name, 0) - before.get(name, 0)
        for name in (
            ("pledge_signals_total", "network"),
            ("pledge_step_ups_total", "none"),
            ("pledge_step_ups_total", "proved"),
        )
    }
    assert list(gained.values()) == [2, 1, 1]
