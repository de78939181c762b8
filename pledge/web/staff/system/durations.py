"""Durations in words, in the two largest units that are not zero."""

from datetime import timedelta

from flask_babel import ngettext


def duration(span: timedelta) -> str:
    """`2 hours 5 minutes`, `2시간 5분`; `0 seconds` for nothing."""
    seconds = max(0, round(span.total_seconds()))
    days, hours, minutes = seconds // 86400, seconds // 3600 % 24, seconds // 60 % 60
    numbers = (days, hours, minutes, seconds % 60)
    words = (_days, _hours, _minutes, _seconds)
    first = next((place for place, number in enumerate(numbers) if number), len(numbers) - 1)
    pairs = list(zip(numbers, words, strict=True))[first : first + 2]
    return " ".join(in_words(number) for number, in_words in pairs if number) or _seconds(0)


def _days(number: int) -> str:
    return str(ngettext("%(num)s day", "%(num)s days", number))


def _hours(number: int) -> str:
    return str(ngettext("%(num)s hour", "%(num)s hours", number))


def _minutes(number: int) -> str:
    return str(ngettext("%(num)s minute", "%(num)s minutes", number))


def _seconds(number: int) -> str:
    return str(ngettext("%(num)s second", "%(num)s seconds", number))
