"""The mailed link: opening it shows, pressing its button confirms. GET and HEAD change nothing, ever."""

from flask import Response, make_response, render_template, request, url_for

from pledge import i18n, tokens
from pledge.campaigns import queries as campaigns
from pledge.ledger.queries import number_of
from pledge.limits import count_unknown_link, limited, link_limit
from pledge.links import campaign_link
from pledge.public.blueprint import public
from pledge.public.forms import LinkForm
from pledge.public.pages import campaign_page, qr_code, share_links
from pledge.public.signing import see_other
from pledge.signatures import services as signatures
from pledge.signatures.identifiers import read_confirm_token, ticket_for
from pledge.signatures.queries import Link, LinkState, SignatureView, open_link
from pledge.tokens import BadToken, Purpose

#: The link is in order; what it led to has ended, and the page says how.
_SAID_PLAINLY = (LinkState.CLOSED, LinkState.INVALIDATED)


@public.get("/confirm/<token>")
def confirm(token: str) -> Response:
    link = open_link(token, i18n.language())
    if link.state is LinkState.PENDING and link.signature is not None:
        page = campaign_page(link.signature.campaign)
        return make_response(
            render_template("public/confirm.html", page=page, signature=link.signature, token=token)
        )
    if link.state is LinkState.CONFIRMED and link.signature is not None:
        return _confirmed(token, link.signature, link.expired)
    return problem(link, token, 200 if link.state in _SAID_PLAINLY else 410)


@public.post("/confirm/<token>", endpoint="confirm_post")
def confirm_post(token: str) -> Response:
    try:
        signature_id, expired = read_confirm_token(token)
    except BadToken:
        return problem(Link(LinkState.UNKNOWN), token, 410)
    if not expired and signatures.confirm(signature_id):
        return see_other(url_for("public.confirm", token=token))
    link = open_link(token, i18n.language())
    if link.state is LinkState.CONFIRMED:
        return see_other(url_for("public.confirm", token=token))
    return problem(link, token, 409 if link.state in _SAID_PLAINLY else 410)


@public.post("/confirm/<token>/renew")
@limited(link_limit)
def renew(token: str) -> Response:
    try:
        campaign_id, signature_id = signatures.renew(token, i18n.language())
    except BadToken:
        return problem(Link(LinkState.UNKNOWN), token, 410)
    campaign = campaigns.find_by_id(campaign_id, i18n.language())
    if campaign is None:
        return problem(Link(LinkState.UNKNOWN), token, 410)
    return see_other(
        url_for("public.check", slug=campaign.slug, ticket=ticket_for(campaign.slug, signature_id), resent=1)
    )


@public.post("/confirm/<token>/my-link")
@limited(link_limit)
def mail_own_link(token: str) -> Response:
    try:
        signatures.mail_own_link(token, i18n.language())
    except BadToken:
        return problem(Link(LinkState.UNKNOWN), token, 410)
    return see_other(url_for("public.confirm", token=token, mailed=1))


@public.get("/confirm/<token>/not-me")
def not_me(token: str) -> Response:
    link = open_link(token, i18n.language())
    if link.state in (LinkState.UNKNOWN, LinkState.CONFIRMED, LinkState.INVALIDATED):
        return problem(Link(LinkState.UNKNOWN), token, 410)
    return make_response(render_template("public/not_me.html", token=token))


@public.post("/confirm/<token>/not-me", endpoint="not_me_post")
def not_me_post(token: str) -> Response:
    try:
        gone = signatures.disown(token)
    except BadToken:
        gone = False
    if not gone:
        return problem(Link(LinkState.UNKNOWN), token, 410)
    return make_response(render_template("public/not_me_done.html"))


def problem(link: Link, token: str, status: int) -> Response:
    """The page of a link that leads nowhere, with a way on. Unknown, withdrawn and erased look exactly alike."""
    known = link.state is not LinkState.UNKNOWN
    if not known:
        count_unknown_link()
    return make_response(
        render_template(
            "public/link_problem.html",
            problem=link.state.value,
            token=token if known else None,
            form=LinkForm(),
            campaigns=campaigns.public_campaigns(i18n.language()),
            page=campaign_page(link.signature.campaign) if known and link.signature else None,
            invalidated_for=link.signature.invalidated_for if link.signature else None,
        ),
        status,
    )


def _confirmed(token: str, signature: SignatureView, expired: bool) -> Response:
    """Thanks and one's number. An old link opens no way to one's own page; the mailbox still gets one."""
    return make_response(
        render_template(
            "public/confirmed.html",
            page=campaign_page(signature.campaign),
            number=number_of(signature.id),
            share=share_links(signature.campaign),
            qr=qr_code(campaign_link(i18n.language(), signature.campaign.slug)),
            token=token,
            mailed=request.args.get("mailed") == "1",
            me_token=None if expired else tokens.mint(Purpose.MANAGE, [signature.id]),
        )
    )
