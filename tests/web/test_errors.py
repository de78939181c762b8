"""Error pages: whole, in the language of the address, and silent about the fault; JSON for programs."""

import pytest
from flask import abort
from psycopg.errors import DeadlockDetected, QueryCanceled, ReadOnlySqlTransaction, SerializationFailure
from redis.exceptions import BusyLoadingError
from redis.exceptions import TimeoutError as RedisTimeout
from sqlalchemy.exc import InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from pledge.core.db import NotDurable
from tests.support.routes import token_routes

STATUSES = (400, 403, 404, 405, 410, 413, 415, 418, 422, 429, 500, 501, 503)


@pytest.fixture
def failing(make_app):
    """A site with a page and an address of the API that fail with the status in their address."""
    app = make_app()

    def fail(status, **_):
        if status in (410, 418, 422, 501):
            abort(status)
        error = HTTPException()
        error.code = status
        raise error

    app.add_url_rule("/<language:lang>/fail/<int:status>", "fail", fail)
    app.add_url_rule("/api/v1/fail/<int:status>", "fail-api", fail)
    return app.test_client()


@pytest.mark.sqlite_only
@pytest.mark.parametrize("lang", ["ko", "en"])
def test_every_error_has_a_whole_page_in_both_languages(failing, lang):
    for status in STATUSES:
        whole_page(failing, status, lang)


def whole_page(client, status, lang):
    answer = client.get(f"/{lang}/fail/{status}")
    assert answer.status_code == status
    assert f'<html lang="{lang}"' in answer.text
    assert any("가" <= c <= "힣" for c in answer.text.partition("<main")[2].partition("</main")[0]) is (
        lang == "ko"
    )
    assert answer.headers["Cache-Control"] == "no-store"

    answer = client.get(f"/api/v1/fail/{status}", headers={"Accept-Language": lang})
    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert (error := answer.json)["status"] == status
    assert any("가" <= c <= "힣" for c in error["title"] + error["detail"]) is (lang == "ko")


@pytest.mark.sqlite_only
@pytest.mark.parametrize("wanted", [{}, {"Accept-Language": "fr"}, {"Accept-Language": "*"}])
def test_a_program_that_asks_for_no_language_of_the_site_reads_errors_in_english(failing, wanted):
    assert failing.get("/api/v1/fail/404", headers=wanted).json["title"] == "Page not found"
    assert failing.get("/log/none/checkpoint", headers=wanted).json["title"] == "Page not found"


@pytest.mark.sqlite_only
def test_a_bug_shows_a_page_that_tells_nothing_of_it(make_app, capsys):
    app = make_app()

    def fail():
        raise KeyError("hong@naver.com and a secret")

    app.add_url_rule("/ko/fail", "fail", fail)
    answer = app.test_client().get("/ko/fail")
    assert answer.status_code == 500
    assert '<html lang="ko"' in answer.text
    assert "hong" not in answer.text
    assert "KeyError" not in answer.text
    assert answer.headers["X-Request-Id"]


@pytest.mark.sqlite_only
def test_no_key_of_any_route_stands_in_the_log_when_the_error_page_itself_fails(make_app, capsys):
    app = make_app()
    # As when an upgrade has moved the templates under the running process.
    app.jinja_loader.searchpath.clear()
    app.jinja_env.bytecode_cache = None
    routes = list(token_routes(app))
    for method, path, _ in routes:
        answer = app.test_client().open(path, method=method)
        if answer.status_code == 303:  # a redirect needs no template
            continue
        assert (answer.status_code, answer.mimetype) == (500, "text/plain"), (method, path)
        assert "잠시 뒤에 다시" in answer.text
        assert "try again" in answer.text
        assert answer.headers["Cache-Control"] == "no-store"
    written = capsys.readouterr().err
    assert "TemplateNotFound" in written
    assert [path for _, path, key in routes if key in written] == []


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    ("method", "path", "asks_again"),
    [
        ("GET", "/ko/confirm/a-token", True),
        ("GET", "/en/endorse/me/a-token", True),
        ("POST", "/ko/confirm/a-token", False),
        ("GET", "/ko/me", False),
    ],
)
def test_a_mailed_link_that_is_opened_during_an_outage_asks_again_by_itself(
    make_app, method, path, asks_again
):
    app = make_app()

    def fail():
        raise PoolTimeout

    app.before_request(fail)
    answer = app.test_client().open(path, method=method)
    assert answer.status_code == 503
    assert ('<meta http-equiv="refresh" content="15">' in answer.text) is asks_again
    reloads = "새로 고쳐집니다" in answer.text or "loads again by itself" in answer.text
    assert reloads is asks_again


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    "error",
    [
        RedisTimeout(),
        BusyLoadingError(),
        PoolTimeout(),
        NotDurable(),
        OperationalError("SELECT", {}, QueryCanceled()),
        OperationalError("SELECT", {}, DeadlockDetected()),
        OperationalError("SELECT", {}, SerializationFailure()),
        InternalError("SELECT", {}, ReadOnlySqlTransaction()),
        InterfaceError("SELECT", {}, Exception(), connection_invalidated=True),
    ],
    ids=lambda error: type(getattr(error, "orig", error)).__name__,
)
def test_what_is_away_or_too_slow_asks_to_try_again(make_app, error):
    app = make_app()

    def fail():
        raise error

    app.add_url_rule("/en/fail", "fail", fail)
    answer = app.test_client().get("/en/fail")
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
