"""Tables of a calibration, for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from ranrein.agents.fit.regression import Estimate
from ranrein.agents.power_file import UnitPower

_WIDTH = 130  # where no terminal says how wide it is


def show_rows(rows: Sequence[Sequence[str]]) -> None:
    """Show rows below the first, which is the header."""
    table = Table(*rows[0])
    for row in rows[1:]:
        table.add_row(*row)
    console = Console()
    (console if console.is_terminal else Console(width=_WIDTH)).print(table)


def show_power(units: Sequence[UnitPower]) -> None:
    """Show the fits of a power file, one row per group."""
    head = ("group", "fixed", "per unit of TR 38.864", "idle over full", "R2", "lines")
    rows = [
        (u.group, _text(u.extra), _text(u.watts_per_unit), _text(u.idle_share), f"{u.r2:.2f}", str(u.lines))
        for u in units
    ]
    show_rows([head, *rows])


def _text(estimate: Estimate) -> str:
    return f"{estimate.value:.3g} [{estimate.low:.3g}, {estimate.high:.3g}]"
