"""Whether mails arrive, by provider, and who has fallen far below its usual."""

from datetime import timedelta

import pytest

from pledge.abuse import alerts
from pledge.abuse.models import AlertKind
from pledge.core import clock as time
from pledge.core.db import transaction
from pledge.mail.models import MailKind, MailState, Returned
from pledge.watch.deliverability import alert_falls, deliverability, falls
from tests.support import factories
from tests.support.mails import store

pytestmark = pytest.mark.usefixtures("app")


def mails(number, *, ago, provider="naver", confirmed_after=None, **facts):
    """So many mails to confirm that were sent some time ago, about one submission, which may be confirmed."""
    at = time.now() - ago
    state = "pending" if confirmed_after is None else "confirmed"
    person = factories.signature(state=state, mail_provider=provider, at=at)
    if confirmed_after is not None:
        with transaction() as session:
            session.merge(person).confirmed_at = at + confirmed_after
    store([person.id] * number, at, **{"state": MailState.SENT, **facts})


def by_provider():
    return {line.provider: line for line in deliverability()}


HOUR, MINUTE, DAY = timedelta(hours=1), timedelta(minutes=1), timedelta(days=1)


def test_each_provider_has_its_line(frozen_clock):
    mails(6, ago=HOUR, confirmed_after=2 * MINUTE)
    mails(3, ago=HOUR)
    mails(1, ago=HOUR, returned=Returned.POLICY)
    mails(2, ago=HOUR, state=MailState.DEAD, sent_at=None, returned=Returned.NO_MAILBOX)
    mails(1, ago=HOUR, provider="gmail", returned=Returned.COMPLAINT)
    mails(5, ago=HOUR, provider="other", returned=Returned.DELAYED)
    providers = by_provider()
    naver = providers["naver"]
    assert (naver.mails, naver.delivered, naver.confirmed, naver.complaints) == (12, 9, 6, 0)
    assert naver.median == 2 * MINUTE
    assert (providers["gmail"].delivered, providers["gmail"].complaints, providers["gmail"].median) == (
        1,
        1,
        None,
    )
    assert providers["other"].delivered == 5
    assert providers["kakao"].mails == 0


def test_mails_that_could_not_be_answered_yet_or_are_old_are_left_out(frozen_clock):
    mails(5, ago=10 * MINUTE)
    mails(5, ago=4 * HOUR)
    mails(5, ago=HOUR, kind=MailKind.REMINDER)
    assert by_provider()["naver"].mails == 0


@pytest.mark.parametrize(
    ("recent", "confirmed", "lost", "falls_to"),
    [
        (100, 50, 0, []),
        (100, 31, 0, []),
        (100, 29, 0, ["naver"]),
        (100, 45, 14, []),
        (100, 45, 16, ["naver"]),
        (40, 0, 0, []),
    ],
)
def test_a_provider_far_below_its_usual_is_named(frozen_clock, recent, confirmed, lost, falls_to):
    """Usual are 50 percent."""
    mails(150, ago=DAY, confirmed_after=MINUTE)
    mails(150, ago=DAY)
    if confirmed:
        mails(confirmed, ago=HOUR, confirmed_after=MINUTE)
    if lost:
        mails(lost, ago=HOUR, returned=Returned.POLICY)
    mails(recent - confirmed - lost, ago=HOUR)
    assert [fall.recent.provider for fall in falls()] == falls_to


def test_a_provider_without_a_past_is_not_judged(frozen_clock):
    mails(100, ago=DAY, confirmed_after=MINUTE)
    mails(100, ago=HOUR)
    assert falls() == []


def test_staff_and_the_operator_see_which_provider_has_fallen(app, staff_client, runner, frozen_clock):
    mails(200, ago=DAY, confirmed_after=MINUTE)
    mails(70, ago=HOUR, confirmed_after=MINUTE)
    mails(30, ago=HOUR, returned=Returned.POLICY)
    page = staff_client("admin", lang="en").get("/staff/mail").text
    assert page.count("tag--danger") == 1
    assert "far below its usual: 100% delivered, 100% confirmed" in page
    (line,) = [line for line in runner.invoke(args=["doctor"]).output.splitlines() if "naver" in line]
    assert line.startswith("warning")
    assert "70% were delivered, usually 100%" in line


def test_small_domains_together_are_not_judged(frozen_clock):
    mails(300, ago=DAY, provider="other", confirmed_after=MINUTE)
    mails(300, ago=HOUR, provider="other")
    assert falls() == []


def test_staff_are_told_of_a_fall_once_in_a_while(frozen_clock):
    mails(200, ago=DAY, confirmed_after=MINUTE)
    mails(80, ago=HOUR)
    mails(20, ago=HOUR, confirmed_after=MINUTE)
    assert (alert_falls(), alert_falls()) == (1, 1)
    (alert,) = alerts.newest(HOUR)
    assert (alert.kind, alert.facts["percent"], alert.facts["usual"]) == (AlertKind.DELIVERY_FELL, 20, 100)
    assert alerts.headline(alert.kind, alert.facts, "en") == "Fewer e-mails arrive at Naver"
    assert "네이버" in alerts.headline(alert.kind, alert.facts, "ko")


@pytest.mark.parametrize(
    ("confirmed", "lost", "facts"),
    [
        (20, 0, {"percent": 20, "usual": 50}),
        (45, 30, {"delivered": 70, "usually_delivered": 100}),
        (20, 30, {"delivered": 70, "usually_delivered": 100, "percent": 20, "usual": 50}),
    ],
)
def test_the_alert_says_which_share_has_fallen(frozen_clock, confirmed, lost, facts):
    mails(150, ago=DAY, confirmed_after=MINUTE)
    mails(150, ago=DAY)
    mails(confirmed, ago=HOUR, confirmed_after=MINUTE)
    if lost:
        mails(lost, ago=HOUR, returned=Returned.POLICY)
    mails(100 - confirmed - lost, ago=HOUR)
    alert_falls()
    (alert,) = alerts.newest(HOUR)
    details = alerts.details(alert.kind, alert.facts, "en")
    assert {name: fact for name, fact in alert.facts.items() if name != "provider"} == facts
    assert ("20% of the e-mails" in details, "70% of the e-mails" in details) == (
        "percent" in facts,
        "delivered" in facts,
    )
    assert "%(" not in details + alerts.details(alert.kind, alert.facts, "ko")
