"""The totals of this moment as files, for `flask totals`. docs/totals.md shows each."""

from collections.abc import Callable

from pledge.delivery.figures import of_totals
from pledge.delivery.queries import Totals
from pledge.delivery.tables import figures_csv, figures_json
from pledge.delivery.workbook import figures_xlsx


def as_json(totals: Totals) -> bytes:
    return figures_json(of_totals(totals))


def as_csv(totals: Totals) -> bytes:
    return figures_csv(of_totals(totals))


def as_xlsx(totals: Totals) -> bytes:
    return figures_xlsx(of_totals(totals))


FORMATS: dict[str, Callable[[Totals], bytes]] = {"csv": as_csv, "json": as_json, "xlsx": as_xlsx}
