"""Texts of the message catalogues that pages, mails and files share: labels, names of regions. In any language."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from babel.support import NullTranslations, Translations
from markupsafe import escape

from pledge.core import i18n, languages
from pledge.core.languages import Texts

_FOLDER = Path(__file__).parents[1] / "translations"


@dataclass(frozen=True)
class Phrase:
    """A text in English and what it belongs to (`msgctxt`), for translators. Values are named: `%(number)s`."""

    context: str
    text: str

    def of(self, lang: str, **values: object) -> str:
        """In this language; in English where no catalogue has it."""
        found = str(_catalogue(lang).pgettext(self.context, self.text))
        return found % values if values else found

    def __str__(self) -> str:
        """In the language of the request that shows it, so that one table serves pages, mails and files."""
        return self.of(i18n.language())

    def __html__(self) -> str:
        return escape(str(self))

    def in_each(self, **values: object) -> Texts:
        """In every language of the site."""
        return Texts({lang: self.of(lang, **values) for lang in languages.codes()})


@lru_cache
def _catalogue(lang: str) -> NullTranslations:
    return Translations.load(_FOLDER, [lang])
