"""Error pages: each has a status, a text in the visitor's language and a link to go on."""

from flask import (
    Flask,
    Response,
    after_this_request,
    current_app,
    jsonify,
    make_response,
    render_template,
    request,
)
from flask_babel import lazy_gettext as _l
from flask_limiter import RateLimitExceeded
from redis.exceptions import RedisError
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, InternalServerError, TooManyRequests

from pledge.core.concurrency import Busy
from pledge.core.db import NotDurable
from pledge.core.db.failures import PERMISSION_DENIED, describe, state_of
from pledge.core.logs import log
from pledge.web import limits

#: SQLSTATE of a write on a standby, as right after a failover.
READ_ONLY = "25006"
#: States caused by the installation and not by our statement. Nothing was recorded.
_AWAY = (READ_ONLY, PERMISSION_DENIED)

#: Seconds after which a visitor may try again while the database is away.
RETRY_AFTER_OUTAGE = 10
#: The same for Redis; from the next request on the site works without it.
RETRY_AFTER_REDIS = 1
#: The same while other requests do costly work.
RETRY_AFTER_BUSY = 5

#: Seconds after which the page of a mailed link reloads itself during an outage.
ASKS_AGAIN_AFTER = 15

#: Errors for programs (RFC 9457).
PROBLEM = "application/problem+json"

#: Title and message by status.
_TEXTS = {
    400: (
        _l("We could not read that"),
        _l("Something in the request was damaged. Please go back and try again."),
    ),
    403: (
        _l("This was sent from another site"),
        _l(
            "For safety we only accept forms sent from our own pages. Please open the page here and try again."
        ),
    ),
    404: (_l("Page not found"), _l("The address may be mistyped, or the page has moved.")),
    405: (
        _l("This request cannot be handled"),
        _l("This page does not accept such a request. Please start from the home page."),
    ),
    410: (_l("This is no longer here"), _l("The link has been used or has expired.")),
    413: (
        _l("That was too large"),
        _l(
            "The form, or a file in it, was larger than we accept. Please go back, shorten the text or choose a smaller file, and try again."
        ),
    ),
    415: (_l("We could not read that format"), _l("Please send the form from our own page.")),
    429: (
        _l("Too many requests"),
        _l(
            "Many requests came from your network in a short time. Nothing is lost; please try again a little later."
        ),
    ),
    503: (
        _l("We cannot be reached for a moment"),
        _l(
            "Nothing was recorded just now, so your signature was not recorded either. Please try again shortly."
        ),
    ),
}
_OTHER_TEXT = (_l("Something went wrong on our side"), _l("It has been noted. Please try again in a moment."))
#: When not even the error page can be made: no template, no catalogue.
_LAST_RESORT = (
    "저희 쪽에 문제가 생겼습니다. 잠시 뒤에 다시 시도해 주세요.\n"
    "Something went wrong on our side. Please try again in a moment.\n"
)


def init_app(app: Flask) -> None:
    app.register_error_handler(HTTPException, on_http_error)
    for kind in (OperationalError, PoolTimeout, NotDurable):
        app.register_error_handler(kind, on_database_away)
    app.register_error_handler(DBAPIError, on_database_error)
    app.register_error_handler(Busy, lambda _error: error_page(503, RETRY_AFTER_BUSY))
    app.register_error_handler(RedisError, on_redis_away)
    app.register_error_handler(Exception, on_bug)
    app.register_error_handler(InternalServerError, on_last_resort)


def on_http_error(error: HTTPException) -> Response:
    status = error.code or 500
    if status < 400:
        return make_response(error.get_response())
    if isinstance(error, TooManyRequests):
        return on_too_many_requests(error)
    response = error_page(status)
    # Headers that belong to the status: Allow for 405, WWW-Authenticate.
    for name, value in error.get_headers():
        if name not in ("Content-Type", "Content-Length"):
            response.headers[name] = value
    return response


def on_too_many_requests(error: TooManyRequests) -> Response:
    """A rate limit was reached, or somebody in the staff area has to wait. The error may have a page of its own."""
    if error.response is not None:
        return make_response(error.response)
    seconds = limits.seconds_to_wait() if isinstance(error, RateLimitExceeded) else error.retry_after
    return error_page(429, seconds if isinstance(seconds, int) else None)


def on_redis_away(error: Exception) -> Response:
    """Redis went away between the check of a limit that counts mistakes and the count; the next request counts without it."""
    log.warning("redis away", kind=type(error).__name__)
    return error_page(503, RETRY_AFTER_REDIS)


def on_database_away(error: Exception) -> Response:
    log.error("database away", kind=describe(error))
    return error_page(503, RETRY_AFTER_OUTAGE)


def on_database_error(error: DBAPIError) -> Response:
    is_away = error.connection_invalidated or state_of(error) in _AWAY
    return on_database_away(error) if is_away else on_bug(error)


def answer_busy() -> None:
    """Give the form that is shown again the status 503: nothing is wrong with it."""

    @after_this_request
    def _busy(response: Response) -> Response:
        response.status_code = 503
        response.headers["Retry-After"] = str(RETRY_AFTER_BUSY)
        return response


def on_bug(error: Exception) -> Response:
    log.error("unhandled error", exc_info=error)
    return error_page(500)


def on_last_resort(error: InternalServerError) -> Response:
    """Flask asks for this when a handler above has failed, or what runs after the view."""
    if isinstance(error.original_exception, RedisError):
        return on_redis_away(error)
    return Response(_LAST_RESORT, 500, content_type="text/plain; charset=utf-8")


def error_page(status: int, retry_after: int | None = None) -> Response:
    """The error page (or JSON for programs) for a status."""
    title, message = _TEXTS.get(status, _OTHER_TEXT)
    if request.path.startswith(("/api/", "/log/")):
        response = jsonify(type="about:blank", title=str(title), status=status, detail=str(message))
        response.mimetype = PROBLEM
        response.headers["Access-Control-Allow-Origin"] = "*"  # also where no view was found
    else:
        facts = {"status": status, "title": title, "message": message, "retry_after": retry_after}
        if status == 503 and request.method == "GET" and "token" in (request.view_args or {}):
            facts["asks_again_after"] = ASKS_AGAIN_AFTER
        # Areas may have their own error pages: `app.extensions["pledge.error_pages"]["staff"]` says when.
        area = request.path.split("/", 2)[1] if request.path.startswith("/") else ""
        framed = current_app.extensions.get("pledge.error_pages", {}).get(area)
        template = (framed and framed(status)) or "errors/error.html"
        response = make_response(render_template(template, **facts, outage=status >= 500))
    response.status_code = status
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response
