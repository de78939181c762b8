"""What each switch does to the site."""

import pytest

from pledge.audit.models import Actor
from pledge.core.db import db
from pledge.mail import services as mail
from pledge.mail.models import OutboxMail
from pledge.mail.transports import MailboxTransport
from pledge.signatures import mails
from pledge.signatures.models import Signature
from pledge.switches import moderation
from pledge.web.limits import scaled
from tests.support.factories import answer_requests, campaign, confirm_token, sign_form, signature

ADMIN = Actor(1, "admin@pledge.example", "")
PAGE, SIGN = "/{}/c/blue-skies", "/{}/c/blue-skies/sign"
WORDS = {"ko": "서명을 잠시 멈췄습니다", "en": "Signing is paused for the moment"}
STORED_NOTHING = {"ko": "저장되지 않았습니다", "en": "Nothing has been recorded"}


@pytest.fixture
def paused(app):
    campaign()
    moderation.turn(ADMIN, "signing", True, "attack")


# --- Signing ---


@pytest.mark.parametrize("lang", ["ko", "en"])
@pytest.mark.parametrize("form", [sign_form(), sign_form(email="wrong"), {}], ids=["good", "bad", "empty"])
def test_while_signing_is_paused_a_sign_up_gets_503_and_leaves_nothing(client, paused, lang, form):
    response = client.post(SIGN.format(lang), data=form)
    assert response.status_code == 503
    assert int(response.headers["Retry-After"]) > 0
    assert response.headers["Cache-Control"] == "no-store"
    assert WORDS[lang] in response.text
    assert STORED_NOTHING[lang] in response.text
    assert db.session.query(Signature).count() == db.session.query(OutboxMail).count() == 0


@pytest.mark.parametrize("lang", ["ko", "en"])
@pytest.mark.parametrize("address", [PAGE, SIGN])
def test_while_signing_is_paused_pages_say_so_and_show_no_form(client, paused, address, lang):
    response = client.get(address.format(lang))
    assert response.status_code == 200
    assert WORDS[lang] in response.text
    assert STORED_NOTHING[lang] not in response.text  # nothing was sent
    assert 'name="email"' not in response.text


def test_a_campaign_that_is_over_says_that_and_not_that_it_is_paused(app, client):
    campaign(state="closed")
    moderation.turn(ADMIN, "signing", True, "attack")
    assert WORDS["en"] not in client.get(PAGE.format("en")).text


def test_while_signing_is_paused_people_still_confirm(app, client):
    person = signature(state="pending")
    moderation.turn(ADMIN, "signing", True, "attack")
    assert client.post(f"/ko/confirm/{confirm_token(person)}").status_code == 303
    db.session.refresh(person)
    assert person.state == "confirmed"


def test_a_kept_page_follows_within_a_second_of_the_switch(app, client, frozen_clock):
    campaign()
    assert 'name="email"' in client.get(PAGE.format("ko")).text
    moderation.turn(ADMIN, "signing", True, "attack")
    frozen_clock.move(seconds=1)
    assert 'name="email"' not in client.get(PAGE.format("ko")).text
    moderation.turn(ADMIN, "signing", False, "over")
    frozen_clock.move(seconds=1)
    assert 'name="email"' in client.get(PAGE.format("ko")).text
    assert client.post(SIGN.format("ko"), data=sign_form()).status_code == 303


# --- Mail ---


@pytest.fixture
def deliver(app, tmp_path):
    def run(**options):
        answer_requests()
        return mail.deliver(mails.composers(), MailboxTransport(tmp_path / "mailbox"), **options)

    return run


def test_while_mail_is_paused_nothing_is_claimed(client, deliver):
    campaign()
    moderation.turn(ADMIN, "mail", True, "the relay is full")
    client.post(SIGN.format("ko"), data=sign_form())
    assert deliver().total == 0
    (waiting,) = db.session.query(OutboxMail)
    assert (waiting.state, waiting.attempts, waiting.lease_until) == ("queued", 0, None)
    moderation.turn(ADMIN, "mail", False, "over")
    assert deliver().sent == 1


def test_a_pause_stops_a_batch_that_was_begun(client, deliver, monkeypatch):
    campaign()
    for _ in range(3):
        client.post(SIGN.format("ko"), data=sign_form())
    sends = []
    send = MailboxTransport.send

    def pausing(self, to, content, return_path=""):
        send(self, to, content, return_path)
        sends.append(to)
        moderation.turn(ADMIN, "mail", True, "stop")

    monkeypatch.setattr(MailboxTransport, "send", pausing)
    assert deliver().sent == len(sends) == 1
    waiting = db.session.query(OutboxMail).filter_by(state="queued").all()
    assert [(row.attempts, row.lease_until) for row in waiting] == [(0, None)] * 2


def test_the_command_says_that_mail_is_paused(app, runner):
    moderation.turn(ADMIN, "mail", True, "the relay is full")
    result = runner.invoke(args=["mail", "deliver"])
    assert result.exit_code == 1
    assert "sending e-mail is paused" in result.output


def test_a_pause_raises_no_alarm_and_what_waited_is_overdue_only_after_it(app, client, frozen_clock):
    campaign()
    client.post(SIGN.format("ko"), data=sign_form())
    moderation.turn(ADMIN, "mail", True, "the relay is full")
    frozen_clock.move(hours=2)
    response = client.get("/readyz")
    assert (response.status_code, response.json["paused"]) == (200, ["mail"])
    moderation.turn(ADMIN, "mail", False, "over")
    frozen_clock.move(minutes=5)
    assert client.get("/readyz").status_code == 200
    frozen_clock.move(minutes=6)
    assert client.get("/readyz").status_code == 503


# --- Banner ---


@pytest.mark.parametrize("address", ["/{}/", PAGE, "/{}/privacy", "/{}/me", "/{}/nothing-here"])
def test_the_banner_is_on_every_public_page_in_its_language(app, client, address):
    campaign()
    moderation.turn(ADMIN, "banner", {"ko": "오늘 밤 점검합니다", "en": "Upkeep tonight"}, "upkeep")
    assert "오늘 밤 점검합니다" in client.get(address.format("ko")).text
    english = client.get(address.format("en")).text
    assert "Upkeep tonight" in english
    assert "오늘 밤 점검합니다" not in english


def test_a_banner_is_plain_text(app, client):
    moderation.turn(ADMIN, "banner", {"ko": "<script>alert(1)</script>", "en": "<b>bold</b> & more"}, "a try")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in client.get("/ko/").text
    assert "&lt;b&gt;bold&lt;/b&gt; &amp; more" in client.get("/en/").text


def test_without_a_banner_there_is_no_trace_of_one(app, client):
    assert 'class="banner"' not in client.get("/ko/").text


# --- Limits ---


@pytest.mark.parametrize(
    ("limit", "factor", "expected"),
    [
        ("300 per 10 minutes", 1, "300 per 10 minutes"),
        ("300 per 10 minutes", 5, "1500 per 10 minutes"),
        ("3/minute; 20 per 2 hour", 2, "6/minute;40 per 2 hour"),
        ("3/second, 9/minute|1 per day", 10, "30/second,90/minute|10 per day"),
    ],
)
def test_the_raised_limit_keeps_its_window(limit, factor, expected):
    assert scaled(limit, factor) == expected


def test_raised_limits_let_a_hall_of_people_sign(make_app):
    app = make_app(limit_sign="2 per hour")
    client = app.test_client()
    with app.app_context():
        campaign()
        answers = [client.post(SIGN.format("ko"), data=sign_form()).status_code for _ in range(3)]
        assert answers == [303, 303, 429]
        moderation.turn(ADMIN, "limits", 2, "a hall of people")
        answers = [client.post(SIGN.format("ko"), data=sign_form()).status_code for _ in range(5)]
        assert answers == [303, 303, 303, 303, 429]
        moderation.turn(ADMIN, "limits", 1, "they have gone")
        assert client.post(SIGN.format("ko"), data=sign_form()).status_code == 429


def test_raised_limits_let_a_whole_company_sign(make_app):
    app = make_app(limit_domain="2 per hour")
    client = app.test_client()
    with app.app_context():
        campaign()

        def sign(number):
            form = sign_form(email=f"p{number}@company.co.kr")
            return client.post(SIGN.format("ko"), data=form).status_code

        assert [sign(number) for number in range(3)] == [303, 303, 429]
        moderation.turn(ADMIN, "limits", 2, "the whole company signs")
        assert [sign(number) for number in range(3, 8)] == [303, 303, 303, 303, 429]
