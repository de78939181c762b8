"""Mails that were given up: the list, and trying one or all of them again; mailboxes that get no mail, and ending that."""

from datetime import timedelta

from flask import Response, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug import Response as AnyResponse

from pledge.accounts.roles import Permission
from pledge.core.i18n import format_duration
from pledge.mail import outbox, queries, suppression
from pledge.mail.services import GIVE_UP_AFTER
from pledge.watch.deliverability import deliverability, falls
from pledge.web.request_checks import before_number
from pledge.web.routes import Ask
from pledge.web.staff.auth.access import actor, done
from pledge.web.staff.blueprint import staff
from pledge.web.staff.signatures.forms import LookUpForm

PAGE = 50
#: How far back the page counts what came back.
WEEK = timedelta(days=7)


@staff.page("/mail", needs=Permission.RUN_MAIL)
def dead_letters() -> Response:
    return _page(200)


@staff.act("/mail/retry", needs=Permission.RUN_MAIL, asks=Ask.NOTHING)
def retry_all() -> AnyResponse:
    outbox.retry(actor(), None)
    return redirect(url_for("staff.dead_letters"), 303)


@staff.act("/mail/<int64:mail_id>/retry", needs=Permission.RUN_MAIL, asks=Ask.NOTHING)
def retry_one(mail_id: int) -> AnyResponse:
    if not outbox.retry(actor(), mail_id):
        return _page(409)
    return redirect(url_for("staff.dead_letters"), 303)


@staff.act("/mail/lift", needs=Permission.RUN_MAIL, asks=Ask.NOTHING)
def lift_suppression() -> AnyResponse:
    form = LookUpForm(request.form)
    if not form.validate():
        return _page(422, form)
    if suppression.lift(actor(), form.address.mailed) is None:
        return _page(404, form, unknown=True)
    return done(_("E-mails go to this address again."), "dead_letters")


def _page(status: int, form: LookUpForm | None = None, *, unknown: bool = False) -> Response:
    letters = queries.dead_letters(PAGE + 1, before_number())
    html = render_template(
        "staff/signatures/dead_letters.html",
        letters=letters[:PAGE],
        given_up_hours=GIVE_UP_AFTER // timedelta(hours=1),
        older=letters[PAGE - 1].id if len(letters) > PAGE else None,
        outbox=queries.outbox(),
        dead=queries.given_up(),
        gone=status == 409,
        returned=queries.returned_counts(WEEK),
        stopped=suppression.counts(),
        providers=deliverability(),
        fallen={fall.recent.provider: fall.usual for fall in falls()},
        duration=format_duration,
        form=form or LookUpForm(),
        unknown=unknown,
    )
    return make_response(html, status)
