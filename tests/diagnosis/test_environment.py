"""What the doctor says of settings, addresses, Redis, SMTP, the mailbox of bounces, the worker and the clock."""

import mailbox
from pathlib import Path

import pytest

from pledge.diagnosis import Severity, environment
from pledge.diagnosis.state import Readiness, readiness
from pledge.files import storage
from pledge.mail.models import MailKind
from tests.support import apps, factories
from tests.support.imap import ImapServer
from tests.support.mails import enqueue
from tests.support.production import PRODUCTION
from tests.support.run import free_port

BOUNCES = "bounce@pledge.example"


def findings(results) -> list[tuple[Severity, str]]:
    return [(finding.level, finding.text) for finding in results]


def the_only(results) -> tuple[Severity, str]:
    (finding,) = findings(results)
    return finding


@pytest.fixture
def settings(tmp_path):
    return lambda **changes: apps.settings(tmp_path, **changes)


def test_every_fault_of_the_settings_is_listed(settings):
    results = findings(environment.settings_findings(settings(env="production")))
    assert {level for level, _ in results} == {Severity.PROBLEM}
    contacts = ("CONTACT", "PRIVACY_OFFICER", "POSTAL_ADDRESS", "TELEPHONE", "PRESS_CONTACT")
    for name in ("SECRET_KEYS", "DATA_KEYS", "BASE_URL", "SMTP_URL", "MAIL_FROM", *contacts):
        assert any(f"PLEDGE_{name}" in text for _, text in results)


def test_a_misspelled_setting_is_a_warning_that_does_not_show_its_value(settings, monkeypatch):
    monkeypatch.setenv("PLEDGE_DATABASE_URI", "postgresql://user:geheim@host/name")
    level, text = findings(environment.settings_findings(settings()))[-1]
    assert level is Severity.WARNING
    assert text.startswith("PLEDGE_DATABASE_URI is set, but nothing reads it")
    assert "geheim" not in text


@pytest.mark.parametrize(("hops", "level"), [(0, Severity.WARNING), (1, Severity.OK)])
def test_the_proxies_that_are_trusted_are_noted(settings, hops, level):
    results = findings(environment.address_findings(settings(**PRODUCTION, trusted_proxies=hops)))
    assert results[0] == (Severity.OK, "https://pledge.example")
    assert results[1][0] is level


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"database_url": "postgresql:///pledge", "redis_url": "redis://127.0.0.1:6379/0"},
        {
            "database_url": "postgresql://pledge@/pledge?host=/run/postgresql",
            "redis_url": "redis://localhost",
        },
        {"database_url": "postgresql://pledge@h1,h2/pledge?sslmode=verify-full", "redis_url": "rediss://h3"},
        {"storage_endpoint": "https://s3.example.kr", "otlp_endpoint": "http://[::1]:4318"},
    ],
)
def test_what_is_on_this_machine_or_asked_by_tls_is_in_order(settings, asked):
    assert the_only(environment.encryption_findings(settings(**asked)))[0] is Severity.OK


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("database_url", "postgresql://pledge@db.example/pledge"),
        ("database_url", "postgresql://pledge@127.0.0.1,db.example/pledge"),
        ("database_url", "postgresql://pledge@db.example/pledge?sslmode=require"),
        ("redis_url", "redis://10.0.0.7:6379/0"),
        ("storage_endpoint", "http://10.0.0.8:9000"),
        ("otlp_endpoint", "http://traces.example:4318"),
    ],
)
def test_another_machine_that_is_asked_without_checked_tls_is_a_warning(settings, name, address):
    level, text = the_only(environment.encryption_findings(settings(**{name: address})))
    assert level is Severity.WARNING
    assert f"PLEDGE_{name.upper()}" in text


def test_a_redis_that_answers_is_in_order(settings, redis):
    assert the_only(environment.redis_findings(settings(redis_url=redis.url))) == (Severity.OK, "answers")


def test_a_redis_that_hangs_or_is_not_there_is_a_problem(settings, redis):
    redis.freeze()
    for url in (redis.url, f"redis://:geheim@127.0.0.1:{free_port()}/0"):
        level, text = the_only(environment.redis_findings(settings(redis_url=url)))
        assert level is Severity.PROBLEM
        assert "geheim" not in text


def test_a_redis_that_answers_and_takes_no_writes_is_a_problem(settings, redis):
    with redis.client() as inside:
        inside.config_set("maxmemory", "1")
        inside.config_set("maxmemory-policy", "noeviction")
        try:
            level, text = the_only(environment.redis_findings(settings(redis_url=redis.url)))
        finally:
            inside.config_set("maxmemory", "0")
    assert level is Severity.PROBLEM
    assert "takes no counts" in text


def test_no_redis_is_fine_on_a_development_machine_and_worth_a_look_in_production(settings):
    assert the_only(environment.redis_findings(settings()))[0] is Severity.OK
    assert the_only(environment.redis_findings(settings(**PRODUCTION)))[0] is Severity.WARNING


def test_an_smtp_server_without_tls_is_a_warning(settings, smtp):
    level, text = the_only(environment.smtp_findings(settings(smtp_url=smtp.url)))
    assert (level, text.split(":")[0]) == (Severity.WARNING, "the SMTP server answers, without TLS")
    assert smtp.received == [], "no mail is sent"


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("smtp://127.0.0.1:1", "unreachable"),
        ("smtp+starttls://127.0.0.1:{port}", "unsupported"),  # the server offers no TLS
        ("smtps://127.0.0.1:{port}", "takes no mail"),
        ("smtp://user:geheim@mail.example", "unencrypted"),
    ],
)
def test_an_smtp_server_that_takes_no_mail_is_a_problem_that_shows_no_password(settings, smtp, url, message):
    level, text = the_only(environment.smtp_findings(settings(smtp_url=url.format(port=smtp.port))))
    assert level is Severity.PROBLEM
    assert message in text
    assert "geheim" not in text


def test_a_mailbox_of_bounces_that_can_be_opened_is_in_order_and_keeps_its_messages(settings, tmp_path):
    box = mailbox.Maildir(tmp_path / "bounces")
    box.add(b"x")
    with ImapServer({4: b"x", 5: b"marked as deleted in a mail program"}) as server:
        server.deleted.add(5)
        for url in (f"maildir:{tmp_path}/bounces", server.url):
            results = environment.bounce_findings(settings(bounce_address=BOUNCES, bounce_mailbox=url))
            assert the_only(results) == (Severity.OK, "the mailbox can be opened, 1 messages wait to be read")
        assert list(server.messages) == [4, 5]
    assert len(box) == 1


def test_a_mailbox_of_bounces_that_cannot_be_opened_is_a_problem_that_shows_no_password(settings, tmp_path):
    with ImapServer(refuses=frozenset({"LOGIN"})) as server:
        for url in (server.url, f"imap://a:secret@127.0.0.1:{free_port()}/INBOX", f"maildir:{tmp_path}/none"):
            results = environment.bounce_findings(settings(bounce_address=BOUNCES, bounce_mailbox=url))
            level, text = the_only(results)
            assert level is Severity.PROBLEM
            assert text.startswith("the mailbox cannot be opened")
            assert "secret" not in text


def test_a_mailbox_of_bounces_with_an_unencrypted_password_is_a_problem(settings):
    url = "imap://a:secret@mail.example/INBOX"
    level, text = the_only(environment.bounce_findings(settings(bounce_address=BOUNCES, bounce_mailbox=url)))
    assert level is Severity.PROBLEM
    assert "use imaps://" in text
    assert "secret" not in text


def test_bounces_that_nobody_reads_are_worth_a_look_in_production(settings):
    forwarded = {"bounce_address": BOUNCES, "bounce_hook_key": "k" * 40}
    assert the_only(environment.bounce_findings(settings()))[0] is Severity.OK
    assert the_only(environment.bounce_findings(settings(**PRODUCTION)))[0] is Severity.WARNING
    assert the_only(environment.bounce_findings(settings(**PRODUCTION, **forwarded)))[0] is Severity.OK


def test_a_worker_that_lags_is_a_problem(app):
    results = findings(environment.worker_findings(Readiness("ok", 700.0, 80.0, ["late mail", "late fold"])))
    assert results == [(Severity.PROBLEM, "late mail"), (Severity.PROBLEM, "late fold")]


def test_thanks_that_are_hours_late_are_a_warning_of_the_doctor(app, frozen_clock):
    enqueue(kind=MailKind.THANKS)
    frozen_clock.move(hours=5)
    results = findings(environment.worker_findings(readiness()))
    assert [level for level, _ in results] == [Severity.OK, Severity.WARNING]


@pytest.mark.parametrize(
    ("seconds", "level"), [(0, Severity.OK), (20, Severity.WARNING), (120, Severity.PROBLEM)]
)
def test_a_clock_behind_what_was_recorded_is_noticed(app, clock, seconds, level):
    factories.signature(at=clock.now())
    clock.move(seconds=-seconds)
    assert the_only(environment.clock_findings())[0] is level


def test_a_storage_that_works_is_in_order_and_left_as_it_was(app, settings):
    assert the_only(environment.storage_findings(settings()))[0] is Severity.OK
    assert not list((Path(app.instance_path) / "files" / "doctor").glob("*"))


def test_a_storage_that_may_not_be_used_is_a_problem(make_app, settings, tmp_path):
    app = make_app(instance_dir=tmp_path)
    (tmp_path / "files").write_text("in the way")
    with app.app_context():
        level, text = the_only(environment.storage_findings(settings()))
    assert level is Severity.PROBLEM
    assert "cannot be used" in text


def test_a_storage_that_forgets_is_a_problem(app, settings, monkeypatch):
    monkeypatch.setattr(storage.Folder, "get", lambda storage, key: None)
    assert the_only(environment.storage_findings(settings()))[0] is Severity.PROBLEM
