"""Logs: enough to find a fault, nothing that names a person or opens a link."""

import io
import json
import logging
import re
import sys
from contextlib import closing
from http.client import HTTPConnection
from urllib.parse import urlencode

import pytest
import structlog
from sqlalchemy.engine import make_url

from pledge.core.logs import configure, log
from tests.support import apps
from tests.support.factories import campaign, confirm_token, sign_form, signature
from tests.support.production import DATA_KEY, ENVIRONMENT, KEY
from tests.support.smtp import SmtpServer
from tests.support.waiting import TEST_TIMEOUT, wait_until


@pytest.fixture
def production_logs(tmp_path, monkeypatch):
    """Our logging as in production; afterwards as it was. `lines()` are the lines written so far."""
    root = logging.getLogger()
    handlers, level, before = root.handlers[:], root.level, structlog.get_config()
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    configure(apps.settings(tmp_path, env="production", log_level="INFO"))

    def lines():
        return [json.loads(line) for line in stream.getvalue().splitlines()]

    yield lines
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.configure(**before)


@pytest.mark.sqlite_only
def test_a_request_is_one_line_of_json_with_the_id_that_the_visitor_got(app, production_logs):
    token = confirm_token(signature(campaign(), state="pending"))
    answer = app.test_client().get(f"/ko/confirm/{token}")
    (line,) = [line for line in production_logs() if line["event"] == "request"]
    assert line["request_id"] == answer.headers["X-Request-Id"]
    assert (line["endpoint"], line["method"], line["status"], line["level"]) == (
        "public.signature_confirm",
        "GET",
        200,
        "info",
    )
    assert line["ms"] >= 0
    assert line["timestamp"].endswith("Z")
    assert token not in json.dumps(line)


@pytest.mark.sqlite_only
def test_lines_about_a_failure_carry_the_id_of_the_request(app, production_logs, monkeypatch):
    from sqlalchemy.exc import OperationalError

    from pledge.web.public.signing import sign

    def fail(*_):
        raise OperationalError("INSERT", {}, Exception("hong@naver.com"))

    campaign()
    monkeypatch.setattr(sign.signatures, "sign", fail)
    answer = app.test_client().post("/ko/c/blue-skies/sign", data=sign_form())
    assert answer.status_code == 503
    lines = production_logs()
    assert {line["event"] for line in lines} == {"database away", "request"}
    assert {line["request_id"] for line in lines} == {answer.headers["X-Request-Id"]}
    assert "hong" not in json.dumps(lines)


@pytest.mark.postgresql_only
def test_a_right_that_is_missing_is_named_and_answered_as_an_outage(
    new_database, app_on, postgres_server, capsys
):
    url = make_url(new_database("postgresql", "grants"))
    postgres_server.execute("CREATE ROLE nobody_may LOGIN")
    try:
        with app_on(str(url)).app_context():
            campaign()
        answer = app_on(str(url.set(username="nobody_may"))).test_client().get("/ko/c/blue-skies")
        assert answer.status_code == 503
        (line,) = [line for line in capsys.readouterr().err.splitlines() if "database away" in line]
        assert re.search(r"kind='ProgrammingError 42501 permission denied for table \w+'", line)
    finally:
        postgres_server.execute("DROP ROLE nobody_may")


@pytest.mark.parametrize(
    "name", ["email", "address", "to", "name", "token", "code", "ticket", "link", "password"]
)
def test_what_must_not_be_logged_is_struck_out_by_its_name(production_logs, name):
    log.warning("event", **{name: "hong@naver.com", "other": 1})
    (line,) = production_logs()
    assert line[name] == "[redacted]"
    assert line["other"] == 1


@pytest.mark.parametrize("logger", [log, logging.getLogger("some.library")], ids=["ours", "a library's"])
def test_a_failure_says_where_it_was_and_not_what_it_quoted(production_logs, logger):
    try:
        raise ValueError("hong@naver.com")  # there must be a traceback
    except ValueError as error:
        logger.error("failed", exc_info=error)  # noqa: TRY400  # as the product does
    (line,) = production_logs()
    assert line["event"] == "failed"
    assert "builtins.ValueError at" in line["exception"]
    assert "test_logs.py" in line["exception"]
    assert "hong" not in json.dumps(line)


def test_a_warning_of_a_library_is_one_line_of_json(production_logs):
    logging.getLogger("some.library").warning("watch %s\nout", "it")
    logging.getLogger("some.library").info("chatter")
    (line,) = production_logs()
    assert line["event"] == "watch it\nout"
    assert line["level"] == "warning"


def test_a_line_is_one_write(tmp_path, production_logs, monkeypatch):
    written = []

    class Stream(io.StringIO):
        def write(self, text):
            written.append(text)
            return len(text)

    monkeypatch.setattr(sys, "stderr", Stream())
    configure(apps.settings(tmp_path, env="production", log_level="INFO"))
    log.info("ours")
    log.info("request")
    logging.getLogger("some.library").warning("theirs")
    assert [json.loads(text)["event"] for text in written] == ["ours", "request", "theirs"]
    assert all(text.endswith("}\n") for text in written)


# --- The whole journey ---

NAME = "비밀스러운사람"
ADDRESS = "very.secret.person@example.org"
OTHER = "refused.person@example.org"


def send(site, path, form=None, **headers):
    """A request to a production site as the proxy before it sends it: status, where it leads to, and the page."""
    body = None if form is None else urlencode(form)
    kind = {} if form is None else {"Content-Type": "application/x-www-form-urlencoded"}
    with closing(HTTPConnection("127.0.0.1", site.port, timeout=TEST_TIMEOUT)) as proxy:
        method = "GET" if body is None else "POST"
        proxy.request(method, path, body, {"Host": "sky.example", **kind, **headers})
        answer = proxy.getresponse()
        return answer.status, answer.getheader("Location", ""), answer.read().decode()


def test_a_whole_journey_leaves_no_trace_of_a_person_in_what_web_and_worker_write(make_site):
    with SmtpServer() as smtp:
        site = make_site(
            **ENVIRONMENT | {"PLEDGE_SMTP_URL": smtp.url},
            PLEDGE_TRUSTED_HOSTS="127.0.0.1",
            PLEDGE_LIMIT_SIGN="1 per minute",
            PLEDGE_LOG_LEVEL="DEBUG",
        )
        site.start()
        smtp.behave(only=(OTHER,), at_recipient=f"550 5.1.1 <{OTHER}> has no mailbox here")
        path = "/ko/c/blue-skies/sign"
        status, ticket_path, _ = send(site, path, sign_form(name=NAME, email=ADDRESS, public_name="y"))
        assert status == 303
        assert send(site, path, sign_form(name=NAME, email=OTHER))[0] == 303
        (mail,) = wait_until(lambda: smtp.mails_to(ADDRESS))
        text = mail.part("plain")
        confirm_path = re.search(r"https://sky\.example(/ko/confirm/[\w.~-]+)", text)[1]
        code = re.search(r"(?<!\d)\d{3} ?\d{3}(?!\d)", text)[0].replace(" ", "")

        # The wrong ways first, then the right one.
        token, ticket = confirm_path.rpartition("/")[2], ticket_path.partition("#")[0].rpartition("/")[2]
        assert send(site, confirm_path + "x")[0] == 410
        assert send(site, f"/ko/me/{token}")[0] == 410
        assert send(site, ticket_path, {"code": "000000"})[0] == 422
        assert send(site, path, sign_form(name=NAME, email=ADDRESS), Origin="https://evil.example")[0] == 403
        assert send(site, path, sign_form(name=f"={NAME}", email=ADDRESS))[0] == 422
        assert send(site, f"/ko/confirm/{token}%00")[0] == 400
        assert send(site, f"/zz/confirm/{token}")[0] == 404
        assert send(site, confirm_path, {}, **{"Content-Type": "application/json"})[0] in (303, 415)
        assert send(site, ticket_path, {"code": code})[0] == 303
        assert send(site, confirm_path)[0] == 200
        status, _, page = send(site, "/ko/c/blue-skies/mine", {"ticket": ticket, "code": code})
        assert status == 200
        me_path = f"/ko/me/{json.loads(page)['own']}"
        assert send(site, me_path + "/consents", {"name": NAME, "country": "KR", "updates": "y"})[0] == 303
        assert send(site, me_path + "/withdraw", {})[0] == 303
        assert send(site, "/ko/me", {"email": ADDRESS, "campaign": "blue-skies"})[0] == 303
        answers = [send(site, path, sign_form(name=NAME, email=ADDRESS))[0] for _ in range(12)]
        assert 429 in answers  # beyond ten times the limit
        assert send(site, me_path + "/erase", {})[0] == 200
        wait_until(
            lambda: (
                "dead" in site.log_text()
                or "refused" in site.log_text()
                or "permanent" in site.log_text().lower()
            )
        )
        site.stop()

    written = site.log_text()
    lines = [line for line in written.splitlines() if line.strip()]
    ours = [json.loads(line) for line in lines if line.startswith("{")]
    events = {line["event"] for line in ours}
    assert "request" in events
    assert "worker started" in events
    assert all("request_id" in line for line in ours if line["event"] == "request")
    me_token = me_path.rpartition("/")[2]
    local_parts = [address.partition("@")[0] for address in (ADDRESS, OTHER)]
    for secret in (
        NAME,
        ADDRESS,
        OTHER,
        *local_parts,
        token,
        ticket,
        me_token,
        "/confirm/",
        "/check/",
        KEY,
        DATA_KEY,
    ):
        assert secret not in written, secret
    assert NAME not in written.encode().decode("unicode-escape", errors="replace")
    assert not re.search(rf"(?<![0-9a-f.]){code}(?![0-9a-f])", written)
    assert [line for line in lines if not line.startswith("{")] == []
