"""The mailbox of a development machine."""

import re

import pytest

from pledge.mail import services, transports
from pledge.mail.models import MailKind
from tests.support import factories
from tests.support.mails import deliver, enqueue, pending


@pytest.fixture
def mailbox(app):
    """Empty, and the way into it."""
    settings = app.extensions["pledge.config"]
    for old in settings.mailbox_dir.glob("*"):
        old.unlink()
    return services.transport(settings)


def test_programs_get_all_mails_newest_first(app, client, mailbox):
    enqueue(pending("first@example.org"), lang="ko")
    deliver(mailbox)
    enqueue(factories.signature(email="second@example.org"), MailKind.MANAGE, lang="en")
    deliver(mailbox)

    second, first = client.get("/dev/mailbox.json").json

    assert set(first) == {"to", "subject", "text", "html", "headers"}
    assert (first["to"], second["to"]) == ("first@example.org", "second@example.org")
    assert re.fullmatch(r"\[인증번호 \d{6}\] 푸른 하늘 서명을 완료해 주세요", first["subject"])
    assert "http://localhost/ko/confirm/" in first["text"]
    assert "http://localhost/ko/confirm/" in first["html"]
    assert first["headers"]["Auto-Submitted"] == "auto-generated"
    assert "\r" not in first["text"] + first["html"]


def test_people_find_a_mail_in_the_list_and_can_follow_its_link(app, client, mailbox):
    enqueue(pending("hong@example.org"), lang="en")
    deliver(mailbox)
    (path,) = mailbox._folder.glob("*.eml")

    assert f"/dev/mailbox/{path.stem}" in client.get("/dev/mailbox").text
    page = client.get(f"/dev/mailbox/{path.stem}").text
    assert 'href="http://localhost/en/confirm/' in page
    assert "style=" not in page


def test_an_empty_mailbox_is_a_page_and_an_empty_list(app, client, mailbox):
    assert client.get("/dev/mailbox.json").json == []
    assert client.get("/dev/mailbox").status_code == 200


@pytest.mark.parametrize("name", ["nothing", "..%2f..%2fpledge.sqlite3", "%2e%2e", "x.eml", "0" * 300])
def test_a_mail_that_is_not_there_is_a_404(client, name):
    assert client.get(f"/dev/mailbox/{name}").status_code == 404


def test_only_the_newest_mails_are_kept(app, client, mailbox, monkeypatch):
    monkeypatch.setattr(transports, "MAX_KEPT", 3)
    for number in range(5):
        enqueue(pending(f"person-{number}@example.org"))
        deliver(mailbox)

    assert [mail["to"] for mail in client.get("/dev/mailbox.json").json] == [
        "person-4@example.org",
        "person-3@example.org",
        "person-2@example.org",
    ]


@pytest.mark.sqlite_only
@pytest.mark.parametrize("path", ["/dev/mailbox", "/dev/mailbox.json", "/dev/mailbox/anything"])
def test_production_has_no_mailbox(make_app, path):
    production = make_app(env="production", base_url="https://localhost")

    assert production.test_client().get(path, base_url="https://localhost").status_code == 404
