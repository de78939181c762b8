"""The own page of a signature or endorsement: see, download, withdraw, erase. GET never acts."""

from typing import Any

from flask import Response, jsonify, request

from pledge.core import i18n, metrics
from pledge.web.forms import see_other
from pledge.web.public.mailed_links.journey import FORM, ask, done, mailed_link, route, show
from pledge.web.public.mailed_links.subject import Subject


@route("{of.prefix}/me/<token>")
@mailed_link
def me(subject: Subject, token: str) -> Response:
    return own_page(subject, token, subject.find_own(token, i18n.language()))


@route("{of.prefix}/me/<token>/download")
@mailed_link
def me_download(subject: Subject, token: str) -> Response:
    response = jsonify(subject.readable(subject.find_own(token, i18n.language())))
    response.headers["Content-Disposition"] = f'attachment; filename="my-{subject.name}.json"'
    return response


@route("{of.prefix}/me/<token>/withdraw", methods=FORM)
@mailed_link
def me_withdraw(subject: Subject, token: str) -> Response:
    back = subject.url("me", token=token)
    if request.method == "POST":
        subject.withdraw(token)
        metrics.withdrawals.labels(subject.name).inc()
        return back_to_own_page(subject, token, "withdrawn")
    record = subject.find_own(token, i18n.language())
    return ask(subject.withdrawing(record), back, record.campaign)


@route("{of.prefix}/me/<token>/erase", methods=FORM)
@mailed_link
def me_erase(subject: Subject, token: str) -> Response:
    record = subject.find_own(token, i18n.language())
    if request.method == "POST":
        subject.erase(token)
        metrics.withdrawals.labels(subject.name).inc()
        return done(subject.erased(record))
    back = subject.url("me", token=token)
    return ask(subject.erasing(record), back, record.campaign)


def back_to_own_page(subject: Subject, token: str, done: str) -> Response:
    """After an act: the own page says what was done, and reading begins there."""
    return see_other(subject.url("me", token=token, done=done, _anchor="done"))


def own_page(subject: Subject, token: str, record: Any, status: int = 200, **more: Any) -> Response:
    """The own page; values in `more` override those of the subject."""
    context = {**subject.own_context(record), **more}
    return show(subject.own_template, subject, record, status, token=token, **context)
