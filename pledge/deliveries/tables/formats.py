"""The totals as files, for `flask totals` and the staff's screen. docs/totals.md shows each."""

from collections.abc import Callable

from pledge.deliveries.figures import Figures
from pledge.deliveries.tables.tables import figures_csv, figures_json
from pledge.deliveries.tables.workbook import figures_xlsx

#: The writer of each format. With a language the file is for one reader, in their words; without, in every language and with codes.
FORMATS: dict[str, Callable[[Figures, str | None], bytes]] = {
    "csv": figures_csv,
    "json": figures_json,
    "xlsx": figures_xlsx,
}
