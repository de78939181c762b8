"""What only a signature has of the pages of mailed links: name, choices, stopping the news, receipts; and what the browser that
signed or pressed is told besides the pages that are the same for everybody, and asked there.

In the storage of its tab that browser keeps the ticket of its form, the code that was typed, or the key of the page whose
button it pressed. The ticket tells the two digits and, for an hour, the number; the own page is for whoever has read the mail.
"""

from dataclasses import asdict
from typing import Any

from flask import Response, abort, jsonify, make_response, request, url_for
from flask_babel import gettext as _

from pledge.core import countries, i18n, tokens
from pledge.core.text.lines import typed_digits
from pledge.core.tokens import BadToken, Purpose
from pledge.ledger import witnesses
from pledge.ledger.queries import number_of
from pledge.ledger.services import Place
from pledge.mailed_links import tickets
from pledge.mailed_links.links import Confirmation
from pledge.signatures import services
from pledge.signatures.entries import set_region_by_key
from pledge.signatures.invalidation.models import REASON_LABELS, InvalidationReason
from pledge.signatures.models import SignatureState
from pledge.signatures.queries import (
    AddressOnly,
    PressedSignature,
    SignatureView,
    confirmed_lately,
    own_signature,
    pressed_signature,
)
from pledge.signatures.receipts import receipt
from pledge.statistics.places import published_places
from pledge.statistics.rates import rates
from pledge.web.caching import cache
from pledge.web.limits import LINK_LIMIT, WRONG_TOKEN_LIMIT, is_wrong, limited, token_limit
from pledge.web.public.blueprint import public
from pledge.web.public.campaign.pages import PAGE_CACHE, campaign_or_404
from pledge.web.public.campaign.sharing import signer_links
from pledge.web.public.form_pages import see_other
from pledge.web.public.forms import OwnForm, RegionForm, SignForm
from pledge.web.public.mailed_links import link_pages
from pledge.web.public.mailed_links.journey import plain, texts_of
from pledge.web.public.mailed_links.link_pages import (
    ask,
    back_to_own_page,
    done,
    download,
    show,
)
from pledge.web.public.signing.journey import SIGNATURE, step_with
from pledge.web.routes import Body
from pledge.web.templating import render_page

#: Seconds after which the fold has surely counted a confirmation.
RELOAD_SECONDS = 2

link_pages.JOURNEYS["signature"] = SIGNATURE


@public.page("/c/<slug>/check", "/c/<slug>/check/<ticket>", cache=link_pages.CHECK_CACHE)
def signature_check(slug: str, ticket: str = "") -> Response:
    return link_pages.check(SIGNATURE, slug)


@public.act("/c/<slug>/check", "/c/<slug>/check/<ticket>", limit=WRONG_TOKEN_LIMIT)
def signature_check_post(slug: str, ticket: str = "") -> Response:
    return link_pages.check_post(SIGNATURE, slug, ticket)


@public.page("/c/<slug>/thanks", cache=PAGE_CACHE)
def signature_thanks(slug: str) -> Response:
    return link_pages.thanks(SIGNATURE, slug)


@public.page("/confirm/<token>", takes_form=True)
def signature_confirm(token: str) -> Response:
    return link_pages.confirm(SIGNATURE, token)


@public.act("/confirm/<token>/number", limit=WRONG_TOKEN_LIMIT)
def signature_answer(token: str) -> Response:
    return link_pages.answer(SIGNATURE, token)


@public.act("/confirm/<token>/renew", limit=LINK_LIMIT)
def signature_renew(token: str) -> Response:
    return link_pages.renew(SIGNATURE, token)


@public.act("/confirm/<token>/my-link", limit=LINK_LIMIT)
def signature_mail_own_link(token: str) -> Response:
    return link_pages.mail_own_link(SIGNATURE, token)


@public.page("/confirm/<token>/not-me", takes_form=True, limit=WRONG_TOKEN_LIMIT)
def signature_not_mine(token: str) -> Response:
    return link_pages.not_mine(SIGNATURE, token)


@public.page("/me", takes_form=True, limit=LINK_LIMIT)
def signature_my_link() -> Response:
    return link_pages.my_link(SIGNATURE)


@public.page("/me/sent")
def signature_my_link_sent() -> Response:
    return link_pages.my_link_sent(SIGNATURE)


@public.page("/me/<token>/withdraw", takes_form=True)
def signature_me_withdraw(token: str) -> Response:
    return link_pages.withdraw(SIGNATURE, token)


@public.page("/me/<token>/erase", takes_form=True)
def signature_me_erase(token: str) -> Response:
    return link_pages.erase(SIGNATURE, token)


@public.act("/confirm/<token>/code", limit=LINK_LIMIT)
def signature_mail_code(token: str) -> Response:
    """Send a code to whoever has closed the page where they signed."""
    services.mail_code(token, i18n.language())
    return see_other(SIGNATURE.url("confirm", token=token, asked=1, mailed=1, _anchor="done"))


@public.page("/me/<token>")
def signature_me(token: str) -> Response:
    signature = own_signature(token, i18n.language())
    return _own_page(token, signature, OwnForm(obj=signature.row))


@public.act("/me/<token>/consents", limit=LINK_LIMIT)
def signature_me_consents(token: str) -> Response:
    form = OwnForm(request.form)
    if not form.validate():
        return _own_page(token, own_signature(token, i18n.language()), form, 422)
    services.change(
        token,
        name=form.name.data or "",
        place=Place(form.country.data, form.region.data or None),
        public_name=form.public_name.data,
        updates=form.updates.data,
    )
    return back_to_own_page(SIGNATURE, token, "saved")


def _own_page(token: str, signature: SignatureView, form: OwnForm, status: int = 200) -> Response:
    return show(
        "public/signing/own.html",
        SIGNATURE,
        signature,
        status,
        token=token,
        form=form,
        number=signature.number if signature.row.state == SignatureState.CONFIRMED else None,
        share=signer_links(signature.campaign),
        again=_form_to_sign_again(signature),
        unsubscribe_token=tokens.mint(Purpose.UNSUBSCRIBE, [signature.row.id]),
    )


def _form_to_sign_again(signature: SignatureView) -> SignForm | None:
    """A prefilled form without the consents, while the campaign takes signatures."""
    if signature.row.state != SignatureState.WITHDRAWN or not signature.campaign.is_open:
        return None
    row = signature.row
    return SignForm(name=row.name, email=row.email, country=row.country, region=row.region)


@public.page("/me/<token>/download")
def signature_me_download(token: str) -> Response:
    """Everything that is stored, as its holder may take it elsewhere (GDPR Art. 20, PIPA Art. 35-2).

    `via` is the code of whose link led to the form; the hashes tell nothing without the key.
    """
    signature = own_signature(token, i18n.language())
    row = signature.row
    stored = {
        **plain(row, "name", "email", "country", "region", "public_name", "updates", "state", "via"),
        **plain(row, "submitted_at", "confirmed_at", "withdrawn_at", "erase_at", "mail_provider"),
        **plain(row, "network_hash", "wide_network_hash", "domain_hash"),
        "consent": asdict(signature.consent),
        "invalidated_for": signature.invalidated_for,
        "name_hidden_by_staff": row.name_hidden,
        "language": row.lang,
        "privacy_notice": row.privacy_version,
    }
    return download(SIGNATURE, signature, stored)


@public.page("/unsubscribe/<token>", takes_form=True, body=Body(one_click=True))
def signature_unsubscribe(token: str) -> Response:
    if request.method == "POST":
        if services.unsubscribe(token):
            return done(SIGNATURE, "address_deleted")
    elif (
        signature := own_signature(token, i18n.language(), Purpose.UNSUBSCRIBE, or_address=True)
    ).row.updates:
        return ask(SIGNATURE, "unsubscribe", record=signature)
    return done(SIGNATURE, "unsubscribed")


@public.errorhandler(AddressOnly)
def address_only(error: AddressOnly) -> Response:
    """The one thing that is left to decide."""
    return see_other(SIGNATURE.url("unsubscribe", token=tokens.mint(Purpose.UNSUBSCRIBE, [error.args[0]])))


@public.page("/me/<token>/keep", takes_form=True)
def signature_me_keep(token: str) -> Response:
    """Keep what staff were asked to erase."""
    if request.method == "POST":
        services.stop_erasure(token)
    elif (signature := own_signature(token, i18n.language(), or_address=True)).row.erase_at is not None:
        return ask(SIGNATURE, "keep", record=signature)
    return done(SIGNATURE, "kept")


@public.page("/me/<token>/receipt")
def signature_me_receipt(token: str) -> Response:
    """The small file that proves, without us, that a signature is in the public log; with `?open=1`, the page that checks it.

    There it stands after `#`, where no server and no log sees it, as whoever has it can try addresses.
    """
    signature = own_signature(token, i18n.language())
    own_receipt = receipt(signature.row.id)
    if own_receipt is not None and "open" in request.args:
        return see_other(f"{url_for('public.verify')}#receipt={own_receipt.packed}")
    if own_receipt is not None:
        response = Response(own_receipt.content, content_type="text/plain; charset=utf-8")
        name = f"{signature.campaign.slug}-{own_receipt.index}.tlog-proof"
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        return response
    # Not counted, or not in the published log yet: in that case the page reloads by itself.
    in_doubt = witnesses.is_in_doubt(signature.row.campaign_id)
    is_soon = (
        not in_doubt
        and signature.row.confirmed_at is not None
        and signature.row.state == SignatureState.CONFIRMED
    )
    return render_page(
        "public/signing/no_receipt.html",
        404,
        RELOAD_SECONDS if is_soon else None,
        page=signature.campaign,
        back=SIGNATURE.url("me", token=token),
        again=RELOAD_SECONDS if is_soon else None,
        in_doubt=in_doubt,
    )


#: The lowest rank of a region that is shown, and for how many seconds the ranks are cached.
LAST_RANK, RANKS_SECONDS = 5, 60
#: The template with the words of the progress.
NEXT_STEP = "components/campaign/next_step.html"
_SETTLED = (SignatureState.CONFIRMED, SignatureState.HELD, SignatureState.INVALIDATED)


@public.act("/c/<slug>/mine")
def signature_mine(slug: str) -> Response:
    """JSON: `digits`; once confirmed, `state`, which names what the page shows (mine.html), and what is filled in there; `key` to keep;
    `again`: ask again for the number.
    """
    ticket, code = request.form.get("ticket", ""), typed_digits(request.form.get("code", ""), 6)
    try:
        submission = services.read_ticket(slug, ticket)
    except BadToken:
        submission = None
    key = request.form.get("key", "")
    if not key and submission and code:
        if not _is_right(submission, code):
            return make_response(jsonify({}), 422)
        key = tokens.mint(Purpose.PRESSED, [submission])
    signature = _pressed(slug, key)
    if signature is not None:
        own = {"key": key, "own": tokens.mint(Purpose.MANAGE, [signature.id])}
        return jsonify(_standing(slug, signature.state, signature.number) | own | _to_the_holder(signature))
    if submission is None:
        return jsonify({})
    digits, state = tickets.match_number(SIGNATURE.ticket, slug, ticket), confirmed_lately(submission)
    if state is None:
        return jsonify(digits=digits)
    return jsonify(_standing(slug, state, number_of(submission)) | {"digits": digits})


@limited(token_limit, scope="code of the browser", deduct_when=is_wrong)
def _is_right(submission: int, code: str) -> bool:
    """Whether it is the code of the mail. The answer to a wrong one counts against the visitor's limit."""
    return services.confirm_by_code(submission, code) in (Confirmation.DONE, Confirmation.UNMOVED)


@public.act("/confirm/<token>/region")
def signature_confirm_region(token: str) -> Response:
    """Where somebody lives, asked on the page with the thanks of who has the key."""
    form = RegionForm(request.form)
    if not form.validate():  # nobody chooses that from the list
        abort(400)
    set_region_by_key(token, form.region.data or None)
    return _back_to_thanks(token, "region")


@public.act("/confirm/<token>/no-mail")
def signature_confirm_no_mail(token: str) -> Response:
    """No mail with thanks, which goes out ten minutes after confirming."""
    return _back_to_thanks(token, "declined" if services.decline_thanks(token) else None)


def _back_to_thanks(key: str, done: str | None) -> Response:
    return see_other(SIGNATURE.url("thanks", slug=pressed_signature(key).slug, _anchor=done))


def _pressed(slug: str, key: str) -> PressedSignature | None:
    """The signature whose button this browser pressed, once it is confirmed."""
    try:
        signature = pressed_signature(key)
    except BadToken:
        return None
    return signature if signature.slug == slug and signature.state in _SETTLED else None


def _standing(slug: str, state: str, number: int | None) -> dict[str, Any]:
    """How a signature stands that was confirmed, and how far the campaign is with it."""
    if state != SignatureState.CONFIRMED:
        return {"state": state}
    if number is None:
        return {"state": state, "again": True}
    step, words = step_with(campaign_or_404(slug), number), texts_of(NEXT_STEP, i18n.language())
    people, target = i18n.format_count(step.people), i18n.format_count(step.target)
    bar = {"max": step.target, "value": step.people, "text": words.step_value(people, target)}
    progress = {"bar": bar, "next": words.next_step_words(step)}
    return {"state": state, "number": number, "place": i18n.format_ordinal(number), "progress": progress}


def _to_the_holder(signature: PressedSignature) -> dict[str, Any]:
    """What only the holder of the key is told."""
    if signature.invalidated_for is not None:
        reason = str(REASON_LABELS[InvalidationReason(signature.invalidated_for)])
        return {"state": "refused" if signature.is_refused else signature.state, "reason": reason}
    answer: dict[str, Any] = {"thanks_wait": signature.thanks_wait}
    if signature.state == SignatureState.CONFIRMED:
        done, region = request.form.get("done"), signature.region
        answer["declined"] = done == "declined" and not signature.thanks_wait
        answer["asks_region"] = signature.country == countries.HOME and region is None
        if done == "region" and region is not None:
            answer["region"] = _region_saved(signature.slug, region)
    return answer


def _region_saved(slug: str, region: str) -> str:
    """Where the signer is counted, and the rank of the region (statistics/rates.py), where it is one of the first."""
    saved = _("You are counted in %(region)s.", region=countries.region_name(region, i18n.language()))
    rank = _cached_ranks(campaign_or_404(slug).id).get(region, LAST_RANK + 1)
    if rank == 1:
        saved += " " + _("No other province or city has more signatures for its size.")
    elif rank <= LAST_RANK:
        saved += " " + _(
            "For its size it has the %(place)s most signatures of all provinces and cities.",
            place=i18n.format_ordinal(rank),
        )
    return str(saved)


@cache.memoize(RANKS_SECONDS)
def _cached_ranks(campaign_id: int) -> dict[str, int]:
    return {key: rate.rank for key, rate in rates(published_places(campaign_id).by_region).items()}
