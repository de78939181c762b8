"""The way of a mailed link, the same for a signature and an endorsement (docs/security.md, R1–R7): right status, right words,
and a way on.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from pledge.core import tokens
from pledge.core.tokens import Purpose
from pledge.endorsements.models import Endorsement
from pledge.endorsements.services import ticket_for as endorse_ticket
from pledge.ledger.models import LedgerEntry
from pledge.mail.models import OutboxMail
from pledge.signatures.models import Signature
from pledge.signatures.services import ticket_for
from tests.support.factories import (
    answer_requests,
    campaign,
    confirm_token,
    endorse_confirm_token,
    endorse_manage_token,
    endorsement,
    manage_token,
    signature,
)
from tests.support.rows import again, enqueued, number_of

pytestmark = pytest.mark.usefixtures("app")


@dataclass(frozen=True)
class Case:
    """One of the two journeys, as these tests need it."""

    name: str
    prefix: str
    not_mine: str
    model: type
    make: Callable[..., Any]
    token: Callable[[Any], str]
    own_token: Callable[[Any], str]
    ticket: Callable[[Any], str]
    facts: dict[str, Any]  #: what is recorded,
    shown: tuple[str, ...]  #: and how its page says it
    stored: dict[str, Any]  #: of it, in the download once it is counted
    foreign: tuple[Purpose, list[int]]  #: a token of the right purpose for nothing that exists
    confirmed: str  #: the state after confirming
    counted: str  #: a state in which it is counted
    manage_mail: str

    def confirm(self, row: Any) -> str:
        return f"/en{self.prefix}/confirm/{self.token(row)}"

    def me(self, row: Any) -> str:
        return f"/en{self.prefix}/me/{self.own_token(row)}"

    def check(self, row: Any) -> str:
        return f"/en/c/blue-skies{self.prefix}/check/{self.ticket(row)}"


EMAIL = "kim@ministry.example.org"

SIGNATURE = Case(
    name="signature",
    prefix="",
    not_mine="not-me",
    model=Signature,
    make=signature,
    token=confirm_token,
    own_token=manage_token,
    ticket=lambda row: ticket_for("blue-skies", row.id),
    facts={"name": "김하늘", "public_name": True, "region": "KR-26"},
    shown=("김하늘", "Busan"),
    stored={
        "name": "김하늘",
        "public_name": True,
        "region": "KR-26",
        "updates": False,
        "consent": {"version": 1, "recipient": "the Government of the Republic of Korea"},
        "privacy_notice": "2026-11-24",
    },
    foreign=(Purpose.CONFIRM, [999]),
    confirmed="confirmed",
    counted="confirmed",
    manage_mail="manage",
)
ENDORSEMENT = Case(
    name="endorsement",
    prefix="/endorse",
    not_mine="not-us",
    model=Endorsement,
    make=endorsement,
    token=endorse_confirm_token,
    own_token=endorse_manage_token,
    ticket=lambda row: endorse_ticket("blue-skies", row.address_hash, row.name_key),
    facts={
        "name_ko": "하늘 & 바다",
        "name_en": "Sky & Sea",
        "region": "KR-26",
        "email": EMAIL,
        "interim_year": 2035,
        "interim_percent": 60,
        "base_year": 2018,
        "registration_number": "1248100998",
    },
    shown=(
        *("하늘 &amp; 바다", "Sky &amp; Sea", "Busan", "김하늘", "사무국장", EMAIL),
        *("2035", "1248100998"),
    ),
    stored={
        "contact": {"name": "김하늘", "title": "사무국장", "email": EMAIL, "shown_in_public": False},
        "registration_number": "1248100998",
        "state": "published",
        "level": "mail",
    },
    foreign=(Purpose.ENDORSE_CONFIRM, [999, 1, 1]),
    confirmed="review",
    counted="published",
    manage_mail="endorse_manage",
)


@pytest.fixture(params=[SIGNATURE, ENDORSEMENT], ids=lambda case: case.name)
def case(request):
    return request.param


def test_r1_the_page_of_a_link_shows_what_will_be_recorded_one_button_and_a_way_to_disown(client, case):
    page = client.get(case.confirm(case.make(state="pending", **case.facts)))
    assert page.status_code == 200
    assert [words for words in case.shown if words not in page.text] == []
    assert "The pledge, version 1" in page.text
    assert page.text.count("<button") == 1
    assert f"/{case.not_mine}" in page.text
    assert page.headers["Cache-Control"] == "no-store"


def test_r1_pressing_leads_to_thanks_and_r2_pressing_again_to_the_same(client, case):
    row = case.make(state="pending")
    address = case.confirm(row)
    first, second = client.post(address), client.post(address)
    for reply in (first, second):
        assert (reply.status_code, reply.location) == (303, f"/en/c/blue-skies{case.prefix}/thanks")
    assert client.get(first.location).status_code == 200
    assert again(row).state == case.confirmed


def test_r2_the_link_to_the_own_page_can_be_had_by_mail_once_confirmed(client, case):
    reply = client.post(f"{case.confirm(case.make(state=case.confirmed))}/my-link")
    assert reply.status_code == 303
    assert client.get(reply.headers["Location"]).status_code == 200
    answer_requests()
    assert enqueued() == [case.manage_mail]
    waiting = case.make(state="pending")
    assert client.post(f"{case.confirm(waiting)}/my-link").status_code == 410


def test_r3_an_expired_link_offers_a_new_mail_with_one_press(client, frozen_clock, case):
    row = case.make(state="pending")
    address = case.confirm(row)
    frozen_clock.move(days=8)
    for reply in (client.get(address), client.post(address)):
        assert reply.status_code == 410
        assert f'action="{address}/renew"' in reply.text
    renewed = client.post(f"{address}/renew")
    assert renewed.status_code == 303
    assert client.get(renewed.headers["Location"]).status_code == 200
    answer_requests()
    assert number_of(OutboxMail) == 1
    assert again(row).state == "pending"


def test_r5_and_r6_ended_foreign_and_garbage_look_exactly_alike(client, case):
    ended = case.make(state="withdrawn")
    other = ENDORSEMENT if case is SIGNATURE else SIGNATURE
    before = number_of(LedgerEntry)
    asked = [
        *(
            [case.token(ended)] if case is ENDORSEMENT else []
        ),  # a withdrawn signature has its own page, below
        tokens.mint(*case.foreign),
        tokens.mint(*other.foreign),
        case.own_token(ended),
        tokens.mint(Purpose.TICKET, ["blue-skies", "x"]),
        *("garbage", "a.b.c", "x" * 3000, "한글"),
    ]
    pages = set()
    for token in asked:
        address = f"/en{case.prefix}/confirm/{token}"
        for reply in (client.get(address), client.post(address)):
            assert reply.status_code == 410
            page = reply.data.replace(token.encode(), b"")
            pages.add(re.sub(rb'(href|content)="[^"]*/confirm/[^"]*"', b"", page))
    assert len(pages) == 1
    assert number_of(LedgerEntry) == before


def test_r5_a_link_of_a_withdrawn_signature_says_so_to_whoever_has_the_mail(client):
    address = SIGNATURE.confirm(signature(state="withdrawn", name="김하늘", email="sky@naver.com"))
    for reply in (client.get(address), client.post(address)):
        assert reply.status_code == 410
        assert "<h1>You have withdrawn this signature</h1>" in reply.text
        assert 'href="/en/c/blue-skies/sign"' in reply.text
        assert not any(secret in reply.text for secret in ("김하늘", "sky@naver.com"))


def test_r7_a_link_of_a_closed_campaign_says_so(client, frozen_clock, case):
    of = campaign(closes_at=frozen_clock.now().replace(year=2020))
    row = case.make(of, state="pending")
    shown, pressed = client.get(case.confirm(row)), client.post(case.confirm(row))
    assert (shown.status_code, pressed.status_code) == (200, 409)
    for page in (shown, pressed):
        assert "This campaign has ended" in page.text
    assert again(row).state == "pending"


def test_this_was_not_me_deletes_for_whoever_types_the_address_and_for_no_press_alone(client, case):
    address = f"{case.confirm(case.make(state='pending', email=EMAIL))}/{case.not_mine}"
    page = client.get(address)
    assert page.status_code == 200
    assert EMAIL not in page.text
    assert f'action="{address}"' in page.text
    assert number_of(case.model) == 1
    for typed in ({}, {"email": ""}, {"email": "stranger@example.org"}):
        assert client.post(address, data=typed).status_code == 422
    assert number_of(case.model) == 1
    assert client.post(address, data={"email": EMAIL.upper()}).status_code == 200
    assert number_of(case.model) == 0
    for path in ("", f"/{case.not_mine}"):
        link = address.removesuffix(f"/{case.not_mine}")
        assert (client.get(f"{link}{path}").status_code, client.post(f"{link}{path}").status_code) == (
            410,
            410,
        )


def test_who_asks_for_the_link_is_told_that_it_is_on_its_way_and_loses_no_mistyped_address(client, case):
    address = f"/en{case.prefix}/me"
    asked = client.post(address, data={"email": "nobody@haneul.co.kr"})
    assert client.get(asked.location).status_code == 200
    wrong = client.post(address, data={"email": "nope"})
    assert wrong.status_code == 422
    assert 'value="nope"' in wrong.text
    assert client.get(address).status_code == 200


def test_withdrawing_asks_first_and_then_takes_back(client, case):
    own_page = case.me(case.make(state=case.counted))
    assert client.get(f"{own_page}/withdraw").status_code == 200
    assert number_of(LedgerEntry) == 1
    reply = client.post(f"{own_page}/withdraw")
    assert (reply.status_code, reply.headers["Location"]) == (303, f"{own_page}?done=withdrawn#done")
    assert number_of(LedgerEntry) == 2
    assert client.get(own_page).status_code == 200


@pytest.mark.parametrize("done", ["withdrawn", "nonsense"])
def test_an_address_cannot_make_the_own_page_say_what_is_not_so(client, case, done):
    page = client.get(f"{case.me(case.make(state=case.counted))}?done={done}")
    assert page.status_code == 200
    assert 'id="done"' not in page.text


def test_the_download_holds_everything_as_json(client, case):
    reply = client.get(f"{case.me(case.make(state=case.counted, **case.facts))}/download")
    assert reply.mimetype == "application/json"
    assert "attachment" in reply.headers["Content-Disposition"]
    document = reply.json
    assert {name: document[name] for name in case.stored} == case.stored
    assert (document["pledge"]["version"], len(document["pledge"]["sha256"])) == (1, 64)
    assert case is SIGNATURE or document["versions"][0]["name"]["ko"] == "하늘 & 바다"


def test_erasing_asks_first_and_then_the_link_is_invalid(client, case):
    own_page = case.me(case.make(state=case.counted))
    assert client.get(f"{own_page}/erase").status_code == 200
    assert client.get(own_page).status_code == 200
    assert client.post(f"{own_page}/erase").status_code == 200
    assert client.get(own_page).status_code == 410
    assert client.post(f"{own_page}/erase").status_code == 410


def test_the_answer_to_a_form_switches_language_to_the_page_that_the_form_stands_on(client, case):
    row = case.make(state="pending")
    confirm = case.confirm(row)
    answered = {
        f"{confirm}x/renew": f"{confirm}x",
        f"{confirm}x/my-link": f"{confirm}x",
        f"{confirm}x/{case.not_mine}": f"{confirm}x/{case.not_mine}",
        f"/en{case.prefix}/me": f"/en{case.prefix}/me",
    }
    for address, page in answered.items():
        reply = client.post(address)
        assert reply.status_code in (410, 422)
        assert f'href="{page.replace("/en/", "/ko/", 1)}"' in reply.text
