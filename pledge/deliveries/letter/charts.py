"""Breakdowns for the letter: bar lengths between 0 and 1, labels, and the table that describes the picture."""

from datetime import date
from itertools import accumulate, groupby
from typing import Any

from babel.dates import format_skeleton

from pledge.core import languages
from pledge.core.i18n import format_day
from pledge.statistics.breakdowns import NO_REGION, OTHER
from pledge.statistics.cells import Cell
from pledge.statistics.charts import round_step

#: Up to so many days are listed one by one; beyond that the table has months, and totals.xlsx has the days.
DAYS = 31
#: Grid lines of the picture.
MAX_STEPS = 5
#: Labels on the time axis.
MARKS = 6

#: What a date says, by CLDR's skeletons; its language says in which order.
_MONTH, _MARK, _MARK_OF_MONTH = "yMMMM", "MMMd", "yMMM"


def growth(cells: list[Cell], lang: str, texts: dict[str, Any]) -> dict[str, Any]:
    """The days that are shown: what each added, and the running total. With fewer than two days there is no picture."""
    days = [(date.fromisoformat(cell.key), cell.people) for cell in cells if cell.key != OTHER]
    merged = [cell.people for cell in cells if cell.key == OTHER]
    total = sum(cell.people for cell in cells)
    return {
        "rows": _periods(days, lang),
        "merged": [texts["merged_days"], _signed(merged[0]), f"{total:,}"] if merged else [],
        "picture": _picture(days, lang, texts) if len(days) > 1 else None,
    }


def shares(
    cells: list[Cell],
    lang: str,
    people: int,
    *,
    without: str = "",
    most: int = 0,
    more: str = "",
) -> list[dict[str, Any]]:
    """Rows with the largest first and those that are no place last; `without` gets no bar, as it dwarfs the others.

    With `most`, further places are merged into one row, named by `more`. Empty when there is only "other".
    """
    places = sorted(
        (cell for cell in cells if cell.key not in (OTHER, NO_REGION)), key=lambda cell: -cell.people
    )
    rest = [cell for cell in cells if cell.key in (OTHER, NO_REGION)]
    if not places:
        return []
    lines = [(cell.key, cell.label.in_language(lang), cell.people) for cell in places]
    if most and more and len(lines) > most:
        kept, others = lines[: most - 1], lines[most - 1 :]
        lines = [*kept, (OTHER, more.format(number=len(others)), sum(count for _, _, count in others))]
    lines += [(cell.key, cell.label.in_language(lang), cell.people) for cell in rest]
    longest = max((count for key, _, count in lines if key != without), default=0)
    return [
        {
            "label": label,
            "people": f"{count:,}",
            "share": f"{count / people:.1%}" if people else "",
            "bar": max(0.0, count / longest) if longest > 0 and key != without else 0.0,
            "is_place": key not in (OTHER, NO_REGION),
        }
        for key, label, count in lines
    ]


def _periods(days: list[tuple[date, int]], lang: str) -> list[list[str]]:
    if len(days) <= DAYS:
        periods = [(format_day(day, lang), people) for day, people in days]
    else:
        months = groupby(days, lambda entry: entry[0].replace(day=1))
        periods = [
            (_named(month, _MONTH, lang), sum(people for _, people in members)) for month, members in months
        ]
    totals = accumulate(people for _, people in periods)
    return [
        [label, _signed(people), f"{total:,}"] for (label, people), total in zip(periods, totals, strict=True)
    ]


def _picture(days: list[tuple[date, int]], lang: str, texts: dict[str, Any]) -> dict[str, Any]:
    first, last = days[0][0], days[-1][0]
    span = (last - first).days
    totals = list(accumulate(people for _, people in days))
    step = round_step(totals[-1] / MAX_STEPS)
    top = step * -(-totals[-1] // step)
    best_day, best = max(days, key=lambda entry: entry[1])
    across = [(day - first).days / span for day, _ in days]
    return {
        "line": [[x, total / top] for x, total in zip(across, totals, strict=True)],
        "bars": [[x, people / best] for x, (_, people) in zip(across, days, strict=True)],
        "day": 1 / (span + 1),
        "heights": [[value / top, f"{value:,}"] for value in range(0, top + 1, step)],
        "moments": [[(mark - first).days / span, label] for mark, label in _marks(first, last, lang)],
        "last": f"{totals[-1]:,}",
        "best": f"{best:,}",
        "alt": texts["growth_alt"].format(
            first=format_day(first, lang),
            first_people=f"{days[0][1]:,}",
            last=format_day(last, lang),
            last_people=f"{totals[-1]:,}",
            best=format_day(best_day, lang),
            best_people=f"{best:,}",
        ),
    }


def _marks(first: date, last: date, lang: str) -> list[tuple[date, str]]:
    """Beginnings of months, as many as there is room for; days where there are too few of those."""
    days = [date.fromordinal(day) for day in range(first.toordinal(), last.toordinal() + 1)]
    months = [day for day in days if day.day == 1]
    marks, form = (months, _MARK_OF_MONTH) if len(months) > 2 else (days, _MARK)
    every = -(-len(marks) // MARKS)
    return [(mark, _named(mark, form, lang)) for mark in marks[::every]]


def _named(day: date, skeleton: str, lang: str) -> str:
    return str(format_skeleton(skeleton, day, locale=languages.locale(lang)))


def _signed(people: int) -> str:
    return f"+{people:,}" if people >= 0 else f"−{-people:,}"
