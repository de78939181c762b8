"""Signatures with a reason to hold them: confirmed by the person, and counted only when staff say so."""

from dataclasses import replace

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from pledge.core.db import db, load, transaction
from pledge.ledger.services import Place
from pledge.mail.models import MailKind, OutboxMail
from pledge.signatures import moderation, queries, reminding, services
from pledge.signatures.models import Signature
from pledge.signatures.origins import wide_network_hash
from tests.support.factories import (
    ANNA,
    HONG,
    answer_requests,
    campaign,
    code,
    mailed,
    manage_token,
    signature,
)
from tests.support.ledger import entries
from tests.support.mails import delivered, full_text, part

pytestmark = pytest.mark.usefixtures("app")


def stored_signature():
    return load(select(Signature))[0]


def thanks():
    return list(db.session.scalars(select(OutboxMail.id).where(OutboxMail.kind == MailKind.THANKS)))


def test_signing_stores_the_wider_network_the_signals_and_the_reason_to_hold_it():
    campaign()
    services.sign(replace(HONG, network="203.0.113.7", signals="age headers", hold_reason="signals"))
    row = stored_signature()
    assert (row.signals, row.hold_reason, row.state) == ("age headers", "signals", "pending")
    assert bytes(row.wide_network_hash) == wide_network_hash("blue-skies", "203.0.113.99")


@pytest.mark.parametrize(
    ("network", "other"),
    [("203.0.113.7", "203.0.114.7"), ("2001:db8:1:2::/64", "2001:db8:2:2::/64")],
)
def test_the_wider_network_is_the_ipv4_24_or_the_ipv6_48_and_another_one_in_each_campaign(network, other):
    near = {"203.0.113.7": "203.0.113.250", "2001:db8:1:2::/64": "2001:db8:1:ffff::/64"}[network]
    assert wide_network_hash("blue-skies", network) == wide_network_hash("blue-skies", near)
    assert wide_network_hash("blue-skies", network) != wide_network_hash("blue-skies", other)
    assert wide_network_hash("blue-skies", network) != wide_network_hash("another", network)


@pytest.mark.parametrize("comes", ["before", "between", "after"])
def test_whoever_sends_somebody_s_form_like_a_robot_does_not_have_it_held(comes, frozen_clock):
    campaign()
    proper, crude = (
        replace(HONG, signals=None),
        replace(HONG, signals="headers no_form", hold_reason="signals"),
    )
    sent = {"before": (crude, proper), "between": (proper, crude, proper), "after": (proper, crude)}[comes]
    for form in sent:
        services.sign(form)
    assert (stored_signature().signals, stored_signature().hold_reason) == (None, None)
    assert services.confirm(stored_signature().id)
    assert stored_signature().state == "confirmed"


@pytest.mark.parametrize("reason", ["staff", "speed", "domains"])
def test_what_staff_or_the_watch_hold_stays_held_when_the_form_is_sent_again(reason):
    campaign()
    services.sign(HONG)
    with transaction() as session:
        session.execute(update(Signature).values(hold_reason=reason))
    services.sign(HONG)
    assert stored_signature().hold_reason == reason


@pytest.mark.parametrize("by", ["link", "code"])
def test_one_with_a_reason_becomes_held_without_an_entry_and_without_thanks(by, frozen_clock):
    person = mailed(signature(state="pending", hold_reason="speed"))
    if by == "link":
        assert services.confirm(person.id, "quick")
    else:
        services.confirm_by_code(person.id, code(person), "quick")
    row = stored_signature()
    assert (row.state, row.confirmed_at, row.confirm_signals) == ("held", frozen_clock.now(), "quick")
    assert entries() == []
    assert thanks() == []
    assert not services.confirm(person.id)


@pytest.mark.parametrize(
    ("lang", "words", "ways"),
    [
        ("en", "A person looks at your signature before it is counted", "object"),
        ("ko", "서명을 사무국이 직접 살펴보고 있습니다", "이의"),
    ],
)
def test_whoever_is_held_is_told_once_within_ten_minutes_why_and_how_to_object(
    lang, words, ways, frozen_clock
):
    person = signature(state="pending", hold_reason="speed", lang=lang)
    services.confirm(person.id)
    services.confirm(person.id)
    assert delivered() == []
    frozen_clock.move(minutes=9)
    [(to, mail)] = delivered()
    assert to == person.email
    text = part(mail, "plain")
    assert words in text
    assert ways in text
    assert f"/{lang}/me/" in text
    assert mail["Reply-To"] in text
    assert "speed" not in text
    frozen_clock.move(days=1)
    assert delivered() == []


@pytest.mark.parametrize("act", ["release", "withdraw", "erase"])
def test_whoever_is_not_held_any_more_when_the_mail_is_due_is_not_told_so(act, frozen_clock):
    person = signature(state="pending", hold_reason="speed", lang="en")
    services.confirm(person.id)
    if act == "release":
        moderation.release(ANNA, person.id, "they wrote to us")
    else:
        getattr(services, act)(manage_token(person))
    frozen_clock.move(minutes=10)
    assert [mail["Subject"] for _, mail in delivered() if "person looks" in full_text(mail)] == []


def test_another_submission_of_the_same_person_is_not_counted_while_one_is_held():
    held = signature(state="held", email="hong@naver.com")
    other = signature(state="pending", email="hong@naver.com")
    assert not services.confirm(other.id)
    assert entries() == []
    with (
        pytest.raises(IntegrityError, match=r"uq_signatures_settled|signatures\.address_hash"),
        transaction() as session,
    ):
        row = session.get(Signature, other.id)
        row.state, row.hold_reason, row.confirmed_at = "held", "speed", row.submitted_at
    assert held.state == "held"


@pytest.mark.parametrize(("state", "reason"), [("confirmed", "speed"), ("held", None), ("held", "watch")])
def test_the_database_refuses_a_held_one_that_counts_and_one_without_a_reason_of_ours(state, reason):
    person = signature(state="pending", hold_reason="speed")
    with pytest.raises(IntegrityError, match="ck_signatures"), transaction() as session:
        row = session.get(Signature, person.id)
        row.state, row.hold_reason, row.confirmed_at = state, reason, row.submitted_at


# --- What its owner may do ---


def test_whoever_withdraws_or_erases_a_held_signature_leaves_no_entry():
    withdrawn, erased = signature(state="held", public_name=True), signature(state="held")
    services.withdraw(manage_token(withdrawn))
    services.erase(manage_token(erased))
    row = stored_signature()
    assert (row.id, row.state, row.public_name) == (withdrawn.id, "withdrawn", False)
    assert entries() == []


def test_a_place_that_is_put_right_while_it_is_held_is_the_place_where_it_is_counted():
    person = signature(state="held", country="KR", region="KR-11")
    services.change(
        manage_token(person), name="홍길동", place=Place("KR", "KR-26"), public_name=False, updates=False
    )
    row = stored_signature()
    assert (row.region, row.entry_country) == ("KR-26", None)


def test_signing_again_while_it_is_held_mails_the_link_to_ones_own_page():
    signature(state="held", email="hong@naver.com")
    services.sign(HONG)
    answer_requests()
    [(to, mail)] = delivered()
    assert to == "hong@naver.com"
    assert "/me/" in part(mail, "plain")


def test_nobody_is_reminded_named_or_sent_news_while_held(frozen_clock):
    person = signature(state="held", public_name=True, updates=True)
    frozen_clock.move(days=3)
    while reminding.advance():
        pass
    assert delivered() == []
    assert queries.public_names(person.campaign_id) == []
