"""A comparison as files: JSON for machines, CSV for spreadsheets, Markdown for people."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from .evaluate import Row, Table
from .run_folder import write_json
from .stats import Interval


@dataclass(frozen=True)
class Column:
    """One column of the table for people."""

    title: str
    field: str
    digits: int
    factor: float = 1.0


SHORT = (
    Column("energy, kWh", "energy_kwh", 2),
    Column("revenue per s", "revenue_per_s", 4),
    Column("saving, %", "saving_pct", 1),
    Column("violated episodes, %", "violated_share", 1, 100.0),
    Column("against best, kWh", "energy_gain_kwh", 2),
    Column("score", "score", 2),
)
RETURN = Column("return", "episode_return", 2)
# what a problem is about, and the columns that say something of it; the others are about the return alone
AMOUNTS = {
    "energy_kwh": ("energy_kwh", "saving_pct", "energy_gain_kwh", "switches"),
    "revenue_per_s": ("revenue_per_s",),
}
INTERVENTION = Column("changed by the shield, %", "intervention", 1, 100.0)
COLUMNS = (*SHORT, RETURN, Column("switches", "switches", 0))


def shown(table: Table, columns: Sequence[Column]) -> tuple[Column, ...]:
    """Return the columns of what the problem has, and what the shield changed if anybody ran behind it.

    Rules are ranked by their return: it is shown wherever the energy does not say the same.
    """
    own = [AMOUNTS[name] for name in AMOUNTS if all(getattr(row, name) is not None for row in table.rows)]
    absent = {field for fields in AMOUNTS.values() for field in fields}.difference(*own)
    columns = [column for column in columns if column.field not in absent]
    if AMOUNTS["energy_kwh"] not in own and all(column.field != RETURN.field for column in columns):
        columns = [RETURN, *columns]
    is_shielded = any(row.intervention is not None for row in table.rows)
    return (*columns, INTERVENTION) if is_shielded else tuple(columns)


def headings(columns: Sequence[Column]) -> list[str]:
    """Return what stands above ``cells``."""
    return ["controller", *(column.title for column in columns), "feasible"]


def cells(row: Row, columns: Sequence[Column]) -> list[str]:
    """Return a row as text."""
    values = [text(getattr(row, column.field), column.digits, column.factor) for column in columns]
    return [row.controller, *values, "yes" if row.feasible else "no"]


def text(interval: Interval | None, digits: int, factor: float = 1.0) -> str:
    """Return a mean with its interval, or a dash."""
    if interval is None:
        return "-"
    mean, low, high = (
        f"{factor * value:.{digits}f}" for value in (interval.mean, interval.low, interval.high)
    )
    return f"{mean} [{low}, {high}]"


def caption(table: Table) -> str:
    """Return what stands below the table."""
    bound = "" if table.bound_return is None else f" Bound: a return of {text(table.bound_return, 2)}."
    if table.bound_energy_kwh is not None:
        bound = f" Bound: {text(table.bound_energy_kwh, 2)} kWh."
    best = table.best_baseline or "none is feasible"
    return (
        f"{table.episodes} paired episodes, 95 % intervals. Best feasible baseline by return: {best}.{bound}"
    )


def markdown(table: Table) -> str:
    """Return the table for people."""
    columns = shown(table, COLUMNS)
    titles = headings(columns)
    rows = [titles, ["---"] * len(titles), *(cells(row, columns) for row in table.rows)]
    return "\n".join([*map(_line, rows), "", caption(table), ""])


def write_results(table: Table, folder: Path) -> None:
    """Write ``results.json``, ``results.csv`` and ``results.md``."""
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "results.json", asdict(table))
    (folder / "results.md").write_text(markdown(table), encoding="utf-8")
    with (folder / "results.csv").open("w", encoding="utf-8", newline="") as file:
        flat = [_flat(row) for row in table.rows]
        writer = csv.DictWriter(file, list(flat[0]) if flat else [], lineterminator="\n")
        writer.writeheader()
        writer.writerows(flat)


def _flat(row: Row) -> dict[str, object]:
    """Spread every interval over three columns; what is not known stays empty."""
    flat: dict[str, object] = {}
    for field in fields(row):
        value = getattr(row, field.name)
        if isinstance(value, str | bool):
            flat[field.name] = value
        else:
            for part in fields(Interval):
                flat[f"{field.name}_{part.name}"] = "" if value is None else getattr(value, part.name)
    return flat


def _line(values: Sequence[str]) -> str:
    return "| " + " | ".join(values) + " |"
