"""A person's receipt: a small file that proves, without us, that their signature stands in the public log."""

from flask import Response, make_response, render_template, url_for

from pledge import i18n
from pledge.public.blueprint import public
from pledge.public.confirming import problem
from pledge.public.own import own_page
from pledge.public.signing import see_other
from pledge.signatures.queries import LinkState, SignatureView, open_link, own_signature
from pledge.signatures.receipts import receipt

#: Seconds until the fold has surely taken a confirmation up.
SOON = 2


@public.get("/confirm/<token>/receipt")
def confirm_receipt(token: str) -> Response:
    """Like the way to one's own page, it is not for who holds an old link: the mailbox gets a new one."""
    link = open_link(token, i18n.language())
    if link.signature is None or link.state is not LinkState.CONFIRMED:
        if link.state is LinkState.PENDING:
            return see_other(url_for("public.confirm", token=token))
        return problem(link, token, 410)
    if link.expired:
        return see_other(url_for("public.confirm", token=token))
    return _receipt(link.signature, url_for("public.confirm", token=token))


@public.get("/me/<token>/receipt")
@own_page
def me_receipt(token: str) -> Response:
    return _receipt(own_signature(token, i18n.language()), url_for("public.me", token=token))


def _receipt(signature: SignatureView, back: str) -> Response:
    found = receipt(signature.id)
    if found is None:
        return _none(signature, back)
    response = Response(found.content, content_type="text/plain; charset=utf-8")
    name = f"{signature.campaign.slug}-{found.index}.tlog-proof"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _none(signature: SignatureView, back: str) -> Response:
    """Not counted, or not in the published log yet: then the page asks again by itself."""
    soon = signature.confirmed_at is not None and signature.state == "confirmed"
    page = render_template(
        "public/no_receipt.html", page=signature.campaign, back=back, again=SOON if soon else None
    )
    response = make_response(page, 404)
    if soon:
        response.headers["Retry-After"] = str(SOON)
    return response
