"""Sister campaigns around the world: what the page shows of them, and what staff may do with them."""

from dataclasses import dataclass

from sqlalchemy import select

from pledge.audit.models import Actor
from pledge.audit.services import record
from pledge.campaigns.models import Campaign, CampaignState, SisterCampaign
from pledge.campaigns.moderation import clean_reason, compare, edited, subject
from pledge.campaigns.rules import Checker, FieldFault, shown_link, stamp
from pledge.campaigns.staff_queries import NoSuchCampaign
from pledge.core import languages
from pledge.core.db import reading
from pledge.core.languages import Texts
from pledge.files import services as files

MAX_SENTENCE = 300


@dataclass(frozen=True)
class SisterFields:
    """What the form holds."""

    name: Texts
    place: Texts
    sentence: Texts
    url: str


@dataclass(frozen=True)
class SisterRow:
    """A sister campaign as its editors see it."""

    id: int
    fields: SisterFields
    logo: str

    @property
    def stamp(self) -> str:
        return stamp(_content(self.fields, self.logo))


@dataclass(frozen=True)
class SisterView:
    """A sister campaign in one language."""

    name: str
    place: str
    sentence: str
    url: str
    logo: str  #: a name in `files`


def shown(campaign_id: int, lang: str) -> list[SisterView]:
    """The sister campaigns in one language, in the order in which they were added."""
    return [
        SisterView(
            name=row.fields.name.of(lang),
            place=row.fields.place.of(lang),
            sentence=row.fields.sentence.of(lang),
            url=shown_link(row.fields.url),
            logo=row.logo,
        )
        for row in rows(campaign_id)
    ]


def rows(campaign_id: int) -> list[SisterRow]:
    """The sister campaigns in all languages, in the order in which they were added."""
    with reading() as connection:
        found = connection.execute(
            select(*SisterCampaign.__table__.c)
            .where(SisterCampaign.campaign_id == campaign_id)
            .order_by(SisterCampaign.id)
        ).all()
    return [
        SisterRow(row.id, SisterFields(row.name, row.place, row.sentence, row.url), row.logo) for row in found
    ]


def one(campaign_id: int, sister_id: int) -> SisterRow:
    """Raises NoSuchCampaign."""
    for row in rows(campaign_id):
        if row.id == sister_id:
            return row
    raise NoSuchCampaign


def add(actor: Actor, slug: str, fields: SisterFields, logo: str = "") -> int:
    """Add a sister campaign; returns its number. `logo` is the name of a stored picture. Raises BadFields, UnknownFile."""
    with edited(slug) as (session, campaign):
        kept = clean(fields, required=campaign.state != CampaignState.DRAFT)
        sister = SisterCampaign(campaign_id=campaign.id, logo=logo, **vars(kept))
        session.add(sister)
        session.flush()
        if logo:
            files.keep(session, logo)
        record(session, actor, "campaign.sister.add", subject(slug), sister=sister.id, name=_name(kept.name))
        return sister.id


def change(
    actor: Actor,
    slug: str,
    sister_id: int,
    seen: str,
    fields: SisterFields,
    *,
    logo: str = "",
    drop_logo: bool = False,
) -> None:
    """Change a sister campaign; a new `logo` replaces the old one.

    Raises BadFields, EditedMeanwhile, UnknownFile, NoSuchCampaign.
    """
    with edited(slug) as (session, campaign):
        sister = _own(campaign, sister_id)
        kept = clean(fields, required=campaign.state != CampaignState.DRAFT)
        compare(seen, _content(_stored(sister), sister.logo))
        for name, value in vars(kept).items():
            setattr(sister, name, value)
        if logo or drop_logo:
            files.discard(session, sister.logo)
            sister.logo = logo
        if logo:
            files.keep(session, logo)
        record(
            session, actor, "campaign.sister.change", subject(slug), sister=sister_id, name=_name(kept.name)
        )


def remove(actor: Actor, slug: str, sister_id: int, seen: str, reason: str) -> None:
    """Remove a sister campaign as it was seen, with a reason.

    Raises ReasonMissing, BadFields, EditedMeanwhile, NoSuchCampaign, also when somebody was faster.
    """
    reason = clean_reason(reason)
    with edited(slug) as (session, campaign):
        sister = _own(campaign, sister_id)
        compare(seen, _content(_stored(sister), sister.logo))
        files.discard(session, sister.logo)
        name = _name(sister.name)
        session.delete(sister)
        record(
            session,
            actor,
            "campaign.sister.remove",
            subject(slug),
            reason=reason,
            sister=sister_id,
            name=name,
        )


def clean(fields: SisterFields, *, required: bool) -> SisterFields:
    """The fields as they will be kept; `required`: the name is needed in every language. Raises BadFields."""
    check = Checker()
    kept = SisterFields(
        name=check.lines("name", fields.name, required=required),
        place=check.lines("place", fields.place),
        sentence=check.lines("sentence", fields.sentence, MAX_SENTENCE),
        url=check.link("url", fields.url),
    )
    check.any_language("name", kept.name)
    check.all_or_none("place", kept.place, kept.name)
    check.all_or_none("sentence", kept.sentence, kept.name)
    if not kept.url:
        check.add("url", FieldFault.MISSING)
    check.finish()
    return kept


def _own(campaign: Campaign, sister_id: int) -> SisterCampaign:
    for sister in campaign.sisters:
        if sister.id == sister_id:
            return sister
    raise NoSuchCampaign


def _stored(sister: SisterCampaign) -> SisterFields:
    return SisterFields(sister.name, sister.place, sister.sentence, sister.url)


def _content(fields: SisterFields, logo: str) -> dict[str, object]:
    return {**vars(fields), "logo": logo}


def _name(name: Texts) -> str:
    return name.of(languages.default())
