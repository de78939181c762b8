"""The number that is asked for where a machine may have pressed: the two digits of the page where one signed, or a code by another mail."""

import pytest

from pledge.abuse.signals import MAX_MATCH_TRIES, ClickSignal
from pledge.core import tokens
from pledge.core.tokens import BadToken
from pledge.ledger.models import LedgerEntry
from pledge.signatures import services
from pledge.signatures.services import Confirmation, confirm_by_number, mail_code
from tests.support.at_once import at_once
from tests.support.factories import answer_requests, code, confirm_token, mailed, scanned, signature
from tests.support.mails import LINK, delivered, full_text, part
from tests.support.rows import again, number_of

pytestmark = pytest.mark.usefixtures("app")


@pytest.fixture
def person():
    """Somebody whose mail server belongs to a scanner, and who has the mail with the link."""
    return mailed(signature(state="pending", email="kim@ministry.example.org", **scanned()))


def wrong_for(person):
    return str(10 + (int(tokens.two_digits(person.id)) - 9) % 90)


def send():
    """The worker answers and sends; the mails that went out."""
    answer_requests()
    return [mail for _, mail in delivered()]


def test_a_press_does_not_count_where_a_scanner_reads_the_mail(person):
    assert not services.confirm_by_link(confirm_token(person))
    assert number_of(LedgerEntry) == 0


def test_a_press_counts_everywhere_else():
    scanned("other.example.org")
    assert services.confirm_by_link(confirm_token(signature(state="pending", email="kim@example.org")))


def test_a_press_without_a_gesture_does_not_count_anywhere():
    person = signature(state="pending")
    assert not services.confirm_by_link(confirm_token(person), {ClickSignal.NO_GESTURE})
    assert services.confirm_by_link(confirm_token(person), {ClickSignal.INSTANT})


def test_the_two_digits_confirm(person):
    assert confirm_by_number(confirm_token(person), tokens.two_digits(person.id)) is Confirmation.DONE
    assert number_of(LedgerEntry) == 1


def test_the_digits_belong_to_one_submission_and_are_two():
    numbers = {tokens.two_digits(signature_id) for signature_id in range(1, 2000)}
    assert numbers == {str(number) for number in range(10, 100)}


def test_after_three_wrong_numbers_the_right_one_is_not_taken_either(person):
    token = confirm_token(person)
    for _ in range(MAX_MATCH_TRIES):
        assert confirm_by_number(token, wrong_for(person)) is Confirmation.WRONG
    assert confirm_by_number(token, tokens.two_digits(person.id)) is Confirmation.SPENT
    assert number_of(LedgerEntry) == 0
    assert services.confirm_by_code(person.id, code(person)) is Confirmation.DONE, (
        "the page has the code still"
    )


@pytest.mark.postgresql_only
def test_guesses_at_the_same_moment_get_no_more_chances(app, person):
    token, right = confirm_token(person), int(tokens.two_digits(person.id))
    guesses = [str(10 + (right - 10 + number) % 90) for number in range(1, 13)]
    outcomes = at_once(app, *(lambda guess=guess: confirm_by_number(token, guess) for guess in guesses))
    assert outcomes.count(Confirmation.WRONG) == MAX_MATCH_TRIES
    assert outcomes.count(Confirmation.SPENT) == len(guesses) - MAX_MATCH_TRIES


def test_the_code_of_the_mail_with_the_link_proves_nothing_and_uses_up_no_try(person):
    for _ in range(6):
        assert confirm_by_number(confirm_token(person), code(person)) is Confirmation.WRONG
    assert number_of(LedgerEntry) == 0
    assert services.confirm_by_code(person.id, code(person)) is Confirmation.DONE


def test_another_mail_brings_a_code_and_no_link_and_its_code_confirms(person):
    mail_code(confirm_token(person), "en")
    (mail,) = send()
    second = tokens.code(person.id, 2)
    assert all(second in text for text in (mail["Subject"], part(mail, "plain"), part(mail, "html")))
    assert LINK.search(full_text(mail)) is None
    assert confirm_by_number(confirm_token(person), code(person)) is Confirmation.WRONG
    assert confirm_by_number(confirm_token(person), second) is Confirmation.DONE
    assert number_of(LedgerEntry) == 1


def test_a_code_that_is_not_sent_yet_opens_no_way_for_the_first_one(person):
    mail_code(confirm_token(person), "en")
    answer_requests()
    assert confirm_by_number(confirm_token(person), code(person)) is Confirmation.WRONG
    assert confirm_by_number(confirm_token(person), tokens.code(person.id, 2)) is Confirmation.WRONG


def test_every_later_mail_about_it_has_a_code_alone(person, frozen_clock):
    mail_code(confirm_token(person), "en")
    send()
    frozen_clock.move(hours=1)
    mail_code(confirm_token(person), "en")
    (mail,) = send()
    assert tokens.code(person.id, 3) in full_text(mail)
    assert LINK.search(full_text(mail)) is None


def test_asking_again_and_again_sends_one_mail_more_than_the_caps_of_an_address(person, frozen_clock):
    sent = []
    for _ in range(8):
        mail_code(confirm_token(person), "en")
        sent += send()
        frozen_clock.move(hours=1)
    assert len(sent) == 1 + 3


@pytest.mark.parametrize("state", ["confirmed", "withdrawn"])
def test_there_is_no_code_for_what_does_not_wait(state):
    with pytest.raises(BadToken):
        mail_code(confirm_token(signature(state=state)), "en")


def test_an_expired_link_confirms_with_no_number(person, frozen_clock):
    token = confirm_token(person)
    frozen_clock.move(days=8)
    assert confirm_by_number(token, tokens.two_digits(person.id)) is Confirmation.WRONG
    assert number_of(LedgerEntry) == 0


def test_the_signals_of_the_press_that_confirmed_are_kept(person):
    quick, other = signature(state="pending"), signature(state="pending")
    assert services.confirm_by_link(confirm_token(quick), {ClickSignal.INSTANT})
    assert services.confirm_by_link(confirm_token(other))
    assert (
        confirm_by_number(confirm_token(person), tokens.two_digits(person.id), {ClickSignal.INSTANT})
        is Confirmation.DONE
    )
    kept = [again(row).confirm_signals for row in (quick, other, person)]
    assert kept == ["instant", None, "asked instant"]
