"""Deliveries: the list; a new one, written, looked at and frozen; one with its pack, and what became of it."""

import re
from collections.abc import Callable, Iterable

from flask import Response, abort, make_response, render_template, request, url_for
from flask_babel import lazy_gettext as _l
from werkzeug import Response as AnyResponse
from werkzeug.utils import redirect
from wtforms import SelectField, StringField, TextAreaField
from wtforms.fields import Field
from wtforms.validators import ValidationError

from pledge.accounts.roles import Permission
from pledge.accounts.two_people import obstacle
from pledge.campaigns.rules import BadFields
from pledge.core import i18n, languages
from pledge.core.i18n import Phrase
from pledge.deliveries import document as documents
from pledge.deliveries import freezing, queries, services
from pledge.deliveries.document import SUBMITTED_AS, Reply
from pledge.deliveries.letter import texts as letters
from pledge.deliveries.letter.pdf import letter_pdf
from pledge.deliveries.letter.texts import LetterTexts
from pledge.deliveries.models import Delivery, DeliveryState
from pledge.deliveries.pack.packing import members
from pledge.deliveries.services import Answer, HandingOver
from pledge.exports.models import file_name
from pledge.files.documents import MAX_DOCUMENT
from pledge.jobs import services as jobs
from pledge.jobs.models import JobKind, JobState
from pledge.ledger import log_queries
from pledge.ledger.models import Checkpoint
from pledge.statistics.totals import DoesNotAddUp, checkpoints
from pledge.web.downloads import archive
from pledge.web.forms import ByLanguage, StaffForm, TickField, whole_number
from pledge.web.routes import Ask, Body
from pledge.web.staff import campaign_choice
from pledge.web.staff.auth.access import actor
from pledge.web.staff.blueprint import staff
from pledge.web.staff.campaigns.forms import TEXT_BODY
from pledge.web.staff.decisions import decide
from pledge.web.staff.forms import (
    StampedForm,
    StatedReasonForm,
    UploadField,
    attempt,
    day_field,
    moment_field,
    show_faults,
)

#: The hints below the fields, in the language of each.
EXAMPLES = {
    "recipient": Phrase("delivery", "For example: the Minister of Climate, Energy and Environment"),
    "occasion": Phrase("delivery", "For example: the handing-over ceremony"),
    "person": Phrase("delivery", "For example: Hong Gildong, Head of Team"),
}


#: A page asks about so many numbers at once: a request has a limit of fields.
MAX_NUMBERS = 50


class DraftForm(StaffForm):
    """What is frozen besides the numbers. The use case checks the texts."""

    checkpoint = SelectField(_l("Numbers as of"), validate_choice=False)
    recipient = ByLanguage(StringField, _l("Recipient of the letter"))
    occasion = ByLanguage(StringField, _l("Occasion"))
    number = StringField(_l("Document number"))
    department = ByLanguage(StringField, _l("Department in charge (Attention)"))
    submitted_as = SelectField(_l("Submitted as"), validate_choice=False)
    person = ByLanguage(StringField, _l("Person in charge"))
    phone = StringField(_l("Telephone"))
    email = StringField(_l("E-mail for the answer"))
    address = ByLanguage(StringField, _l("Postal address"))
    letter = ByLanguage(TextAreaField, _l("Cover letter"))

    offered: frozenset[int] = frozenset()
    numbers: tuple[str, ...] = ()  #: with a box and a text for each, `other_35` and `what_35`

    def validate_checkpoint(self, field: Field) -> None:
        if field.data not in set(map(str, self.offered)):
            raise ValidationError(_l("Choose from the list."))

    @property
    def wording(self) -> LetterTexts:
        ticked = [number for number in self.numbers if self[f"other_{number}"].data]
        others = {number: self[f"what_{number}"].data or "" for number in ticked}
        return self.entry(LetterTexts, reply=self.entry(Reply), others=others)


def _draft_form(numbers: Iterable[str], *sent: object, **options: object) -> DraftForm:
    """The form, with what its writer may say of these numbers."""
    listed = tuple(dict.fromkeys(numbers))[:MAX_NUMBERS]
    fields: dict[str, object] = {"numbers": listed}
    for number in listed:
        shown = i18n.format_count(int(number)) if number.isdecimal() else number
        fields[f"other_{number}"] = TickField(_l("%(number)s is no number of this campaign", number=shown))
        fields[f"what_{number}"] = StringField(_l("What %(number)s is", number=shown))
    form: DraftForm = type("DraftForm", (DraftForm,), fields)(*sent, **options)
    return form


class HandingOverForm(StaffForm):
    handed_over_at = moment_field(_l("Handed over on"))
    channel = SelectField(_l("How"), validate_choice=False)
    receipt_number = StringField(_l("Reference number"))
    answer_due = day_field(_l("Answer due by"))
    reason = TextAreaField(_l("Reason for the correction"))


class AnswerForm(StampedForm):
    answered_at = moment_field(_l("Answered on"))
    original = SelectField(_l("Language of the answer"), validate_choice=False)
    answer = ByLanguage(TextAreaField, _l("Answer"))
    document = UploadField(_l("The recipient’s document"), "document")
    answer_reason = TextAreaField(_l("Reason for the correction"))


class SendBackForm(StampedForm, StatedReasonForm):
    pass


@staff.page("/deliveries/new/<slug>", needs=Permission.EXPORT)
def delivery_draft(slug: str) -> Response:
    """The form with the newest numbers, the default letter about them, and the rest as in the last delivery."""
    offered, data, numbers = _offered(slug), {}, []
    if offered:
        draft = freezing.draft(slug, offered[0].id)
        data = languages.as_fields({**vars(draft), **vars(draft.reply), "checkpoint": str(offered[0].id)})
        numbers = [*draft.others]
        for number, what in draft.others.items():
            data |= {f"other_{number}": True, f"what_{number}": what}
    return _new_page(slug, offered, _draft_form(numbers, data=data), 200)


@staff.act("/deliveries/new/<slug>", needs=Permission.EXPORT, asks=Ask.NOTHING, body=TEXT_BODY)
def delivery_draft_post(slug: str) -> AnyResponse:
    """What it will contain; nothing is stored."""

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


@staff.act("/deliveries/new/<slug>/letter", needs=Permission.EXPORT, asks=Ask.NOTHING, body=TEXT_BODY)
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


@staff.act("/deliveries/new/<slug>/edit", needs=Permission.EXPORT, asks=Ask.NOTHING, body=TEXT_BODY)
def delivery_edit(slug: str) -> Response:
    """Back to the form, with everything that was written."""
    return _new_page(slug, *_sent(slug), 200)


@staff.act("/deliveries/new/<slug>/freeze", needs=Permission.EXPORT, asks=Ask.FACTOR, body=TEXT_BODY)
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
            return act(
                next(checkpoint for checkpoint in offered if str(checkpoint.id) == form.checkpoint.data), form
            )
    except BadFields as wrong:
        unknown = wrong.unknown_numbers
        form = _draft_form([*form.numbers, *unknown], request.form) if unknown else form
        show_faults(form, wrong)
    except freezing.CountInDoubt as doubt:
        return _new_page(slug, offered, form, 409, refused="doubt", set_aside=doubt.set_aside)
    except DoesNotAddUp:
        return _new_page(slug, offered, form, 409, refused="sum")
    return _new_page(slug, offered, form, 422)


def _offered(slug: str, chosen: str = "") -> list[Checkpoint]:
    """The checkpoints to choose from. Raises NoSuchCampaign.

    The one that was the newest when the form was opened stays among them, however many have followed.
    """
    campaign_id = campaign_choice.number_of(slug)
    offered = checkpoints(campaign_id)
    older = log_queries.checkpoint(whole_number(chosen) or 0)
    if (
        older
        and older.campaign_id == campaign_id
        and older.id not in {checkpoint.id for checkpoint in offered}
    ):
        offered.insert(1, older)
    return offered


def _sent(slug: str) -> tuple[list[Checkpoint], DraftForm]:
    named = [name.removeprefix("what_") for name in request.form if re.fullmatch(r"what_[\d.]+", name)]
    form = _draft_form(named, request.form)
    offered = _offered(slug, form.checkpoint.data or "")
    form.offered = frozenset(checkpoint.id for checkpoint in offered)
    return offered, form


def _new_page(
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


# --- The list, and one that is frozen ---


@staff.page("/deliveries", needs=Permission.EXPORT)
def deliveries() -> str:
    packs = jobs.newest_of_each(JobKind.PACK)
    lines = [(row, packs.get(row.id)) for row in queries.overview()]
    return render_template("staff/deliveries/deliveries.html", lines=lines, choices=queries.choices())


@staff.page("/deliveries/<int32:delivery_id>", needs=Permission.EXPORT)
def delivery(
    delivery_id: int, status: int = 200, refused: str = "", form: StaffForm | None = None
) -> Response:
    """The page of a delivery, with the form that was sent."""
    row = _find(delivery_id)
    job = jobs.newest(JobKind.PACK, row.id)
    proposal = row.open_answer
    newest = proposal or row.published_answer
    written = languages.as_fields(newest.content) if newest else {"original": languages.default()}
    forms: dict[str, StaffForm] = {
        "hand_over": HandingOverForm(obj=row),
        "answer": AnswerForm(data=written),
        "discard": StatedReasonForm(),
        "send_back": SendBackForm(),
    }
    name = next((name for name, empty in forms.items() if type(empty) is type(form)), "")
    if form is not None:
        forms[name] = form
    document = documents.from_json(row.document)
    page = render_template(
        "staff/deliveries/delivery.html",
        delivery=row,
        document=document,
        members=members(document),
        job=job,
        has_pack=job is not None and job.state == JobState.DONE,
        forms=forms,
        sent=form,
        sent_name=name,
        is_frozen=row.state == DeliveryState.FROZEN,
        original_languages=[(code, languages.name(code, i18n.language())) for code in languages.codes()],
        obstacle=proposal and obstacle(proposal.proposed_by, actor().staff_id),
        refused=refused,
    )
    return make_response(page, status)


@staff.act("/deliveries/<int32:delivery_id>/hand-over", needs=Permission.EXPORT, asks=Ask.FACTOR)
def delivery_hand_over(delivery_id: int) -> AnyResponse:
    form = HandingOverForm(request.form)
    return decide(
        delivery,
        form,
        lambda: services.hand_over(
            actor(), delivery_id, entry=form.entry(HandingOver), reason=form.reason.data or ""
        ),
    )


@staff.act(
    "/deliveries/<int32:delivery_id>/answer",
    needs=Permission.EXPORT,
    asks=Ask.NOTHING,
    body=Body(MAX_DOCUMENT + 1_000_000),
)
def delivery_answer(delivery_id: int) -> AnyResponse:
    """Enter it or correct it; a second person publishes it."""
    form = AnswerForm(request.form)
    document = form.document.store()
    problem = attempt(
        form,
        lambda: services.answer(
            actor(),
            delivery_id,
            entry=form.entry(Answer),
            reason=form.answer_reason.data or "",
            document=document,
            seen=form.seen.data,
        ),
    )
    if problem:
        return delivery(delivery_id, problem.status, "state" if problem.decided else "", form)
    return redirect(url_for("staff.delivery", delivery_id=delivery_id), 303)


@staff.act("/deliveries/<int32:delivery_id>/publish-answer", needs=Permission.EXPORT, asks=Ask.FACTOR)
def delivery_publish_answer(delivery_id: int) -> AnyResponse:
    form = StampedForm(request.form)
    return decide(delivery, form, lambda: services.publish_answer(actor(), delivery_id, seen=form.seen.data))


@staff.act("/deliveries/<int32:delivery_id>/send-back-answer", needs=Permission.EXPORT, asks=Ask.REASON)
def delivery_send_back_answer(delivery_id: int) -> AnyResponse:
    """Or take it back, if it is one's own."""
    form = SendBackForm(request.form)
    return decide(
        delivery,
        form,
        lambda: services.send_back_answer(actor(), delivery_id, seen=form.seen.data, reason=form.why.data),
    )


@staff.act("/deliveries/<int32:delivery_id>/discard", needs=Permission.EXPORT, asks=Ask.REASON | Ask.FACTOR)
def delivery_discard(delivery_id: int) -> AnyResponse:
    form = StatedReasonForm(request.form)
    return decide(delivery, form, lambda: services.discard(actor(), delivery_id, why=form.why.data))


@staff.act("/deliveries/<int32:delivery_id>/retry", needs=Permission.EXPORT, asks=Ask.NOTHING)
def delivery_retry(delivery_id: int) -> AnyResponse:
    job = jobs.newest(JobKind.PACK, _find(delivery_id).id)
    try:
        jobs.retry(actor(), job.id if job else 0)
    except jobs.NotFailed:
        return delivery(delivery_id, 409, "state")
    return redirect(url_for("staff.delivery", delivery_id=delivery_id), 303)


@staff.act("/deliveries/<int32:delivery_id>/download", needs=Permission.EXPORT, asks=Ask.FACTOR | Ask.FILE)
def delivery_download(delivery_id: int) -> AnyResponse:
    """The pack. The download is recorded before its first byte is sent."""
    row = _find(delivery_id)
    job = jobs.newest(JobKind.PACK, delivery_id)
    parts = None if job is None else jobs.chunks(job.id)
    if job is None or parts is None:
        return delivery(delivery_id, 409, "state")
    name = file_name(row.campaign.slug, "pack", row.frozen_at, row.checkpoint.size, delivery_id, "zip")
    response = archive(job.size, parts, name)
    services.note_download(actor(), delivery_id, (job.sha256 or b"").hex())
    return response


def _find(delivery_id: int) -> Delivery:
    row = queries.find(delivery_id)
    if row is None:
        abort(404)
    return row
