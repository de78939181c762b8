"""The totals as files, for `flask totals` and the staff's screen. docs/totals.md shows each."""

from collections.abc import Callable

from pledge.delivery.figures import Figures
from pledge.delivery.tables import figures_csv, figures_json
from pledge.delivery.workbook import figures_xlsx

#: What makes a file, by format. With a language it is for one reader, in their words; without, in both and with codes.
FORMATS: dict[str, Callable[[Figures, str | None], bytes]] = {
    "csv": figures_csv,
    "json": figures_json,
    "xlsx": figures_xlsx,
}
