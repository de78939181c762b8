"""All states of a person × all that they or a stranger may do: what the page says is what happens.

Everything goes over HTTP and by mail, as people do it: the mails are read, their links opened, their codes typed.
"""

import re

import pytest
from sqlalchemy import func, select

from pledge.core.db import db
from pledge.ledger.models import LedgerEntry
from pledge.mail import services as mail_services
from pledge.mail import suppression
from pledge.mail.models import Returned
from pledge.signatures.models import Signature
from pledge.worker.registry import composers
from tests.support.factories import answer_requests, campaign, invalidation, sign_form

SIGN = "/en/c/blue-skies/sign"
HONG = {"email": "hong@example.org", "name": "Hong Gildong"}
LINK = re.compile(r"http://localhost(/en/[a-z]+/[\w.-]+)\s")
CODE = re.compile(r"^Code: (\d{6})\s", re.MULTILINE)

STATES = ("new", "pending", "confirmed", "withdrawn", "erased", "invalidated", "suppressed", "capped")

#: Which mail follows within about ten minutes, by state and by what is done; "" for none.
EXPECTED = {
    "new": {"sign": "confirm", "resend": "confirm", "link": ""},
    "pending": {"sign": "confirm", "resend": "confirm", "link": "confirm"},
    "confirmed": {"sign": "already", "resend": "already", "link": "manage"},
    "withdrawn": {"sign": "confirm", "resend": "manage", "link": "manage"},
    "erased": {"sign": "confirm", "resend": "", "link": ""},
    "invalidated": {"sign": "invalidated", "resend": "invalidated", "link": "manage"},
    "suppressed": {"sign": "", "resend": "", "link": ""},
    "capped": {"sign": "", "resend": "", "link": ""},
}
SUBJECTS = {
    "Please confirm your signature": "confirm",
    "You have already signed": "already",
    "The link to your signature": "manage",
    "Your signature is not counted": "invalidated",
}
#: Mails that follow confirming and withdrawing by themselves; no form asks for them.
OTHERS = ("Thank you for signing", "You have withdrawn your signature")


class Walk:
    """One person's browser and mailbox, and the worker that runs every minute."""

    def __init__(self, client, clock):
        self.client, self.clock = client, clock
        self.mails: list[tuple[str, str]] = []
        self.ticket = ""  #: where the last form led

    # The transport of the mails.
    def send(self, to: str, message: bytes, return_path: str = "") -> None:
        from email import message_from_bytes, policy

        mail = message_from_bytes(message, policy=policy.default)
        if any(words in mail["Subject"] for words in OTHERS):
            return
        subject = next(kind for words, kind in SUBJECTS.items() if words in mail["Subject"])
        self.mails.append((subject, mail.get_body(("plain",)).get_content()))

    def close(self) -> None:
        pass

    def work(self) -> None:
        answer_requests()
        while mail_services.deliver(composers(), self).total:
            pass

    def wait(self, minutes: int) -> list[str]:
        """Let time go by with the worker at work; which mails came."""
        before = len(self.mails)
        self.work()
        for _ in range(minutes):
            self.clock.move(minutes=1)
            self.work()
        return [kind for kind, _ in self.mails[before:]]

    def sign(self, **changes):
        reply = self.client.post(SIGN, data=sign_form(**HONG | changes))
        assert reply.status_code == 303
        self.ticket = reply.headers["Location"]
        return reply

    def resend(self):
        return self.client.post(self.ticket, data={"resend": "y"})

    def ask_for_link(self):
        return self.client.post("/en/me", data={"email": HONG["email"], "campaign": "blue-skies"})

    @property
    def link(self) -> str:
        return LINK.search(self.mails[-1][1])[1]

    @property
    def code(self) -> str:
        return CODE.search([text for kind, text in self.mails if kind == "confirm"][-1])[1]

    def confirm(self):
        return self.client.post(self.link)

    def type_code(self, code: str):
        return self.client.post(self.ticket, data={"code": code})

    def to_own_page(self) -> str:
        """By the mail, as the link of a used mail opens it only for seven days."""
        self.ask_for_link()
        assert "manage" in self.wait(0)
        return self.link


@pytest.fixture
def walk(client, frozen_clock):
    campaign()
    return Walk(client, frozen_clock)


def bring(walk: Walk, state: str) -> None:
    """Two minutes ago the person came into this state."""
    if state != "new":
        walk.sign()
        assert walk.wait(0) == ["confirm"]
    if state in ("confirmed", "withdrawn", "erased", "invalidated"):
        assert walk.confirm().status_code == 303
    if state in ("withdrawn", "erased"):
        act = "withdraw" if state == "withdrawn" else "erase"
        assert walk.client.post(f"{walk.to_own_page()}/{act}").status_code in (200, 303)
        walk.clock.move(minutes=20)  # the own link has been mailed a while ago
    if state == "invalidated":
        number = invalidation(applied=1).id
        db.session.execute(Signature.__table__.update().values(state="invalidated", invalidation_id=number))
        db.session.commit()
    if state == "suppressed":
        suppression.stop(HONG["email"], Returned.NO_MAILBOX, known=True)
    if state == "capped":
        for _ in range(4):
            walk.clock.move(hours=13)
            walk.resend()
            assert walk.wait(0) == ["confirm"]
    walk.clock.move(minutes=2)


def counted() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.sum(LedgerEntry.delta))) or 0


def stored_name() -> list[str]:
    db.session.rollback()
    query = select(Signature.name).where(Signature.state == "confirmed")
    return list(db.session.scalars(query))


def _check_words(page: str) -> None:
    """What it says is true in every state: a mail now, or in ten minutes, within limits that it names."""
    assert "If we wrote to your address recently, it comes in about ten minutes" in page
    assert (
        "at most one e-mail in ten minutes and three a day; a further one waits for its turn, up to two days"
        in page
    )
    assert "the limit is five in 30 days" in page
    assert "came back because there is no such mailbox" in page


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("act", ["sign", "resend", "link", "code"])
def test_what_the_page_says_is_what_happens(walk, state, act):
    bring(walk, state)
    before = counted()
    if act == "code":
        _code(walk, state, before)
        return
    if act == "sign":
        walk.sign(name="Hong Gilsun")
        _check_words(walk.client.get(walk.ticket).text)
    elif act == "resend":
        if state == "new":
            walk.sign()
            assert walk.wait(2) == ["confirm"]
        assert walk.resend().status_code == 303
        page = walk.client.get(walk.ticket).text
        assert (
            "The e-mail is sent at once or, if we wrote to this address recently, when its turn comes" in page
        )
    else:
        page = walk.client.get(walk.ask_for_link().headers["Location"]).text
        assert "If this address has signed, an e-mail with the link is on its way" in page
        assert "a further one waits for its turn, up to two days" in page
    came = walk.wait(11)
    expected = EXPECTED[state][act]
    assert came == ([expected] if expected else [])
    assert counted() == before, "a mail alone counts nobody"
    if expected == "confirm":
        assert walk.client.get(walk.link).status_code == 200
        assert walk.confirm().status_code == 303
        assert counted() == before + 1
        assert stored_name() == ["Hong Gilsun" if act == "sign" else "Hong Gildong"]
    elif expected:
        assert walk.client.get(walk.link).status_code == 200, "the way to one's own page"


def _code(walk: Walk, state: str, before: int) -> None:
    """The code of the newest mail, on the page where the form led."""
    if state == "new":
        walk.sign()
        assert walk.type_code("123456").status_code == 422, "no mail has been sent yet"
        return
    reply = walk.type_code(walk.code)
    if state in ("pending", "capped", "suppressed"):
        assert reply.status_code == 303
        assert counted() == before + 1
    elif state in ("confirmed", "invalidated"):
        assert reply.status_code == 303, "its page says how it stands"
        assert counted() == before
        words = "Thank you" if state == "confirmed" else "This signature is not counted"
        assert words in walk.client.get(reply.headers["Location"]).text
    else:
        assert reply.status_code == 422
        assert "This code does not work" in reply.text
        assert counted() == before


@pytest.mark.parametrize("state", STATES)
def test_the_waiting_page_is_the_same_whatever_the_state(walk, state):
    other = Walk(walk.client, walk.clock)
    other.sign(email="kim@example.org")
    other.wait(0)
    bring(walk, state)
    walk.sign()
    expected, found = (
        (walk.client.get(one.ticket).data, one.type_code("000000").data, one.resend().data, len(one.ticket))
        for one in (other, walk)
    )
    assert found == expected


@pytest.mark.parametrize("state", ["new", "withdrawn"])
def test_a_name_corrected_within_ten_minutes_is_mailed_in_the_next_slot(walk, state):
    bring(walk, state)
    walk.sign(name="Hong Gildonk")
    walk.clock.move(minutes=1)
    walk.sign(name="Hong Gildong")
    assert walk.wait(21) == ["confirm"], "the newest form takes the place of what still waits"
    assert walk.confirm().status_code == 303
    assert stored_name() == ["Hong Gildong"]


STRANGER = {"name": "Somebody Else", "country": "JP", "region": None}


class TestAStrangerWhoKnowsTheAddress:
    def test_a_stranger_cannot_stop_the_owners_own_mail_by_three_submissions(self, walk):
        for number in range(3):
            walk.sign(**STRANGER | {"name": f"Somebody {'ABC'[number]}"})
            walk.wait(11)
        walk.sign()
        came = walk.wait(60 * 24)
        assert came == ["confirm"]
        assert "Hong Gildong" in walk.client.get(walk.link).text


def test_who_signs_again_after_withdrawing_may_withdraw_again_from_an_old_link(walk):
    bring(walk, "confirmed")
    own = walk.to_own_page()
    walk.client.post(f"{own}/withdraw")
    walk.clock.move(minutes=1)
    walk.sign(name="Hong Gilsun")
    assert "confirm" in walk.wait(11)
    assert walk.confirm().status_code == 303
    assert counted() == 1
    page = walk.client.get(own)
    assert "Hong Gilsun" in page.text, "the older link leads to what counts now"
    walk.client.post(f"{own}/withdraw")
    assert counted() == 0
