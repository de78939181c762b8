"""Sample partners of the demo campaign, each with a logo, from pledge/content/sample/partners.toml."""

from pledge.audit.models import COMMAND_LINE
from pledge.campaigns import items
from pledge.campaigns.models import PartnerRole
from pledge.campaigns.partners import PARTNER, PartnerFields
from pledge.core import languages
from pledge.files import services as files
from pledge.samples import logos
from pledge.samples.content import read

#: The organisations have those below.
_FIRST_LOGO = 46


def add(slug: str) -> None:
    """Add the partners of the file after those that the campaign has."""
    facts = read("partners")
    suffix = languages.texts(facts["suffix"])
    for number, one in enumerate(facts["partners"], _FIRST_LOGO):
        name = languages.texts(one["name"])
        fields = PartnerFields(
            role=PartnerRole.PARTNER,
            type=one["type"],
            name=languages.texts({lang: f"{text} {suffix.of(lang)}" for lang, text in name.items()}),
            url="https://example.org",  # IANA keeps it for examples
        )
        logo = files.store_renditions(logos.draw(name.of(languages.default()), number))
        items.add(PARTNER, COMMAND_LINE, slug, fields, logo)
