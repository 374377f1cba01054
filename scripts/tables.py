"""Tables of the learning verbs, for a terminal."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

from ranrein.agents import results
from ranrein.agents.evaluate import Table as Comparison

_WIDTH = 130  # where no terminal says how wide it is


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
    """Show the columns that decide; the files have them all."""
    columns = results.shown(comparison, results.SHORT)
    table = Table(*results.headings(columns), caption=results.caption(comparison))
    for row in comparison.rows:
        table.add_row(*results.cells(row, columns))
    _show(table)


def _show(table: Table) -> None:
    console = Console()
    (console if console.is_terminal else Console(width=_WIDTH)).print(table)
