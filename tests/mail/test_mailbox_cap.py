"""However many tags somebody puts behind an address: its mailbox gets no more mails than any other."""

import pytest
from pydantic import SecretStr
from sqlalchemy import func, select

from pledge.core.db import db
from pledge.mail import services
from pledge.mail.models import MailAllowance
from pledge.signatures.models import Signature
from tests.support.factories import (
    answer_requests,
    campaign,
    confirm_token,
    endorse_form,
    manage_token,
    sign_form,
)
from tests.support.mails import Notes, deliver, deliver_all

SIGN = "/en/c/blue-skies/sign"


@pytest.fixture
def open_site(make_app):
    """Limits of visitors and domains are not what is tested here."""
    app = make_app(
        limit_sign="100000 per minute", limit_domain="100000 per minute", limit_link="100000 per minute"
    )
    with app.app_context():
        campaign()
        yield app


def work(clock, hours):
    """Let the worker go on for so many hours; whom it has written to."""
    notes = Notes()
    for _ in range(hours * 4):
        answer_requests()
        deliver_all(notes)
        clock.move(minutes=15)
    return notes.recipients


def test_five_hundred_tags_of_one_mailbox_get_three_mails_in_a_day_and_five_in_all(open_site, frozen_clock):
    client = open_site.test_client()
    client.checked = False
    for number in range(500):
        answer = client.post(SIGN, data=sign_form(email=f"victim+{number}@corp.example.com"))
        assert answer.status_code == 303
    db.session.rollback()
    assert db.session.scalar(select(func.count(func.distinct(Signature.address_hash)))) == 500
    assert len(work(frozen_clock, hours=23)) <= 3
    assert len(work(frozen_clock, hours=72)) <= 2
    assert db.session.scalar(select(func.count()).select_from(MailAllowance)) == 1


@pytest.mark.sqlite_only
def test_the_mailbox_is_still_written_to_about_its_own_signature(open_site, frozen_clock):
    client = open_site.test_client()
    client.post(SIGN, data=sign_form(email="victim+1@corp.example.com"))
    client.post(SIGN, data=sign_form(email="victim@corp.example.com"))
    assert work(frozen_clock, hours=1) == ["victim+1@corp.example.com", "victim@corp.example.com"]


@pytest.mark.sqlite_only
def test_a_full_mailbox_does_not_hold_up_others_of_its_domain(open_site, frozen_clock):
    client = open_site.test_client()
    for number in range(30):
        client.post(SIGN, data=sign_form(email=f"victim+{number}@corp.example.com"))
    client.post(SIGN, data=sign_form(email="neighbour@corp.example.com"))
    answer_requests()
    notes = Notes()
    deliver(notes)
    assert sorted(notes.recipients) == ["neighbour@corp.example.com", "victim+0@corp.example.com"]


@pytest.mark.sqlite_only
def test_mails_about_endorsements_are_capped_by_the_mailbox(open_site, frozen_clock):
    client = open_site.test_client()
    client.checked = False
    for number in range(40):
        form = endorse_form(email=f"victim+{number}@corp.example.com")
        assert client.post("/en/c/blue-skies/endorse", data=form).status_code == 303
    assert len(work(frozen_clock, hours=23)) <= 3


@pytest.mark.sqlite_only
def test_erasing_takes_the_mailboxs_times_away(open_site, frozen_clock):
    client = open_site.test_client()
    client.post(SIGN, data=sign_form(email="victim+1@corp.example.com"))
    work(frozen_clock, hours=1)
    db.session.rollback()
    person = db.session.scalars(select(Signature)).one()
    assert client.post(f"/en/confirm/{confirm_token(person)}").status_code == 303
    assert client.post(f"/en/me/{manage_token(person)}/erase").status_code == 200
    db.session.rollback()
    assert db.session.scalar(select(func.count()).select_from(MailAllowance)) == 0


@pytest.mark.sqlite_only
def test_a_thousand_forms_from_a_thousand_networks_without_redis_mail_one_address_three_times(
    make_app, redis, smtp, frozen_clock
):
    # As if each form came with the proof of work that it would be asked for: the caps alone must hold.
    unasked = {"step_up_network": "1000000 per minute", "step_up_domain": "1000000 per minute"}
    app = make_app(redis_url=redis.url, smtp_url=SecretStr(smtp.url), trusted_proxies=1, **unasked)
    redis.stop()
    with app.app_context():
        campaign()
        client = app.test_client()
        client.checked = False
        for number in range(1000):
            network = f"198.{18 + number // 250}.{number % 250}.7"
            answer = client.post(
                SIGN, data=sign_form(email="victim@corp.example.com"), headers={"X-Forwarded-For": network}
            )
            assert answer.status_code in (200, 303)
        transport = services.transport(app.extensions["pledge.config"])
        for _ in range(24 * 4):
            answer_requests()
            deliver_all(transport)
            frozen_clock.move(minutes=15)
        transport.close()
    assert 1 <= len(smtp.recipients()) <= 3
