"""Alerts: each is told once in its time of quiet, to those who want to hear of it."""

import pytest
from sqlalchemy import func, select

from pledge.abuse import alerts
from pledge.abuse.models import Alert, AlertKind, CallState
from pledge.accounts import staff_alerts
from pledge.audit.models import Actor, AuditEntry
from pledge.core.db import db, transaction
from pledge.mail import valve
from tests.support import factories
from tests.support.at_once import at_once
from tests.support.mails import Notes, deliver, part
from tests.support.rows import number_of

#: Facts that the words of each kind name.
FACTS = {
    AlertKind.VALVE_CLOSED: {},
    AlertKind.BREAKER_OPEN: {},
    AlertKind.SIGN_UPS_HELD: {"sign_ups": 1234},
    AlertKind.DOMAIN_HELD: {},
    AlertKind.DELIVERY_FELL: {"provider": {"ko": "네이버", "en": "Naver"}, "percent": 12, "usual": 81},
    AlertKind.STEP_REACHED: {
        "campaign": {"ko": "푸른 하늘", "en": "Blue Skies"},
        "people": 1003,
        "step": 1000,
    },
    AlertKind.APPROVAL_WAITS: {},
    AlertKind.PAPER_AGREED: {"signatures": 128, "place": {"ko": "부산", "en": "Busan"}},
    AlertKind.ACT_PROPOSED: {},
    AlertKind.ORGANIZATION_WAITS: {},
    AlertKind.RETURNED: {},
    AlertKind.ANSWER_DUE: {},
    AlertKind.INBOX_DAILY: {"number": 7},
    AlertKind.COUNT_DIFFERS: {"campaign": "blue-skies", "differences": 3},
    AlertKind.STAFF_CHANGED: {"what": {"ko": "서약문 변경", "en": "Changed the pledge text"}},
}


def record_alert(kind=AlertKind.SIGN_UPS_HELD, about="", **facts):
    with transaction() as session:
        return staff_alerts.alert(session, kind, about, **(facts or FACTS[kind]))


def addresses_alerted():
    """The addresses that a mail about an alert goes to."""
    notes = Notes()
    deliver(notes)
    return sorted(notes.recipients)


@pytest.mark.parametrize("kind", AlertKind)
def test_the_same_thing_is_told_again_only_after_its_time_of_quiet(app, clock, kind):
    assert record_alert(kind)
    assert not record_alert(kind)
    assert record_alert(kind, "of another campaign"), "another thing of the kind is told at once"
    quiet = alerts.QUIET[kind]
    if quiet is None:
        clock.move(days=400)
        assert not record_alert(kind), "it happens once"
    else:
        clock.move(seconds=quiet.total_seconds() - 60)
        assert not record_alert(kind)
        clock.move(seconds=120)
        assert record_alert(kind)


def test_of_many_workers_one_tells(make_app):
    app = make_app(pool_size=8)
    assert sorted(at_once(app, *[record_alert] * 8)) == [False] * 7 + [True]
    with app.app_context():
        assert db.session.scalar(select(func.count(Alert.id))) == 1


def test_an_alert_in_a_transaction_that_fails_is_not_told(app):
    with pytest.raises(ZeroDivisionError), transaction() as session:
        assert staff_alerts.alert(session, AlertKind.SIGN_UPS_HELD, sign_ups=3)
        _ = 1 / 0
    assert db.session.scalar(select(func.count(Alert.id))) == 0
    assert record_alert()


def test_by_default_administrators_hear_of_faults_and_moderators_of_what_they_decide(app):
    for role in ("admin", "moderator", "editor", "viewer"):
        factories.staff(role, email=f"{role}@example.org")
    assert record_alert(AlertKind.SIGN_UPS_HELD)
    assert addresses_alerted() == ["admin@example.org", "moderator@example.org"]
    assert record_alert(AlertKind.VALVE_CLOSED)
    assert addresses_alerted() == ["admin@example.org"]
    assert record_alert(AlertKind.STEP_REACHED)
    assert addresses_alerted() == []


def test_whoever_has_chosen_hears_of_that_alone(app):
    admin, viewer = (factories.staff(role, email=f"{role}@example.org") for role in ("admin", "viewer"))
    staff_alerts.choose(Actor(admin.id, admin.email, ""), [])
    staff_alerts.choose(Actor(viewer.id, viewer.email, ""), [AlertKind.STEP_REACHED])
    for kind in set(AlertKind) - {AlertKind.PAPER_AGREED, AlertKind.STAFF_CHANGED}:
        assert record_alert(kind)
    assert addresses_alerted() == ["viewer@example.org"]
    assert record_alert(AlertKind.STAFF_CHANGED)
    assert addresses_alerted() == ["admin@example.org"]
    entry = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert (entry.action, entry.details) == ("staff.choose_alerts", '{"alerts":["step_reached"]}')


def test_nobody_hears_of_what_their_roles_do_not_allow_nor_after_their_account_is_closed(app, frozen_clock):
    viewer = factories.staff("viewer")
    staff_alerts.choose(Actor(viewer.id, viewer.email, ""), [AlertKind.SIGN_UPS_HELD])
    factories.staff("admin", active=False, closed_at=frozen_clock.now())
    assert record_alert(AlertKind.SIGN_UPS_HELD)
    assert addresses_alerted() == []


@pytest.mark.parametrize("kind", AlertKind)
def test_the_mail_says_what_happened_and_where_to_look(app, kind):
    person = factories.staff("admin", lang="en")
    staff_alerts.choose(Actor(person.id, person.email, ""), [kind])
    assert record_alert(kind, **({"to": person.id} if kind is AlertKind.RETURNED else {}))
    notes = Notes()
    deliver(notes)
    ((_, content),) = notes.sent
    text, html = part(content, "plain"), part(content, "html")
    assert alerts.headline(kind, FACTS[kind], "en") in text
    assert alerts.details(kind, FACTS[kind], "en") in text
    place = "watch" if kind in (AlertKind.SIGN_UPS_HELD, AlertKind.DOMAIN_HELD) else ""
    assert f"http://localhost/staff/{place}\r\n" in text
    assert "http://localhost/staff/account" in html
    assert "%(" not in text + html


@pytest.mark.parametrize(
    ("lang", "expected"),
    [("ko", "푸른 하늘: 1,003명이 서명했습니다"), ("en", "Blue Skies: 1,003 people have signed")],
)
def test_numbers_and_names_are_written_as_the_language_does(app, lang, expected):
    assert alerts.headline(AlertKind.STEP_REACHED, FACTS[AlertKind.STEP_REACHED], lang) == expected


def test_without_a_webhook_none_is_called(app):
    assert record_alert()
    assert db.session.scalars(select(Alert.call_state)).one() == CallState.NONE


def test_while_the_breaker_is_open_it_is_told_once_an_hour(app, clock):
    def alerts_about_it():
        staff_alerts.watch_breaker()
        return number_of(Alert)

    assert alerts_about_it() == 0
    with transaction() as session:
        valve.lock(session).breaker_opened_at = clock.now()
    assert [alerts_about_it(), alerts_about_it()] == [1, 1]
    clock.move(minutes=61)
    assert alerts_about_it() == 2
