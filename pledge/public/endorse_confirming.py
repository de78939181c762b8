"""The links of endorsement mails: opening one shows, pressing its button acts. GET and HEAD change nothing, ever."""

from flask import Response, make_response, render_template, request, url_for

from pledge import content, i18n
from pledge.campaigns import queries as campaigns
from pledge.endorsements import handover
from pledge.endorsements import services as endorsements
from pledge.endorsements.applicants import EndorsementView, Link, LinkState, open_contact_link, open_link
from pledge.endorsements.identifiers import manage_token, read_confirm_token, read_contact_token, ticket_for
from pledge.limits import count_unknown_link, limited, link_limit
from pledge.public.blueprint import public
from pledge.public.endorse_forms import TakeOverForm
from pledge.public.forms import LinkForm
from pledge.public.signing import see_other
from pledge.tokens import BadToken


@public.get("/endorse/confirm/<token>")
def endorse_confirm(token: str) -> Response:
    link = open_link(token, i18n.language())
    if link.state is LinkState.PENDING and link.endorsement is not None:
        return _shown("public/endorse_confirm.html", link.endorsement, token=token)
    if link.state is LinkState.CONFIRMED and link.endorsement is not None:
        return _confirmed(token, link.endorsement, link.expired)
    return problem(link, token, 200 if link.state is LinkState.CLOSED else 410)


@public.post("/endorse/confirm/<token>", endpoint="endorse_confirm_post")
def endorse_confirm_post(token: str) -> Response:
    try:
        mailed = read_confirm_token(token)
    except BadToken:
        return problem(Link(LinkState.UNKNOWN), token, 410)
    if not mailed.expired and endorsements.confirm(mailed.endorsement_id, mailed.seq):
        return see_other(url_for("public.endorse_confirm", token=token))
    link = open_link(token, i18n.language())
    if link.state is LinkState.CONFIRMED:
        return see_other(url_for("public.endorse_confirm", token=token))
    return problem(link, token, 409 if link.state is LinkState.CLOSED else 410)


@public.post("/endorse/confirm/<token>/renew")
@limited(link_limit)
def endorse_renew(token: str) -> Response:
    try:
        campaign_id, hashed, name_key = endorsements.renew(token, i18n.language())
    except BadToken:
        return problem(Link(LinkState.UNKNOWN), token, 410)
    campaign = campaigns.find_by_id(campaign_id, i18n.language())
    if campaign is None:
        return problem(Link(LinkState.UNKNOWN), token, 410)
    ticket = ticket_for(campaign.slug, hashed, name_key)
    return see_other(url_for("public.endorse_check", slug=campaign.slug, ticket=ticket, resent=1))


@public.post("/endorse/confirm/<token>/my-link")
@limited(link_limit)
def endorse_mail_own_link(token: str) -> Response:
    try:
        endorsements.mail_own_link(token, i18n.language())
    except BadToken:
        return problem(Link(LinkState.UNKNOWN), token, 410)
    return see_other(url_for("public.endorse_confirm", token=token, mailed=1))


@public.get("/endorse/confirm/<token>/not-us")
def endorse_not_us(token: str) -> Response:
    link = open_link(token, i18n.language())
    if link.state in (LinkState.UNKNOWN, LinkState.CONFIRMED):
        return problem(Link(LinkState.UNKNOWN), token, 410)
    return make_response(render_template("public/endorse_not_us.html", token=token))


@public.post("/endorse/confirm/<token>/not-us", endpoint="endorse_not_us_post")
def endorse_not_us_post(token: str) -> Response:
    try:
        gone = endorsements.disown(token)
    except BadToken:
        gone = False
    if not gone:
        return problem(Link(LinkState.UNKNOWN), token, 410)
    return make_response(render_template("public/endorse_not_us_done.html"))


@public.get("/endorse/contact/<token>")
def endorse_contact(token: str) -> Response:
    return _take_over_page(token, TakeOverForm(), 200)


@public.post("/endorse/contact/<token>", endpoint="endorse_contact_post")
def endorse_contact_post(token: str) -> Response:
    form = TakeOverForm(request.form)
    if not form.validate():
        return _take_over_page(token, form, 422)
    try:
        endorsement_id, number, expired = read_contact_token(token)
        done = not expired and handover.accept(endorsement_id, number, content.privacy_version())
    except BadToken:
        done = False
    except handover.SpeaksAlready:
        return _take_over_page(token, form, 409, speaks_already=True)
    return (
        see_other(url_for("public.endorse_contact", token=token))
        if done
        else _take_over_page(token, form, 410)
    )


@public.get("/endorse/contact/<token>/not-me")
def endorse_contact_not_me(token: str) -> Response:
    link = open_contact_link(token, i18n.language())
    if link.state not in (LinkState.PENDING, LinkState.EXPIRED):
        return problem(Link(LinkState.UNKNOWN), token, 410)
    return make_response(render_template("public/endorse_contact_not_me.html", token=token))


@public.post("/endorse/contact/<token>/not-me", endpoint="endorse_contact_not_me_post")
def endorse_contact_not_me_post(token: str) -> Response:
    try:
        gone = handover.refuse(token)
    except BadToken:
        gone = False
    if not gone:
        return problem(Link(LinkState.UNKNOWN), token, 410)
    return make_response(render_template("public/endorse_not_us_done.html"))


def problem(link: Link, token: str, status: int) -> Response:
    """The page of a link that leads nowhere, with a way on. Unknown, withdrawn and erased look exactly alike."""
    known = link.state is not LinkState.UNKNOWN
    if not known:
        count_unknown_link()
    return make_response(
        render_template(
            "public/endorse_problem.html",
            problem=link.state.value,
            token=token if known else None,
            form=LinkForm(),
            campaigns=campaigns.public_campaigns(i18n.language()),
        ),
        status,
    )


def _take_over_page(token: str, form: TakeOverForm, status: int, *, speaks_already: bool = False) -> Response:
    """What the new person takes over, with a button; once done, the way to the own page. Changes nothing."""
    link = open_contact_link(token, i18n.language())
    if link.endorsement is None:
        return problem(Link(LinkState.UNKNOWN), token, 410)
    if link.state is LinkState.CONFIRMED:
        return _shown(
            "public/endorse_contact_done.html",
            link.endorsement,
            me_token=_me_token(link.endorsement, link.expired),
        )
    if link.state is not LinkState.PENDING:
        return problem(Link(LinkState.UNKNOWN), token, 410)
    return _shown(
        "public/endorse_contact.html",
        link.endorsement,
        status,
        token=token,
        form=form,
        speaks_already=speaks_already,
    )


def _confirmed(token: str, endorsement: EndorsementView, expired: bool) -> Response:
    """Thanks, and what happens next. An old link opens no way to the own page; the mailbox still gets one."""
    return _shown(
        "public/endorse_confirmed.html",
        endorsement,
        token=token,
        mailed=request.args.get("mailed") == "1",
        me_token=_me_token(endorsement, expired),
    )


def _me_token(endorsement: EndorsementView, expired: bool) -> str | None:
    return None if expired else manage_token(endorsement.id, endorsement.contact_number)


def _shown(template: str, endorsement: EndorsementView, status: int = 200, **more: object) -> Response:
    page = endorsement.campaign
    return make_response(render_template(template, page=page, endorsement=endorsement, **more), status)
