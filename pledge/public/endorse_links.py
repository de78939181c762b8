""" "Send me the link" for organisations: the way back to the own page. It never tells whether an organisation is known."""

from flask import Response, make_response, render_template, request, url_for

from pledge import i18n
from pledge.campaigns import queries as campaigns
from pledge.endorsements import services as endorsements
from pledge.limits import limited, link_limit
from pledge.public.blueprint import public
from pledge.public.forms import LinkForm
from pledge.public.signing import see_other


@public.get("/endorse/me")
def endorse_link() -> Response:
    return _page(LinkForm(), 200)


@public.post("/endorse/me", endpoint="endorse_link_post")
@limited(link_limit)
def endorse_link_post() -> Response:
    form = LinkForm(request.form)
    if not form.validate():
        return _page(form, 422)
    shown = campaigns.public_campaigns(i18n.language())
    slug = form.campaign.data or (shown[0].slug if shown else "")
    endorsements.send_links(slug, form.address, i18n.language())
    return see_other(url_for("public.endorse_link_sent"))


@public.get("/endorse/me/sent")
def endorse_link_sent() -> Response:
    return make_response(render_template("public/endorse_link_sent.html"))


def _page(form: LinkForm, status: int) -> Response:
    shown = campaigns.public_campaigns(i18n.language())
    return make_response(render_template("public/endorse_link.html", form=form, campaigns=shown), status)
