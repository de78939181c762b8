"""Error pages: whole, in the language of the address, and silent about the fault; JSON for programs."""

import pytest
from psycopg.errors import DeadlockDetected, QueryCanceled, ReadOnlySqlTransaction, SerializationFailure
from redis.exceptions import BusyLoadingError
from redis.exceptions import TimeoutError as RedisTimeout
from sqlalchemy.exc import InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from pledge.core.db import NotDurable

STATUSES = (400, 403, 404, 405, 410, 413, 415, 418, 422, 429, 500, 501, 503)


@pytest.mark.sqlite_only
@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("lang", ["ko", "en"])
def test_every_error_has_a_whole_page_in_both_languages(make_app, status, lang):
    from flask import abort
    from werkzeug.exceptions import HTTPException

    app = make_app()

    def fail(**_):
        if status in (410, 418, 422, 501):
            abort(status)
        error = HTTPException()
        error.code = status
        raise error

    app.add_url_rule(f"/{lang}/fail", f"fail-{lang}", fail)
    app.add_url_rule("/api/v1/fail", "fail-api", fail)
    answer = app.test_client().get(f"/{lang}/fail")
    assert answer.status_code == status
    assert f'<html lang="{lang}"' in answer.text
    assert any("가" <= c <= "힣" for c in answer.text.partition("<main")[2].partition("</main")[0]) is (
        lang == "ko"
    )
    assert answer.headers["Cache-Control"] == "no-store"

    answer = app.test_client().get("/api/v1/fail", headers={"Accept-Language": lang})
    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"
    error = answer.json
    assert error["status"] == status
    assert any("가" <= c <= "힣" for c in error["title"] + error["detail"]) is (lang == "ko")


@pytest.mark.sqlite_only
@pytest.mark.parametrize("lang", ["ko", "en"])
def test_a_bug_shows_a_page_that_tells_nothing_of_it(make_app, capsys, lang):
    app = make_app()

    def fail():
        raise KeyError("hong@naver.com and a secret")

    app.add_url_rule(f"/{lang}/fail", "fail", fail)
    answer = app.test_client().get(f"/{lang}/fail")
    assert answer.status_code == 500
    assert f'<html lang="{lang}"' in answer.text
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


@pytest.mark.sqlite_only
def test_an_error_shown_by_the_api_is_json(client):
    for path in ("/api/v1/campaigns/none/count", "/api/v1/nothing", "/api/nothing"):
        answer = client.get(path)
        assert answer.status_code == 404
        assert answer.mimetype == "application/problem+json"
        assert answer.json["status"] == 404
        assert answer.json["title"]
        assert answer.json["detail"]
