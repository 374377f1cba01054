"""Controllers that a RAN engineer would respect, and one that shows why the problem is hard."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace

import numpy as np

from ..twin.carrier import CarrierState
from ..twin.params import Params
from ..twin.sync import area_traffic
from ..twin.traffic import ITU_2023_LOAD_BY_HOUR
from ..twin.types import F64, I64, Bool
from .catalogue import UnknownNameError
from .window import Window

KBIT_PER_MBIT = 1000.0


def _actions(params: Params, asleep: Bool, long_ssb: float = 0.0) -> I64:
    """Translate which capacity carriers should sleep (B, capacity) into actions; SSB periods planned or the longest."""
    states = np.where(asleep, np.int64(CarrierState.DEEP_SLEEP), np.int64(CarrierState.ACTIVE))
    longest = len(params.scenario.sleep.periods_ms) - 1
    if longest == 0:
        return states
    return np.concatenate([states, np.full(states.shape, longest if long_ssb else 0, np.int64)], axis=1)


def _asleep(params: Params, window: Window) -> Bool:
    return window.precedent.command.carrier_state[:, params.capacity_cells] > CarrierState.TRX_MUTED


def area_mbps(params: Params, window: Window) -> F64:
    """Return the reported offered traffic per area, (B, G) Mbit/s."""
    kbit = area_traffic(params, window.kpis, np.ones_like(window.kpis.valid))
    return kbit / KBIT_PER_MBIT / window.kpis.granularity_s


def typical_day(params: Params) -> tuple[F64, F64]:
    """Return hours 0 to 24 and the typical load at each: the mean of the scenario's days, or the ITU 2023 law."""
    days = (
        params.arrays.profile.astype(np.float64)
        if len(params.arrays.area_kind)
        else params.scenario.load.profile
    )
    curve = np.mean(days, axis=0) if len(days) else np.array(ITU_2023_LOAD_BY_HOUR)
    return np.linspace(0.0, 24.0, len(curve) + 1), np.append(curve, curve[0])


@dataclass
class AlwaysOn:
    """Every carrier awake; symbol-level micro sleep between data is already counted in."""

    name: str = "always on"

    def begin(self, params: Params, n: int) -> None:
        """Nothing to remember."""

    def actions(self, params: Params, window: Window) -> I64:
        """Ask for ACTIVE everywhere."""
        return _actions(params, np.zeros((window.kpis.n_replicas, len(params.capacity_cells)), np.bool_))


@dataclass
class Greedy:
    """Sleep whatever the present traffic does not need; no forecast, no reserve."""

    coverage_mbps: float = 80.0  # what the coverage cell of an area carries, see ``Params.coverage_scale``
    name: str = "greedy"

    def begin(self, params: Params, n: int) -> None:
        """Nothing to remember."""

    def actions(self, params: Params, window: Window) -> I64:
        """Sleep deep where the area's present traffic fits into its coverage cell."""
        fits = area_mbps(params, window) <= self.coverage_mbps * params.coverage_scale
        return _actions(params, fits[:, params.area_of_cell[params.capacity_cells]])


@dataclass
class LoadThreshold:
    """The energy saving rule of TS 28.541 CESManagementFunction.

    A capacity carrier goes to sleep when its own load has been below ``sleep_load`` and its coverage cell's below
    ``candidate_load`` for ``duration_periods`` (intraRatEsActivationOriginalCellLoadParameters and
    ...CandidateCellsLoadParameters: loadThreshold, timeDuration); it wakes when the coverage cell's load exceeds
    ``wake_load`` (intraRatEsDeactivationCandidateCellsLoadParameters). Loads in %.
    """

    sleep_load: float = 5.0
    candidate_load: float = 15.0
    wake_load: float = 25.0
    duration_periods: int = 3
    long_ssb: float = 0.0  # 1 for the longest SSB period the scenario lists, on every capacity carrier
    name: str = "load threshold"
    _quiet: I64 = field(default_factory=lambda: np.zeros((0, 0), np.int64), repr=False, compare=False)

    def begin(self, params: Params, n: int) -> None:
        """Forget how long cells have been quiet."""
        self._quiet = np.zeros((n, len(params.capacity_cells)), np.int64)

    def actions(self, params: Params, window: Window) -> I64:
        """Apply the thresholds."""
        load = window.kpis.prb_tot_dl
        areas = params.area_of_cell[params.capacity_cells]
        cover, own = load[:, params.coverage_cells][:, areas], load[:, params.capacity_cells]
        asleep = _asleep(params, window)
        quiet = (own < self.sleep_load) & (cover < self.candidate_load)
        self._quiet = np.where(quiet & ~asleep, self._quiet + 1, 0)
        sleeps = np.where(asleep, cover <= self.wake_load, self._quiet >= self.duration_periods)
        return _actions(params, sleeps, self.long_ssb)


@dataclass
class Forecast:
    """Sleep where the traffic expected within the next ``lead_periods`` keeps a reserve on the coverage cell.

    The forecast scales the present traffic of an area with the typical hour-of-day curve of the scenario.
    """

    coverage_mbps: float = 40.0  # traffic that may rest on one coverage cell, see ``Params.coverage_scale``
    wake_margin: float = 1.2  # wake above this multiple of it
    lead_periods: int = 6
    long_ssb: float = 0.0  # 1 for the longest SSB period the scenario lists, on every capacity carrier
    name: str = "forecast rule"

    def begin(self, params: Params, n: int) -> None:
        """Nothing to remember."""

    def expected_mbps(self, params: Params, window: Window) -> F64:
        """Return the largest traffic expected within the lead time, (B, G) Mbit/s."""
        hours, curve = typical_day(params)
        ahead = np.arange(self.lead_periods + 1) * window.kpis.granularity_s / 3600.0
        now = np.interp(window.kpis.hour, hours, curve)
        later = np.interp((window.kpis.hour[:, None] + ahead) % 24.0, hours, curve).max(axis=1)
        return area_mbps(params, window) * (later / now)[:, None]

    def actions(self, params: Params, window: Window) -> I64:
        """Compare the expected traffic with the reserve, with hysteresis."""
        expected = self.expected_mbps(params, window)[:, params.area_of_cell[params.capacity_cells]]
        limit = np.where(_asleep(params, window), self.coverage_mbps * self.wake_margin, self.coverage_mbps)
        scale = params.coverage_scale[params.area_of_cell[params.capacity_cells]]
        return _actions(params, expected <= limit * scale, self.long_ssb)


Rule = AlwaysOn | Greedy | LoadThreshold | Forecast


def rule_named(name: str, settings: Mapping[str, float]) -> Rule:
    """Return a rule with some of its settings changed.

    Raises:
        UnknownNameError: for an unknown rule or setting, naming the nearest.
    """
    kinds: dict[str, type[Rule]] = {kind.name: kind for kind in (AlwaysOn, Greedy, LoadThreshold, Forecast)}
    if name not in kinds:
        raise UnknownNameError("rule", name, list(kinds))
    known = list(settings_of(kinds[name]()))
    for setting in settings:
        if setting not in known:
            raise UnknownNameError(f"setting of the {name}", setting, known)
    return replace(kinds[name](), **settings)


def settings_of(rule: Rule) -> dict[str, float]:
    """Return what ``rule_named`` needs to build the rule again."""
    return {f.name: getattr(rule, f.name) for f in fields(rule) if f.name != "name" and f.repr}


def candidates(n_periods: int = 1) -> dict[str, list[Rule]]:
    """List the parameter settings that the rules are tuned over, in a scenario with so many SSB periods."""
    lengths = (0.0, 1.0) if n_periods > 1 else (0.0,)
    thresholds: list[Rule] = [
        replace(
            LoadThreshold(),
            sleep_load=own,
            candidate_load=0.6 * wake,
            wake_load=wake,
            duration_periods=periods,
            long_ssb=long,
        )
        for own in (5.0, 7.0)
        for wake in (25.0, 35.0, 45.0)
        for periods in (1, 3)
        for long in lengths
    ]
    forecasts: list[Rule] = [
        replace(Forecast(), coverage_mbps=mbps, lead_periods=lead, long_ssb=long)
        for mbps in (40.0, 45.0, 50.0, 55.0, 60.0)
        for lead in (3, 6)
        for long in lengths
    ]
    return {"load threshold": thresholds, "forecast rule": forecasts}
