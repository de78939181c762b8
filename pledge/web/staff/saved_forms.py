"""Forms that could not be processed are kept, and carried out or filled in again later (docs/adr/0083).

An act that needs a recent second factor is carried out once that was shown: `carry_out` sends the same request through
Flask again, through every check. What would be lost by an expired session or a change of language is filled into its form
when the page is opened with `?restore=<token>`.
"""

from datetime import timedelta
from io import BytesIO
from urllib.parse import parse_qsl, urlencode, urlsplit

from flask import Response, current_app, request
from werkzeug.exceptions import HTTPException

from pledge.accounts import saved_requests
from pledge.accounts.saved_requests import SavedRequest
from pledge.web.request_checks import URLENCODED
from pledge.web.staff.auth.cookies import SESSION, browser_session, current_member, this_session
from pledge.web.staff.pages import RESTORE, page_after_sign_in, page_of


def save_this(staff_id: int, lifetime: timedelta) -> tuple[str | None, str]:
    """Keep the current request, in its session; returns its token, and the page that contains its form."""
    page = page_after_sign_in()
    saved = SavedRequest(
        path=request.path,
        query=request.query_string.decode(),
        page=urlsplit(page).path,
        fields=list(request.form.items(multi=True)),
        has_files=has_files(),
    )
    return saved_requests.save(staff_id, this_session(), saved, lifetime), page


def save_form(
    staff_id: int,
    session_id: int | None,
    path: str,
    fields: list[tuple[str, str]],
    *,
    has_files: bool = False,
) -> str | None:
    """Keep what was typed into the form of a path, to be filled in again; returns its token."""
    saved = SavedRequest(path=path, query="", page=page_of(path), fields=fields, has_files=has_files)
    return saved_requests.save(staff_id, session_id, saved, saved_requests.FOR_FORM)


def has_files() -> bool:
    """Whether a file was chosen in the form that was sent."""
    return any(file.filename for file in request.files.values())


def find(token: str) -> SavedRequest | None:
    """The saved request of the person who is signed in, for showing it again."""
    person = current_member()
    return None if person is None else saved_requests.find(token, person.id, this_session())


def take(token: str) -> SavedRequest | None:
    """The saved request for carrying it out; it can be taken only once."""
    person, number = current_member(), this_session()
    return None if person is None or number is None else saved_requests.take(token, person.id, number)


def restoring(page: str, token: str | None) -> str:
    """The address of a page with what was typed into its form."""
    if token is None:
        return page
    address = urlsplit(page)
    kept = [pair for pair in parse_qsl(address.query) if pair[0] not in (RESTORE, "saved")]
    return f"{address.path}?{urlencode([*kept, (RESTORE, token)])}"


def carry_out(saved: SavedRequest) -> Response:
    """Send a saved form through the application as its browser would: roles, token, origin and shape are checked again.

    It uses the session of the current request, and its headers.
    """
    body = urlencode(saved.fields).encode()
    environ = {
        **request.environ,
        "PATH_INFO": saved.path.encode().decode("latin-1"),  # as PEP 3333 wants it
        "QUERY_STRING": saved.query,
        "CONTENT_TYPE": URLENCODED,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": BytesIO(body),
        SESSION: browser_session(),
    }
    for name in ("werkzeug.request", "HTTP_TRANSFER_ENCODING", "REQUEST_URI", "RAW_URI"):
        environ.pop(name, None)
    with current_app.request_context(environ):
        return current_app.full_dispatch_request()


def endpoint_of(saved: SavedRequest) -> str:
    """The endpoint that a saved form was sent to; "" when it no longer exists."""
    adapter = current_app.create_url_adapter(request)
    try:
        return "" if adapter is None else str(adapter.match(saved.path, method="POST")[0])
    except HTTPException:
        return ""
