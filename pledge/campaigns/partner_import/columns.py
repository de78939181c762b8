"""The columns of a table of partners, recognised by their headers in every language of the site."""

import unicodedata

from pledge.campaigns.partner_import.faults import BadHeader, ImportFault, RowFault
from pledge.core import languages
from pledge.core.i18n import Phrase
from pledge.core.organization_types import TYPES
from pledge.core.text.tables import Line

#: What a header may say, the first as our own tables say it. The name has a column for each language.
# Translators: headers of a table that people send, several for one column with | between them; the first is preferred.
_NAME = Phrase("headers", "Name|Organisation|Partner")
_OTHERS = {
    "url": Phrase("headers", "Web address|Website|Homepage|Link|URL"),
    "type": Phrase("headers", "Kind of organisation|Kind|Type|Category"),
    "logo": Phrase("headers", "Logo|Logo file"),
}
_NAME_IN = Phrase("headers", "%(name)s in %(language)s")
# Translators: what headers call languages beside their usual names: the code of a language and a word, with | between them.
_LANGUAGES = Phrase("headers", "ko Korean|en English")


def key(text: str) -> str:
    """By which names and headers are compared: without case, width, spaces and punctuation."""
    normal = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character for character in normal if character.isalnum())


def fields() -> list[str]:
    """The columns, one for each language of the name, called like the fields of the form."""
    return [*languages.by_field("name", {}), *_OTHERS]


def header(field: str, lang: str) -> str:
    """What our own table calls a column in a language."""
    if field in _OTHERS:
        return _alternatives(_OTHERS[field], lang)[0]
    of = field.removeprefix("name_")
    return _NAME_IN.of(lang, name=_alternatives(_NAME, lang)[0], language=languages.name(of, lang))


def recognise(line: Line) -> dict[int, str]:
    """The field of each column by its place; columns that say nothing of a partner are left out.

    Raises BadHeader where no column has a name, or two are the same.
    """
    known = _headers()
    found: dict[int, str] = {}
    for place, text in enumerate(line.cells):
        field = known.get(key(text))
        if field is None:
            continue
        if field in found.values():
            raise BadHeader(RowFault(line.number, field, ImportFault.COLUMN_TWICE))
        found[place] = field
    if not any(field.startswith("name_") for field in found.values()):
        raise BadHeader(RowFault(line.number, "", ImportFault.NO_NAME_COLUMN))
    return found


def type_of(text: str) -> str | None:
    """The kind that a cell names, by its code or in any language; "" for an empty cell, None for no kind."""
    wanted = key(text)
    if not wanted:
        return ""
    for code, name in TYPES.items():
        if wanted in {code, *(key(name.of(lang)) for lang in languages.codes())}:
            return code
    return None


def _headers() -> dict[str, str]:
    """Field by the key of each header that is understood. A bare "Name" is the name in the language of that word."""
    known: dict[str, str] = {}
    for reader in languages.codes():
        for name in _alternatives(_NAME, reader):
            known.setdefault(key(name), f"name_{reader}")
            for lang, word in _language_words(reader):
                written = _NAME_IN.of(reader, name=name, language=word)
                known[key(written)] = f"name_{lang}"
            known |= {key(f"{name} {lang}"): f"name_{lang}" for lang in languages.codes()}
        for field, phrase in _OTHERS.items():
            known |= {key(text): field for text in _alternatives(phrase, reader)}
    return known


def _language_words(reader: str) -> list[tuple[str, str]]:
    """The code of each language with the words that a reader may have for it."""
    more = [word.split(" ", 1) for word in _alternatives(_LANGUAGES, reader)]
    usual = [(lang, languages.name(lang, reader)) for lang in languages.codes()]
    return usual + [(lang, word) for lang, word in more if lang in languages.codes()]


def _alternatives(phrase: Phrase, lang: str) -> list[str]:
    return phrase.of(lang).split("|")
