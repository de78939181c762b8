""" "Send me my link": the way to one's own page for who lost the mail. It never tells whether somebody signed."""

from flask import Response, make_response, render_template, request, url_for

from pledge import i18n
from pledge.campaigns import queries as campaigns
from pledge.limits import limited, link_limit
from pledge.public.blueprint import public
from pledge.public.forms import LinkForm
from pledge.public.signing import see_other
from pledge.signatures import services as signatures


@public.get("/me")
def me_form() -> Response:
    return _page(LinkForm(), 200)


@public.post("/me", endpoint="me_form_post")
@limited(link_limit)
def me_form_post() -> Response:
    form = LinkForm(request.form)
    if not form.validate():
        return _page(form, 422)
    shown = campaigns.public_campaigns(i18n.language())
    slug = form.campaign.data or (shown[0].slug if shown else "")
    signatures.send_link(slug, form.address, i18n.language())
    return see_other(url_for("public.me_sent"))


@public.get("/me/sent")
def me_sent() -> Response:
    return make_response(render_template("public/my_link_sent.html"))


def _page(form: LinkForm, status: int) -> Response:
    shown = campaigns.public_campaigns(i18n.language())
    return make_response(render_template("public/my_link.html", form=form, campaigns=shown), status)
