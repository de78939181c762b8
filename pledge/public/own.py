"""One's own page: see, correct, choose, download, withdraw, erase, and stop the news. GET never acts."""

from collections.abc import Callable
from dataclasses import asdict
from functools import wraps
from typing import Any

from flask import Response, jsonify, make_response, render_template, request, url_for

from pledge import i18n, tokens
from pledge.guards import one_click
from pledge.public.blueprint import public
from pledge.public.confirming import problem
from pledge.public.forms import ListForm, OwnForm
from pledge.public.signing import see_other
from pledge.signatures import own
from pledge.signatures.queries import Link, LinkState, SignatureView, own_signature
from pledge.tokens import BadToken, Purpose

View = Callable[[str], Response]


def own_page(view: View) -> View:
    """A view of one's own page: a link that leads nowhere gets the one page for it, and counts."""

    @wraps(view)
    def guarded(token: str) -> Response:
        try:
            return view(token)
        except BadToken:
            return problem(Link(LinkState.UNKNOWN), token, 410)

    return guarded


@public.get("/me/<token>")
@own_page
def me(token: str) -> Response:
    signature = own_signature(token, i18n.language())
    return me_page(token, signature, own_form(signature), 200)


@public.post("/me/<token>/consents")
@own_page
def me_consents(token: str) -> Response:
    form = OwnForm(request.form)
    if not form.validate():
        return me_page(token, own_signature(token, i18n.language()), form, 422)
    own.change(token, name=form.name.data or "", public_name=form.public_name.data, updates=form.updates.data)
    return see_other(url_for("public.me", token=token, saved=1))


@public.get("/me/<token>/download")
@own_page
def me_download(token: str) -> Response:
    response = jsonify(_readable(own_signature(token, i18n.language())))
    response.headers["Content-Disposition"] = 'attachment; filename="my-signature.json"'
    return response


@public.get("/me/<token>/withdraw")
@own_page
def me_withdraw(token: str) -> Response:
    signature = own_signature(token, i18n.language())
    return make_response(
        render_template("public/me_withdraw.html", page=signature.campaign, signature=signature, token=token)
    )


@public.post("/me/<token>/withdraw", endpoint="me_withdraw_post")
@own_page
def me_withdraw_post(token: str) -> Response:
    own.withdraw(token)
    return see_other(url_for("public.me", token=token))


@public.get("/me/<token>/erase")
@own_page
def me_erase(token: str) -> Response:
    signature = own_signature(token, i18n.language())
    return make_response(
        render_template("public/me_erase.html", page=signature.campaign, signature=signature, token=token)
    )


@public.post("/me/<token>/erase", endpoint="me_erase_post")
@own_page
def me_erase_post(token: str) -> Response:
    own.erase(token)
    return make_response(render_template("public/me_erased.html"))


@public.get("/unsubscribe/<token>")
@own_page
def unsubscribe(token: str) -> Response:
    signature = own_signature(token, i18n.language(), Purpose.UNSUBSCRIBE)
    return make_response(render_template("public/unsubscribe.html", done=not signature.updates, token=token))


@public.post("/unsubscribe/<token>", endpoint="unsubscribe_post")
@one_click
@own_page
def unsubscribe_post(token: str) -> Response:
    own.unsubscribe(token)
    return make_response(render_template("public/unsubscribe.html", done=True, token=token))


def own_form(signature: SignatureView) -> OwnForm:
    """The form as it stands before anybody typed into it."""
    return OwnForm(name=signature.name, public_name=signature.public_name, updates=signature.updates)


def me_page(
    token: str, signature: SignatureView, form: OwnForm, status: int, list_form: ListForm | None = None
) -> Response:
    return make_response(
        render_template(
            "public/me.html",
            page=signature.campaign,
            signature=signature,
            pledge=signature.pledge,
            form=form,
            list_form=list_form or ListForm(),
            token=token,
            unsubscribe_token=tokens.mint(Purpose.UNSUBSCRIBE, [signature.id]),
            saved=request.args.get("saved") == "1",
        ),
        status,
    )


def _readable(signature: SignatureView) -> dict[str, Any]:
    """Everything that is stored about a person, as they may take it elsewhere (GDPR Art. 20, PIPA Art. 35-2)."""
    return {
        "campaign": {"slug": signature.campaign.slug, "title": signature.campaign.title},
        "pledge": {
            "version": signature.pledge.version,
            "sha256": signature.pledge.sha256,
            "text": signature.pledge.html.striptags(),
        },
        "name": signature.name,
        "email": signature.email,
        "country": signature.country,
        "region": signature.region,
        "public_name": signature.public_name,
        "updates": signature.updates,
        # The terms under which the name may stand in a list for a government, in full; null: not agreed.
        "list_consent": signature.list_terms and asdict(signature.list_terms),
        "language": signature.lang,
        "privacy_notice": signature.privacy_version,
        "state": signature.state.value,
        "submitted_at": signature.submitted_at.isoformat(),
        "confirmed_at": signature.confirmed_at and signature.confirmed_at.isoformat(),
        "withdrawn_at": signature.withdrawn_at and signature.withdrawn_at.isoformat(),
        "invalidated_for": signature.invalidated_for and signature.invalidated_for.value,
        "name_hidden_by_staff": signature.name_hidden,
        "mail_provider": signature.mail_provider,
        # Keyed hashes: they tell the network and the mail's domain to nobody without the key.
        "network_hash": signature.network_hash and signature.network_hash.hex(),
        "domain_hash": signature.domain_hash and signature.domain_hash.hex(),
    }
