"""Tables of the learning verbs, for a terminal."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.measure import Measurement
from rich.table import Column, Table

from ranrein.agents import results
from ranrein.agents.evaluate import Table as Comparison

_WIDTH = 130  # where no terminal says how wide it is
_UNLIMITED = 10_000  # characters


def print_evaluations(rows: list[dict[str, Any]]) -> None:
    """Show how the policy of a run got better."""
    amounts = {"energy_kwh": ("energy, kWh", 2), "revenue_per_s": ("revenue per s", 4)}
    known = [name for name in amounts if all(name in row for row in rows)][:1]
    table = Table("steps", "return", *(amounts[name][0] for name in known), "violated episodes", "kept")
    for row in rows:
        share, kept = f"{100 * row['violated_share']:.1f} %", "yes" if row["best"] else ""
        figures = [f"{row[name]:.{amounts[name][1]}f}" for name in known]
        table.add_row(str(row["steps"]), f"{row['return']:.2f}", *figures, share, kept)
    _show(table)


def print_comparison(comparison: Comparison) -> None:
    """Show the columns that decide; the files have them all. Where they are too wide, intervals stand below."""
    console, wide = _console(), _comparison(comparison, " ")
    unlimited = console.options.update(max_width=_UNLIMITED)
    fits = Measurement.get(console, unlimited, wide).maximum <= console.width
    console.print(wide if fits else _comparison(comparison, "\n"))


def _comparison(comparison: Comparison, between: str) -> Table:
    """Return the table with ``between`` between a mean and its interval."""
    columns = results.shown(comparison, results.SHORT)
    first, *others = results.headings(columns)
    table = Table(Column(first, overflow="fold"), *others, caption=results.caption(comparison))
    for row in comparison.rows:
        name, *values = results.cells(row, columns)
        table.add_row(name, *(value.replace(" [", f"{between}[") for value in values))
    return table


def _console() -> Console:
    console = Console()
    return console if console.is_terminal else Console(width=_WIDTH)


def _show(table: Table) -> None:
    _console().print(table)
