"""The twin run as an episodic problem: the one implementation behind the single and the vector environment."""

from __future__ import annotations

from typing import NamedTuple

from ..twin.advance import advance
from ..twin.command import Command
from ..twin.kernels.judge import Verdict
from ..twin.kpis import Kpis
from ..twin.params import Params
from ..twin.period import Runner
from ..twin.reporting import ReportHistory, deliver, report
from ..twin.rules import Precedent, Rules
from ..twin.slice_report import Money, SliceReport, report_slices, settle
from ..twin.state import State, begin, open_period
from ..twin.types import F64, I64
from .window import Window


class Outcome(NamedTuple):
    """What one control period brought."""

    truth: Kpis  # (B), before telemetry faults; for rewards and costs only
    before: Command  # (B, C), in force until now
    command: Command  # (B, C), what was obeyed after the static rules
    verdict: Verdict  # (B), margins and costs of the truth
    power_w: F64  # (B,), of the whole network
    slices: SliceReport | None = None  # (B), where the scenario has slices
    money: Money | None = None  # (B), of slices


class Simulation:
    """B replicas of a network, controlled period by period.

    Args:
        params: the network.
        n_replicas: B.
    """

    def __init__(self, params: Params, n_replicas: int) -> None:
        self.params = params
        self.rules = Rules.of(params)
        self.n_replicas = n_replicas
        self.state: State
        self.window: Window
        self._runner: Runner
        self._history = ReportHistory.empty()

    @property
    def truth(self) -> Kpis:
        """The newest measurement, before telemetry faults; for pictures and tests only."""
        return self._history.truth

    def start(self, seeds: I64, episodes: I64) -> None:
        """Begin an episode in every replica."""
        self._history = ReportHistory.empty()
        self.state = self._warm(seeds, episodes)
        self._runner = Runner(self.params, self.state)
        kpis = report(self.params, self.state, self._history)
        slices = self._slices(self.state)
        self.window = Window(kpis, kpis, Precedent.fresh(self.n_replicas, self.params.n_cells), slices)

    def restart(self, rows: I64, seeds: I64, episodes: I64) -> None:
        """Begin a new episode in some replicas; ``seeds`` and ``episodes`` are those of the rows."""
        fresh = self._warm(seeds, episodes)
        self.state.assign(rows, fresh)
        first = report(self.params, fresh, ReportHistory.empty())
        self._history.restart(rows, first)
        kpis, before = self.window.kpis.copy(), self.window.before.copy()
        kpis.put(rows, first)
        before.put(rows, first)
        slices = self._slices(self.state)
        self.window = Window(kpis, before, self.window.precedent.renewed(rows), slices)

    def step(self, wanted: Command) -> Outcome:
        """Run one control period under the legal command nearest to ``wanted``."""
        before = self.window.precedent
        period = self._runner.run(before, wanted)
        kpis = deliver(self.params.scenario.faults, self._history, period.truth, period.struck)
        slices = self._slices(self.state)
        self.window = Window(kpis, self.window.kpis, period.precedent, slices)
        verdict, money = period.verdict, None
        if slices is not None:
            verdict, money = settle(self.params, verdict, slices)
        return Outcome(
            period.truth, before.command, period.precedent.command, verdict, period.power_w, slices, money
        )

    def _slices(self, state: State) -> SliceReport | None:
        return report_slices(self.params, state) if self.params.scenario.slicing.types else None

    def _warm(self, seeds: I64, episodes: I64) -> State:
        """Draw first states and run the control period that ends at midnight, so that there is something to report."""
        state = begin(self.params, seeds, episodes)
        steps = self.params.scenario.timing.steps_per_period
        state.arrays.step[:] = -steps
        open_period(state)
        advance(self.params, state, Command.all_active(state.n_replicas, self.params.n_cells), steps)
        return state
