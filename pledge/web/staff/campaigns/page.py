"""The page of a campaign as staff write it, its texts, its pledge, a photograph, a video, a quotation and its letter; and its
settings: the recipient in its consents, the address for answers, its secretariat.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from flask import Response, abort, request
from flask_babel import force_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session
from werkzeug import Response as AnyResponse
from wtforms import HiddenField, SelectField, StringField, TextAreaField

from config import current_config
from pledge.accounts.roles import Permission
from pledge.audit import queries as audit
from pledge.audit.models import AuditEntry
from pledge.audit.queries import Search
from pledge.campaigns import consents, items, media, moderation, pledges, senders, sharing
from pledge.campaigns import staff_queries as campaigns
from pledge.campaigns.media import FOCUSES, VideoFields
from pledge.campaigns.models import SHARE_CHANNELS, TEXT_PARTS, Campaign, PartnerRole
from pledge.campaigns.partners import PARTNER
from pledge.campaigns.pledges import NewVersion, wording_changes
from pledge.campaigns.queries import find_draft, pledge_versions
from pledge.campaigns.video import OwnVideo, Video
from pledge.campaigns.video import campaign_video as stored_video
from pledge.core import languages, urls
from pledge.core.languages import Texts
from pledge.core.text.markdown import markdown
from pledge.endorsements import queries as endorsements
from pledge.files.services import MEGABYTE, VideoFault
from pledge.signatures import queries as signatures
from pledge.statistics.totals import signed_versions
from pledge.web.forms import ByLanguage, TickField, whole_number
from pledge.web.public.campaign.sharing import invitation, words
from pledge.web.routes import Ask, Body
from pledge.web.staff.auth.access import actor, was_shown_lately
from pledge.web.staff.blueprint import staff
from pledge.web.staff.campaigns.forms import (
    OK,
    TEXT_BODY,
    SectionForm,
    save_section,
    saved,
    section_forms,
    section_page,
)
from pledge.web.staff.forms import (
    PICTURE_BODY,
    PICTURE_BYTES,
    SavingProblem,
    StampedForm,
    UploadField,
    attempt,
)

_EDIT = Permission.EDIT_CAMPAIGNS
#: How many changes of the texts the page offers to take back.
_CHANGES = 20


#: Two letters of 5 MB, and the fields beside them.
_LETTERS_BODY = Body(10_200_000)
#: Up to twice what a video may have, so that one too large is refused beside its field.
_VIDEO_BODY = Body(lambda config: PICTURE_BYTES + 2 * config.max_video_mb * MEGABYTE)


class TextsForm(SectionForm):
    title = ByLanguage(StringField, _l("Title"))
    tagline = ByLanguage(StringField, _l("Tagline"))
    summary = ByLanguage(TextAreaField, _l("Summary"))
    picture_sentence = ByLanguage(StringField, _l("Sentence about the picture"))
    body = ByLanguage(TextAreaField, _l("Text"))
    who_may_sign = ByLanguage(StringField, _l("Who may sign"))
    followup_title = ByLanguage(StringField, _l("Title of the card"))
    followup_sentence = ByLanguage(StringField, _l("One sentence"))
    followup_link = ByLanguage(StringField, _l("Web address"))
    followup_from = ByLanguage(StringField, _l("From day"))
    followup_until = ByLanguage(StringField, _l("To day"))

    @classmethod
    def content(cls, desk: Campaign) -> Mapping[str, object]:
        return {name: desk.texts[name] for name in _text_fields()}

    def save(self, slug: str, files: Mapping[str, str]) -> None:
        texts = {name: self[name].data or "" for name in _text_fields()}
        moderation.edit_texts(actor(), slug, self.seen.data, texts)


class PledgeForm(StampedForm):
    """The wording; and once it was shown what a new version changes, the number of that."""

    wording = ByLanguage(TextAreaField, _l("Pledge text"))
    version = HiddenField()
    one_language = TickField(_l("The text in the other languages stays as it is: it already says the same"))

    @classmethod
    def stored(cls, desk: Campaign) -> dict[str, object]:
        newest = pledge_versions(desk.id)[0]
        return {**languages.by_field("wording", newest.wording), "seen": newest.stamp}

    @property
    def agreed(self) -> int:
        """The version that was shown; 0 for anything else."""
        return whole_number(self.version.data or "") or 0


class PhotoForm(SectionForm):
    photo = UploadField(_l("Photograph"), "wide picture")
    photo_alt = ByLanguage(StringField, _l("What the photograph shows"))
    photo_focus = SelectField(_l("Focal point"), validate_choice=False)
    drop_photo = TickField(_l("Remove the photograph"))

    @classmethod
    def content(cls, desk: Campaign) -> Mapping[str, object]:
        return desk.part(media.PHOTO)

    def save(self, slug: str, files: Mapping[str, str]) -> None:
        media.set_photo(
            actor(),
            slug,
            self.seen.data,
            self.by_language("photo_alt"),
            self.photo_focus.data or "",
            new=files["photo"],
            drop=self.drop_photo.data,
        )


class VideoForm(SectionForm):
    video = StringField(_l("Address of the video"))
    own = UploadField(_l("Video file"), "video")
    drop_own = TickField(_l("Remove the video file"))
    captions = ByLanguage(TextAreaField, _l("Captions"))
    still = UploadField(_l("Picture"), "wide picture")
    drop_still = TickField(_l("Use the default picture again"))

    @classmethod
    def stored(cls, desk: Campaign) -> dict[str, object]:
        video = stored_video(desk)
        return {
            "video": video.link if isinstance(video, Video) else "",
            **languages.by_field("captions", video.captions if isinstance(video, OwnVideo) else {}),
            "seen": media.video_stamp(video),
        }

    def check(self, files: Mapping[str, str]) -> None:
        media.check_video(self._fields_with(files))

    def save(self, slug: str, files: Mapping[str, str]) -> None:
        media.set_video(actor(), slug, self.seen.data, self._fields_with(files))

    def _fields_with(self, files: Mapping[str, str]) -> VideoFields:
        return self.entry(
            VideoFields,
            address=self.video.data or "",
            file=files["own"],
            drop_file=self.drop_own.data,
            still=files["still"],
        )


class QuotationForm(SectionForm):
    quotation = ByLanguage(TextAreaField, _l("Quotation"))
    quotation_name = ByLanguage(StringField, _l("Name"))
    quotation_role = ByLanguage(StringField, _l("Office or role"))
    quotation_portrait = UploadField(_l("Portrait"))
    drop_portrait = TickField(_l("Remove the portrait"))
    quotation_alt = ByLanguage(StringField, _l("What the portrait shows"))

    @classmethod
    def content(cls, desk: Campaign) -> Mapping[str, object]:
        return desk.part(media.QUOTATION)

    def save(self, slug: str, files: Mapping[str, str]) -> None:
        words = {name: self.by_language(name) for name in media.WORDS}
        media.set_quotation(
            actor(),
            slug,
            self.seen.data,
            words,
            new=files["quotation_portrait"],
            drop=self.drop_portrait.data,
        )


class LettersForm(SectionForm):
    letter = ByLanguage(partial(UploadField, kind="document"), _l("Letter"))
    drop = ByLanguage(TickField, _l("Remove the letter"))

    @classmethod
    def content(cls, desk: Campaign) -> Mapping[str, object]:
        return {"letter": desk.letter}

    def save(self, slug: str, files: Mapping[str, str]) -> None:
        new = {lang: files[f"letter_{lang}"] for lang in languages.codes()}
        drop = frozenset(lang for lang in languages.codes() if self[f"drop_{lang}"].data)
        media.set_letters(actor(), slug, self.seen.data, new=new, drop=drop)


class LetterTextForm(SectionForm):
    text = ByLanguage(TextAreaField, _l("Letter"))

    @classmethod
    def content(cls, desk: Campaign) -> Mapping[str, object]:
        return {"text": desk.letter_text}

    def save(self, slug: str, files: Mapping[str, str]) -> None:
        media.set_letter_text(actor(), slug, self.seen.data, self.by_language("text"))


class RecipientForm(SectionForm):
    recipient = ByLanguage(StringField, _l("Recipient of the totals"))
    reason = TextAreaField(_l("Reason"))

    @classmethod
    def content(cls, desk: Campaign) -> Mapping[str, object]:
        return {f"recipient_{lang}": desk.texts[f"recipient_{lang}"] for lang in languages.codes()}

    def save(self, slug: str, files: Mapping[str, str]) -> None:
        texts = {f"recipient_{lang}": self[f"recipient_{lang}"].data or "" for lang in languages.codes()}
        moderation.edit_texts(
            actor(),
            slug,
            self.seen.data,
            texts,
            self.reason.data or "",
            is_stepped_up=was_shown_lately(),
        )


class ReplyForm(SectionForm):
    """Where answers to the e-mails of the campaign go."""

    reply_to = StringField(_l("E-mail address for answers"))

    @classmethod
    def content(cls, desk: Campaign) -> Mapping[str, object]:
        return {"reply_to": desk.reply_to}

    def save(self, slug: str, files: Mapping[str, str]) -> None:
        senders.set_reply_to(actor(), slug, self.seen.data, self.reply_to.data or "")


class SharingForm(SectionForm):
    """The short address, thanks, and a text to share for each channel: `share_<channel>`."""

    short_name = StringField(_l("Short address"))
    thanks = ByLanguage(TextAreaField, _l("A sentence of thanks"))

    @classmethod
    def content(cls, desk: Campaign) -> Mapping[str, object]:
        return sharing.stored_words(desk)

    def save(self, slug: str, files: Mapping[str, str]) -> None:
        texts = {name: self.by_language(name) for name in sharing.TEXTS}
        sharing.set_words(actor(), slug, self.seen.data, self.short_name.data or "", texts)


for _channel in sharing.CHANNELS:
    setattr(SharingForm, f"share_{_channel}", ByLanguage(TextAreaField, SHARE_CHANNELS[_channel]))

PAGE_SECTIONS = {
    "texts": TextsForm,
    "photo": PhotoForm,
    "video": VideoForm,
    "quotation": QuotationForm,
    "letters": LettersForm,
    "letter_text": LetterTextForm,
}
SETTINGS = {"recipient": RecipientForm, "sharing": SharingForm, "reply_to": ReplyForm}


def _text_fields() -> list[str]:
    """Those of the page: the recipient is a setting, as people agree to it."""
    parts = [part for part in TEXT_PARTS if part != "recipient"]
    return [f"{part}_{lang}" for part in parts for lang in languages.codes()]


@staff.page("/campaigns/<slug>", needs=_EDIT)
def campaign(
    slug: str,
    problem: SavingProblem = OK,
    sent: Mapping[str, StampedForm] | None = None,
    new_version: NewVersion | None = None,
) -> Response:
    """The page with its forms; with a preview of texts that were sent, or what a new version of the pledge changes."""
    desk, sent = campaigns.desk(slug), sent or {}
    forms = section_forms({**PAGE_SECTIONS, "pledge": PledgeForm}, desk, sent)
    limit, is_preview = current_config().max_video_mb, "texts" in sent and problem is OK
    versions = pledge_versions(desk.id)
    old, new = versions[0].wording, forms["pledge_form"].by_language("wording")
    return section_page(
        "staff/campaigns/page.html",
        desk,
        next(iter(sent.values()), forms["texts_form"]),
        problem,
        preview={lang: markdown(forms["texts_form"][f"body_{lang}"].data or "") for lang in languages.codes()}
        if is_preview
        else {},
        new_version=new_version,
        signed=signed_versions(desk.id) if new_version else [],
        changes={lang: wording_changes(old[lang], new[lang]) for lang in languages.codes() if new_version},
        change_of={lang: old[lang].strip() != new[lang].strip() for lang in languages.codes()},
        history=_history(slug),
        versions=versions,
        focuses=FOCUSES.items(),
        video=stored_video(desk),
        max_video_mb=limit,
        video_too_large=str(VideoFault.TOO_LARGE.value) % {"limit": limit},
        **forms,
    )


@staff.act("/campaigns/<slug>/page/texts", needs=_EDIT, asks=Ask.NOTHING, body=TEXT_BODY)
def campaign_texts(slug: str) -> AnyResponse:
    return save_section(slug, "texts", TextsForm(request.form), campaign)


@staff.act("/campaigns/<slug>/page/photo", needs=_EDIT, asks=Ask.NOTHING, body=PICTURE_BODY)
def campaign_photo(slug: str) -> AnyResponse:
    return save_section(slug, "photo", PhotoForm(request.form), campaign)


@staff.act("/campaigns/<slug>/page/video", needs=_EDIT, asks=Ask.NOTHING, body=_VIDEO_BODY)
def campaign_video(slug: str) -> AnyResponse:
    return save_section(slug, "video", VideoForm(request.form), campaign)


@staff.act("/campaigns/<slug>/page/quotation", needs=_EDIT, asks=Ask.NOTHING, body=PICTURE_BODY)
def campaign_quotation(slug: str) -> AnyResponse:
    return save_section(slug, "quotation", QuotationForm(request.form), campaign)


@staff.act("/campaigns/<slug>/page/letters", needs=_EDIT, asks=Ask.NOTHING, body=_LETTERS_BODY)
def campaign_letters(slug: str) -> AnyResponse:
    return save_section(slug, "letters", LettersForm(request.form), campaign)


@staff.act("/campaigns/<slug>/page/letter-text", needs=_EDIT, asks=Ask.NOTHING, body=TEXT_BODY)
def campaign_letter_text(slug: str) -> AnyResponse:
    return save_section(slug, "letter_text", LetterTextForm(request.form), campaign)


@staff.page("/campaigns/<slug>/settings", needs=_EDIT)
def campaign_settings(
    slug: str, problem: SavingProblem = OK, sent: Mapping[str, StampedForm] | None = None
) -> Response:
    desk, sent = campaigns.desk(slug), sent or {}
    forms = section_forms(SETTINGS, desk, sent)
    partners = items.rows(PARTNER, desk.id)
    versions = consents.versions(desk.id)
    before = [version.recipient for version in versions[1:]] + [Texts()]
    return section_page(
        "staff/campaigns/settings.html",
        desk,
        next(iter(sent.values()), forms["recipient_form"]),
        problem,
        versions=[
            (
                version,
                {lang: wording_changes(old[lang], version.recipient[lang]) for lang in languages.codes()},
            )
            for version, old in zip(versions, before, strict=False)
        ],
        secretariat=[item for item in partners if item.fields.role == PartnerRole.SECRETARIAT],
        site_contact=urls.contact(),
        is_preview="sharing" in sent and problem is OK,
        share_texts={lang: _share_texts(desk.id, lang, forms["sharing_form"]) for lang in languages.codes()},
        **forms,
    )


@staff.act("/campaigns/<slug>/settings/recipient", needs=_EDIT, asks=Ask.NOTHING, body=TEXT_BODY)
def campaign_recipient(slug: str) -> AnyResponse:
    return save_section(slug, "recipient", RecipientForm(request.form), campaign_settings)


@staff.act("/campaigns/<slug>/settings/sharing", needs=_EDIT, asks=Ask.NOTHING, body=TEXT_BODY)
def campaign_sharing(slug: str) -> AnyResponse:
    return save_section(slug, "sharing", SharingForm(request.form), campaign_settings)


@staff.act("/campaigns/<slug>/settings/reply-to", needs=_EDIT, asks=Ask.FACTOR, body=TEXT_BODY)
def campaign_reply_to(slug: str) -> AnyResponse:
    return save_section(slug, "reply_to", ReplyForm(request.form), campaign_settings)


def _share_texts(campaign_id: int, lang: str, form: StampedForm) -> list[tuple[str, str]]:
    """What people read and send in a language, with the texts of the form: for all channels, and where it differs."""
    view = find_draft(campaign_id, lang)
    if view is None:
        return []
    typed = {channel: form.by_language(f"share_{channel}")[lang] for channel in sharing.CHANNELS}
    with force_locale(languages.locale(lang)):
        texts = words(replace(view, share_texts=typed), invitation(view))
    thanks = [(_("A sentence of thanks"), form.by_language("thanks")[lang])]
    shown = [channel for channel in texts if channel == "all" or texts[channel] != texts["all"]]
    return thanks + [(str(SHARE_CHANNELS[channel]), texts[channel]) for channel in shown]


@staff.act("/campaigns/<slug>/page/texts/restore/<int:number>", needs=_EDIT, asks=Ask.NOTHING)
def campaign_texts_restore(slug: str, number: int) -> AnyResponse:
    """Save the words that a change has replaced, unless somebody else has saved others meanwhile."""
    change = next((line for line in _history(slug) if line.id == number), None)
    if change is None:
        abort(404)
    stored, before = campaigns.desk(slug).texts, json.loads(change.details)["before"]
    texts = {name: before.get(name, stored[name]) for name in _text_fields()}
    form = TextsForm(data={**texts, "seen": request.form.get("seen", "")})
    problem = attempt(form, lambda: form.save(slug, {}))
    return campaign(slug, problem, {"texts": form}) if problem else saved("campaign", slug)


def _history(slug: str) -> list[AuditEntry]:
    """The newest changes of the texts of the page."""
    lines = audit.page(Search(action="campaign.texts", subject=f"campaign:{slug}"), size=_CHANGES).lines
    return [line for line in lines if not json.loads(line.details)["after"].keys().isdisjoint(_text_fields())]


@staff.act("/campaigns/<slug>/page/pledge", needs=_EDIT, asks=Ask.NOTHING, body=TEXT_BODY)
def campaign_pledge(slug: str) -> AnyResponse:
    """Save, or show what a new version changes: this publishes nothing."""
    return _save_pledge(slug, PledgeForm(request.form), agreed=0, otherwise=200)


@staff.act(
    "/campaigns/<slug>/page/pledge/publish",
    needs=_EDIT,
    asks=Ask.FACTOR,
    body=TEXT_BODY,
)
def campaign_pledge_publish(slug: str) -> AnyResponse:
    """Publish the version that was shown; where it is another one by now, show that."""
    form = PledgeForm(request.form)
    return _save_pledge(slug, form, agreed=form.agreed, otherwise=409)


def _save_pledge(slug: str, form: PledgeForm, *, agreed: int, otherwise: int) -> AnyResponse:
    """Save it as this version; `otherwise`: the status of the page that shows what another one changes."""
    try:
        problem = attempt(
            form,
            lambda: pledges.edit_pledge(
                actor(),
                slug,
                form.seen.data,
                wording=form.by_language("wording"),
                in_use=_in_use,
                agreed=agreed,
                one_language=bool(form.one_language.data),
            ),
        )
    except NewVersion as new:
        return campaign(slug, SavingProblem(otherwise), {"pledge": form}, new)
    if problem is None:
        return saved("campaign", slug)
    is_untold = bool(form.one_language.errors)
    return campaign(
        slug, problem, {"pledge": form}, NewVersion(agreed, one_language=True) if is_untold else None
    )


def _in_use(session: Session, campaign_id: int, pledge_text_id: int) -> bool:
    return signatures.is_signed(session, campaign_id, pledge_text_id) or endorsements.is_endorsed(
        session, campaign_id, pledge_text_id
    )
