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
