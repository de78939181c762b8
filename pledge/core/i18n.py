"""The language of a request, its numbers and dates, and translated texts outside of requests (`Phrase`).

The address says which language; otherwise (errors, `/`) the browser does. `app.extensions["pledge.core.languages"]` may have a
function by the first part of the path: that of "staff" returns the language of everything under /staff.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date as babel_date
from babel.dates import format_skeleton
from babel.numbers import format_decimal
from babel.support import NullTranslations, Translations
from flask import Flask, current_app, g, request
from flask_babel import Babel, ngettext
from markupsafe import escape
from werkzeug.routing import BaseConverter

from config import Config
from pledge.core import languages
from pledge.core.languages import Texts

#: The time zone of pages; everything else is in UTC.
SEOUL = ZoneInfo("Asia/Seoul")

babel = Babel()


def init_app(app: Flask, config: Config) -> None:
    codes = "|".join(tag.partition("-")[0] for tag in config.languages)
    # `<language:lang>` in a route: the code of a language of the site.
    app.url_map.converters["language"] = type(
        "LanguageConverter", (BaseConverter,), {"regex": f"(?:{codes})"}
    )
    app.config["BABEL_DEFAULT_LOCALE"] = config.languages[0].partition("-")[0]
    babel.init_app(app, locale_selector=language)
    # Read the catalogue directly: Flask-Babel would look it up for each of the thirty texts of a page.
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]  # of Jinja's extension i18n
        lambda *texts: _catalogue(language()).gettext(*texts),
        lambda *texts: _catalogue(language()).ngettext(*texts),
        newstyle=True,
        pgettext=lambda *texts: _catalogue(language()).pgettext(*texts),
        npgettext=lambda *texts: _catalogue(language()).npgettext(*texts),
    )
    app.jinja_env.globals["_"] = app.jinja_env.globals["gettext"]
    app.url_value_preprocessor(_read_language)
    app.url_defaults(_add_language)


def language() -> str:
    """The language of this request."""
    lang = g.get("lang")
    if lang is None:
        lang = g.lang = _wanted()
    return str(lang)


def wanted_language() -> str:
    """The language of the site that the browser prefers; the default if it names none."""
    return request.accept_languages.best_match(languages.codes()) or languages.default()


def format_count(number: int, lang: str | None = None) -> str:
    return _count(number, lang or language())


@lru_cache(maxsize=4096)
def _count(number: int, lang: str) -> str:
    """Cached: a page of tables shows hundreds."""
    return str(format_decimal(number, locale=lang))


def format_datetime(moment: datetime, lang: str | None = None) -> str:
    """An aware datetime in Korean time, with 24 hours: CLDR's Korean patterns say "PM 11시"."""
    pattern = moment_pattern(lang or language())
    return pattern.replace("{1}", format_date(moment, lang)).replace("{0}", format_time(moment))


def moment_pattern(lang: str) -> str:
    """The pattern by which a language joins a date {1} and a time {0}."""
    return str(languages.locale(lang).datetime_formats["medium"])


def format_date(moment: datetime, lang: str | None = None) -> str:
    """The date in Korea of an aware datetime."""
    return format_day(moment.astimezone(SEOUL).date(), lang)


def format_day(day: date, lang: str | None = None) -> str:
    return str(babel_date(day, "long", locale=languages.locale(lang or language())))


def format_axis_day(day: date, lang: str | None = None, *, with_year: bool = False) -> str:
    """A day on the axis of a chart: "20 Nov", or "Nov 2026" with its year."""
    locale = languages.locale(lang or language())
    return str(format_skeleton("yMMM" if with_year else "MMMd", day, locale=locale))


def format_time(moment: datetime) -> str:
    """The time in Korea of an aware datetime."""
    return moment.astimezone(SEOUL).strftime("%H:%M")


def format_duration(span: timedelta, units: int = 2) -> str:
    """A duration from its largest unit that is not zero: `2 hours 5 minutes`, `2시간 5분`; `0 seconds` for none."""
    total = max(0, round(span.total_seconds()))
    days, hours, minutes, seconds = total // 86400, total // 3600 % 24, total // 60 % 60, total % 60
    parts = [
        (days, ngettext("%(num)s day", "%(num)s days", days)),
        (hours, ngettext("%(num)s hour", "%(num)s hours", hours)),
        (minutes, ngettext("%(num)s minute", "%(num)s minutes", minutes)),
        (seconds, ngettext("%(num)s second", "%(num)s seconds", seconds)),
    ]
    first = next((place for place, (number, _words) in enumerate(parts) if number), len(parts) - 1)
    return " ".join(words for number, words in parts[first : first + units] if number or not total)


def _wanted() -> str:
    first = request.path.split("/", 2)[1] if request.path.startswith("/") else ""
    if first in languages.codes():
        return first
    chooser = current_app.extensions.get("pledge.core.languages", {}).get(first)
    return str(chooser()) if chooser else wanted_language()


def _read_language(endpoint: str | None, values: dict[str, Any] | None) -> None:
    if values and "lang" in values:
        g.lang = values.pop("lang")


def _add_language(endpoint: str, values: dict[str, Any]) -> None:
    if endpoint.startswith("public.") and "lang" not in values:
        values["lang"] = language()


#: Where the message catalogues are.
_FOLDER = Path(__file__).parents[1] / "translations"


@dataclass(frozen=True)
class Phrase:
    """An English text with its context for translators (`msgctxt`). Placeholders are named: `%(number)s`."""

    context: str
    text: str

    def in_language(self, lang: str, **values: object) -> str:
        """The text in this language, or in English if the catalogue lacks it."""
        translation = str(_catalogue(lang).pgettext(self.context, self.text))
        return translation % values if values else translation

    def __str__(self) -> str:
        """The text in the language of the request, so that one table of labels serves pages, mails and files."""
        return self.in_language(language())

    def __html__(self) -> str:
        return escape(str(self))

    def in_each(self, **values: object) -> Texts:
        """In every language of the site."""
        return Texts({lang: self.in_language(lang, **values) for lang in languages.codes()})


#: Suffixes by CLDR's plural rules for ordinals; the first has a word of its own.
_ORDINALS = {
    "first": Phrase("ordinal", "first"),
    "one": Phrase("ordinal, one", "%(number)sst"),
    "two": Phrase("ordinal, two", "%(number)snd"),
    "few": Phrase("ordinal, few", "%(number)srd"),
    "other": Phrase("ordinal, other", "%(number)sth"),
}


def format_ordinal(number: int, lang: str | None = None) -> str:
    """An ordinal number: first, 62nd, 62번째."""
    chosen = lang or language()
    form = "first" if number == 1 else languages.locale(chosen).ordinal_form(number)
    return _ORDINALS[form].in_language(chosen, number=format_count(number, chosen))


@lru_cache
def _catalogue(lang: str) -> NullTranslations:
    return Translations.load(_FOLDER, [lang])
