"""The page of a campaign as staff write it: its texts, its pledge, a photograph, a video, a quotation and its letter."""

import json

from flask import Response, abort, make_response, render_template, request
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session
from werkzeug import Response as AnyResponse

from config import Config, current_config
from pledge.accounts.roles import Permission
from pledge.audit import queries as audit
from pledge.audit.models import AuditEntry
from pledge.audit.queries import Search
from pledge.campaigns import media, moderation, pledges
from pledge.campaigns import staff_queries as campaigns
from pledge.campaigns.media import (
    Photo,
    PhotoFocus,
    Quotation,
    VideoFields,
    get_photo,
    get_quotation,
    set_photo,
    set_quotation,
)
from pledge.campaigns.pledges import NewVersion, wording_changes
from pledge.campaigns.queries import pledge_versions
from pledge.campaigns.rules import stamp
from pledge.campaigns.staff_queries import CampaignAdmin
from pledge.campaigns.video import OwnVideo, Video
from pledge.core import languages
from pledge.endorsements import queries as endorsements
from pledge.files.services import MEGABYTE, VideoFault
from pledge.signatures import queries as signatures
from pledge.statistics.totals import signed_versions
from pledge.web.request_checks import allows
from pledge.web.staff.auth.access import actor, needs
from pledge.web.staff.blueprint import staff
from pledge.web.staff.campaigns.forms import (
    OK,
    TEXT_BODY,
    LettersForm,
    LetterTextForm,
    PhotoForm,
    PledgeForm,
    PublishForm,
    QuotationForm,
    TextsForm,
    VideoForm,
    saved,
    section_page,
)
from pledge.web.staff.forms import (
    PICTURE_BODY,
    SavingProblem,
    StampedForm,
    attempt,
    take_file,
)

_PAGE = "/campaigns/<slug>/page"
#: How many changes of the texts the page offers to take back.
_CHANGES = 20

#: Which part of a photograph stays in sight where it is cut.
FOCUSES = (
    (PhotoFocus.CENTER, _l("The middle")),
    (PhotoFocus.TOP, _l("The top")),
    (PhotoFocus.BOTTOM, _l("The bottom")),
    (PhotoFocus.LEFT, _l("The left")),
    (PhotoFocus.RIGHT, _l("The right")),
    (PhotoFocus.LEFT_TOP, _l("The top left")),
    (PhotoFocus.RIGHT_TOP, _l("The top right")),
    (PhotoFocus.LEFT_BOTTOM, _l("The bottom left")),
    (PhotoFocus.RIGHT_BOTTOM, _l("The bottom right")),
)

QUOTATION_WORDS = ("quotation", "speaker", "speaker_role", "portrait_alt")

#: Two letters of 5 MB and the fields beside them.
LETTERS_BODY = 10_200_000


def video_body(config: Config) -> int:
    """Bytes of the video's form: up to twice what a video may have, so that one too large is refused beside its field."""
    return PICTURE_BODY + 2 * config.max_video_mb * MEGABYTE


@staff.get(_PAGE)
@needs(Permission.EDIT_CAMPAIGNS)
def campaign_page(slug: str) -> Response:
    return _page(campaigns.desk(slug), OK)


@staff.post(f"{_PAGE}/texts")
@allows(body=TEXT_BODY)
@needs(Permission.EDIT_CAMPAIGNS)
def campaign_texts(slug: str) -> AnyResponse:
    form = TextsForm(request.form)
    texts = {name: form[name].data or "" for name in _text_fields()}
    problem = attempt(form, lambda: moderation.edit_texts(actor(), slug, form.seen.data or "", texts))
    return _answer(slug, problem, texts_form=form)


@staff.post(f"{_PAGE}/texts/restore/<int:number>")
@needs(Permission.EDIT_CAMPAIGNS)
def campaign_texts_restore(slug: str, number: int) -> AnyResponse:
    """Save the words that a change has replaced, unless somebody else has saved others meanwhile."""
    change = next((line for line in _history(slug) if line.id == number), None)
    if change is None:
        abort(404)
    stored, before = campaigns.desk(slug).texts, json.loads(change.details)["before"]
    texts = {name: before.get(name, stored[name]) for name in _text_fields()}
    form = TextsForm(data={**texts, "seen": request.form.get("seen", "")})
    problem = attempt(form, lambda: moderation.edit_texts(actor(), slug, form.seen.data or "", texts))
    return _answer(slug, problem, texts_form=form)


def _history(slug: str) -> list[AuditEntry]:
    """The newest changes of the texts."""
    return audit.page(Search(action="campaign.texts", subject=f"campaign:{slug}"), size=_CHANGES).lines


def _text_fields() -> list[str]:
    """Those of the page: the recipient is a setting, as people agree to it."""
    return [name for name in campaigns.text_fields() if not name.startswith("recipient_")]


@staff.post(f"{_PAGE}/pledge")
@allows(body=TEXT_BODY)
@needs(Permission.EDIT_CAMPAIGNS)
def campaign_pledge(slug: str) -> AnyResponse:
    """Save, or show what a new version changes: this publishes nothing."""
    form = PledgeForm(request.form)
    try:
        problem = attempt(form, lambda: _edit(slug, form))
    except NewVersion as new:
        return _publish_page(slug, form, new.version, new.one_language, 200)
    return _answer(slug, problem, pledge_form=form)


@staff.post(f"{_PAGE}/pledge/edit")
@allows(body=TEXT_BODY)
@needs(Permission.EDIT_CAMPAIGNS)
def campaign_pledge_edit(slug: str) -> Response:
    """Back to the form, with everything that was written."""
    return _page(campaigns.desk(slug), OK, pledge_form=PledgeForm(request.form))


@staff.post(f"{_PAGE}/pledge/publish")
@allows(body=TEXT_BODY)
@needs(Permission.EDIT_CAMPAIGNS)
def campaign_pledge_publish(slug: str) -> AnyResponse:
    form = PublishForm(request.form)
    is_partial = bool(form.one_language.data)
    try:
        problem = attempt(form, lambda: _edit(slug, form, agreed=form.agreed, one_language=is_partial))
    except NewVersion as new:
        return _publish_page(slug, form, new.version, new.one_language, 409)
    if problem and form.one_language.errors:
        return _publish_page(slug, form, form.agreed, True, problem.status)
    return _answer(slug, problem, pledge_form=form)


def _edit(slug: str, form: PledgeForm, *, agreed: int = 0, one_language: bool = False) -> None:
    pledges.edit_pledge(
        *(actor(), slug, form.seen.data or ""),
        wording=form.by_language("wording"),
        in_use=_in_use,
        agreed=agreed,
        one_language=one_language,
    )


def _in_use(session: Session, campaign_id: int, pledge_text_id: int) -> bool:
    return signatures.is_signed(session, campaign_id, pledge_text_id) or endorsements.is_endorsed(
        session, campaign_id, pledge_text_id
    )


@staff.post(f"{_PAGE}/photo")
@allows(body=PICTURE_BODY)
@needs(Permission.EDIT_CAMPAIGNS)
def campaign_photo(slug: str) -> AnyResponse:
    form = PhotoForm(request.form)
    new = take_file(form, "photo", "wide picture")
    problem = attempt(
        form,
        lambda: set_photo(
            actor(),
            slug,
            form.seen.data or "",
            form.by_language("alt"),
            PhotoFocus(form.focus.data),
            new=new,
            drop=form.drop_photo.data,
        ),
    )
    return _answer(slug, problem, photo_form=form)


@staff.post(f"{_PAGE}/video")
@allows(body=video_body)
@needs(Permission.EDIT_CAMPAIGNS)
def campaign_video(slug: str) -> AnyResponse:
    form = VideoForm(request.form)
    fields = VideoFields(
        address=form.video.data or "",
        file=take_file(form, "own", "video"),
        drop_file=form.drop_own.data,
        captions=form.by_language("captions"),
        still=take_file(form, "still", "wide picture"),
        drop_still=form.drop_still.data,
    )
    problem = attempt(
        form,
        lambda: media.set_video(actor(), slug, form.seen.data or "", fields),
        check=lambda: media.check_video(fields),
    )
    return _answer(slug, problem, video_form=form)


@staff.post(f"{_PAGE}/quotation")
@allows(body=PICTURE_BODY)
@needs(Permission.EDIT_CAMPAIGNS)
def campaign_quotation(slug: str) -> AnyResponse:
    form = QuotationForm(request.form)
    new = take_file(form, "portrait")
    problem = attempt(
        form,
        lambda: set_quotation(
            actor(),
            slug,
            form.seen.data or "",
            {name: form.by_language(name) for name in QUOTATION_WORDS},
            new=new,
            drop=form.drop_portrait.data,
        ),
    )
    return _answer(slug, problem, quotation_form=form)


@staff.post(f"{_PAGE}/letters")
@allows(body=LETTERS_BODY)
@needs(Permission.EDIT_CAMPAIGNS)
def campaign_letters(slug: str) -> AnyResponse:
    form = LettersForm(request.form)
    new = {lang: take_file(form, f"letter_{lang}", "document") for lang in languages.codes()}
    drop = frozenset(lang for lang in languages.codes() if form[f"drop_{lang}"].data)
    problem = attempt(
        form, lambda: media.set_letters(actor(), slug, form.seen.data or "", new=new, drop=drop)
    )
    return _answer(slug, problem, letters_form=form)


@staff.post(f"{_PAGE}/letter-text")
@allows(body=TEXT_BODY)
@needs(Permission.EDIT_CAMPAIGNS)
def campaign_letter_text(slug: str) -> AnyResponse:
    form = LetterTextForm(request.form)
    problem = attempt(
        form,
        lambda: media.set_letter_text(actor(), slug, form.seen.data or "", form.by_language("text")),
    )
    return _answer(slug, problem, letter_form=form)


def _photo_form(stored: Photo) -> PhotoForm:
    return PhotoForm(
        data={**languages.by_field("alt", stored.alt), "focus": stored.focus, "seen": stored.stamp}
    )


def _quotation_form(stored: Quotation) -> QuotationForm:
    texts = {
        field: text
        for name in QUOTATION_WORDS
        for field, text in languages.by_field(name, getattr(stored, name)).items()
    }
    return QuotationForm(data={**texts, "seen": stored.stamp})


def _video_form(desk: CampaignAdmin) -> VideoForm:
    video = desk.video
    return VideoForm(
        data={
            "video": video.link if isinstance(video, Video) else "",
            **languages.by_field("captions", video.captions if isinstance(video, OwnVideo) else {}),
            "seen": media.video_stamp(video),
        }
    )


def _answer(slug: str, problem: SavingProblem | None, **sent: StampedForm) -> AnyResponse:
    """Back to the page, which says that it is saved; or the page with the form that was sent."""
    return saved("campaign_page", slug) if problem is None else _page(campaigns.desk(slug), problem, **sent)


def _page(desk: CampaignAdmin, problem: SavingProblem, **sent: StampedForm) -> Response:
    """The page with its forms as they are stored, except for the one that was sent."""
    stored, quoted, wording = get_photo(desk.id), get_quotation(desk.id), campaigns.wording(desk.id)
    texts = {name: desk.texts[name] for name in _text_fields()}
    forms = {
        "texts_form": TextsForm(data={**texts, "seen": stamp(texts)}),
        "pledge_form": PledgeForm(
            data={**languages.by_field("wording", wording.wording), "seen": wording.stamp}
        ),
        "photo_form": _photo_form(stored),
        "quotation_form": _quotation_form(quoted),
        "video_form": _video_form(desk),
        "letters_form": LettersForm(data={"seen": stamp(desk.letters)}),
        "letter_form": LetterTextForm(
            data={
                **languages.by_field("text", desk.letter_text),
                "seen": stamp({"text": desk.letter_text}),
            }
        ),
        **sent,
    }
    form, limit = next(iter(sent.values()), forms["texts_form"]), current_config().max_video_mb
    return section_page(
        "staff/campaigns/page.html",
        desk,
        form,
        problem,
        history=_history(desk.slug),
        versions=pledge_versions(desk.id),
        photo=stored,
        quoted=quoted,
        focuses=FOCUSES,
        max_video_mb=limit,
        video_too_large=str(VideoFault.TOO_LARGE.value) % {"limit": limit},
        **forms,
    )


def _publish_page(slug: str, form: PledgeForm, version: int, one_language: bool, status: int) -> Response:
    desk = campaigns.desk(slug)
    stored, typed = campaigns.wording(desk.id), form.by_language("wording")
    page = render_template(
        "staff/campaigns/pledge_publish.html",
        desk=desk,
        form=form if isinstance(form, PublishForm) else PublishForm(data=form.data),
        version=version,
        one_language=one_language,
        signed=signed_versions(desk.id),
        changes={lang: wording_changes(stored.wording[lang], typed[lang]) for lang in languages.codes()},
        change_of={lang: stored.wording[lang].strip() != typed[lang].strip() for lang in languages.codes()},
    )
    return make_response(page, status)
