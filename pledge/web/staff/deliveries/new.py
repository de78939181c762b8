"""A new delivery: write to whom and why, see exactly what it will contain, freeze it."""

from collections.abc import Callable

from flask import Response, abort, make_response, render_template, request, url_for
from werkzeug import Response as AnyResponse
from werkzeug.utils import redirect

from pledge.accounts.roles import Permission
from pledge.campaigns.queries import slugs
from pledge.campaigns.rules import BadFields, FieldFault
from pledge.core import languages
from pledge.deliveries import freezing
from pledge.deliveries.document import SUBMITTED_AS
from pledge.deliveries.letter import texts as letters
from pledge.deliveries.letter.pdf import letter_pdf
from pledge.deliveries.letter.texts import LetterContradicts
from pledge.deliveries.pack.packing import members
from pledge.ledger import log_queries
from pledge.ledger.models import Checkpoint
from pledge.statistics.totals import DoesNotAddUp, checkpoints
from pledge.web.request_checks import allows
from pledge.web.staff.auth.access import actor, needs
from pledge.web.staff.blueprint import staff
from pledge.web.staff.campaigns.forms import TEXT_BODY
from pledge.web.staff.deliveries.forms import EXAMPLES, DraftForm, show_faults

_ONE = "/deliveries/new/<slug>"


@staff.get(_ONE)
@needs(Permission.EXPORT)
def delivery_draft(slug: str) -> Response:
    offered = _offered(slug)
    return _form_page(slug, offered, _begun(slug, offered), 200)


@staff.post(_ONE)
@allows(body=TEXT_BODY)
@needs(Permission.EXPORT)
def delivery_draft_post(slug: str) -> AnyResponse:
    """What it will contain. The second factor is asked for here, so that it is recent when the next button is pressed."""

    def preview(chosen: Checkpoint, form: DraftForm) -> AnyResponse:
        freezing.check_count(chosen.campaign_id)
        document = freezing.preview(slug, chosen.id, form.wording)
        page = render_template(
            "staff/deliveries/delivery.html",
            slug=slug,
            form=form,
            document=document,
            members=members(document),
        )
        return make_response(page)

    return _answer(slug, preview)


@staff.post(f"{_ONE}/letter")
@allows(body=TEXT_BODY)
@needs(Permission.EXPORT)
def delivery_letter(slug: str) -> AnyResponse:
    """The letter as it would be in `?lang=`, as a PDF with a draft mark on each page."""
    lang = request.args.get("lang", languages.default())
    if lang not in languages.codes():
        abort(404)

    def letter(chosen: Checkpoint, form: DraftForm) -> AnyResponse:
        document = freezing.preview(slug, chosen.id, form.wording)
        response = Response(letter_pdf(document, lang, draft=True), mimetype="application/pdf")
        response.headers["Content-Disposition"] = f'inline; filename="{slug}-draft-{lang}.pdf"'
        return response

    return _answer(slug, letter)


@staff.post(f"{_ONE}/edit")
@allows(body=TEXT_BODY)
@needs(Permission.EXPORT)
def delivery_edit(slug: str) -> Response:
    """Back to the form, with everything that was written."""
    return _form_page(slug, *_sent(slug), 200)


@staff.post(f"{_ONE}/freeze")
@allows(body=TEXT_BODY)
@needs(Permission.EXPORT)
def delivery_freeze(slug: str) -> AnyResponse:
    """A second press of the button leads to the delivery of the first one."""

    def freeze(chosen: Checkpoint, form: DraftForm) -> AnyResponse:
        number = freezing.freeze(actor(), slug, chosen.id, form.wording)
        return redirect(url_for("staff.delivery", delivery_id=number), 303)

    return _answer(slug, freeze)


def _answer(slug: str, act: Callable[[Checkpoint, DraftForm], AnyResponse]) -> AnyResponse:
    """What `act` makes of the form that was sent; the form again with its errors, or where the log is in doubt."""
    offered, form = _sent(slug)
    is_valid = form.validate()
    try:
        letters.clean(form.wording)  # tells all faults at once
        if is_valid:
            return act(next(one for one in offered if str(one.id) == form.checkpoint.data), form)
    except LetterContradicts as wrong:
        for name, words in wrong.found.items():
            form[name].errors = [str(FieldFault.UNLIKE_PACK.value) % {"found": words}]
    except BadFields as wrong:
        show_faults(form, wrong.faults)
    except freezing.CountInDoubt as doubt:
        return _form_page(slug, offered, form, 409, refused="doubt", set_aside=doubt.set_aside)
    except DoesNotAddUp:
        return _form_page(slug, offered, form, 409, refused="sum")
    return _form_page(slug, offered, form, 422)


def _offered(slug: str, chosen: str = "") -> list[Checkpoint]:
    """The checkpoints to choose from; 404 where there is no such campaign.

    The one that was the newest when the form was opened stays among them, however many have followed.
    """
    campaign_id = next((number for number, known in slugs().items() if known == slug), None)
    if campaign_id is None:
        abort(404)
    offered = checkpoints(campaign_id)
    if chosen.isascii() and chosen.isdecimal() and len(chosen) < 19:
        older = log_queries.checkpoint(int(chosen))
        if older and older.campaign_id == campaign_id and older.id not in {one.id for one in offered}:
            offered.insert(1, older)
    return offered


def _sent(slug: str) -> tuple[list[Checkpoint], DraftForm]:
    form = DraftForm(request.form)
    offered = _offered(slug, form.checkpoint.data or "")
    form.offered = frozenset(one.id for one in offered)
    return offered, form


def _begun(slug: str, offered: list[Checkpoint]) -> DraftForm:
    """The form with the newest numbers, the default letter about them, and the rest as in the last delivery."""
    if not offered:
        return DraftForm()
    draft = freezing.draft(slug, offered[0].id)
    return DraftForm(
        data=languages.as_fields({**vars(draft), **vars(draft.reply), "checkpoint": str(offered[0].id)})
    )


def _form_page(
    slug: str,
    offered: list[Checkpoint],
    form: DraftForm,
    status: int,
    *,
    refused: str = "",
    set_aside: int = 0,
) -> Response:
    page = render_template(
        "staff/deliveries/new.html",
        slug=slug,
        offered=offered,
        form=form,
        submitted_as=SUBMITTED_AS.items(),
        examples=EXAMPLES,
        refused=refused,
        set_aside=set_aside,
    )
    return make_response(page, status)
