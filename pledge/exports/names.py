"""File names of exports; no two exports have the same."""

from datetime import datetime

from pledge.core.i18n import SEOUL


def file_name(slug: str, kind: str, at: datetime, *parts: object) -> str:
    """`blue-skies-totals-20261126-145207KST-ko.xlsx`: campaign, kind, moment in Seoul, what else there is, format."""
    *more, ending = parts
    stem = "-".join([slug, kind, f"{at.astimezone(SEOUL):%Y%m%d-%H%M%S}KST", *map(str, more)])
    return f"{stem}.{ending}"
