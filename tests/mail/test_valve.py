"""The valve: mails to new addresses go out at a pace; who is known goes first, and administrators are told."""

import pytest

from pledge.accounts import staff_alerts
from pledge.mail import queries, services, valve
from pledge.mail.models import MailKind
from tests.support import apps, factories
from tests.support import staff as staff_area
from tests.support.mails import Notes, deliver, deliver_all, enqueue, pending, plan, store


@pytest.fixture
def slow(make_app, frozen_clock):
    """A site that sends six first mails a minute."""
    app = make_app(first_mail_pace=6)
    with app.app_context():
        yield app


def strangers(number):
    """So many mails to confirm, to addresses at which nobody has ever confirmed anything."""
    store(person.id for person in factories.signatures(number, state="pending"))


def sent_by(deliveries):
    return [deliver(Notes()).sent for _ in range(deliveries)]


# --- The pace ---


def test_a_minutes_worth_goes_at_once_and_the_rest_one_after_another(slow, frozen_clock):
    strangers(20)
    assert sent_by(3) == [6, 0, 0]
    frozen_clock.move(seconds=9)
    assert sent_by(1) == [0]
    frozen_clock.move(seconds=1)
    assert sent_by(2) == [1, 0]
    frozen_clock.move(seconds=20)
    assert sent_by(2) == [2, 0]
    frozen_clock.move(minutes=30)
    assert sent_by(2) == [6, 0]


def test_who_is_known_is_neither_counted_nor_held_back(slow):
    strangers(20)
    assert sent_by(1) == [6]
    enqueue(factories.signature(state="confirmed"), MailKind.MANAGE)
    enqueue(factories.signature(state="confirmed"), MailKind.ALREADY)
    enqueue(pending("once.confirmed@example.org"))
    assert sent_by(2) == [3, 0]


def test_who_is_known_goes_before_strangers_who_have_waited_longer(slow, frozen_clock):
    enqueue(pending("stranger@example.org"), known=False)
    frozen_clock.move(minutes=5)
    enqueue(factories.signature(state="confirmed", email="known@example.org"), MailKind.MANAGE)
    notes = Notes()
    deliver(notes, limit=1)
    deliver(notes, limit=1)
    assert notes.recipients == ["known@example.org", "stranger@example.org"]


def test_news_goes_on_while_first_mails_are_held_back(slow):
    strangers(7)
    assert sent_by(2) == [6, 0]
    enqueue(factories.signature(), MailKind.NEWS)
    assert len(queries.claim(5, services.LEASE)) == 1


def test_a_worker_that_may_send_nothing_writes_nothing(slow):
    strangers(7)
    deliver(Notes())
    with apps.count_statements(slow) as seen:
        deliver(Notes())
    assert {sql.split()[0] for sql in seen} == {"SELECT"}


@pytest.mark.postgresql_only
def test_each_claim_reads_an_index_of_its_own(app):
    strangers(2000)
    for name, index in (("awaited", "due"), ("first", "first"), ("last", "last")):
        assert f"ix_outbox_mails_{index}" in plan(queries.due(queries.CLASSES[name]).limit(50))


# --- Who is told ---


def test_staff_are_told_once_for_each_closing(slow, frozen_clock):
    strangers(8)
    assert not staff_alerts.watch_valve(), "nothing is held back yet"
    assert sent_by(1) == [6]
    assert staff_alerts.watch_valve()
    for _ in range(10):
        frozen_clock.move(seconds=40)
        strangers(6)
        deliver(Notes())
        assert not staff_alerts.watch_valve()
    for _ in range(20):
        deliver(Notes())
        frozen_clock.move(minutes=1)
    frozen_clock.move(minutes=11)
    assert valve.closed_since() is None
    strangers(8)
    assert sent_by(1) == [6]
    assert staff_alerts.watch_valve()


def test_a_busy_minute_in_which_everything_goes_out_closes_nothing(slow):
    strangers(6)
    assert sent_by(2) == [6, 0]
    assert not staff_alerts.watch_valve()
    assert valve.closed_since() is None


def test_the_operator_and_staff_see_that_mails_are_held_back_and_the_site_stays_ready(slow, frozen_clock):
    client = slow.test_client()
    strangers(200)
    deliver(Notes())
    staff_alerts.watch_valve()
    for _ in range(4):
        frozen_clock.move(minutes=5)
        deliver(Notes())
        staff_alerts.watch_valve()
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json["valve_closed"] is True
    assert "pledge_mail_first_pace 6.0" in client.get("/metrics").text
    assert answer.json["outbox_age_seconds"] == 0
    lines = slow.test_cli_runner().invoke(args=["doctor"]).output.splitlines()
    (line,) = [line for line in lines if "held back" in line]
    assert line.startswith("warning")
    assert "PLEDGE_FIRST_MAIL_PACE" in line
    assert "Held back for" in staff_area.client(slow, "admin", lang="en").get("/staff/").text


@pytest.mark.parametrize(("waiting", "is_held_back"), [(6, False), (8, True)])
def test_mail_deliver_says_that_mails_are_held_back(slow, waiting, is_held_back):
    strangers(waiting)
    result = slow.test_cli_runner().run("mail", "deliver")
    assert "sent 6," in result
    assert ("held back" in result) == is_held_back


def test_a_mail_to_a_new_address_that_nothing_holds_back_is_overdue_like_any_other(slow, frozen_clock):
    strangers(1)
    frozen_clock.move(minutes=11)
    answer = slow.test_client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json["valve_closed"] is False


# --- From the form to the mailbox ---


SIGN = "/en/c/blue-skies/sign"


@pytest.fixture
def held_back(slow):
    """A site at which strangers' mails are held back; its client."""
    factories.campaign()
    client = slow.test_client()
    client.checked = False
    for number in range(40):
        client.post(SIGN, data=factories.sign_form(email=f"p{number}@typed{number}.example.com"))
    factories.answer_requests()
    assert sent_by(2) == [6, 0]
    staff_alerts.watch_valve()
    assert valve.closed_since() is not None
    return client


def mailed():
    factories.answer_requests()
    notes = Notes()
    deliver_all(notes)
    return [to for to in notes.recipients if not to.startswith("staff")]


def test_who_has_confirmed_and_asks_for_the_link_gets_it_while_strangers_wait(held_back):
    factories.signature(state="confirmed", email="known@example.org")
    answer = held_back.post("/en/me", data={"email": "known@example.org"})
    assert answer.status_code == 303
    assert mailed() == ["known@example.org"]


def test_somebody_new_waits_and_gets_the_mail_in_the_end(held_back, frozen_clock):
    held_back.post(SIGN, data=factories.sign_form(email="new@example.org"))
    assert mailed() == []
    received = []
    for _ in range(8):
        frozen_clock.move(minutes=1)
        received += mailed()
    assert "new@example.org" in received
    assert len(received) == 35


def test_an_organisation_that_is_new_waits_and_one_that_is_known_does_not(held_back):
    path = "/en/c/blue-skies/endorse"
    factories.endorsement(state="published", email="known@haneul.example.org")
    held_back.post(path, data=factories.endorse_form(email="new@bada.example.org"))
    assert mailed() == []
    held_back.post("/en/endorse/me", data={"email": "known@haneul.example.org"})
    assert mailed() == ["known@haneul.example.org"]
