"""Settings: production starts only when everything it needs was said, and each fault is one clear line."""

import os
import re
import sys

import pytest
from sqlalchemy import make_url

from config import Config, ConfigError
from tests.support import programs
from tests.support.production import DATA_KEY, ENVIRONMENT, KEY, LOG_KEY

GOOD = {**ENVIRONMENT, "PLEDGE_DATABASE_URL": "postgresql://pledge:pa55word@127.0.0.1:1/pledge"}
SECRETS = (KEY, DATA_KEY, LOG_KEY, "pa55word", "s3cretword")


@pytest.fixture
def environment(monkeypatch):
    """`environment(PLEDGE_BASE_URL=None)`: a good production environment with changes."""

    def use(**changes):
        for name, value in {**GOOD, **changes}.items():
            monkeypatch.delenv(name, raising=False) if value is None else monkeypatch.setenv(name, value)

    return use


def faults():
    with pytest.raises(ConfigError) as failure:
        Config.load()
    return failure.value.problems


def test_the_log_key_may_belong_to_another_process(environment):
    environment(PLEDGE_LOG_KEY="elsewhere")
    assert Config.load().log_signing_keys == ()
    environment()
    assert [key.get_secret_value() for key in Config.load().log_signing_keys] == [LOG_KEY]


@pytest.mark.parametrize(
    ("value", "ko", "en", "issuer"),
    [
        (None, "서약", "Pledge", "Pledge"),
        ("Open Pledges", "Open Pledges", "Open Pledges", "Open Pledges"),
        ('{"ko": "열린 서명", "en": "Open Pledges"}', "열린 서명", "Open Pledges", "열린 서명"),
        ('{"ko": "열린 서명", "": "Open Pledges"}', "열린 서명", "Open Pledges", "Open Pledges"),
        ('{"ko": "열린 서명"}', "열린 서명", "열린 서명", "열린 서명"),
    ],
)
def test_a_site_has_one_name_or_one_for_each_language(environment, value, ko, en, issuer):
    environment(PLEDGE_SITE_NAME=value)
    config = Config.load()
    assert (config.site_name_in("ko"), config.site_name_in("en"), config.issuer) == (ko, en, issuer)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PLEDGE_CONTACT", "privacy@localhost"),
        ("PLEDGE_MAIL_FROM", "Sky <no-reply@mail.local>"),
        (
            "PLEDGE_PRESS_CONTACT",
            '{"ko": "홍보팀, press@sky.example", "en": "Press office, press@LOCALHOST"}',
        ),
        ("PLEDGE_PRIVACY_OFFICER", '{"ko": "개인정보보호팀"}'),
        ("PLEDGE_POSTAL_ADDRESS", '{"en": "1 Sky Street, Seoul"}'),
        ("PLEDGE_TELEPHONE", "call us"),
        ("PLEDGE_CONTACT", "privacy"),
        ("PLEDGE_MAIL_FROM", "Sky <no-reply>"),
    ],
)
def test_production_refuses_a_contact_that_reaches_nobody_or_that_some_cannot_read(environment, name, value):
    environment(**{name: value})
    (line,) = faults()
    assert line.startswith(name)


def test_telephone_numbers_do_not_break_across_lines(environment):
    environment(PLEDGE_TELEPHONE="+82 2 123 4567", PLEDGE_PRESS_CONTACT="Press office 24, 02 765 4321")
    contact = Config.load().contact_in("en")
    assert contact.telephone == "+82\N{NO-BREAK SPACE}2\N{NO-BREAK SPACE}123\N{NO-BREAK SPACE}4567"
    assert contact.press == "Press office 24, 02\N{NO-BREAK SPACE}765\N{NO-BREAK SPACE}4321"


def test_a_contact_is_given_in_the_language_asked_for(environment):
    environment(PLEDGE_PRIVACY_OFFICER='{"ko": "개인정보보호팀", "": "Data protection office"}')
    config = Config.load()
    assert config.contact_in("ko").privacy_officer == "개인정보보호팀"
    assert config.contact_in("en").privacy_officer == "Data protection office"
    assert (
        config.contact_in("en").postal_address
        == config.contact_in("ko").postal_address
        == "1 Sky Street, Seoul"
    )


def test_development_needs_no_setting():
    config = Config.load()
    assert not config.is_production
    assert config.uses_sqlite
    assert config.problems() == []


@pytest.mark.parametrize("name", [name for name in GOOD if name not in ("PLEDGE_ENV", "PLEDGE_DATABASE_URL")])
@pytest.mark.parametrize("value", [None, ""])
def test_production_refuses_a_missing_setting_in_one_line_that_names_it(environment, name, value):
    environment(**{name: value})
    (line,) = faults()
    assert name in line
    assert "\n" not in line


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PLEDGE_SECRET_KEYS", "development-secret-key-not-for-production"),
        ("PLEDGE_SECRET_KEYS", f"{KEY},development-secret-key-not-for-production"),
        ("PLEDGE_SECRET_KEYS", "short"),
        ("PLEDGE_SECRET_KEYS", "k" * 40),
        ("PLEDGE_SECRET_KEYS", "password" * 5),
        ("PLEDGE_SECRET_KEYS", DATA_KEY),
        ("PLEDGE_DATA_KEYS", f"{DATA_KEY},{LOG_KEY}"),
        ("PLEDGE_LOG_KEY", KEY),
        ("PLEDGE_DATA_KEYS", "development-data-key-not-for-production"),
        ("PLEDGE_DATA_KEYS", f"short,{DATA_KEY}"),
        ("PLEDGE_LOG_KEY", "development-log-key-not-for-production"),
        ("PLEDGE_LOG_KEY", f"{LOG_KEY},short"),
        ("PLEDGE_LOG_KEY", f"{LOG_KEY},elsewhere"),
        ("PLEDGE_BASE_URL", "http://sky.example"),
        ("PLEDGE_BASE_URL", "sky.example"),
        ("PLEDGE_BASE_URL", "https://"),
        ("PLEDGE_BASE_URL", "https://sky.example:port"),
        ("PLEDGE_TRUSTED_PROXIES", "many"),
        ("PLEDGE_TRUSTED_PROXIES", "-1"),
        ("PLEDGE_POOL_SIZE", "0"),
        ("PLEDGE_NEWS_PACE", "0.5"),
        *(
            ("PLEDGE_SITE_NAME", value)
            for value in ('{"ko": ', "{}", '{"ko": ""}', '{"ko": 7}', '{"ko": "a\\nb"}', "a\nb", " ")
        ),
        *(("PLEDGE_LANGUAGES", value) for value in ("ko", "Korean", "ko-KR, ko-KP", ",", "ko-KR,english")),
        ("PLEDGE_LOG_LEVEL", "LOUD"),
        ("PLEDGE_LIMIT_SIGN", "many"),
        ("PLEDGE_LIMIT_TOKEN", "30 per fortnight"),
        ("PLEDGE_LIMIT_LINK", "300"),
        ("PLEDGE_KAKAO_KEY", "kakao-rest-api-key"),
        ("PLEDGE_KAKAO_KEY", "0123456789ABCDEF0123456789ABCDEF"),
        ("PLEDGE_DATABASE_URL", "mysql://pledge:pa55word@db/pledge"),
        ("PLEDGE_REDIS_URL", "http://:pa55word@cache:6379"),
        ("PLEDGE_SMTP_URL", "http://mailer:s3cretword@mail.example"),
        ("PLEDGE_SMTP_URL", "s3cretword"),
        *(("PLEDGE_STORAGE_URL", value) for value in ("https://bucket", "s3://")),
        ("PLEDGE_STORAGE_ENDPOINT", "s3.example.kr"),
        # Each without the other.
        *(("PLEDGE_STORAGE_KEY_ID", "key"), ("PLEDGE_STORAGE_SECRET", "s3cretword")),
        *(
            ("PLEDGE_BOUNCE_ADDRESS", f"{value}@pledge.example")
            for value in ("bounce+x", "much-too-long", "Bounce")
        ),
        ("PLEDGE_BOUNCE_ADDRESS", "bounce@localhost"),
        ("PLEDGE_BOUNCE_MAILBOX", "pop3://a:b@c"),
        # Both without the address that tells which mail a report is about.
        *(("PLEDGE_BOUNCE_MAILBOX", "maildir:/var/mail/bounces"), ("PLEDGE_BOUNCE_HOOK_KEY", "k" * 40)),
        ("PLEDGE_ENV", "staging"),
    ],
)
def test_production_refuses_a_bad_value_in_one_line_without_repeating_it(environment, name, value):
    environment(**{name: value})
    (line,) = faults()
    assert name in line
    assert "\n" not in line
    assert not any(secret in line for secret in (*SECRETS, "short,"))


def test_development_refuses_a_list_without_a_key(monkeypatch):
    monkeypatch.setenv("PLEDGE_DATA_KEYS", ",")
    assert faults() == ["PLEDGE_DATA_KEYS: at least one key is expected."]


def test_lists_are_read_without_their_spaces_and_the_base_address_without_its_slash(monkeypatch):
    monkeypatch.setenv("PLEDGE_SECRET_KEYS", f" {KEY} , {DATA_KEY},")
    monkeypatch.setenv("PLEDGE_TRUSTED_HOSTS", "a.example, b.example")
    monkeypatch.setenv("PLEDGE_BASE_URL", "https://sky.example/")
    config = Config.load()
    assert [key.get_secret_value() for key in config.secret_keys] == [KEY, DATA_KEY]
    assert config.trusted_hosts == ("a.example", "b.example")
    assert config.base_url == "https://sky.example"
    assert config.allowed_hosts[0] == "sky.example"


def test_links_of_a_site_on_another_port_lead_there(monkeypatch):
    assert Config.load().base_url == "http://localhost:8000"
    monkeypatch.setenv("PORT", "8120")
    assert Config.load().base_url == "http://localhost:8120"


def test_printing_the_settings_shows_no_key(environment):
    environment()
    assert not any(
        secret in repr(Config.load()) + str(Config.load())
        for secret in (KEY, DATA_KEY, LOG_KEY, "s3cretword")
    )


# --- As a process ---


def start(tmp_path, **changes):
    own = {name: value for name, value in {**GOOD, **changes}.items() if value is not None}
    plain = {name: value for name, value in os.environ.items() if not name.startswith("PLEDGE_")}
    return programs.run(
        *(sys.executable, "-m", "flask", "--app", "wsgi", "routes"),
        env={**plain, "PLEDGE_INSTANCE_DIR": str(tmp_path), **own},
    )


@pytest.mark.parametrize(
    ("changes", "lines"),
    [
        ({"PLEDGE_BASE_URL": None, "PLEDGE_SMTP_URL": None}, 2),
        ({"PLEDGE_SMTP_URL": "ftp://mailer:s3cretword@mail.example", "PLEDGE_LIMIT_SIGN": "many"}, 2),
        ({"PLEDGE_INSTANCE_DIR": "/dev/null/pledge"}, 1),
        ({"PROMETHEUS_MULTIPROC_DIR": "/dev/null/metrics"}, 1),
    ],
)
def test_a_process_with_bad_settings_ends_with_a_line_for_each_fault(tmp_path, changes, lines):
    done = start(tmp_path, **changes)
    assert done.returncode != 0
    output = done.stderr.strip().splitlines()
    assert len(output) == lines, done.stderr
    assert all(re.match("pledge cannot start: (PLEDGE_|PROMETHEUS_)", line) for line in output)
    assert "Traceback" not in done.stdout + done.stderr
    assert not any(secret in done.stdout + done.stderr for secret in SECRETS)


def test_a_process_starts_while_its_database_is_away(tmp_path):
    done = start(tmp_path)
    assert done.returncode == 0, done.stderr
    assert "public.campaign" in done.stdout


def test_a_process_refuses_a_postgresql_that_does_not_wait_for_the_disk(tmp_path, postgres_server):
    done = start(tmp_path, PLEDGE_DATABASE_URL=postgres_server.url("postgres"))  # tests run it with fsync off
    assert done.returncode != 0
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith("pledge cannot start: PostgreSQL runs with fsync = off: a power cut would lose")
    assert line.endswith("Set fsync = on in postgresql.conf.")


# --- Several hosts of PostgreSQL ---

HOSTS = {"user": "u", "password": "p", "dbname": "db", "host": "h1,h2", "port": "5433,5434"}


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://u:p@h1:5433,h2:5434/db?target_session_attrs=read-write",
        "postgres://u:p@h1:5433,h2:5434/db?target_session_attrs=read-write",
        "postgresql+psycopg://u:p@h1:5433,h2:5434/db?target_session_attrs=read-write",
        "postgresql://u:p@/db?host=h1:5433&host=h2:5434&target_session_attrs=read-write",
        "postgresql://u:p@/db?host=h1,h2&port=5433,5434&target_session_attrs=read-write",
    ],
)
def test_several_hosts_are_read_in_each_of_libpqs_forms(environment, address):
    environment(PLEDGE_DATABASE_URL=address)
    url = make_url(Config.load().sqlalchemy_url)
    _, options = url.get_dialect()().create_connect_args(url)
    assert options == {**HOSTS, "target_session_attrs": "read-write"}


def test_hosts_without_a_port_have_the_default_one(environment):
    environment(PLEDGE_DATABASE_URL="postgresql://h1,h2/db")
    url = make_url(Config.load().sqlalchemy_url)
    _, options = url.get_dialect()().create_connect_args(url)
    assert (options["host"], options["port"]) == ("h1,h2", ",")


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://u:s3cretword@h1:x,h2:5434/db",
        "postgresql://u:s3cretword@h1:port/db",
        "postgresql://u:s3cretword@[::1]:5433,[::2]:5434/db",
    ],
)
def test_an_address_that_cannot_be_used_is_one_line_without_its_password(environment, address):
    environment(PLEDGE_DATABASE_URL=address)
    (line,) = faults()
    assert line.startswith("PLEDGE_DATABASE_URL: an address like")
    assert "s3cretword" not in line
    assert "target_session_attrs" in line


def test_the_languages_of_the_site_are_named_with_the_country_whose_dates_they_write(environment):
    environment(PLEDGE_LANGUAGES="ko-KR, en-GB, ja-JP")
    assert Config.load().languages == ("ko-KR", "en-GB", "ja-JP")


def test_a_partners_checker_is_an_https_address(environment):
    environment(PLEDGE_CHECKERS="https://uni.example/anywhere.html, https://press.example/")
    assert Config.load().checkers == ("https://uni.example/anywhere.html", "https://press.example/")
    environment(PLEDGE_CHECKERS="http://uni.example/anywhere.html")
    assert "PLEDGE_CHECKERS" in faults()[0]
