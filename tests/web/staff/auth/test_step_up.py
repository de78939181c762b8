"""The second factor asked for again: the act waits, is carried out once after the code, and the page says so.

The walk takes every view that asks for it, as the application's own table of routes has them.
"""

import html
import io
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Barrier
from typing import Any

import pytest
from pyrage import x25519
from sqlalchemy import func, select, update

from pledge.accounts import moderation, saved_requests, services, sessions
from pledge.accounts.models import StaffSavedRequest
from pledge.accounts.passkeys import NewPasskey
from pledge.accounts.roles import Role
from pledge.audit.models import COMMAND_LINE, Actor, AuditEntry
from pledge.campaigns import events, partners, staff_queries
from pledge.core.db import db, transaction
from pledge.exports import services as exports
from pledge.jobs import services as jobs
from pledge.jobs.models import Job, JobKind
from pledge.ledger import log_queries
from pledge.name_lists import rows
from pledge.name_lists import services as named_lists
from pledge.signatures.invalidation import applying
from pledge.signatures.invalidation import services as invalidations
from pledge.signatures.invalidation.conditions import Condition
from pledge.signatures.invalidation.models import InvalidationReason
from pledge.signatures.models import Signature
from pledge.web.staff.auth.access import hands_out_file, is_guarded
from tests.support import deliveries, factories, passkeys
from tests.support.factories import ANNA, SLUG
from tests.support.staff import StaffClient, client_of, code, csrf_token

WHY = "as written in letter 17"
KEPT = "What you asked for is kept for ten minutes."
DONE = "what you had asked for has now been done"
TOO_LATE = "It was not done now"
DRAFT = {
    "recipient_ko": "환경부 장관",
    "recipient_en": "The Minister of Environment",
    "occasion_ko": "푸른 하늘의 날",
    "occasion_en": "Blue Skies Day",
    "letter_ko": "안녕하십니까.",
    "letter_en": "Dear Minister,",
}


@dataclass
class Act:
    """A form that asks for the second factor: where it is sent, with what, and what it leaves in the audit log."""

    path: str
    fields: dict[str, str] = field(default_factory=dict)
    #: The entry that it makes; "" for one that changes nothing and shows `shown`.
    action: str = ""
    shown: str = ""
    #: What makes the form wrong, though every word stands in it again.
    wrong: dict[str, str] = field(default_factory=dict)
    #: A text that was typed into the wrong form.
    typed: str = ""


def _signed() -> int:
    factories.crowd(6)
    factories.fold_all()
    return log_queries.newest(factories.the_campaign().id).id


def _asked_list(by: int = 4000) -> int:
    factories.the_campaign()
    factories.signature(list_terms_id=factories.list_terms().id)
    key = str(x25519.Identity.generate().to_public())
    return named_lists.ask(Actor(by, "asker@example.org", "192.0.2.9"), SLUG, 1, WHY, key)


def _approved_list() -> int:
    number = _asked_list()
    named_lists.approve(ANNA, number)
    return number


def _invite(_client: StaffClient) -> Act:
    fields = {"email": "new@example.org", "roles": "viewer", "lang": "en"}
    return Act(
        "/staff/people/invite", fields, "staff.invite", wrong={"email": "no address"}, typed="no address"
    )


def _roles(_client: StaffClient) -> Act:
    person = factories.staff("viewer")
    return Act(
        f"/staff/people/{person.id}/roles", {"roles": "editor"}, "staff.set_roles", wrong={"roles": ""}
    )


def _close(_client: StaffClient) -> Act:
    person = factories.staff("viewer")
    long = "left " * 101
    return Act(
        f"/staff/people/{person.id}/close", {"reason": WHY}, "staff.close", wrong={"reason": long}, typed=long
    )


def _invite_again(_client: StaffClient) -> Act:
    return Act(f"/staff/people/{factories.staff('viewer').id}/invite-again", action="staff.invite_again")


def _sessions(client: StaffClient) -> Act:
    person = client_of(client.application, factories.staff("viewer")).member
    return Act(f"/staff/people/{person.id}/sessions", action="staff.end_sessions")


def _password(client: StaffClient) -> Act:
    new = "four blue cranes flew"
    fields = {"present": "three green herons waited", "password": new, "again": new}
    return Act("/staff/account/password", fields, "staff.change_password", wrong={"again": "another"})


def _authenticator(client: StaffClient) -> Act:
    from passlib.totp import TOTP

    from pledge.core import clock

    page = client.get("/staff/account/authenticator").text
    sealed = re.search(r'name="sealed" value="([^"]+)"', page)[1]
    key = re.search(r'class="[^"]*key[^"]*"[^>]*>([A-Z2-7 -]{20,})<', page)
    key = key[1] if key else re.search(r">([A-Z2-7]{4}(?:[ -][A-Z2-7]{1,4}){6,})<", page)[1]
    at = clock.now().timestamp() + 6 * 60
    digits = TOTP(key=re.sub("[ -]", "", key), alg="sha1").generate(at).token
    return Act(
        "/staff/account/authenticator",
        {"sealed": sealed, "code": digits},
        "staff.set_authenticator",
        wrong={"code": "12345"},
        typed=sealed[:0],
    )


def _add_passkey(client: StaffClient) -> int:
    added = NewPasskey(credential_id=b"1" * 16, public_key=b"2" * 16, sign_count=0, transports=[])
    services.add_passkey(Actor(client.member.id, client.member.email, ""), added, "My phone", first=False)
    db.session.rollback()
    return factories.member_of_staff(client.member.id).passkeys[0].id


def _remove_authenticator(client: StaffClient) -> Act:
    _add_passkey(client)
    return Act("/staff/account/authenticator/remove", action="staff.remove_authenticator")


def _remove_passkey(client: StaffClient) -> Act:
    return Act(f"/staff/account/passkeys/{_add_passkey(client)}/remove", action="staff.remove_passkey")


def _name_passkey(_client: StaffClient) -> Act:
    return Act("/staff/account/passkeys/new", {"name": "My laptop"}, shown='data-kind="create"')


def _register_passkey(client: StaffClient) -> Act:
    page = client.post("/staff/account/passkeys/new", data={"name": "My laptop"}).text
    path, credential = passkeys.registration(page)
    return Act(path, {"credential": credential}, "staff.add_passkey")


def _recovery_codes(_client: StaffClient) -> Act:
    return Act("/staff/account/recovery-codes", action="staff.make_recovery_codes")


def _audit_export(_client: StaffClient) -> Act:
    wrong = {"reason": "", "actor": "somebody@example.org"}
    return Act(
        "/staff/audit/export", {"reason": WHY}, "audit.export", wrong=wrong, typed="somebody@example.org"
    )


def _remove_event(_client: StaffClient) -> Act:
    campaign = factories.the_campaign()
    number = events.add(factories.EDITOR, SLUG, factories.event_fields())
    stamp = events.one(campaign.id, number).stamp
    return Act(
        f"/staff/campaigns/{SLUG}/events/{number}/remove",
        {"seen": stamp, "reason": WHY},
        "campaign.event.remove",
        wrong={"reason": "x" * 1001},
        typed="x" * 1001,
    )


def _remove_partner(_client: StaffClient) -> Act:
    row = partners.rows(factories.the_campaign().id)[0]
    return Act(
        f"/staff/campaigns/{SLUG}/partners/{row.id}/remove",
        {"seen": row.stamp, "reason": WHY},
        "campaign.partner.remove",
        wrong={"reason": "x" * 1001},
        typed="x" * 1001,
    )


def _end_campaign(_client: StaffClient) -> Act:
    factories.the_campaign()
    return Act(
        f"/staff/campaigns/{SLUG}/state/closed",
        {"before": "open", "reason": WHY},
        "campaign.state",
        wrong={"reason": "x" * 1001},
        typed="x" * 1001,
    )


def _publish_pledge(_client: StaffClient) -> Act:
    wording = staff_queries.wording(factories.the_campaign().id)
    fields = {
        "seen": wording.stamp,
        "version": str(wording.version + 1),
        "wording_ko": "새 서약",
        "wording_en": "A new pledge",
    }
    wrong = {"wording_ko": "x" * 20_001}
    path = f"/staff/campaigns/{SLUG}/pledge/publish"
    return Act(path, fields, "campaign.pledge", wrong=wrong, typed="A new pledge")


def _at_request(name: str, action: str) -> Callable[[StaffClient], Act]:
    def act(_client: StaffClient) -> Act:
        number, long = factories.signature(updates=True).id, "w" * 1001
        path = f"/staff/signatures/{number}/{name}"
        return Act(path, {"why": WHY}, action, wrong={"why": long}, typed=long)

    return act


def _announce(_client: StaffClient) -> Act:
    factories.crowd(2, updates=True)
    return Act(f"/staff/deliveries/{deliveries.handed_over()}/announce", action="delivery.announce")


def _download_pack(_client: StaffClient) -> Act:
    factories.crowd(2)
    return Act(f"/staff/deliveries/{deliveries.frozen()}/download", action="delivery.download")


def _preview(_client: StaffClient) -> Act:
    fields = {**DRAFT, "checkpoint": str(_signed())}
    wrong = {"occasion_en": "x" * 301}
    return Act(
        f"/staff/deliveries/new/{SLUG}", fields, shown="manifest.sig", wrong=wrong, typed="Dear Minister,"
    )


def _freeze(_client: StaffClient) -> Act:
    fields = {**DRAFT, "checkpoint": str(_signed())}
    path, wrong = f"/staff/deliveries/new/{SLUG}/freeze", {"occasion_en": "x" * 301}
    return Act(path, fields, "delivery.freeze", wrong=wrong, typed="Dear Minister,")


def _ask_export(_client: StaffClient) -> Act:
    factories.the_campaign()
    fields = {"campaign": SLUG, "kind": "ledger", "format": "csv", "lang": "ko", "why": WHY}
    return Act("/staff/exports", fields, "export.request", wrong={"format": "ods"}, typed=WHY)


def _download_export(_client: StaffClient) -> Act:
    _signed()
    exports.request(ANNA, SLUG, "ledger", "csv", lang="ko", reason=WHY)
    while jobs.advance({JobKind.EXPORT: exports.make}):
        pass
    return Act(f"/staff/exports/{exports.newest()[0].id}/download", action="export.download")


def _propose() -> int:
    factories.crowd(3, domain="robots.example")
    return invalidations.propose(
        ANNA, Condition(domain="robots.example", domain_hash=_domain()), InvalidationReason.AUTOMATED, WHY
    )


def _domain() -> bytes:
    return db.session.scalar(select(Signature.domain_hash).limit(1))


def _approve_invalidation(_client: StaffClient) -> Act:
    return Act(f"/staff/invalidations/{_propose()}/approve", action="invalidation.approve")


def _undo_invalidation(_client: StaffClient) -> Act:
    number = _propose()
    invalidations.approve(ANNA, number)
    while applying.advance():
        pass
    path, long = f"/staff/invalidations/{number}/undo", "x" * 1001
    return Act(path, {"why": WHY}, "invalidation.undo", wrong={"why": long}, typed=long)


def _ask_list(_client: StaffClient) -> Act:
    factories.the_campaign()
    factories.signature(list_terms_id=factories.list_terms().id)
    fields = {"terms": f"{SLUG}/1", "why": WHY, "key": str(x25519.Identity.generate().to_public())}
    return Act("/staff/lists/new", fields, "list.ask", wrong={"key": "age1nothing"}, typed="age1nothing")


def _approve_list(_client: StaffClient) -> Act:
    return Act(f"/staff/lists/{_asked_list()}/approve", action="list.approve")


def _refuse_list(_client: StaffClient) -> Act:
    path, long = f"/staff/lists/{_asked_list()}/refuse", "x" * 1001
    return Act(path, {"why": WHY}, "list.refuse", wrong={"why": long}, typed=long)


def _retry_list(_client: StaffClient) -> Act:
    number = _approved_list()
    with transaction() as session:
        session.execute(update(Job).values(state="failed", error="OSError"))
    return Act(f"/staff/lists/{number}/retry", action="list.retry")


def _download_list(_client: StaffClient) -> Act:
    number, long = _approved_list(), "x" * 1001
    assert jobs.advance({JobKind.LIST: rows.make})
    return Act(
        f"/staff/lists/{number}/download", {"why": WHY}, "list.download", wrong={"why": long}, typed=long
    )


#: How each is brought about. `test_the_walk_leaves_no_view_out` compares it with the routes.
ACTS: dict[str, Callable[[StaffClient], Act]] = {
    "staff.passkey_new": _name_passkey,
    "staff.passkey_add": _register_passkey,
    "staff.audit_export": _audit_export,
    "staff.authenticator_post": _authenticator,
    "staff.campaign_state_post": _end_campaign,
    "staff.campaign_pledge_publish": _publish_pledge,
    "staff.close": _close,
    "staff.cut_sessions": _sessions,
    "staff.delivery_announce_post": _announce,
    "staff.delivery_download": _download_pack,
    "staff.delivery_freeze": _freeze,
    "staff.delivery_preview": _preview,
    "staff.event_remove_post": _remove_event,
    "staff.export_download": _download_export,
    "staff.export_new": _ask_export,
    "staff.invalidation_approve": _approve_invalidation,
    "staff.invalidation_undo": _undo_invalidation,
    "staff.invite_again_post": _invite_again,
    "staff.invite_post": _invite,
    "staff.signature_erase": _at_request("erase", "signature.erase"),
    "staff.signature_stop_news": _at_request("stop-news", "signature.stop_news"),
    "staff.signature_withdraw": _at_request("withdraw", "signature.withdraw"),
    "staff.named_list_approve": _approve_list,
    "staff.named_list_download": _download_list,
    "staff.named_list_new_post": _ask_list,
    "staff.named_list_refuse": _refuse_list,
    "staff.named_list_retry": _retry_list,
    "staff.partner_remove_post": _remove_partner,
    "staff.password_post": _password,
    "staff.recovery_codes_post": _recovery_codes,
    "staff.remove_authenticator": _remove_authenticator,
    "staff.remove_passkey": _remove_passkey,
    "staff.set_roles": _roles,
}


@pytest.fixture
def admin(app, staff_client):
    return staff_client("admin", lang="en", password="three green herons waited")


def count(action: str) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).where(AuditEntry.action == action))


def kept() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(StaffSavedRequest))


def asked(client: StaffClient, act: Act, clock: Any, **more: str) -> str:
    """Send the form when the second factor has grown old; the address of the page that asks for it."""
    clock.move(minutes=6)
    answer = client.post(act.path, data={**act.fields, **more}, headers={"Origin": "http://localhost"})
    assert answer.status_code == 303, answer.text
    assert answer.location.startswith("/staff/verify?")
    return answer.location


def press_download(client: StaffClient, address: str) -> Any:
    """Send the form of the page that offers a file, as its button does."""
    page = client.get(address).text
    assert "Your file is ready" in page
    form = page.partition("Your file is ready")[2]
    fields = {
        html.unescape(name): html.unescape(value)
        for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', form)
    }
    action = html.unescape(re.search(r'action="([^"]+)"', form)[1])
    return client.post(action, csrf=False, data=fields, buffered=True)


def test_the_walk_leaves_no_view_out(app):
    found = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if "POST" in rule.methods and is_guarded(rule.endpoint)
    }
    assert found == set(ACTS)


@pytest.mark.parametrize("endpoint", ACTS)
def test_the_act_is_carried_out_once_after_the_code_and_the_page_says_so(app, admin, frozen_clock, endpoint):
    act = ACTS[endpoint](admin)
    before = count(act.action)
    address = asked(admin, act, frozen_clock)
    assert KEPT in admin.get(address).text
    assert admin.post(address, data={"code": "000000"}).status_code == 422
    assert count(act.action) == before

    answer = admin.post(address, data={"code": code(admin.member)})
    if hands_out_file(endpoint):
        assert (answer.status_code, count(act.action)) == (303, before)
        answer = press_download(admin, answer.location)
        assert answer.status_code == 200
        assert answer.headers["Content-Disposition"].startswith("attachment")
    elif act.shown:
        assert act.shown in answer.text
    elif answer.status_code in (302, 303):
        assert DONE in admin.get(answer.location).text
    else:  # the codes for recovery: the page is what was asked for
        assert answer.status_code == 200
    assert count(act.action) == before + (1 if act.action else 0)
    assert hands_out_file(endpoint) or kept() == 0

    frozen_clock.move(seconds=31)
    member = factories.member_of_staff(admin.member.id)
    again = admin.post(address, data={"code": code(member)} if member.totp_secret else {})
    assert again.status_code == 303
    assert count(act.action) == before + (1 if act.action else 0), "it was carried out again"


@pytest.mark.parametrize(
    "endpoint",
    [name for name in ACTS if name not in ("staff.passkey_new", "staff.passkey_add")],
)
def test_a_wrong_form_comes_back_after_the_code_with_what_was_typed(app, admin, frozen_clock, endpoint):
    act = ACTS[endpoint](admin)
    if not act.wrong:
        pytest.skip("a button alone")
    before = count(act.action)
    address = asked(admin, act, frozen_clock, **act.wrong)
    answer = admin.post(address, data={"code": code(admin.member)})
    if hands_out_file(endpoint):
        answer = press_download(admin, answer.location)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert act.typed in answer.text
    assert count(act.action) == before


@pytest.mark.sqlite_only
@pytest.mark.parametrize("endpoint", ACTS)
def test_nobody_else_carries_it_out_and_no_other_session_does(app, admin, frozen_clock, endpoint):
    act = ACTS[endpoint](admin)
    before = count(act.action)
    other, elsewhere = client_of(app, factories.staff("admin", lang="en")), client_of(app, admin.member)
    address = asked(admin, act, frozen_clock)
    for client in (other, elsewhere):
        page = client.get(address)
        assert KEPT not in page.text
        answer = client.post(address, data={"code": code(client.member)})
        assert answer.status_code == 303
        assert TOO_LATE in client.get(answer.location).text
        assert client.get(address.replace("/verify?", "/verify/file?")).status_code == 303
        assert count(act.action) == before
        frozen_clock.move(seconds=31)
    admin.post(address, data={"code": code(admin.member)})
    assert kept() == (1 if hands_out_file(endpoint) else 0), "its sender still can"


@pytest.mark.sqlite_only
@pytest.mark.parametrize("endpoint", ACTS)
def test_a_form_without_its_token_or_from_another_site_is_not_even_kept(app, admin, frozen_clock, endpoint):
    act = ACTS[endpoint](admin)
    frozen_clock.move(minutes=6)
    assert admin.post(act.path, data=act.fields, csrf=False).status_code == 400
    assert (
        admin.post(act.path, data=act.fields, headers={"Origin": "https://evil.example"}).status_code == 403
    )
    assert kept() == 0


@pytest.mark.sqlite_only
@pytest.mark.parametrize("endpoint", [name for name in ACTS if name.startswith("staff.")])
def test_no_form_that_asks_for_it_takes_a_file(app, endpoint):
    """A file cannot be kept: see the test below for what happens to one all the same."""
    allowed = getattr(app.view_functions[endpoint], "pledge_allowed", (0, 0))
    assert allowed[0] <= 512 * 1024


def test_a_file_is_not_kept_and_its_form_comes_back(app, admin, frozen_clock):
    act = _close(admin)
    frozen_clock.move(minutes=6)
    fields = {"csrf_token": csrf_token(app), **act.fields, "logo": (io.BytesIO(b"x"), "logo.png")}
    address = admin.post(act.path, data=fields, content_type="multipart/form-data").location
    answer = admin.post(address, data={"code": code(admin.member)})
    assert answer.location.startswith(act.path.removesuffix("/close") + "?restore=")
    page = admin.get(answer.location)
    assert "Please choose the file once more" in page.text
    assert f'value="{WHY}"' in page.text
    assert count("staff.close") == 0


def test_what_waited_too_long_is_not_done(app, admin, frozen_clock):
    act = _close(admin)
    address = asked(admin, act, frozen_clock)
    frozen_clock.move(minutes=11)
    answer = admin.post(address, data={"code": code(admin.member)})
    assert TOO_LATE in admin.get(answer.location).text
    assert count("staff.close") == 0


def test_whoever_lost_the_role_meanwhile_is_refused(app, admin, frozen_clock):
    act = _close(admin)
    address = asked(admin, act, frozen_clock)
    factories.staff("admin")
    moderation.set_roles(COMMAND_LINE, admin.member.id, [Role.VIEWER])
    assert admin.post(address, data={"code": code(admin.member)}).status_code == 403
    assert count("staff.close") == 0


def test_an_act_confirmed_eight_times_at_once_is_carried_out_once(make_app, admin, frozen_clock):
    act = _close(admin)
    token = asked(admin, act, frozen_clock).partition("saved=")[2]
    (row,) = sessions.of(admin.member.id)
    app, start = make_app(pool_size=8), Barrier(8)

    def press(_number):
        with app.app_context():
            start.wait()
            return saved_requests.take(token, admin.member.id, row.id)

    with ThreadPoolExecutor(8) as pool:
        found = [saved for saved in pool.map(press, range(8)) if saved is not None]
    assert [saved.path for saved in found] == [act.path]


def test_the_database_holds_no_readable_word_of_a_saved_request(app, admin, frozen_clock):
    act = _close(admin)
    address = asked(admin, act, frozen_clock)
    row = db.session.scalars(select(StaffSavedRequest)).one()
    assert WHY.encode() not in bytes(row.request)
    assert address.partition("saved=")[2].encode() not in bytes(row.token_hash)


def test_only_the_newest_ten_saved_requests_of_a_person_are_kept(app, admin, frozen_clock):
    act = _close(admin)
    for _ in range(12):
        asked(admin, act, frozen_clock)
        frozen_clock.move(minutes=-6)
    assert kept() == 10


# --- The session's id ---


def cookie(client: StaffClient) -> str:
    return client.get_cookie("staff", path="/staff").value


def open_with(app: Any, token: str) -> int:
    plain = app.test_client(use_cookies=False)
    return plain.get("/staff/account", headers={"Cookie": f"staff={token}"}).status_code


def test_the_session_gets_a_new_id_with_the_second_factor_and_the_old_one_is_dead(app, admin, frozen_clock):
    before = cookie(admin)
    frozen_clock.move(minutes=6)
    admin.post("/staff/verify", data={"code": "000000"})
    assert cookie(admin) == before
    admin.post("/staff/verify", data={"code": code(admin.member)})
    assert cookie(admin) != before
    assert open_with(app, before) == 303
    assert open_with(app, cookie(admin)) == 200
    assert len(sessions.of(admin.member.id)) == 1


def test_the_session_gets_a_new_id_when_an_act_is_carried_out(app, admin, frozen_clock):
    before = cookie(admin)
    address = asked(admin, _close(admin), frozen_clock)
    admin.post(address, data={"code": code(admin.member)})
    assert count("staff.close") == 1
    assert open_with(app, before) == 303
    assert open_with(app, cookie(admin)) == 200


@pytest.mark.parametrize("factor", ["app", "passkey"])
def test_the_session_gets_a_new_id_when_a_second_factor_is_set_up(app, frozen_clock, factor):
    member = factories.staff("viewer", totp_secret=None, recovery_codes=None)
    person = client_of(app, member, enrolled=False)
    before = cookie(person)
    frozen_clock.move(minutes=-6)  # the code is made for six minutes later
    act = _authenticator(person) if factor == "app" else _register_passkey(person)
    frozen_clock.move(minutes=6)
    assert person.post(act.path, data=act.fields).status_code in (302, 303)
    assert factories.member_of_staff(member.id).has_second_factor
    assert cookie(person) != before
    assert open_with(app, before) == 303
