"""Switches: what they do, within how many seconds every process knows, and when they end."""

import contextvars
import json
import threading
from datetime import timedelta

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import OperationalError

from pledge.audit.models import Actor
from pledge.audit.queries import Search, page
from pledge.core.db import db, transaction
from pledge.core.languages import Texts
from pledge.mail import services as mail
from pledge.mail.models import OutboxMail
from pledge.mail.transports import MailboxTransport
from pledge.signatures import mails
from pledge.signatures.models import Signature
from pledge.switches import queries, services
from pledge.switches.registry import BadTurn, CannotTurn, Switch, Switches
from pledge.web.limits import scaled
from tests.support.factories import answer_requests, campaign, confirm_token, sign_form, signature
from tests.support.waiting import TEST_TIMEOUT

ADMIN = Actor(1, "admin@pledge.example", "")
PAGE, SIGN = "/{}/c/blue-skies", "/{}/c/blue-skies/sign"
WORDS = "We are not taking signatures just now."


@pytest.fixture
def paused(app):
    campaign()
    services.turn(ADMIN, "signing", True, "attack")


# --- Signing ---


@pytest.mark.parametrize("form", [sign_form(), sign_form(email="wrong"), {}], ids=["good", "bad", "empty"])
def test_while_signing_is_paused_a_sign_up_gets_503_and_leaves_nothing(client, paused, form):
    response = client.post(SIGN.format("en"), data=form)
    assert response.status_code == 503
    assert int(response.headers["Retry-After"]) > 0
    assert response.headers["Cache-Control"] == "no-store"
    assert WORDS in response.text
    assert "Nothing has been recorded" in response.text
    assert db.session.query(Signature).count() == db.session.query(OutboxMail).count() == 0


def test_a_campaign_that_is_over_says_that_and_not_that_it_is_paused(app, client):
    campaign(state="closed")
    services.turn(ADMIN, "signing", True, "attack")
    assert WORDS not in client.get(PAGE.format("en")).text


def test_while_signing_is_paused_people_still_confirm(app, client):
    person = signature(state="pending")
    services.turn(ADMIN, "signing", True, "attack")
    assert client.post(f"/ko/confirm/{confirm_token(person)}").status_code == 303
    db.session.refresh(person)
    assert person.state == "confirmed"


def test_a_kept_page_follows_within_a_second_of_the_switch(app, client, frozen_clock):
    campaign()
    assert 'name="email"' in client.get(PAGE.format("ko")).text
    services.turn(ADMIN, "signing", True, "attack")
    frozen_clock.move(seconds=1)
    assert 'name="email"' not in client.get(PAGE.format("ko")).text
    services.turn(ADMIN, "signing", False, "over")
    frozen_clock.move(seconds=1)
    assert 'name="email"' in client.get(PAGE.format("ko")).text
    assert client.post(SIGN.format("ko"), data=sign_form()).status_code == 303


# --- Mail ---


@pytest.fixture
def deliver(app, tmp_path):
    def run(**options):
        answer_requests()
        return mail.deliver(mails.composers(), MailboxTransport(tmp_path / "mailbox"), **options)

    return run


def test_while_mail_is_paused_nothing_is_claimed(client, deliver):
    campaign()
    services.turn(ADMIN, "mail", True, "the relay is full")
    client.post(SIGN.format("ko"), data=sign_form())
    assert deliver().total == 0
    (waiting,) = db.session.query(OutboxMail)
    assert (waiting.state, waiting.attempts, waiting.lease_until) == ("queued", 0, None)
    services.turn(ADMIN, "mail", False, "over")
    assert deliver().sent == 1


def test_a_pause_stops_a_batch_that_was_begun(client, deliver, monkeypatch):
    campaign()
    for _ in range(3):
        client.post(SIGN.format("ko"), data=sign_form())
    sends = []
    send = MailboxTransport.send

    def pausing(self, to, content, return_path=""):
        send(self, to, content, return_path)
        sends.append(to)
        services.turn(ADMIN, "mail", True, "stop")

    monkeypatch.setattr(MailboxTransport, "send", pausing)
    assert deliver().sent == len(sends) == 1
    waiting = db.session.query(OutboxMail).filter_by(state="queued").all()
    assert [(row.attempts, row.lease_until) for row in waiting] == [(0, None)] * 2


def test_the_command_says_that_mail_is_paused(app, runner):
    services.turn(ADMIN, "mail", True, "the relay is full")
    assert "sending e-mail is paused" in runner.run("mail", "deliver", code=1)


def test_a_pause_raises_no_alarm_and_what_waited_is_overdue_only_after_it(app, client, frozen_clock):
    campaign()
    client.post(SIGN.format("ko"), data=sign_form())
    services.turn(ADMIN, "mail", True, "the relay is full")
    frozen_clock.move(hours=2)
    response = client.get("/readyz")
    assert (response.status_code, response.json["paused"]) == (200, ["mail"])
    services.turn(ADMIN, "mail", False, "over")
    frozen_clock.move(minutes=5)
    assert client.get("/readyz").status_code == 200
    frozen_clock.move(minutes=6)
    assert client.get("/readyz").status_code == 503


# --- Banner ---


@pytest.mark.parametrize("address", ["/{}/", PAGE, "/{}/privacy", "/{}/me", "/{}/nothing-here"])
def test_the_banner_is_on_every_public_page_in_its_language(app, client, address):
    campaign()
    services.turn(ADMIN, "banner", {"ko": "오늘 밤 점검합니다", "en": "Upkeep tonight"}, "upkeep")
    assert "오늘 밤 점검합니다" in client.get(address.format("ko")).text
    english = client.get(address.format("en")).text
    assert "Upkeep tonight" in english
    assert "오늘 밤 점검합니다" not in english


# --- Limits ---


@pytest.mark.parametrize(
    ("limit", "factor", "expected"),
    [
        ("300 per 10 minutes", 1, "300 per 10 minutes"),
        ("300 per 10 minutes", 5, "1500 per 10 minutes"),
        ("3/minute; 20 per 2 hour", 2, "6/minute;40 per 2 hour"),
        ("3/second, 9/minute|1 per day", 10, "30/second,90/minute|10 per day"),
    ],
)
def test_the_raised_limit_keeps_its_window(limit, factor, expected):
    assert scaled(limit, factor) == expected


@pytest.mark.parametrize(("limit", "beyond"), [("limit_sign", 403), ("limit_domain", 429)])
def test_raised_limits_let_a_hall_of_people_or_a_whole_company_sign(make_app, limit, beyond):
    """Beyond that of a network a proof is asked for; what is asked counts too."""
    app = make_app(**{limit: "2 per hour"})
    client = app.test_client()

    def sign(*numbers):
        forms = [sign_form(email=f"p{number}@company.co.kr") for number in numbers]
        hall = {"REMOTE_ADDR": "203.0.113.7"}
        return [client.post(SIGN.format("ko"), data=form, environ_base=hall).status_code for form in forms]

    with app.app_context():
        campaign()
        assert sign(0, 1, 2) == [303, 303, beyond]
        services.turn(ADMIN, "limits", 5, "a hall of people")
        assert sign(3, 4, 5, 6, 7) == [303] * 5
        services.turn(ADMIN, "limits", 1, "they have gone")
        assert sign(8) == [beyond]


def turned_elsewhere(name: str, value: str, clock) -> None:
    """As another process would: this one is not told."""
    with db.engine.begin() as connection:
        connection.execute(Switch.__table__.insert().values(name=name, value=value, changed_at=clock.now()))


def test_a_switch_acts_at_once_in_the_process_that_turned_it(app, frozen_clock):
    queries.current()
    services.turn(ADMIN, "signing", True, "attack")
    services.turn(ADMIN, "mail", True, "the relay is full")
    services.turn(ADMIN, "banner", {"ko": "점검 중", "en": "At work"}, "upkeep")
    services.turn(ADMIN, "limits", 5, "a hall of people")
    assert queries.current() == Switches(True, True, Texts(ko="점검 중", en="At work"), 5)
    assert queries.current().turned_at["mail"] == frozen_clock.now()
    services.turn(ADMIN, "signing", False, "over")
    services.turn(ADMIN, "banner", {"ko": "", "en": " "}, "over")
    assert queries.current().signing_paused is False
    assert not queries.current().banner


def test_the_row_of_a_switch_that_is_no_longer_declared_is_ignored(app, frozen_clock):
    turned_elsewhere("earlier", "true", frozen_clock)
    assert queries.stored() == Switches()


def test_another_process_learns_of_a_switch_within_two_seconds(app, frozen_clock):
    assert not queries.current().signing_paused
    turned_elsewhere("signing", "true", frozen_clock)
    frozen_clock.move(seconds=1.9)
    assert not queries.current().signing_paused
    frozen_clock.move(seconds=0.2)
    assert queries.current().signing_paused


def test_a_process_that_knows_the_switches_asks_the_database_nothing(app, frozen_clock, statements):
    queries.current()
    with statements() as seen:
        frozen_clock.move(seconds=1.9)
        for _ in range(100):
            queries.current()
    assert seen == []


def test_one_caller_reads_anew_while_the_others_go_on(app, frozen_clock, monkeypatch):
    queries.current()
    frozen_clock.move(seconds=10)
    began, go = threading.Event(), threading.Event()
    reads = []

    def slow():
        reads.append(1)
        began.set()
        go.wait(TEST_TIMEOUT)
        return Switches(signing_paused=True)

    monkeypatch.setattr(queries, "stored", slow)

    def ask() -> None:
        with app.app_context():
            queries.current()

    reader = threading.Thread(target=contextvars.Context().run, args=(ask,))
    reader.start()
    assert began.wait(TEST_TIMEOUT)
    assert queries.current().signing_paused is False, "the last word, without waiting"
    go.set()
    reader.join()
    assert queries.current().signing_paused is True
    assert len(reads) == 1


def test_while_the_database_is_away_the_last_word_holds(app, frozen_clock, monkeypatch):
    services.turn(ADMIN, "signing", True, "attack")
    assert queries.current().signing_paused
    asked = []

    def away():
        asked.append(1)
        raise OperationalError("SELECT", {}, Exception())

    monkeypatch.setattr(queries, "stored", away)
    frozen_clock.move(hours=1)
    assert queries.current().signing_paused
    assert queries.current().signing_paused
    assert len(asked) == 1, "the next try waits: each may hang"
    frozen_clock.move(seconds=3)
    assert queries.current().signing_paused
    assert len(asked) == 2


def test_a_process_that_never_reached_the_database_goes_by_the_defaults(app_on):
    app = app_on("postgresql://nobody@127.0.0.1:1/nothing")
    with app.app_context():
        assert queries.current() == Switches()


# --- What a turn must say ---


@pytest.mark.parametrize(
    ("turn", "fault"),
    [
        (lambda: services.turn(ADMIN, "signing", True, "  "), BadTurn.NO_REASON),
        (lambda: services.turn(ADMIN, "mail", True, "x" * 1001), BadTurn.LONG_REASON),
        (lambda: services.turn(ADMIN, "banner", {"ko": "점검", "en": " "}, "upkeep"), BadTurn.HALF_BANNER),
        (
            lambda: services.turn(ADMIN, "banner", {"ko": "가" * 301, "en": "x"}, "upkeep"),
            BadTurn.LONG_BANNER,
        ),
        (lambda: services.turn(ADMIN, "limits", 3, "more"), BadTurn.FACTOR),
        (lambda: services.turn(ADMIN, "limits", 0, "none at all"), BadTurn.FACTOR),
    ],
)
def test_a_turn_without_what_it_needs_turns_nothing(app, turn, fault):
    with pytest.raises(CannotTurn) as raised:
        turn()
    assert raised.value.fault is fault
    assert queries.stored() == Switches()
    assert page(Search()).lines == []


def test_each_turn_is_in_the_audit_log_with_what_was_so_before(app, frozen_clock):
    until = (frozen_clock.now() + timedelta(hours=24)).isoformat()
    services.turn(ADMIN, "limits", 5, "a hall of people")
    services.turn(ADMIN, "limits", 1, "they have gone")
    after, before = page(Search(subject="switch")).lines
    assert (before.actor, before.action, before.subject) == (ADMIN.name, "switch.limits", "switch:limits")
    assert (before.reason, before.details) == (
        "a hall of people",
        f'{{"after":5,"before":null,"until":"{until}"}}',
    )
    assert (after.reason, after.details) == ("they have gone", '{"after":1,"before":5,"until":null}')


def banner(**options):
    services.turn(ADMIN, "banner", {"ko": "점검 중", "en": "At work"}, "upkeep", **options)


def limits(**options):
    services.turn(ADMIN, "limits", 5, "a hall of people", **options)


def pause(**options):
    services.turn(ADMIN, "signing", True, "an attack", **options)


@pytest.mark.parametrize(
    ("turn", "options", "lasts", "held"),
    [
        (limits, {}, timedelta(hours=24), Switches(limit_factor=5)),
        (pause, {}, timedelta(hours=24), Switches(signing_paused=True)),
        (pause, {"hours": 4}, timedelta(hours=4), Switches(signing_paused=True)),
        (limits, {"hours": 1}, timedelta(hours=1), Switches(limit_factor=5)),
        (banner, {}, timedelta(days=7), Switches(banner=Texts(ko="점검 중", en="At work"))),
        (banner, {"hours": 24}, timedelta(hours=24), Switches(banner=Texts(ko="점검 중", en="At work"))),
    ],
)
def test_a_switch_holds_until_its_end_and_not_a_moment_longer(app, frozen_clock, turn, options, lasts, held):
    begun = frozen_clock.now()
    turn(**options)
    stored = queries.stored()
    assert stored == held
    assert list(stored.ends_at.values()) == [begun + lasts]
    frozen_clock.move(seconds=lasts.total_seconds() - 1)
    assert queries.current() == queries.stored() == held
    frozen_clock.move(seconds=1)
    assert queries.stored() == Switches()
    frozen_clock.move(seconds=queries.FRESH_SECONDS)
    assert queries.current() == Switches()


def test_a_switch_that_has_ended_by_itself_was_not_turned_before(app, frozen_clock):
    limits(hours=4)
    frozen_clock.move(hours=5)
    limits(hours=4)
    assert json.loads(page(Search(subject="switch")).lines[0].details)["before"] is None


@pytest.mark.parametrize("hours", [0, -1, 5, 10_000])
def test_a_time_that_is_not_offered_turns_nothing(app, hours):
    for turn in (banner, limits, pause):
        with pytest.raises(CannotTurn) as refused:
            turn(hours=hours)
        assert refused.value.fault is BadTurn.HOURS
    assert queries.stored() == Switches()


def test_a_row_without_an_end_does_not_raise_the_limit_for_ever(app, frozen_clock):
    """By hand or by an older version: it holds for a day from when it was turned."""
    with transaction() as session:
        row = {"name": "limits", "value": "10", "changed_at": frozen_clock.now(), "ends_at": None}
        session.execute(insert(Switch).values(**row))
    assert queries.stored().limit_factor == 10
    frozen_clock.move(hours=24)
    assert queries.stored().limit_factor == 1
