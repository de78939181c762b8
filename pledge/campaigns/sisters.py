"""Sister campaigns around the world, in the order in which they were added."""

from dataclasses import dataclass

from pledge.campaigns import items
from pledge.campaigns.items import ItemKind
from pledge.campaigns.models import SisterCampaign
from pledge.campaigns.rules import Checker, FieldFault, shown_link
from pledge.core.languages import Texts

MAX_SENTENCE = 300


@dataclass(frozen=True)
class SisterFields:
    """What the form holds."""

    name: Texts
    place: Texts
    sentence: Texts
    url: str


@dataclass(frozen=True)
class SisterView:
    """A sister campaign in one language."""

    name: str
    place: str
    sentence: str
    url: str
    logo: str  #: a name in `files`


def shown(campaign_id: int, lang: str) -> list[SisterView]:
    """The sister campaigns in one language."""
    return [
        SisterView(
            name=row.fields.name.of(lang),
            place=row.fields.place.of(lang),
            sentence=row.fields.sentence.of(lang),
            url=shown_link(row.fields.url),
            logo=row.logo,
        )
        for row in items.rows(SISTER, campaign_id)
    ]


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


SISTER = ItemKind(
    name="sister",
    title="name",
    table=SisterCampaign,
    order=(SisterCampaign.id,),
    read=lambda row: SisterFields(row.name, row.place, row.sentence, row.url),
    clean=clean,
    has_logo=True,
)
