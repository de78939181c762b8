"""Mails that were given up: the list, and trying one or all of them again."""

from flask import Response, make_response, redirect, render_template, request, url_for
from werkzeug import Response as AnyResponse

from pledge.accounts.roles import Permission
from pledge.mail import moderation, queries
from pledge.web.staff.auth.access import actor, needs
from pledge.web.staff.blueprint import staff

PAGE = 50
_LARGEST_ID = 2**63 - 1


@staff.get("/mail")
@needs(Permission.RUN_MAIL)
def dead_letters() -> Response:
    return _page(200)


@staff.post("/mail/retry")
@needs(Permission.RUN_MAIL)
def retry_all() -> AnyResponse:
    moderation.retry(actor(), None)
    return redirect(url_for("staff.dead_letters"), 303)


@staff.post(f"/mail/<int(min=1,max={_LARGEST_ID}):mail_id>/retry")
@needs(Permission.RUN_MAIL)
def retry_one(mail_id: int) -> AnyResponse:
    if not moderation.retry(actor(), mail_id):
        return _page(409)
    return redirect(url_for("staff.dead_letters"), 303)


def _page(status: int) -> Response:
    before = request.args.get("before", type=int)
    if before is not None and not 0 < before <= _LARGEST_ID:
        before = None
    letters = queries.dead_letters(PAGE + 1, before)
    html = render_template(
        "staff/signatures/dead_letters.html",
        letters=letters[:PAGE],
        older=letters[PAGE - 1].id if len(letters) > PAGE else None,
        outbox=queries.outbox(),
        gone=status == 409,
    )
    return make_response(html, status)
