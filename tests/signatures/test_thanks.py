"""The mail with thanks: once, ten minutes after confirming, and not to somebody who declined it."""

import pytest
from sqlalchemy import select

from pledge.core.db import load
from pledge.core.languages import Texts
from pledge.core.tokens import BadToken, Purpose
from pledge.mail import queries
from pledge.mail.models import MailKind, OutboxMail
from pledge.mail.services import LEASE
from pledge.signatures import services
from pledge.signatures.queries import own_signature
from tests.support.factories import (
    campaign,
    confirm_token,
    fold_all,
    manage_token,
    press_key,
    signature,
)
from tests.support.mails import LINK, delivered, enqueue, part
from tests.support.pages import thanks_parts

pytestmark = pytest.mark.usefixtures("app")


def thanked():
    return load(select(OutboxMail).where(OutboxMail.kind == MailKind.THANKS))


def test_whoever_confirms_is_thanked_once_after_ten_minutes(frozen_clock):
    person = signature(state="pending", lang="en")
    services.confirm(person.id)
    services.confirm(person.id)
    assert delivered() == []
    frozen_clock.move(minutes=10)
    [(to, mail)] = delivered()
    assert to == person.email
    assert mail["Content-Language"] == "en"
    frozen_clock.move(days=1)
    assert delivered() == []


def test_the_mail_says_which_number_one_is(frozen_clock):
    for words, missing in (("You are the first to sign.", 99), ("You are the 2nd to sign.", 98)):
        services.confirm(signature(state="pending", lang="en").id)
        fold_all()
        frozen_clock.move(minutes=10)
        [(_, mail)] = delivered()
        for kind in ("plain", "html"):
            assert words in part(mail, kind)
            assert f"{missing} to go to 100." in part(mail, kind)


def test_the_mail_thanks_in_the_words_of_the_campaign(frozen_clock):
    of = campaign(thanks=Texts(en="Thank you for <clear> skies."))
    services.confirm(signature(of, state="pending", lang="en").id)
    frozen_clock.move(minutes=10)
    [(_, mail)] = delivered()
    assert "Thank you for <clear> skies." in part(mail, "plain")
    assert "Thank you for &lt;clear&gt; skies." in part(mail, "html")


def test_the_mail_leads_to_sharing_first_then_to_the_receipt_and_the_own_page_last(client, frozen_clock):
    person = signature(state="pending")
    services.confirm(person.id)
    frozen_clock.move(minutes=10)
    [(_, mail)] = delivered()
    button, share, receipt, me = LINK.findall(part(mail, "plain"))
    token = me.rsplit("/", 1)[1]
    assert own_signature(token, "ko", Purpose.MANAGE).row.email == person.email
    assert receipt == f"{me}/receipt?open=1"
    assert (button, share.endswith("/ko/c/blue-skies")) == (f"{share}#share-title", True)
    assert 'id="share-title"' in client.get("/ko/c/blue-skies").text, "where a friend can sign, too"
    assert "List-Unsubscribe" not in mail


def test_thanks_wait_until_nothing_else_is_due():
    thanks = enqueue(signature(), MailKind.THANKS)
    first, manage = enqueue(known=False), enqueue(signature(), MailKind.MANAGE)
    taken = [queries.claim(10, LEASE) for _ in range(3)]
    assert [[mail.id for mail in batch] for batch in taken] == [[manage], [first], [thanks]]


@pytest.mark.parametrize("act", [services.withdraw, services.erase])
def test_whoever_takes_it_back_before_is_not_thanked(frozen_clock, act):
    person = signature(state="pending")
    services.confirm(person.id)
    act(manage_token(person))
    frozen_clock.move(minutes=10)
    assert "고맙습니다" not in "".join(str(mail["Subject"]) for _, mail in delivered())


class TestDeclining:
    def test_no_mail_follows(self, frozen_clock):
        person, other = signature(state="pending"), signature(state="pending")
        services.confirm(person.id)
        services.confirm(other.id)
        services.decline_thanks(press_key(person))
        frozen_clock.move(minutes=10)
        assert [to for to, _ in delivered()] == [other.email]

    def test_the_thank_you_mail_is_declined_with_the_key_of_another_submission_of_the_person(
        self, frozen_clock
    ):
        first, second = (signature(state="pending", email="hong@example.org") for _ in range(2))
        services.confirm(second.id)
        services.decline_thanks(press_key(first))
        frozen_clock.move(minutes=10)
        assert delivered() == []

    def test_a_link_of_another_kind_declines_nothing(self):
        person = signature(state="pending")
        services.confirm(person.id)
        for token in (manage_token(person), confirm_token(person)):
            with pytest.raises(BadToken):
                services.decline_thanks(token)
        assert [mail.state for mail in thanked()] == ["queued"]

    def test_the_page_with_the_thanks_offers_it_until_the_mail_goes_out(self, client, frozen_clock):
        key = self.confirmed(client)
        assert f'action="/en/confirm/{key}/no-mail"' in thanks_parts(client, key)
        assert self.declined(client, key) == "declined"
        page = thanks_parts(client, key, done="declined")
        assert "You will get no e-mail about your signature" in page
        assert "/no-mail" not in page
        assert [mail.state for mail in thanked()] == ["dropped"]
        assert "We will send you one e-mail" not in thanks_parts(client, key)

    @pytest.mark.parametrize("is_claimed", [False, True])
    def test_pressed_after_the_mail_was_taken_up_for_sending_nobody_is_told_that_none_comes(
        self, client, frozen_clock, is_claimed
    ):
        key = self.confirmed(client)
        frozen_clock.move(minutes=10)
        assert queries.claim(10, LEASE) if is_claimed else delivered()
        assert self.declined(client, key) == ""

    def test_a_second_press_is_answered_as_the_first(self, client):
        key = self.confirmed(client)
        assert [self.declined(client, key) for _ in range(2)] == ["declined", "declined"]

    def test_an_address_that_says_so_declines_nothing(self, client):
        page = thanks_parts(client, self.confirmed(client), done="declined")
        assert "You will get no e-mail" not in page
        assert "We will send you one e-mail" in page

    def confirmed(self, client):
        person = signature(state="pending")
        client.post(f"/en/confirm/{confirm_token(person)}")
        return press_key(person)

    def declined(self, client, key):
        """What the address says that follows."""
        page, _, done = client.post(f"/en/confirm/{key}/no-mail").headers["Location"].partition("#")
        assert page == "/en/c/blue-skies/thanks"
        return done
