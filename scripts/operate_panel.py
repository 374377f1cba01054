"""Where an operating loop stands: a live panel on a terminal, plain lines elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager

import numpy as np
from rich.console import Console
from rich.live import Live
from rich.panel import Panel

from ranrein.agents.loop_parts import Cycle
from ranrein.agents.operate_config import OperateConfig
from ranrein.agents.operate_job import Operation
from ranrein.safety.lifecycle import Mode
from ranrein.twin.sla import margins

from .operator_cli import render

EVERY = 12  # periods between lines when nothing else changes
COLOURS = {Mode.FAULT: "red", Mode.SAFE_STOP: "red", Mode.GUARDED: "yellow", Mode.CLOSED_LOOP: "green"}
Watch = Callable[[], None]


def introduction(config: OperateConfig, operation: Operation) -> str:
    """Return what is said at the start: where the loop is, why not higher, and how to open it."""
    parts, state = operation.loop.parts, f"--state {config.state}"
    refusals = [f"  not above ADVISORY: {refusal.text}" for refusal in parts.certificate_refusals()]
    refusals += [f"  shield not ready: {text}" for text in parts.shield_failures]
    lines = [
        f"mode {operation.loop.mode}, policy {parts.policy_state}, simulated plant, state in {config.state}",
        *refusals,
        "open it step by step from another terminal:",
        f'  ranrein mode shadow {state} --as operator --reason "first look"',
        f"  ranrein mode advisory|guarded|closed_loop {state} --as operator --reason WHY",
        f"  ranrein approve ID {state} --as officer     (second person, from GUARDED up)",
        f"  ranrein status {state} --as operator, ranrein advise list {state} --as operator",
        f"  ranrein stop {state} --as operator --reason WHY",
    ]
    return "\n".join(lines)


@contextmanager
def panel(operation: Operation) -> Generator[Watch]:
    """Show the loop while it runs; the caller says whenever something happened."""
    console = Console(stderr=True, soft_wrap=True)
    if not console.is_terminal:
        yield _Lines(console, operation).show
        return
    with Live(console=console, auto_refresh=False) as live:  # drawn in the loop's own thread
        yield lambda: live.update(_panel(operation), refresh=True)


def _panel(operation: Operation) -> Panel:
    mode = operation.loop.mode
    return Panel(render(operation.standing()), title=f"loop {mode}", border_style=COLOURS.get(mode, "blue"))


class _Lines:
    """One line when mode, authority or a trip changes, and every twelfth period.

    Args:
        console: where they go.
        operation: the loop.
    """

    def __init__(self, console: Console, operation: Operation) -> None:
        self._console, self._operation = console, operation
        self._last: tuple[str, str, str, int] | None = None

    def show(self) -> None:
        """Report where the loop stands, if there is something new."""
        cycle = self._operation.loop.at.latest
        if cycle is None:
            return
        news = (
            str(self._operation.loop.mode),
            str(cycle.authority.mode),
            str(cycle.trip),
            cycle.period // EVERY,
        )
        if news != self._last:
            self._console.print(self._line(cycle), markup=False, highlight=False)
        self._last = news

    def _line(self, cycle: Cycle) -> str:
        params = self._operation.loop.params
        asleep = int(np.count_nonzero(cycle.acknowledged.carrier_state[0]))
        worst = float(np.min(margins(cycle.kpis, params.scenario.sla)[0]))
        when = f"period {cycle.period}, {self._operation.plant_clock.utc():%a %H:%M}"
        return (
            f"{when}: mode {self._operation.loop.mode}, authority {cycle.authority.mode}, "
            f"{asleep} of {len(params.capacity_cells)} carriers asleep, worst margin {worst:.3f}, "
            f"{float(cycle.kpis.total_power_w[0]):.0f} W; {cycle.outcome}"
        )
