"""Figures, the table of them, and bench/RESULTS.md."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from bench import machine

RESULTS = Path(__file__).parent / "RESULTS.md"
COLUMNS = ("what", "figure", "floor", "ratio", "asked", "")


@dataclass(frozen=True)
class Figure:
    """One thing that was measured and what was asked of it."""

    what: str
    figure: str
    asked: str
    ok: bool
    floor: str = "–"
    ratio: float | None = None

    @property
    def row(self) -> tuple[str, ...]:
        ratio = "–" if self.ratio is None else f"{self.ratio:.2f}"
        return (self.what, self.figure, self.floor, ratio, self.asked, "ok" if self.ok else "SHORT")


def against(what: str, ours: float, floor: float, asked: float, unit: str = "/s", detail: str = "") -> Figure:
    """A rate as a share of the floor's rate in the same run."""
    ratio = ours / floor
    return Figure(
        what, f"{ours:,.0f}{unit}{detail}", f"≥ {asked:g}", ratio >= asked, f"{floor:,.0f}{unit}", ratio
    )


def at_least(what: str, ours: float, asked: float, unit: str = "/s", detail: str = "") -> Figure:
    return Figure(what, f"{ours:,.0f}{unit}{detail}", f"≥ {asked:,.0f}{unit}", ours >= asked)


def at_most(what: str, ours: float, asked: float, unit: str = "", detail: str = "") -> Figure:
    return Figure(what, f"{ours:,.1f}{unit}{detail}".replace(".0", ""), f"≤ {asked:g}{unit}", ours <= asked)


def table(figures: list[Figure]) -> str:
    rows = [COLUMNS, *(figure.row for figure in figures)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(COLUMNS))]
    rows.insert(1, tuple("-" * width for width in widths))
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    )


def write(figures: list[Figure]) -> None:
    """Keep the figures with the machine that they are true for."""
    described = "\n".join(f"- {name}: {value}" for name, value in machine.description().items())
    RESULTS.write_text(
        f"""# Speed, measured {date.today().isoformat()}

Made by `make bench`; bench/README.md says how. Ratios may be compared between machines, rates may not.

{table(figures)}

Machine (load, application, PostgreSQL and Redis share it):

{described}
""",
        "utf-8",
    )
