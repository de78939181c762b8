"""Addresses of the staff area: which ones a redirect may lead to, and which page contains the form behind one."""

from urllib.parse import urlsplit

from flask import current_app, request
from werkzeug.exceptions import HTTPException

#: In the address of a page: what fills its form (saved_forms.py).
RESTORE = "restore"


def staff_page(address: str) -> str | None:
    """The address if it is a page of the staff area, for a redirect; None for anything else."""
    plain = address.isascii() and "\\" not in address and not any(c.isspace() for c in address)
    return address if plain and address.startswith("/staff/") else None


def page_of(path: str) -> str:
    """The page of the form that is sent to an address: the address itself if it can be opened, else the nearest above it."""
    adapter = current_app.create_url_adapter(request)
    parts = path.rstrip("/").split("/")
    while adapter is not None and len(parts) > 2:
        found = "/".join(parts)
        try:
            adapter.match(found, method="GET")
        except HTTPException:
            parts.pop()
        else:
            return found
    return "/staff/"


def page_after_sign_in() -> str:
    """The page to return to after signing in: this page, or for a form the page that contains it."""
    if request.method in ("GET", "HEAD"):
        return request.full_path.rstrip("?")
    sent_from = staff_page((request.referrer or "").removeprefix(request.host_url.rstrip("/"))) or ""
    # A refused form is shown under an address that cannot be opened.
    return (
        sent_from
        if sent_from and page_of(urlsplit(sent_from).path) == urlsplit(sent_from).path
        else page_of(request.path)
    )
