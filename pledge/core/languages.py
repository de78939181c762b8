"""The languages of the site and texts in them. The setting `PLEDGE_LANGUAGES` names them; the first is the default.

A language is named by its ISO 639-1 code, two letters, in addresses, rows and folders. Its tag (`en-GB`) says how dates
are written in it.
"""

import hashlib
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Annotated, Any

from babel import Locale
from flask import has_app_context
from pydantic import AfterValidator, GetCoreSchemaHandler
from sqlalchemy import JSON, ColumnElement, Dialect, TypeDecorator, func
from sqlalchemy.orm import InstrumentedAttribute

from config import Config, current_config


def codes() -> tuple[str, ...]:
    """The codes of all languages, in the order of forms and documents."""
    return tuple(tag.partition("-")[0] for tag in _tags())


def default() -> str:
    """The language for visitors who ask for none."""
    return codes()[0]


def others(lang: str) -> list[str]:
    """All languages but this one."""
    return [code for code in codes() if code != lang]


def tag(lang: str) -> str:
    """The language tag, `en-GB` for `en`; the code itself if the site no longer has the language."""
    return next((tag for tag in _tags() if tag.partition("-")[0] == lang), lang)


def locale(lang: str) -> Locale:
    """Babel's locale of the language."""
    return _locale(tag(lang))


def name(lang: str, reader: str | None = None) -> str:
    """The name of a language in another one, by default in itself: 한국어, Korean."""
    return str(locale(lang).get_language_name(reader or lang))


def _tags() -> tuple[str, ...]:
    """The tags of the application's languages; outside of an application those of the default setting."""
    return current_config().languages if has_app_context() else Config.model_fields["languages"].default


@lru_cache
def _locale(tag: str) -> Locale:
    return Locale.parse(tag, sep="-")


class Texts(dict[str, str]):
    """One text in several languages: `{"ko": "…", "en": "…"}`. A missing language reads as ""."""

    def __missing__(self, lang: str) -> str:
        return ""

    def in_language(self, lang: str) -> str:
        """The text in this language, else in the first language of the site that has it, else ""."""
        return self[self.language_for(lang)]

    def language_for(self, lang: str) -> str:
        """The language of the text that `in_language` returns."""
        return next((code for code in (lang, *codes(), *self) if self[code]), lang)

    @property
    def is_complete(self) -> bool:
        """Whether every language of the site has the text."""
        return all(self[lang] for lang in codes())

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, handler: GetCoreSchemaHandler) -> Any:
        """Lets pydantic read it from a document."""
        return handler.generate_schema(Annotated[dict[str, str], AfterValidator(cls)])


def texts(pairs: Iterable[tuple[str, str]] | Mapping[str, str]) -> Texts:
    """The texts that are not empty, in the order of the languages of the site."""
    given = dict(pairs)
    order = [*codes(), *given]
    return Texts({lang: given[lang] for lang in order if given.get(lang)})


def fingerprint(given: Mapping[str, str]) -> bytes:
    """SHA-256 over a text in all its languages: it shows a changed text, and the public log contains it.

    Over the languages in the order of their codes: the code, a zero byte, the text, a zero byte, all in UTF-8
    (docs/log.md).
    """
    digest = hashlib.sha256()
    for lang in sorted(given):
        digest.update(f"{lang}\0{given[lang]}\0".encode())
    return digest.digest()


def by_field(name: str, given: Mapping[str, str]) -> dict[str, str]:
    """A text by the names of its form fields: `{"title_ko": "…", "title_en": "…"}`."""
    return {f"{name}_{lang}": given.get(lang, "") for lang in codes()}


def as_fields(fields: Mapping[str, object]) -> dict[str, object]:
    """The mapping with each Texts replaced by its form fields, one per language."""
    result: dict[str, object] = {}
    for name, value in fields.items():
        result |= by_field(name, value) if isinstance(value, Texts) else {name: value}
    return result


def in_language(column: ColumnElement[Texts] | InstrumentedAttribute[Texts], lang: str) -> ColumnElement[str]:
    """SQL: `Texts.in_language` of a `Translated` column, to sort by it."""
    return func.coalesce(*(column[code].as_string() for code in (lang, *others(lang))), "")


class Translated(TypeDecorator[Texts]):
    """A column with a text in several languages, a JSON object by language. Empty texts are not stored.

    `max_length` applies to each language. Binding raises ValueError for anything but texts by language.
    """

    impl = JSON
    cache_ok = True

    def __init__(self, max_length: int | None = None) -> None:
        super().__init__()
        self.max_length = max_length

    def process_bind_param(self, value: Mapping[str, str] | None, dialect: Dialect) -> dict[str, str] | None:
        if value is None:
            return None
        for lang, text in value.items():
            if len(lang) != 2 or not isinstance(text, str):
                raise ValueError("a text for each language is expected")
            if self.max_length is not None and len(text) > self.max_length:
                raise ValueError(f"a text has more than {self.max_length} characters")
        return {lang: text for lang, text in value.items() if text}

    def process_result_value(self, value: dict[str, str] | None, dialect: Dialect) -> Texts | None:
        return None if value is None else Texts(value)

    def coerce_compared_value(self, op: Any, value: Any) -> Any:
        """Lets `column["ko"]` take the code of a language, as on a JSON column."""
        return self.impl_instance.coerce_compared_value(op, value)


def has_text(*columns: str) -> str:
    """Condition of a CHECK constraint: each of these columns has a text in at least one language."""
    return " AND ".join(f"CAST({column} AS TEXT) <> '{{}}'" for column in columns)


#: First word of a character's Unicode name to its script (ISO 15924), for scripts that only one language uses.
_SCRIPTS = {"HANGUL": "Hang", "HIRAGANA": "Hira", "KATAKANA": "Kana"}


def language_of_script(text: str) -> str:
    """The language (ISO 639-1) of the first character whose script only one language uses; "" if there is none."""
    names = (unicodedata.name(character, "").partition(" ")[0] for character in text)
    script = next((_SCRIPTS[name] for name in names if name in _SCRIPTS), None)
    return _language(script) if script else ""


@lru_cache
def _language(script: str) -> str:
    """The language that CLDR gives the script (likely subtags). Babel searches all its locales for it, so it is asked once."""
    return str(Locale.parse(f"und_{script}").language)
