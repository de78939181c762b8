"""Signing in: what opens the door, what does not, and that the answer tells nothing about who has an account."""

import re

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from pledge.accounts import authenticator, moderation
from pledge.accounts import sessions as staff_sessions
from pledge.accounts.models import StaffAttempt, StaffMember, StaffSession
from pledge.accounts.roles import Role
from pledge.audit.models import COMMAND_LINE, AuditEntry
from pledge.core import tokens
from pledge.core.db import db
from pledge.core.tokens import Purpose
from tests.support.at_once import at_once
from tests.support.factories import staff
from tests.support.rows import number_of
from tests.support.staff import code, send, token_in

PASSWORD = "three green herons waited"


@pytest.fixture
def person(app):
    return staff("moderator", "mod@example.org", password=PASSWORD)


def type_password(client, email="mod@example.org", password=PASSWORD, **headers):
    token = token_in(client.get("/staff/sign-in"))
    return client.post(
        "/staff/sign-in", data={"csrf_token": token, "email": email, "password": password}, headers=headers
    )


def type_code(client, digits):
    return send(client, "/staff/sign-in/code", code=digits)


def cookie(client):
    return client.get_cookie("staff", path="/staff").value


def is_in(client):
    return client.get("/staff/account").status_code == 200


def test_without_a_sign_in_the_staff_area_leads_to_it_and_back(client):
    answer = client.get("/staff/account?done=x")
    assert answer.status_code == 303
    assert answer.location == "/staff/sign-in?next=/staff/account?done%3Dx"


def test_the_password_alone_opens_nothing(client, person):
    answer = type_password(client)
    assert answer.location.startswith("/staff/sign-in/code")
    assert number_of(StaffSession) == 0
    assert client.get("/staff/account").status_code == 303


def test_password_and_code_open_the_staff_area(client, person):
    type_password(client)
    answer = type_code(client, code(person))
    assert (answer.status_code, answer.location) == (303, "/staff/")
    assert is_in(client)
    assert number_of(StaffSession) == 1
    acts = db.session.execute(select(AuditEntry.action, AuditEntry.staff_id, AuditEntry.details)).all()
    assert acts == [("staff.sign_in", person.id, '{"how":"authenticator"}')]


def test_the_session_gets_a_new_id_when_somebody_signs_in(client, person):
    client.get("/staff/sign-in")
    planted = cookie(client)
    type_password(client)
    type_code(client, code(person))
    own = cookie(client)
    assert own != planted
    assert "." not in own, "an id, not a signed text"
    # What was planted opens nothing, nor does its token fit the new session's forms.
    client.set_cookie("staff", planted, path="/staff")
    assert not is_in(client)


@pytest.mark.parametrize(
    ("wanted", "place"),
    [
        ("/staff/account", "/staff/account"),
        ("https://evil.example/", "/staff/"),
        ("//evil.example/staff/", "/staff/"),
        ("/\\evil.example", "/staff/"),
        ("/ko/", "/staff/"),
        ("javascript:alert(1)", "/staff/"),
        ("/staff/\t/x", "/staff/"),
    ],
)
def test_one_comes_back_to_the_page_one_wanted_and_is_never_led_out_of_the_area(
    client, person, wanted, place
):
    page = client.get("/staff/sign-in", query_string={"next": wanted})
    answer = client.post(
        "/staff/sign-in",
        query_string={"next": wanted},
        data={"csrf_token": token_in(page), "email": person.email, "password": PASSWORD, "next": wanted},
    )
    page = client.get(answer.location)
    answer = client.post(answer.location, data={"csrf_token": token_in(page), "code": code(person)})
    assert answer.location == place


# --- Nothing is told ---


def without_tokens(page):
    return re.sub(r'name="csrf_token" value="[^"]+"', "", page.text)


def test_unknown_closed_uninvited_and_wrong_all_get_the_same_answer(client, person):
    staff("editor", "gone@example.org", password=PASSWORD, active=False, closed_at=person.created_at)
    moderation.invite(COMMAND_LINE, "new@example.org", [Role.EDITOR], "ko")
    answers = []
    for email in ("mod@example.org", "gone@example.org", "new@example.org", "nobody@example.org"):
        wrong = "not the password at all" if email.startswith("mod") else PASSWORD
        answer = type_password(client, email, wrong)
        answers.append((answer.status_code, without_tokens(answer).replace(email, "")))
    assert answers[0][0] == 422
    assert len(set(answers)) == 1


def test_each_try_that_fails_is_in_the_log_without_address_and_secret(client, person):
    with capture_logs() as lines:
        type_password(client, "nobody@example.org")
        type_password(client, "mod@example.org", "not the password at all")
        type_password(client)
        type_code(client, "000000")
        send(client, "/staff/sign-in/recovery", code="k7wq-2m9c")
        send(client, "/staff/sign-in/passkey/answer", credential="{}")
        for _ in range(3):
            type_code(client, "000000")
            type_code(client, "000000")
    warnings = [line for line in lines if line["log_level"] == "warning"]
    assert [(line["event"], line.get("member")) for line in warnings[:5]] == [
        ("wrong password", None),
        ("wrong password", person.id),
        ("wrong code", person.id),
        ("wrong code", person.id),
        ("passkey refused", None),
    ]
    assert warnings[-1]["event"] == "tries slowed down"
    assert warnings[-1]["seconds"] > 0
    assert all(secret not in str(lines) for secret in ("example.org", "not the password", "000000", "k7wq"))


def test_an_account_that_does_not_exist_costs_the_same_work(client, person, monkeypatch, statements):
    asked = []
    from pledge.accounts import passwords

    real = passwords._HASHER.verify
    monkeypatch.setattr(
        passwords,
        "_HASHER",
        type(
            "H", (), {"verify": lambda _s, *a: asked.append(1) or real(*a), "hash": passwords._HASHER.hash}
        )(),
    )
    counts = []
    for email in ("mod@example.org", "nobody@example.org"):
        asked.clear()
        with statements() as seen:
            type_password(client, email, "not the password at all")
        # Roles and passkeys of somebody who exists are two more look-ups of a row, a thousandth of the hash.
        counts.append((len(asked), len(seen)))
    assert [hashes for hashes, _ in counts] == [1, 1]
    assert abs(counts[0][1] - counts[1][1]) <= 2


def test_an_empty_form_says_what_is_missing_and_keeps_the_address(client):
    answer = type_password(client, "mod@example.org", "")
    assert answer.status_code == 422
    assert 'value="mod@example.org"' in answer.text
    assert PASSWORD not in answer.text


# --- Tries are slowed down ---


def test_the_sixth_password_within_a_minute_waits_for_known_and_unknown_alike(client, person, frozen_clock):
    for email in ("mod@example.org", "nobody@example.org"):
        answers = [type_password(client, email, "not the password at all") for _ in range(6)]
        assert [answer.status_code for answer in answers] == [422] * 5 + [429]
        assert answers[-1].headers["Retry-After"] == "60"
        assert f'value="{email}"' in answers[-1].text
    # The right password has to wait as well, else a guesser would know; then it works: nobody is locked out.
    assert type_password(client).status_code == 429
    frozen_clock.move(seconds=60)
    assert type_password(client).status_code == 303


def test_another_account_is_not_slowed_down_until_the_network_is(client, person, frozen_clock):
    statuses = [type_password(client, f"a{n}@example.org", "not the password").status_code for n in range(21)]
    assert statuses == [422] * 20 + [429]


def test_strangers_who_try_an_address_do_not_make_its_owner_wait_in_a_browser_that_is_known(
    app, client, person, frozen_clock
):
    type_password(client)
    type_code(client, code(person))
    client.delete_cookie("staff", path="/staff")
    stranger = app.test_client()
    assert type_password(stranger, password="not the password at all").status_code == 422
    assert [type_password(stranger, password="not the password").status_code for _ in range(5)][-1] == 429
    assert type_password(stranger).status_code == 429
    assert type_password(client).status_code == 303
    # It has tries of its own, for its owner alone.
    assert [type_password(client, password="not the password").status_code for _ in range(6)][-1] == 429
    other = staff("editor", "other@example.org", password=PASSWORD)
    with app.test_request_context():
        client.set_cookie("staff_browser", tokens.mint(Purpose.STAFF_BROWSER, [other.id]), path="/staff")
    assert type_password(client).status_code == 429


@pytest.mark.parametrize("made_up", ["x", "a.b.c", "x" * 600, "old"])
def test_who_makes_up_that_a_browser_is_known_is_refused_before_any_password_is_compared(
    app, client, person, monkeypatch, frozen_clock, made_up
):
    if made_up == "old":
        with app.test_request_context():
            made_up = tokens.mint(Purpose.STAFF_BROWSER, [person.id])
        frozen_clock.move(days=91)
    typed = {"csrf_token": token_in(client.get("/staff/sign-in")), "email": person.email}
    client.set_cookie("staff_browser", made_up, path="/staff")
    with monkeypatch.context() as watched:
        watched.setattr("pledge.accounts.passwords.matches", lambda *_: pytest.fail("compared"))
        answer = client.post("/staff/sign-in", data={**typed, "password": PASSWORD})
    assert answer.status_code == 422
    assert 'value="mod@example.org"' in answer.text
    assert number_of(StaffAttempt) == 0
    # The next press goes the way of everybody.
    assert client.get_cookie("staff_browser", path="/staff") is None
    assert type_password(client).status_code == 303
    # So does who only opens the page.
    client.set_cookie("staff_browser", made_up, path="/staff")
    assert client.get("/staff/sign-in").status_code == 200
    assert client.get_cookie("staff_browser", path="/staff") is None


def test_codes_and_recovery_codes_are_slowed_down_together(client, person, frozen_clock):
    type_password(client)
    assert [type_code(client, "000000").status_code for _ in range(5)] == [422] * 5
    assert type_code(client, code(person)).status_code == 429
    assert send(client, "/staff/sign-in/recovery", code="xxxx-xxxx-xxxx").status_code == 429
    frozen_clock.move(seconds=60)
    assert type_code(client, code(person)).status_code == 303


def test_passkeys_are_slowed_down_for_their_network(client, frozen_clock):
    token = token_in(client.get("/staff/sign-in"))
    statuses = [
        client.post("/staff/sign-in/passkey/answer", data={"csrf_token": token}).status_code
        for _ in range(21)
    ]
    assert statuses[:20] == [303] * 20
    assert statuses[20] == 429


# --- Codes ---


def test_a_code_works_once_also_after_a_failed_sign_in_and_with_padding(app, client, person):
    digits = code(person)
    type_password(client)
    type_code(client, digits)
    other = app.test_client()
    type_password(other)
    assert type_code(other, "000000").status_code == 422
    for padded in (digits, f" {digits} ", f"{digits[:3]} {digits[3:]}", digits.translate(FULL_WIDTH)):
        other = app.test_client()
        type_password(other)
        assert type_code(other, padded).status_code == 422, padded


FULL_WIDTH = {ord("0") + n: chr(0xFF10 + n) for n in range(10)}


def test_an_older_code_does_not_work_after_a_newer_one(app, client, person, frozen_clock):
    from pledge.core import clock

    older = code(person, clock.now().timestamp() - 30)
    type_password(client)
    type_code(client, code(person))
    other = app.test_client()
    type_password(other)
    assert type_code(other, older).status_code == 422


def test_a_code_of_long_ago_or_of_somebody_else_does_not_work(client, person, frozen_clock):
    from pledge.core import clock

    other = staff("editor")
    type_password(client)
    assert type_code(client, code(person, clock.now().timestamp() - 300)).status_code == 422
    assert type_code(client, code(other)).status_code == 422
    for odd in ("", "12345", "1234567", "abcdef", "１２３４５", "\u0661" * 6, "9" * 4000):
        frozen_clock.move(minutes=16)
        type_password(client)
        assert type_code(client, odd).status_code == 422, odd


def test_the_code_page_is_shut_without_a_password(client, person):
    assert client.get("/staff/sign-in/code").location == "/staff/sign-in"
    token = token_in(client.get("/staff/sign-in"))
    answer = client.post("/staff/sign-in/code", data={"csrf_token": token, "code": code(person)})
    assert answer.location == "/staff/sign-in"


def test_what_was_begun_is_forgotten_after_a_quarter_of_an_hour(client, person, clock):
    type_password(client)
    clock.move(minutes=16)
    assert client.get("/staff/sign-in/code").location == "/staff/sign-in"


def test_two_requests_with_one_code_let_one_in(app, person):
    digits = code(person)
    used = at_once(app, *[lambda: authenticator.use(person.id, person.totp_secret, digits)] * 8)
    assert sum(used) == 1


# --- Recovery codes ---


def test_a_recovery_code_signs_in_once(app, client):
    codes = authenticator.new_recovery_codes
    kept = codes()
    person = staff("viewer", password=PASSWORD, recovery_codes=list(map(authenticator.recovery_hash, kept)))
    type_password(client, person.email)
    answer = send(client, "/staff/sign-in/recovery", code=kept[3].upper().replace("-", " "))
    assert answer.status_code == 303
    assert is_in(client)
    again = app.test_client()
    type_password(again, person.email)
    assert send(again, "/staff/sign-in/recovery", code=kept[3]).status_code == 422
    assert len(db.session.get(StaffMember, person.id).recovery_codes) == 9


# --- Leaving ---


def test_a_recovery_code_has_more_than_112_bits_and_is_not_stored(app):
    codes = authenticator.new_recovery_codes()
    assert not set(codes) & set(map(authenticator.recovery_hash, codes))
    assert len(set(codes)) == authenticator.RECOVERY_CODES == 10
    letters = {
        letter for _ in range(200) for code in authenticator.new_recovery_codes() for letter in code
    } - {"-"}
    assert len(letters) ** min(len(code.replace("-", "")) for code in codes) > 2**112


def test_signing_out_ends_the_session_on_the_server(client, person):
    type_password(client)
    type_code(client, code(person))
    own = cookie(client)
    page = client.get("/staff/account")
    answer = client.post("/staff/sign-out", data={"csrf_token": token_in(page)})
    assert answer.status_code in (302, 303)
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert number_of(StaffSession) == 0
    client.set_cookie("staff", own, path="/staff")
    assert not is_in(client)


def test_a_password_that_was_refused_as_busy_is_no_try(client, person, monkeypatch):
    from pledge.accounts import passwords
    from pledge.core.concurrency import ConcurrencyLimit

    monkeypatch.setattr(passwords, "_limit", ConcurrencyLimit(running=0, waiting=0))
    assert int(type_password(client).headers["Retry-After"]) > 0
    assert [type_password(client).status_code for _ in range(25)] == [503] * 25
    monkeypatch.setattr(passwords, "_limit", ConcurrencyLimit(running=1, waiting=1))
    wrong = [type_password(client, password="not the password at all").status_code for _ in range(6)]
    assert wrong == [422] * 5 + [429], "those that were compared still count"


# --- Passkeys belong to a name ---


@pytest.mark.parametrize(
    ("host", "offered", "link"),
    [
        ("localhost:8000", True, None),
        ("127.0.0.1:8000", False, "http://localhost:8000/staff/sign-in"),
    ],
)
def test_a_passkey_is_offered_only_where_one_can_work(app, host, offered, link):
    page = app.test_client().get(
        "/staff/sign-in", base_url=f"http://{host}", headers={"Accept-Language": "en"}
    )
    assert page.status_code == 200
    assert ("Sign in with a passkey" in page.text) is offered
    assert ("Passkeys do not work on an address that is a number." in page.text) is not offered
    if link:
        assert f'href="{link}"' in page.text


def test_where_a_second_factor_is_set_up_a_passkey_is_not_offered_on_an_address_that_is_a_number(app):
    member = staff("viewer", totp_secret=None, lang="en")
    token = staff_sessions.start(member, {}, network="", browser="")
    client = app.test_client(use_cookies=False)
    for path in ("/staff/enrol", "/staff/account/passkeys/new"):
        page = client.get(path, base_url="http://127.0.0.1:8000", headers={"Cookie": f"staff={token}"})
        assert "Passkeys do not work on an address that is a number." in page.text
        assert f'href="http://localhost:8000{path}"' in page.text
        assert "Add a passkey</a>" not in page.text
