"""However many tags somebody puts behind an address: its mailbox gets no more mails than any other."""

import pytest
from pydantic import SecretStr
from sqlalchemy import func, select

from pledge.core.db import fetch, load
from pledge.endorsements.models import Endorsement
from pledge.mail import services
from pledge.mail.models import MailState, OutboxMail
from pledge.signatures.models import Signature
from tests.support.factories import (
    answer_requests,
    campaign,
    endorse_form,
    sign_form,
)
from tests.support.mails import Notes, deliver, deliver_all
from tests.support.rows import number_of

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


def mails_to_the_victim():
    """The states of the mails about the signature of that name."""
    (own,) = [row.id for row in load(select(Signature)) if row.name == "Victim"]
    return [mail.state for mail in load(select(OutboxMail)) if mail.subject_id == own]


def test_five_hundred_tags_of_one_mailbox_get_three_mails_in_a_day_and_ten_in_all(open_site, frozen_clock):
    client = open_site.test_client()
    client.checked = False
    for number in range(500):
        answer = client.post(SIGN, data=sign_form(email=f"victim+{number}@corp.example.com"))
        assert answer.status_code == 303
    assert fetch(select(func.count(func.distinct(Signature.address_hash)))).scalar() == 500
    assert len(work(frozen_clock, hours=23)) <= 3
    assert len(work(frozen_clock, hours=144)) <= 7


@pytest.mark.parametrize("spelling", ["victim+{}@corp.example.com", "victim@corp.example.com"])
def test_five_forms_of_a_stranger_do_not_keep_the_owner_from_a_mail_within_ten_minutes(
    open_site, frozen_clock, spelling
):
    client = open_site.test_client()
    for number in range(5):
        client.post(SIGN, data=sign_form(email=spelling.format(number), name=f"Stranger {number}"))
        answer_requests()
    deliver_all(Notes())
    client.post(SIGN, data=sign_form(email="victim@corp.example.com", name="Victim"))
    answer_requests()
    frozen_clock.move(minutes=10)
    deliver_all(notes := Notes())
    assert mails_to_the_victim() == [MailState.SENT]
    assert "victim@corp.example.com" in notes.recipients


@pytest.mark.sqlite_only
def test_a_form_that_no_slot_is_left_for_takes_the_one_that_is_waited_for_in_another_campaign(
    open_site, frozen_clock
):
    client = open_site.test_client()
    for number in range(6):
        campaign(slug=f"other-{number}")
        client.post(f"/en/c/other-{number}/sign", data=sign_form(email="victim@corp.example.com"))
        answer_requests()
    client.post(SIGN, data=sign_form(email="victim@corp.example.com", name="Victim"))
    assert len(work(frozen_clock, hours=96)) == 5
    assert mails_to_the_victim() == [MailState.SENT]


def test_of_six_forms_with_one_address_three_are_kept_and_one_whose_mail_has_gone_out_is_among_them(
    open_site, frozen_clock
):
    client = open_site.test_client()
    for number in range(6):
        client.post(SIGN, data=sign_form(email="victim@corp.example.com", name=f"Name {number}"))
        answer_requests()
        deliver(Notes())
        frozen_clock.move(seconds=1)
    assert {row.name for row in load(select(Signature))} == {"Name 0", "Name 4", "Name 5"}


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
def test_applications_of_a_stranger_do_not_keep_the_owner_from_applying(open_site, frozen_clock):
    client = open_site.test_client()
    client.checked = False
    names = [f"Stranger {number} Ltd" for number in range(9)] + ["Victim Ltd"]
    for name in names:
        form = endorse_form(email="victim@corp.example.com", name_en=name, name_ko=name)
        assert client.post("/en/c/blue-skies/endorse", data=form).status_code == 303
        answer_requests()
    deliver_all(Notes())
    frozen_clock.move(minutes=10)
    deliver_all(Notes())
    mailed = select(Endorsement.name_key).join(OutboxMail, OutboxMail.subject_id == Endorsement.id)
    sent = fetch(mailed.where(OutboxMail.state == MailState.SENT)).scalars()
    assert [key for key in sent if "victim" in key.casefold()]
    assert number_of(Endorsement) == 5


@pytest.mark.sqlite_only
def test_mails_about_endorsements_are_capped_by_the_mailbox(open_site, frozen_clock):
    client = open_site.test_client()
    client.checked = False
    for number in range(40):
        form = endorse_form(email=f"victim+{number}@corp.example.com")
        assert client.post("/en/c/blue-skies/endorse", data=form).status_code == 303
    assert len(work(frozen_clock, hours=23)) <= 3


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
