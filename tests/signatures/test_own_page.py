"""What a person may do with their signature later: correct, choose, withdraw, erase, unsubscribe."""

import pytest
from sqlalchemy import select, text

from pledge.core.db import db, load
from pledge.core.text.lines import BadLine
from pledge.core.tokens import BadToken, Purpose
from pledge.ledger.models import Dimension, LedgerPlace
from pledge.ledger.queries import breakdown, count
from pledge.ledger.services import Place
from pledge.mail.models import MailAllowance
from pledge.signatures import services
from pledge.signatures.entries import BadPlace
from pledge.signatures.models import Signature
from pledge.signatures.queries import own_signature
from tests.support.factories import (
    SEOUL,
    answer_requests,
    confirm_token,
    fold_all,
    manage_token,
    sign_form,
    signature,
    signatures,
    unsubscribe_token,
)
from tests.support.mails import delivered, part
from tests.support.rows import enqueued, number_of

pytestmark = pytest.mark.usefixtures("app")


def people(of):
    fold_all()
    return count(of.campaign_id).people


def test_the_name_and_the_optional_choices_can_be_changed():
    person = signature(name="홍길동")
    services.change(manage_token(person), name=" 홍길순 ", place=SEOUL, public_name=True, updates=True)
    seen = own_signature(manage_token(person), "ko")
    assert (seen.row.name, seen.row.public_name, seen.row.updates) == ("홍길순", True, True)


def test_a_bad_name_changes_nothing():
    person = signature(name="홍길동")
    with pytest.raises(BadLine):
        services.change(manage_token(person), name="http://x.kr", place=SEOUL, public_name=True, updates=True)
    assert own_signature(manage_token(person), "ko").row.public_name is False


def test_withdrawing_takes_one_from_the_count_once():
    person, _ = signatures(2)
    assert people(person) == 2
    services.withdraw(manage_token(person))
    services.withdraw(manage_token(person))
    assert people(person) == 1
    assert own_signature(manage_token(person), "ko").row.state == "withdrawn"


def test_whoever_withdraws_is_told_once_by_mail_that_the_count_is_corrected():
    person = signature(lang="en")
    services.withdraw(manage_token(person))
    services.withdraw(manage_token(person))
    fold_all()
    [(to, mail)] = delivered()
    assert to == person.email
    assert mail["Subject"] == "[Blue Skies] You have withdrawn your signature"
    assert "The count is corrected" in part(mail, "plain")


def test_whoever_withdraws_while_held_is_told_too():
    person = signature(state="held", lang="en")
    services.withdraw(manage_token(person))
    assert fold_all() == 0
    assert enqueued() == ["withdrawn_self"]


def test_whoever_has_signed_again_is_not_told_that_they_have_withdrawn():
    person = signature()
    services.withdraw(manage_token(person))
    fold_all()
    again = signature(state="pending", email=person.email)
    services.confirm(again.id)
    assert delivered() == []


def test_withdrawing_also_ends_the_optional_choices():
    token = manage_token(signature(public_name=True, updates=True))
    services.withdraw(token)
    seen = own_signature(token, "ko")
    assert (seen.row.public_name, seen.row.updates) == (False, False)


def test_erasing_removes_everything_personal_and_keeps_the_arithmetic(app, client):
    other = signature()
    for spelling in ("hong@gmail.com", "h.ong@googlemail.com"):
        client.post("/ko/c/blue-skies/sign", data=sign_form(email=spelling))
    answer_requests()
    person, _ = load(select(Signature).where(Signature.state == "pending"))
    services.confirm(person.id)
    assert (people(person), number_of(MailAllowance)) == (2, 2)
    services.erase(manage_token(person))
    assert people(other) == 1
    assert load(select(Signature.id)) == [other.id]
    assert number_of(MailAllowance) == 0
    deltas = [row[0] for row in db.session.execute(text("SELECT delta FROM ledger_entries ORDER BY id"))]
    assert sorted(deltas) == [-1, 1, 1]


@pytest.mark.parametrize("state", ["pending", "withdrawn", "invalidated"])
def test_erasing_what_is_not_counted_takes_nothing_from_the_count(state):
    person = signature(state=state)
    other = signature()
    services.erase(manage_token(person))
    assert people(other) == 1


def test_the_link_to_the_own_page_is_invalid_after_erasing():
    person = signature()
    services.erase(manage_token(person))
    with pytest.raises(BadToken):
        own_signature(manage_token(person), "ko")
    with pytest.raises(BadToken):
        services.withdraw(manage_token(person))


def test_unsubscribing_leaves_the_signature_counted():
    person = signature(updates=True)
    services.unsubscribe(unsubscribe_token(person))
    seen = own_signature(unsubscribe_token(person), "ko", Purpose.UNSUBSCRIBE)
    assert (seen.row.updates, seen.row.state) == (False, "confirmed")
    assert people(person) == 1


def test_a_link_of_another_purpose_opens_nothing():
    person = signature()
    for wrong in (confirm_token(person), unsubscribe_token(person)):
        with pytest.raises(BadToken):
            services.withdraw(wrong)
    with pytest.raises(BadToken):
        services.unsubscribe(manage_token(person))


def test_the_link_ends_after_400_days(frozen_clock):
    token = manage_token(signature())
    frozen_clock.move(days=399)
    assert own_signature(token, "ko")
    frozen_clock.move(days=2)
    with pytest.raises(BadToken):
        own_signature(token, "ko")


def test_a_place_put_right_on_the_own_page_moves_the_totals_and_leaves_the_count():
    people_here = signatures(2, region="KR-26")
    fold_all()
    services.change(
        manage_token(people_here[0]), name="홍길동", place=Place("JP", None), public_name=False, updates=False
    )
    assert people(people_here[0]) == 2
    assert breakdown(people_here[0].campaign_id, Dimension.COUNTRY) == {"KR": 1, "JP": 1}
    assert own_signature(manage_token(people_here[0]), "ko").row.country == "JP"


def test_a_change_that_leaves_the_place_writes_nothing_about_it():
    services.change(manage_token(signature()), name="홍길순", place=SEOUL, public_name=False, updates=False)
    assert number_of(LedgerPlace) == 0


def test_with_a_place_that_does_not_exist_nothing_is_changed():
    person = signature(name="홍길동")
    with pytest.raises(BadPlace):
        services.change(
            manage_token(person), name="홍길순", place=Place("KR", "KR-99"), public_name=True, updates=True
        )
    shown = own_signature(manage_token(person), "ko")
    assert (shown.row.name, shown.row.region, shown.row.public_name) == ("홍길동", "KR-11", False)
