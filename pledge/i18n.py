"""Languages: the address says which one; where it does not (errors, `/`), the browser's wish decides, Korean first.

An area without a language in its addresses may know better: `app.extensions["pledge.languages"]["staff"]` is asked for
everything under /staff.
"""

from datetime import datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_datetime as babel_datetime
from babel.numbers import format_decimal
from flask import Flask, current_app, g, request
from flask_babel import Babel

LANGUAGES = ("ko", "en")
DEFAULT = "ko"
#: What a page shows; inside, everything is UTC.
SEOUL = ZoneInfo("Asia/Seoul")

# CLDR's Korean medium patterns say "PM 11시" (its day period became AM/PM), so these are our own.
_DATETIME = {"ko": "y년 M월 d일 HH:mm", "en": "d MMMM y, HH:mm"}
_DATE = {"ko": "y년 M월 d일", "en": "d MMMM y"}

babel = Babel()


def init_app(app: Flask) -> None:
    app.config["BABEL_DEFAULT_LOCALE"] = DEFAULT
    babel.init_app(app, locale_selector=language)
    app.url_value_preprocessor(_take_language)
    app.url_defaults(_give_language)


def language() -> str:
    """The language of this request."""
    lang = g.get("lang")
    if lang is None:
        lang = g.lang = _wanted()
    return str(lang)


def wanted_language() -> str:
    """What the browser asks for, of the languages we have; Korean when it does not say."""
    return request.accept_languages.best_match(LANGUAGES) or DEFAULT


def format_count(number: int, lang: str | None = None) -> str:
    return _count(number, lang or language())


@lru_cache(maxsize=4096)
def _count(number: int, lang: str) -> str:
    """Kept, as a page of tables shows hundreds."""
    return str(format_decimal(number, locale=lang))


def format_datetime(moment: datetime, lang: str | None = None) -> str:
    """An aware datetime as people in Korea read it."""
    lang = lang or language()
    return str(babel_datetime(moment.astimezone(SEOUL), _DATETIME[lang], locale=lang))


def format_date(moment: datetime, lang: str | None = None) -> str:
    lang = lang or language()
    return str(babel_datetime(moment.astimezone(SEOUL), _DATE[lang], locale=lang))


def format_time(moment: datetime) -> str:
    """The hour in Korea, as both languages write it."""
    return moment.astimezone(SEOUL).strftime("%H:%M")


def _wanted() -> str:
    first = request.path.split("/", 2)[1] if request.path.startswith("/") else ""
    if first in LANGUAGES:
        return first
    chooser = current_app.extensions.get("pledge.languages", {}).get(first)
    return str(chooser()) if chooser else wanted_language()


def _take_language(endpoint: str | None, values: dict[str, Any] | None) -> None:
    if values and "lang" in values:
        g.lang = values.pop("lang")


def _give_language(endpoint: str, values: dict[str, Any]) -> None:
    if endpoint.startswith("public.") and "lang" not in values:
        values["lang"] = language()
