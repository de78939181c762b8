"""What can be wrong with a line of an imported table."""

from dataclasses import dataclass
from enum import StrEnum

from pledge.campaigns.rules import FieldFault


class ImportFault(StrEnum):
    NO_NAME_COLUMN = "no_name_column"
    COLUMN_TWICE = "column_twice"
    MORE_CELLS = "more_cells"  #: than the header has columns: a comma inside a name, without quotation marks
    FORMULA = "formula"
    TYPE = "type"
    REPEATED = "repeated"  #: the same name as an earlier line
    AMBIGUOUS = "ambiguous"  #: its names are those of two partners
    NO_LOGO = "no_logo"  #: names a file that did not come along
    LOGO_TWICE = "logo_twice"  #: names a file that is another line's


@dataclass(frozen=True)
class RowFault:
    """A fault of a line, at the field of a column; "" for the whole line."""

    line: int
    field: str
    fault: ImportFault | FieldFault
    other: int = 0  #: the earlier line that has the same


class BadHeader(ValueError):
    """A table whose first line does not name its columns; `fault` says why."""

    def __init__(self, fault: RowFault) -> None:
        super().__init__(fault.fault.value)
        self.fault = fault
