"""What a person may do with their signature later: correct, choose, withdraw, erase, unsubscribe."""

import pytest
from sqlalchemy import func, select, text

from pledge.core.db import db
from pledge.core.text.lines import BadLine
from pledge.core.tokens import BadToken, Purpose
from pledge.ledger.queries import count
from pledge.mail.models import MailAllowance
from pledge.signatures import own
from pledge.signatures.models import Signature
from pledge.signatures.queries import own_signature
from tests.support.factories import (
    confirm_token,
    fold_all,
    manage_token,
    sign_form,
    signature,
    signatures,
    unsubscribe_token,
)

pytestmark = pytest.mark.usefixtures("app")


def people(of):
    fold_all()
    return count(of.campaign_id).people


def test_the_name_and_the_optional_choices_can_be_changed():
    person = signature(name="홍길동")
    own.change(manage_token(person), name=" 홍길순 ", public_name=True, updates=True)
    seen = own_signature(manage_token(person), "ko")
    assert (seen.name, seen.public_name, seen.updates) == ("홍길순", True, True)


def test_a_bad_name_changes_nothing():
    person = signature(name="홍길동")
    with pytest.raises(BadLine):
        own.change(manage_token(person), name="http://x.kr", public_name=True, updates=True)
    assert own_signature(manage_token(person), "ko").public_name is False


def test_withdrawing_takes_one_from_the_count_once():
    person, _ = signatures(2)
    assert people(person) == 2
    own.withdraw(manage_token(person))
    own.withdraw(manage_token(person))
    assert people(person) == 1
    assert own_signature(manage_token(person), "ko").state == "withdrawn"


def test_withdrawing_also_ends_the_optional_choices():
    token = manage_token(signature(public_name=True, updates=True))
    own.withdraw(token)
    seen = own_signature(token, "ko")
    assert (seen.public_name, seen.updates) == (False, False)


def test_withdrawing_before_confirming_does_nothing():
    person = signature(state="pending")
    own.withdraw(manage_token(person))
    assert people(person) == 0
    assert own_signature(manage_token(person), "ko").state == "pending"


def test_erasing_removes_everything_personal_and_keeps_the_arithmetic(app, client):
    person, _ = signatures(2)
    assert people(person) == 2
    campaign_id, hashed, email = person.campaign_id, person.address_hash, person.email
    client.post("/ko/c/blue-skies/sign", data=sign_form(email=email))
    own.erase(manage_token(person))
    fold_all()
    assert count(campaign_id).people == 1
    db.session.rollback()
    for model in (Signature, MailAllowance):
        assert (
            db.session.scalar(select(func.count()).select_from(model).where(model.address_hash == hashed))
            == 0
        )
    deltas = [row[0] for row in db.session.execute(text("SELECT delta FROM ledger_entries ORDER BY id"))]
    assert sorted(deltas) == [-1, 1, 1]


@pytest.mark.parametrize("state", ["pending", "withdrawn"])
def test_erasing_what_is_not_counted_takes_nothing_from_the_count(state):
    person = signature(state=state)
    other = signature()
    own.erase(manage_token(person))
    assert people(other) == 1


def test_the_link_to_the_own_page_is_invalid_after_erasing():
    person = signature()
    own.erase(manage_token(person))
    with pytest.raises(BadToken):
        own_signature(manage_token(person), "ko")
    with pytest.raises(BadToken):
        own.withdraw(manage_token(person))


def test_unsubscribing_leaves_the_signature_counted():
    person = signature(updates=True)
    own.unsubscribe(unsubscribe_token(person))
    seen = own_signature(unsubscribe_token(person), "ko", Purpose.UNSUBSCRIBE)
    assert (seen.updates, seen.state) == (False, "confirmed")
    assert people(person) == 1


def test_a_link_of_another_purpose_opens_nothing():
    person = signature()
    for wrong in (confirm_token(person), unsubscribe_token(person)):
        with pytest.raises(BadToken):
            own.withdraw(wrong)
    with pytest.raises(BadToken):
        own.unsubscribe(manage_token(person))


def test_the_link_ends_after_400_days(frozen_clock):
    token = manage_token(signature())
    frozen_clock.move(days=399)
    assert own_signature(token, "ko")
    frozen_clock.move(days=2)
    with pytest.raises(BadToken):
        own_signature(token, "ko")
