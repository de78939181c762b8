"""Each act of staff that asks for a recent second factor: how it is brought about, and what it leaves in the audit log."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from pledge.accounts import services
from pledge.accounts.models import StaffPasskey
from pledge.audit.models import Actor
from pledge.campaigns.queries import pledge_versions
from pledge.campaigns.rules import stamp
from pledge.core import clock
from pledge.core.db import db
from pledge.core.i18n import SEOUL
from pledge.ledger import log_queries
from pledge.paper.services import note_download
from pledge.signatures.invalidation import applying
from pledge.signatures.invalidation import services as invalidations
from pledge.signatures.invalidation.models import Condition, InvalidationReason
from pledge.signatures.models import Signature
from pledge.signatures.origins import domain_hash
from tests.support import deliveries, demands, factories, news, paper, passkeys
from tests.support.factories import ANNA, SLUG
from tests.support.staff import StaffClient, client_of, new_authenticator
from tests.web.staff.deliveries.screens import FORM as DRAFT

#: Settings of a site in production.
PRODUCTION = {
    "env": "production",
    "base_url": "https://pledge.example",
    "smtp_url": "smtp://127.0.0.1:1",
    **dict.fromkeys(("mail_from", "contact"), "a@b.example"),
    "secret_keys": "s" * 40,
    "data_keys": "d" * 40,
}
WHY = "as written in letter 17"


@dataclass
class Act:
    """A form that asks for the second factor: where it is sent, with what, and what it leaves in the audit log."""

    path: str
    fields: dict[str, str] = field(default_factory=dict)
    #: The entry that it makes; "" for one that changes nothing and shows `shown`.
    action: str = ""
    shown: str = ""
    #: What makes the form wrong, though it holds every word again.
    wrong: dict[str, str] = field(default_factory=dict)
    #: A text that was typed into the wrong form.
    typed: str = ""


def _signed() -> int:
    factories.crowd(6)
    factories.fold_all()
    return log_queries.newest(factories.the_campaign().id).id


def close_account(_client: StaffClient) -> Act:
    person = factories.staff("viewer")
    long = "left " * 201
    return Act(
        f"/staff/people/{person.id}/close", {"why": WHY}, "staff.close", wrong={"why": long}, typed=long
    )


def set_up_authenticator(client: StaffClient, minutes: int = 6) -> Act:
    """With the code that the new app shows after so many minutes."""
    path = "/staff/account/authenticator"
    fields = new_authenticator(client.get(path), clock.now().timestamp() + minutes * 60)
    return Act(path, fields, "staff.set_authenticator")


def _add_passkey(client: StaffClient) -> int:
    added = StaffPasskey(credential_id=b"1" * 16, public_key=b"2" * 16, sign_count=0, transports=[])
    services.add_passkey(Actor(client.member.id, client.member.email, ""), added, "My phone", first=False)
    db.session.rollback()
    return factories.member_of_staff(client.member.id).passkeys[0].id


def register_passkey(client: StaffClient) -> Act:
    page = client.post("/staff/account/passkeys/new", data={"name": "My laptop"}).text
    path, credential = passkeys.Passkey().register(page)
    return Act(path, {"credential": credential}, "staff.add_passkey")


def _publish_pledge(_client: StaffClient) -> Act:
    wording = pledge_versions(factories.the_campaign().id)[0]
    fields = {
        "seen": wording.stamp,
        "version": str(wording.version + 1),
        "wording_ko": "새 서약",
        "wording_en": "A new pledge",
    }
    wrong = {"wording_ko": "x" * 20_001}
    path = f"/staff/campaigns/{SLUG}/page/pledge/publish"
    return Act(path, fields, "campaign.pledge", wrong=wrong, typed="A new pledge")


def _act(path: str, fields: dict[str, str] | None = None, **more: Any) -> Callable[[StaffClient], Act]:
    """One that needs nothing but a campaign."""

    def act(_client: StaffClient) -> Act:
        factories.the_campaign()
        return Act(path, fields or {}, **more)

    return act


def _of_person(name: str, action: str, **fields: str) -> Callable[[StaffClient], Act]:
    return lambda client: Act(f"/staff/people/{_signed_in(client)}/{name}", fields, action)


def _signed_in(client: StaffClient) -> int:
    """The number of somebody else, who has a session."""
    return client_of(client.application, factories.staff("viewer")).member.id


def _of_news(name: str, make: Callable[[], int]) -> Callable[[StaffClient], Act]:
    def act(_client: StaffClient) -> Act:
        of = factories.the_campaign()
        number = make()
        fields = {"seen": news.stamp(of, number)}
        return Act(f"/staff/campaigns/{SLUG}/news/{number}/{name}", fields, f"news.{name}")

    return act


def _of_one(
    name: str, action: str, field: str = "why", state: str = "confirmed", **facts: str
) -> Callable[[StaffClient], Act]:
    def act(_client: StaffClient) -> Act:
        number = factories.signature(updates=True, state=state, **facts).id
        path = f"/staff/signatures/{number}/{name}"
        return Act(path, {field: WHY}, action)

    return act


def _check_paper(client: StaffClient) -> Act:
    of = factories.the_campaign()
    number = paper.entered(of)
    note_download(Actor(client.member.id, client.member.email, ""), SLUG, number)
    fields = {"seen": paper.stamp(of, number), "checked": "128"}
    path = f"/staff/paper/{SLUG}/{number}/check"
    return Act(path, fields, "paper.agree")


def _answers(_client: StaffClient) -> Act:
    factories.the_campaign()
    fields = {"reply_to": "answers@example.org", "seen": stamp({"reply_to": ""})}
    return Act(f"/staff/campaigns/{SLUG}/settings/reply-to", fields, "campaign.reply_to")


def _of_delivery(
    name: str, make: Callable[[], int] = deliveries.frozen, moment: str = "", **fields: str
) -> Callable[[StaffClient], Act]:
    """`moment`: the field that says that it was now."""

    def act(_client: StaffClient) -> Act:
        factories.crowd(2)
        now = {moment: clock.now().astimezone(SEOUL).strftime("%Y-%m-%dT%H:%M")} if moment else {}
        path = f"/staff/deliveries/{make()}/{name.replace('_', '-')}"
        return Act(path, {**now, **fields}, f"delivery.{name}")

    return act


def _publish_answer(_client: StaffClient) -> Act:
    factories.crowd(2)
    number = deliveries.handed_over()
    fields = {"seen": deliveries.proposed(number, "검토하겠습니다.", "We will.", by=paper.COUNTER)}
    return Act(f"/staff/deliveries/{number}/publish-answer", fields, "delivery.publish_answer")


def _publish_event(_client: StaffClient) -> Act:
    number = demands.asked()
    fields = {"seen": demands.entered(number, by=paper.COUNTER)}
    return Act(f"/staff/demands/{number}/publish", fields, "demand.publish")


def _freeze(_client: StaffClient) -> Act:
    fields = {**DRAFT, "checkpoint": str(_signed())}
    path, wrong = f"/staff/deliveries/new/{SLUG}/freeze", {"occasion_en": "x" * 301}
    return Act(path, fields, "delivery.freeze", wrong=wrong, typed="Dear Minister,")


NEW_PASSWORD = "four blue cranes flew"


def _list(_client: StaffClient) -> Act:
    factories.the_campaign()
    return Act(
        f"/staff/watch/{SLUG}/domain/{domain_hash(SLUG, 'robots.example').hex()}/list/hold",
        {"list_why": WHY},
        "block.place",
    )


def _propose() -> int:
    factories.crowd(3, domain="robots.example")
    return invalidations.propose(ANNA, Condition(domain_hash=_domain()), InvalidationReason.AUTOMATED, WHY)


def _domain() -> bytes:
    return db.session.scalar(select(Signature.domain_hash).limit(1))


def _undo_invalidation(_client: StaffClient) -> Act:
    number = _propose()
    invalidations.approve(ANNA, number)
    while applying.advance():
        pass
    return Act(f"/staff/invalidations/{number}/undo", {"why": WHY}, "invalidation.undo")


#: How each is brought about. `test_the_walk_leaves_no_view_out` compares it with the routes.
ACTS: dict[str, Callable[[StaffClient], Act]] = {
    "staff.passkey_new": _act(
        "/staff/account/passkeys/new", {"name": "My laptop"}, shown='data-kind="create"'
    ),
    "staff.passkey_add": register_passkey,
    "staff.audit_export": _act(
        "/staff/audit/export",
        {"reason": WHY},
        action="audit.export",
        wrong={"reason": "", "actor": "somebody@example.org"},
        typed="somebody@example.org",
    ),
    "staff.authenticator": set_up_authenticator,
    "staff.campaign_state_post": _act(
        f"/staff/campaigns/{SLUG}/state/closed", {"before": "open", "reason": WHY}, action="campaign.state"
    ),
    "staff.campaign_pledge_publish": _publish_pledge,
    "staff.person_close": close_account,
    "staff.person_end_sessions": _of_person("end-sessions", "staff.end_sessions"),
    "staff.news_announce": _of_news("announce", news.draft),
    "staff.news_approve": _of_news("approve", news.proposed),
    "staff.campaign_reply_to": _answers,
    "staff.paper_check": _check_paper,
    "staff.paper_scan": lambda _: Act(f"/staff/paper/{SLUG}/{paper.entered()}/scan", action="paper.download"),
    "staff.paper_withdraw": lambda _: Act(
        f"/staff/paper/{SLUG}/{paper.agreed()}/withdraw", {"why": WHY}, "paper.withdraw"
    ),
    "staff.demand_publish": _publish_event,
    "staff.delivery_publish_answer": _publish_answer,
    "staff.delivery_discard": _of_delivery("discard", why=WHY),
    "staff.delivery_download": _of_delivery("download"),
    "staff.delivery_freeze": _freeze,
    "staff.delivery_hand_over": _of_delivery("hand_over", moment="handed_over_at", channel="post"),
    "staff.invalidation_approve": lambda _: Act(
        f"/staff/invalidations/{_propose()}/approve", action="invalidation.approve"
    ),
    "staff.invalidation_undo": _undo_invalidation,
    "staff.person_invite_again": _of_person("invite-again", "staff.invite_again"),
    "staff.invite": _act(
        "/staff/people/invite",
        {"email": "new@example.org", "roles": "viewer", "lang": "en"},
        action="staff.invite",
    ),
    "staff.signature_clear": _of_one("clear", "signature.clear", "hold_why", "pending", hold_reason="speed"),
    "staff.signature_plan_erasure": _of_one("plan-erasure", "signature.plan_erasure"),
    "staff.signature_release": _of_one("release", "signature.release", "hold_why", "held"),
    "staff.signature_stop_news": _of_one("stop-news", "signature.stop_news"),
    "staff.signature_withdraw": _of_one("withdraw", "signature.withdraw"),
    "staff.switch": _act(
        "/staff/switches/signing",
        {"signing-paused": "y", "signing-hours": "4", "signing-reason": WHY},
        action="switch.signing",
    ),
    "staff.watch_list": _list,
    "staff.password": _act(
        "/staff/account/password",
        {"present": "three green herons waited", "password": NEW_PASSWORD, "again": NEW_PASSWORD},
        action="staff.change_password",
    ),
    "staff.recovery_codes": _act("/staff/account/recovery-codes", action="staff.make_recovery_codes"),
    "staff.remove_authenticator": lambda client: (
        _add_passkey(client)
        and Act("/staff/account/authenticator/remove", action="staff.remove_authenticator")
    ),
    "staff.remove_passkey": lambda client: Act(
        f"/staff/account/passkeys/{_add_passkey(client)}/remove", action="staff.remove_passkey"
    ),
    "staff.person_roles": _of_person("roles", "staff.set_roles", roles="editor"),
}
