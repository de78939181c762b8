"""The languages of the site and texts in them. Which there are says the setting `PLEDGE_LANGUAGES`, the first is the default.

A language is named by its ISO 639-1 code, two letters, in addresses, rows and folders. Its tag (`en-GB`) says how dates
are written in it.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache

from babel import Locale

from config import current_config


def codes() -> tuple[str, ...]:
    """The codes of all languages, in the order in which forms and documents show them."""
    return tuple(tag.partition("-")[0] for tag in current_config().languages)


def default() -> str:
    """The language of who asks for none."""
    return codes()[0]


def others(lang: str) -> list[str]:
    """All languages but this one."""
    return [code for code in codes() if code != lang]


def tag(lang: str) -> str:
    """`en-GB` for `en`, as HTML, JavaScript and HTTP write it; the code itself where the site no longer has the language."""
    return next((tag for tag in current_config().languages if tag.partition("-")[0] == lang), lang)


def locale(lang: str) -> Locale:
    """What Babel knows of the language."""
    return _locale(tag(lang))


def name(lang: str, reader: str | None = None) -> str:
    """The name of a language in the language of the reader, or in itself: 한국어, Korean."""
    return str(locale(lang).get_language_name(reader or lang))


@lru_cache
def _locale(tag: str) -> Locale:
    return Locale.parse(tag, sep="-")


class Texts(dict[str, str]):
    """One text in several languages: `{"ko": "…", "en": "…"}`. A language that it is not in has ""."""

    def __missing__(self, lang: str) -> str:
        return ""

    def of(self, lang: str) -> str:
        """The text in this language, or else in the first language of the site that it is in; "" when it is in none."""
        return self[self.language_for(lang)]

    def language_for(self, lang: str) -> str:
        """The language in which `of` gives it."""
        return next((code for code in (lang, *codes(), *self) if self[code]), lang)

    @property
    def is_complete(self) -> bool:
        """Whether it is there in every language of the site."""
        return all(self[lang] for lang in codes())


def texts(pairs: Iterable[tuple[str, str]] | Mapping[str, str]) -> Texts:
    """The texts that are not empty, in the order of the site's languages."""
    given = dict(pairs)
    order = [*codes(), *given]
    return Texts({lang: given[lang] for lang in order if given.get(lang)})
