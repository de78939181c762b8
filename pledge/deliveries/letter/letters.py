"""The default cover letter, which staff edit, written for the readers of each language ([cover] in typst/<language>.toml)."""

from pledge.core import languages
from pledge.core.clock import from_iso_utc
from pledge.core.i18n import format_date
from pledge.core.languages import Texts
from pledge.deliveries.document import FrozenCheckpoint
from pledge.deliveries.letter.wording import fixed


def default_letter(title: Texts, checkpoint: FrozenCheckpoint) -> Texts:
    """A letter about these numbers; paragraphs, an empty line between two."""
    return Texts({lang: _letter(title.of(lang), checkpoint, lang) for lang in languages.codes()})


def _letter(title: str, checkpoint: FrozenCheckpoint, lang: str) -> str:
    texts = fixed(lang)["cover"]
    kind = "with_organizations" if checkpoint.organizations else "people_only"
    joined = texts[kind].format(
        people=_counted(texts["people"], checkpoint.people, lang),
        organizations=_counted(texts["organizations"], checkpoint.organizations, lang),
    )
    day = format_date(from_iso_utc(checkpoint.signed_at), lang)
    return str(texts["letter"].strip().format(title=title, day=day, joined=joined))


def _counted(forms: dict[str, str], number: int, lang: str) -> str:
    """In the plural form that CLDR has for a number in the language; `other` is used for those that are not given."""
    form = languages.locale(lang).plural_form(number)
    return forms.get(form, forms["other"]).format(number=f"{number:,}")
