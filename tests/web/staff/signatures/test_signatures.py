"""The desk of signatures: the address stays out of addresses and records, and every act comes back with a word."""

from datetime import timedelta

import pytest

from pledge.abuse import origin_list
from pledge.abuse.models import ListEffect, OriginKind
from pledge.abuse.origin_list import Origin
from pledge.core.i18n import format_datetime
from pledge.mail import suppression
from pledge.mail.addresses import parse
from pledge.mail.models import Returned
from pledge.mailed_links.links import new_id
from pledge.signatures.origins import domain_hash, listed_address_hash
from tests.support.audit import actions
from tests.support.factories import ANNA, SLUG, campaign, signature
from tests.support.rows import again, enqueued

LATE = "This is not possible in the current state, which this page shows."


def test_an_exact_address_leads_to_the_page_of_its_signature(moderator):
    person = signature(email="hong@naver.com", name="홍길동")
    reply = moderator.post("/staff/signatures", data={"email": " Hong@naver.com "})
    assert reply.status_code == 303
    assert reply.headers["Location"] == f"/staff/signatures/{person.id}"
    page = moderator.get(reply.headers["Location"])
    assert page.status_code == 200
    assert "h**@n**" in page.text
    assert "hong@naver.com" not in page.text
    assert "홍길동" not in page.text
    assert actions("signature.") == ["signature.look_up"]


def test_a_stranger_is_not_found_and_a_damaged_address_is_told_at_its_field(moderator):
    signature()
    assert "Nothing found" in moderator.post("/staff/signatures", data={"email": "no@naver.com"}).text
    damaged = moderator.post("/staff/signatures", data={"email": "no at naver"})
    assert damaged.status_code == 422
    assert 'value="no at naver"' in damaged.text
    assert actions("signature.") == ["signature.look_up"]


@pytest.mark.parametrize(
    ("typed", "meant"), [("naver.con", "naver.com"), ("gmial.com", "gmail.com"), ("harbour.example", None)]
)
def test_a_mistyped_domain_of_a_large_provider_is_hinted(moderator, typed, meant):
    page = moderator.post("/staff/signatures", data={"email": f"hong@{typed}"}).text
    assert ("Did the person mean" in page) == (meant is not None)
    assert meant is None or f"address at {meant}?" in page


def test_the_page_shows_the_mails_and_sends_the_link_again(moderator, frozen_clock):
    person = signature(state="pending")
    again = f"/staff/signatures/{person.id}/resend"
    sent = moderator.get(moderator.post(again).headers["Location"])
    assert "The e-mail is on its way." in sent.text
    assert "Request to confirm" in sent.text
    assert "Waiting" in sent.text
    capped = moderator.post(again)
    free = format_datetime(frozen_clock.now() + timedelta(minutes=10), "en")
    assert (capped.status_code, f"You can send it an e-mail again from {free}." in capped.text) == (409, True)
    assert f'action="{again}"' not in capped.text
    assert enqueued() == ["confirm"]


def test_an_address_whose_owner_wants_no_mail_is_said_to_be_one(moderator):
    person = signature()
    suppression.stop(person.email, Returned.COMPLAINT, known=True)
    page = moderator.get(f"/staff/signatures/{person.id}").text
    assert "No e-mail goes to this address" in page
    assert f"/{person.id}/resend" not in page
    assert moderator.post(f"/staff/signatures/{person.id}/resend").status_code == 409


def test_the_page_says_why_somebody_is_held_and_what_is_listed_of_where_they_came_from(moderator):
    facts = {"domain_hash": domain_hash(SLUG, "robots.example"), "hold_reason": "speed"}
    person = signature(state="held", email="hong@robots.example", **facts)
    kinds = {
        OriginKind.DOMAIN: facts["domain_hash"],
        OriginKind.ADDRESS: listed_address_hash(SLUG, parse("Hong@robots.example")),
    }
    origins = {kind: Origin(person.campaign_id, kind, value) for kind, value in kinds.items()}
    origin_list.add(ANNA, origins[OriginKind.ADDRESS], ListEffect.ALLOW, "we know them", ())
    page = moderator.get(f"/staff/signatures/{person.id}").text
    assert "E-mails answered too soon" in page
    assert "we know them" in page
    for kind, origin in origins.items():
        assert f'href="/staff/watch/{SLUG}/{kind}/{origin.hash.hex()}"' in page


@pytest.mark.parametrize(
    ("state", "act", "before", "done"),
    [
        ("held", "release", "Confirmed, on hold", "The signature is counted"),
        ("pending", "clear", "Not confirmed yet, to be held", "counted when it is confirmed"),
    ],
)
def test_one_that_is_held_or_would_be_is_decided_about_on_its_page(
    moderator, staff_client, state, act, before, done
):
    page = f"/staff/signatures/{signature(state=state, hold_reason='speed').id}"
    assert before in moderator.get(page).text
    assert "Give a reason" in moderator.post(f"{page}/{act}", data={"hold_why": " "}).text
    sent = moderator.post(f"{page}/{act}", data={"hold_why": "wrote to us"})
    assert sent.status_code == 303
    shown = moderator.get(sent.location).text
    assert (done in shown, before in shown, f"/{act}" in shown) == (True, False, False)
    again = staff_client("moderator", lang="en").post(f"{page}/{act}", data={"hold_why": "once more"})
    assert (again.status_code, LATE in again.text) == (409, True)
    assert "once more</textarea>" not in again.text, "the reason is beside acts that it was not typed for"


def test_clearing_one_that_was_confirmed_meanwhile_keeps_the_reason_for_the_release(moderator):
    person = signature(state="held")
    late = moderator.post(f"/staff/signatures/{person.id}/clear", data={"hold_why": "wrote to us"})
    assert late.status_code == 409
    assert LATE in late.text
    page = late.text.replace("\n", "")
    assert page.count(">wrote to us</textarea>") == 1
    assert ">wrote to us</textarea>" in page.partition('id="hold-title"')[2].partition("</section>")[0]


@pytest.mark.parametrize("facts", [{}, {"hold_reason": "speed"}], ids=["taken out", "refused"])
def test_of_one_that_is_not_counted_the_page_does_not_say_that_it_once_was(moderator, facts):
    person = signature(state="invalidated", **facts)
    page = moderator.get(f"/staff/signatures/{person.id}").text
    assert "Not counted, as staff decided" in page
    assert "Why it is not counted" in page
    assert "out of the count" not in page


def test_a_name_is_hidden_and_allowed_again(moderator):
    person = signature(name="나쁜말", public_name=True)
    address = f"/staff/signatures/{person.id}"
    assert "나쁜말" in moderator.get(address).text
    moderator.post(f"{address}/hide-name", data={"why": "an insult"})
    assert "Hidden by staff" in moderator.get(address).text
    assert "나쁜말" not in moderator.get(address).text
    moderator.post(f"{address}/allow-name", data={"why": "it is a name"})
    assert "Not shown" in moderator.get(address).text
    assert actions("signature.") == ["signature.hide_name", "signature.allow_name"]


@pytest.mark.parametrize("act", ["resend", "withdraw", "plan-erasure", "stop-erasure", "hide-name"])
def test_acting_on_nobody_is_not_found(moderator, act):
    campaign()
    assert moderator.post(f"/staff/signatures/{new_id()}/{act}", data={"why": "x"}).status_code == 404
    assert moderator.get(f"/staff/signatures/{new_id()}").status_code == 404


@pytest.mark.parametrize(
    ("act", "message"),
    [
        ("withdraw", "The signature is withdrawn and not counted. The person is told by e-mail."),
        ("stop-news", "They get no more news. The person is told by e-mail."),
        (
            "plan-erasure",
            "Everything will be erased in a day. The person is told by e-mail, and can stop it.",
        ),
    ],
)
def test_what_is_done_at_a_persons_request_is_said(app, staff_client, act, message):
    address = f"/staff/signatures/{signature(updates=True).id}"
    moderator = staff_client("moderator", lang="en")
    page = moderator.get(address)
    assert f"{address}/{act}" in page.text
    for no_reason in (" ", "900101-1234567"):  # the audit log keeps it for ever
        assert moderator.post(f"{address}/{act}", data={"why": no_reason}).status_code == 422
    assert actions("signature.") == []
    sent = moderator.post(f"{address}/{act}", data={"why": "asked by telephone"})
    assert sent.status_code == 303
    assert message in moderator.get(sent.location).text
    colleague = staff_client("moderator", lang="en")
    late = colleague.post(f"{address}/{act}", data={"why": "asked by telephone"})
    assert late.status_code == (303 if act == "plan-erasure" else 409)


def test_the_page_says_when_somebody_is_erased_and_takes_it_back(moderator):
    person = signature()
    address = f"/staff/signatures/{person.id}"
    moderator.post(f"{address}/plan-erasure", data={"why": "asked by telephone"})
    page = moderator.get(address).text
    assert f"Everything is erased after {format_datetime(again(person).erase_at, 'en')}" in page
    assert "/plan-erasure" not in page
    done = moderator.post(f"{address}/stop-erasure")
    page = moderator.get(done.location).text
    assert ("Nothing will be erased." in page, "/plan-erasure" in page) == (True, True)
