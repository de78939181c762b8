"""Showing the second factor again, before what cannot be taken back."""

from flask import make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug import Response

from pledge import limits
from pledge.accounts import authenticator, throttle
from pledge.staff.access import halfway, mark_second_factor, me, own_page
from pledge.staff.blueprint import staff
from pledge.staff.sign_in import CodeForm
from pledge.staff.waiting import answer, told_to_wait


@staff.get("/verify")
@halfway
def verify() -> Response:
    return _page(CodeForm()) if me().has_second_factor else redirect(url_for("staff.enrol"), 303)


@staff.post("/verify", endpoint="verify_post")
@halfway
def verify_post() -> Response:
    member = me()
    if not member.tf_totp_secret:
        return redirect(url_for("staff.verify"), 303)
    form = CodeForm(request.form)
    network = limits.client_network()
    wait = throttle.take(throttle.NETWORK, network) or throttle.take(throttle.SECOND_FACTOR, str(member.id))
    if wait:
        form.refuse(told_to_wait(wait))
    elif authenticator.use(member.id, member.tf_totp_secret, form.code.data or ""):
        throttle.forget(throttle.SECOND_FACTOR, str(member.id))
        throttle.give_back(throttle.NETWORK, network)
        mark_second_factor()
        return redirect(own_page(request.args.get("next", "")) or url_for("staff.account"), 303)
    else:
        form.refuse(_("This code is not right, or it was used already. Please wait for the next one."))
    return _page(form, wait)


def _page(form: CodeForm, wait: int = 0) -> Response:
    way_on = own_page(request.args.get("next", ""))
    shown = render_template("staff/verify.html", form=form, member=me(), next=way_on)
    return answer(make_response(shown), form, wait)
