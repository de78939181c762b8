"""What staff may do about one person's signature, and that nobody is named in the record of it."""

from functools import partial

import pytest
from sqlalchemy import select, update

from pledge.accounts.two_people import WrongState
from pledge.audit.models import AuditEntry
from pledge.audit.services import NoReason
from pledge.core.db import db, load, transaction
from pledge.ledger.models import LedgerEntry
from pledge.ledger.queries import count
from pledge.mail.addresses import parse
from pledge.mail.models import MailKind, OutboxMail
from pledge.mailed_links.links import new_id
from pledge.signatures import moderation, queries, services
from pledge.signatures.models import Signature
from pledge.signatures.queries import public_names
from pledge.statistics.integrity import mismatches
from tests.support.factories import (
    ANNA,
    SEOUL,
    campaign,
    fold_all,
    manage_token,
    signature,
)
from tests.support.mails import enqueue
from tests.support.rows import enqueued, number_of, row

pytestmark = pytest.mark.usefixtures("app")


def audit():
    return [
        (entry.action, entry.subject, entry.reason)
        for entry in load(select(AuditEntry).order_by(AuditEntry.id))
    ]


stored = partial(row, Signature)


# --- Finding ---


def test_a_person_is_found_by_any_spelling_of_the_address_in_every_campaign():
    first = signature(email="hong.gildong@gmail.com")
    two = signature(campaign("other"), email="honggildong+x@gmail.com", state="pending")
    signature(email="somebody@gmail.com")
    assert set(moderation.look_up(ANNA, parse("HongGilDong@googlemail.com"))) == {first.id, two.id}


def test_looking_somebody_up_is_recorded_without_the_address():
    person = signature(email="hong@naver.com")
    moderation.look_up(ANNA, parse("hong@naver.com"))
    moderation.look_up(ANNA, parse("nobody@naver.com"))
    assert audit() == [
        ("signature.look_up", f"signature:{person.id}", ""),
        ("signature.look_up", "signature:none", ""),
    ]
    audit_rows = db.session.execute(db.text("SELECT * FROM audit_entries")).all()
    assert "naver" not in repr(audit_rows)


def test_the_page_of_a_person_masks_name_and_address_until_the_name_is_public():
    private = queries.person(signature(name="홍길동", email="hong@naver.com").id, "ko")
    public = queries.person(signature(name="김철수", public_name=True).id, "ko")
    assert (private.name, private.email) == ("홍**", "h**@n**")
    assert public.name == "김철수"


def test_the_mails_of_a_person_are_listed_newest_first_with_their_fate():
    person = signature(state="pending")
    enqueue(person)
    with transaction() as session:
        session.execute(update(OutboxMail).values(state="dead", last_error="550"))
    enqueue(person, MailKind.MANAGE)
    lines = queries.person(person.id, "ko").mails
    assert [(line.kind, line.state, line.last_error) for line in lines] == [
        ("manage", "queued", None),
        ("confirm", "dead", "550"),
    ]


def test_a_number_that_is_no_signature_has_no_page():
    campaign()
    assert queries.person(new_id(), "ko") is None


# --- Mailing again ---


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ("pending", "confirm"),
        ("confirmed", "manage"),
        ("withdrawn", "manage"),
        ("invalidated", "invalidated"),
    ],
)
def test_the_mail_that_helps_is_sent_again(state, kind):
    person = signature(state=state)
    assert moderation.resend(ANNA, person.id) == kind
    assert enqueued() == [kind]
    assert audit() == [("signature.resend", f"signature:{person.id}", "")]


def test_the_caps_on_mails_hold_for_staff():
    person = signature(state="pending")
    moderation.resend(ANNA, person.id)
    with pytest.raises(moderation.NoMailAllowed):
        moderation.resend(ANNA, person.id)
    assert enqueued() == ["confirm"]
    assert len(audit()) == 1


def test_a_mail_to_confirm_has_a_code_of_its_own_that_lives_from_now_on(frozen_clock):
    person = signature(state="pending")
    moderation.resend(ANNA, person.id)
    assert (stored(person.id).mails, stored(person.id).code_since) == (
        2,
        frozen_clock.now().replace(microsecond=0),
    )
    assert db.session.scalars(select(OutboxMail.seq)).one() == 2


# --- Withdrawing on request ---


def test_withdrawing_on_request_takes_one_from_the_count_and_says_why():
    person = signature(public_name=True, updates=True)
    moderation.withdraw(ANNA, person.id, " asked by telephone ")
    fold_all()
    assert count(person.campaign_id).people == 0
    kept = stored(person.id)
    assert (kept.state, kept.public_name, kept.updates) == ("withdrawn", False, False)
    assert audit() == [("signature.withdraw", f"signature:{person.id}", "asked by telephone")]


def test_releasing_one_that_is_held_counts_and_thanks_the_person():
    person = signature(state="held", region="KR-26")
    moderation.release(ANNA, person.id, "wrote to us")
    fold_all()
    assert count(person.campaign_id).people == 1
    assert mismatches() == []
    kept = stored(person.id)
    assert (kept.state, kept.hold_reason) == ("confirmed", None)
    assert enqueued() == ["thanks"]
    assert audit() == [("signature.release", f"signature:{person.id}", "wrote to us")]


def test_one_that_would_be_held_is_cleared_with_a_reason():
    person = signature(state="pending", hold_reason="speed")
    moderation.clear(ANNA, person.id, "wrote to us")
    kept = stored(person.id)
    assert (kept.state, kept.hold_reason, kept.cleared) == ("pending", None, True)
    assert audit() == [("signature.clear", f"signature:{person.id}", "wrote to us")]


@pytest.mark.parametrize(
    ("act", "error", "states"),
    [
        (moderation.withdraw, WrongState, ["pending", "withdrawn", "invalidated"]),
        (moderation.release, WrongState, ["pending", "confirmed", "withdrawn", "invalidated"]),
        (
            moderation.clear,
            WrongState,
            ["pending", "confirmed", "held", "withdrawn", "invalidated"],
        ),
    ],
)
def test_in_any_other_state_an_act_is_refused_and_changes_nothing(act, error, states):
    for state in states:
        person = signature(state=state)
        entries = number_of(LedgerEntry)
        with pytest.raises(error):
            act(ANNA, person.id, "asked")
        assert (stored(person.id).state, number_of(LedgerEntry)) == (state, entries)
    assert audit() == []


ACTS = [
    moderation.withdraw,
    moderation.plan_erasure,
    moderation.stop_news,
    moderation.hide_name,
    moderation.allow_name,
]


@pytest.mark.parametrize("act", ACTS)
def test_every_act_says_why_and_needs_somebody(act):
    person = signature()
    with pytest.raises(NoReason):
        act(ANNA, person.id, " ")
    with pytest.raises(moderation.NoSuchSignature):
        act(ANNA, new_id(), "asked")
    assert stored(person.id).state == "confirmed"
    assert (enqueued(), audit()) == ([], [])


# --- Hiding a name ---


def test_a_hidden_name_is_gone_from_the_page_and_its_owner_cannot_show_it_again():
    person = signature(name="홍길동", public_name=True)
    moderation.hide_name(ANNA, person.id, "not a name")
    services.change(manage_token(person), name="홍길동", place=SEOUL, public_name=True, updates=False)
    assert public_names(person.campaign_id) == []
    assert stored(person.id).state == "confirmed"


def test_an_allowed_name_is_shown_when_its_owner_wants_it():
    person = signature(name="홍길동", public_name=True)
    moderation.hide_name(ANNA, person.id, "not a name")
    moderation.allow_name(ANNA, person.id, "it is one")
    assert public_names(person.campaign_id) == []
    services.change(manage_token(person), name="홍길동", place=SEOUL, public_name=True, updates=False)
    assert public_names(person.campaign_id) == ["홍길동"]


def test_the_own_page_says_that_staff_have_hidden_the_name(client):
    person = signature(public_name=True)
    moderation.hide_name(ANNA, person.id, "not a name")
    page = client.get(f"/en/me/{manage_token(person)}")
    assert "have hidden this name" in page.text
    assert 'name="public_name"' not in page.text
