"""Spans of time in words, in the two largest units that are not nothing."""

from datetime import timedelta

from flask_babel import ngettext


def duration(span: timedelta) -> str:
    """`2 hours 5 minutes`, `2시간 5분`; `0 seconds` for nothing."""
    seconds = max(0, round(span.total_seconds()))
    days, hours, minutes = seconds // 86400, seconds // 3600 % 24, seconds // 60 % 60
    parts = [
        (days, lambda: ngettext("%(num)s day", "%(num)s days", days)),
        (hours, lambda: ngettext("%(num)s hour", "%(num)s hours", hours)),
        (minutes, lambda: ngettext("%(num)s minute", "%(num)s minutes", minutes)),
        (seconds % 60, lambda: ngettext("%(num)s second", "%(num)s seconds", seconds % 60)),
    ]
    first = next((place for place, (number, _) in enumerate(parts) if number), len(parts) - 1)
    shown = [words() for number, words in parts[first : first + 2] if number]
    return " ".join(shown) or parts[-1][1]()
