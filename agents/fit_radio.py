"""How much stronger or weaker the carriers are received than believed, by kind of carrier.

Indirect inference (Gourieroux, Monfort and Renault 1993): the twin is run under the recorded commands and the fitted
load, for many draws of users and shadowing, and each kind's offset is moved until two figures of the KPIs agree: the
rate at full load (served volume over PRB use) and the share of the traffic that the kind carries. Transmit power,
antenna gain and mean path loss act alike on both: the offset stands for their sum and is added to ``tx_power_dbm``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..twin.advance import advance
from ..twin.kpis import measure
from ..twin.params import Params
from ..twin.scenario import Scenario
from ..twin.state import NEVER_S, begin, open_period
from ..twin.types import F64, Bool
from .episodes import Progress, no_progress
from .fit_load import LoadFit, area_loads
from .fit_power import kinds_of
from .fit_regression import Estimate, interval
from .fit_series import Series

MAPS, USERS_PER_MAP = 8, 8  # draws of shadowing, and of users on each
ROUNDS = 3
PRIOR_DB = 10.0  # standard deviation of what is believed of an offset before
IDENTIFIED_DB = 3.0  # an offset whose standard error is larger is told only together with the others
MOST_DB, MOST_STEP_DB = 15.0, 6.0
STEP_DB = 5.0  # either way, of the numerical derivative: rates flatten where users change carriers
LEAST_LOAD = 1e-4  # mean PRB share of a kind; with less its rate says nothing
MOST_PERIODS = 288  # that are simulated
LEAST_VARIANCE = 1e-5  # of a figure: no twin is more exact
RATE, SHARE = "rate at full load, Mbit/s, of", "share of the traffic of"
_FLOOR = 1e-9
_FIRST_SEED = 7_000_000


@dataclass(frozen=True)
class KindOffset:
    """One kind of carrier."""

    kind: str
    offset_db: Estimate
    identified: bool  # whether the KPIs tell it well enough to be used


@dataclass(frozen=True)
class RadioFit:
    """What rates and shares say."""

    offsets: tuple[KindOffset, ...]
    figures: tuple[tuple[str, float, float, float], ...]  # name, measured, believed, fitted


def fit_radio(
    series: Series, scenario: Scenario, load: LoadFit, progress: Progress = no_progress
) -> RadioFit:
    """Fit one offset per kind of carrier.

    Args:
        series: the days to fit.
        scenario: with the fitted load.
        load: names the periods without crowds, and the traffic of the areas.
        progress: called with the share done.
    """
    kept = np.isfinite(load.residual)
    twins = _Twins(scenario, series, kept, np.array([area.value for area in load.area_mbps]), progress)
    kinds, observed = list(twins.kinds), twins.observed()
    told = np.isfinite(observed)
    offsets = np.zeros(len(kinds))
    believed = figures = twins.run(offsets)
    covariance = np.eye(len(kinds))
    for _ in range(ROUNDS):
        step, covariance = _newton(twins, offsets, figures, observed)
        offsets = np.clip(offsets + np.clip(step, -MOST_STEP_DB, MOST_STEP_DB), -MOST_DB, MOST_DB)
        figures = twins.run(offsets)
    errors = np.sqrt(np.diag(covariance) * (1.0 + 1.0 / len(figures)))
    freedom = float(len(figures) - told.sum())
    found = tuple(
        KindOffset(kind, interval(float(o), float(e), freedom), bool(e <= IDENTIFIED_DB and known))
        for kind, o, e, known in zip(kinds, offsets, errors, told[: len(kinds)], strict=True)
    )
    columns = (
        _readable(column, len(kinds)) for column in (observed, believed.mean(axis=0), figures.mean(axis=0))
    )
    names = [f"{words} {kind}" for words in (RATE, SHARE) for kind in kinds]
    rows = zip(names, *columns, strict=True)
    return RadioFit(found, tuple((n, float(o), float(b), float(f)) for n, o, b, f in rows if np.isfinite(o)))


def _newton(twins: _Twins, offsets: F64, figures: F64, observed: F64) -> tuple[F64, F64]:
    """Return one Gauss-Newton step towards the observed figures, and the offsets' covariance."""
    told, mean = np.isfinite(observed), figures.mean(axis=0)
    reach = STEP_DB * np.eye(len(offsets))
    moved = [
        twins.run(offsets + unit).mean(axis=0) - twins.run(offsets - unit).mean(axis=0) for unit in reach
    ]
    jacobian = np.stack(moved, axis=1) / (2 * STEP_DB)
    root = _root_precision(figures[:, told])
    slope = root @ jacobian[told]
    covariance = np.linalg.inv(slope.T @ slope + np.eye(len(offsets)) / PRIOR_DB**2)
    pull = slope.T @ (root @ (observed - mean)[told]) - offsets / PRIOR_DB**2
    return covariance @ pull, np.asarray(covariance, np.float64)


def _readable(figures: F64, kinds: int) -> F64:
    """Return rates in Mbit/s rather than their logarithms."""
    return np.concatenate([np.exp(figures[:kinds]), figures[kinds:]])


def _root_precision(figures: F64) -> F64:
    """Return W with W'W the inverse of the figures' covariance over networks, (n, n)."""
    covariance = np.atleast_2d(np.cov(figures, rowvar=False))
    covariance += np.eye(len(covariance)) * LEAST_VARIANCE
    return np.asarray(np.linalg.inv(np.linalg.cholesky(covariance)), np.float64)


class _Twins:
    """Simulated networks under the recorded commands."""

    def __init__(
        self, scenario: Scenario, series: Series, kept: Bool, area_mbps: F64, progress: Progress
    ) -> None:
        calm = replace(scenario, surge=replace(scenario.surge, probability=0.0))
        self._scenario, self._series, self._area_mbps = calm, series, area_mbps
        self._kept = kept[:MOST_PERIODS]
        self._maps = MAPS if scenario.shadowing else 1
        self._per_map = USERS_PER_MAP if scenario.shadowing else MAPS * USERS_PER_MAP
        self.kinds = kinds_of(Params.of(calm))
        self._progress, self._done = progress, 0

    def observed(self) -> F64:
        """Return the figures of the log; NaN where a kind carried too little."""
        rows = np.flatnonzero(self._kept)
        valid = self._series.valid[rows]
        load = np.where(valid, self._series.load[rows], 0.0)[None]
        mbps = np.where(valid, self._series.mbps[rows], 0.0)[None]
        figures = self._figures(load, mbps)[0]
        idle = [load[..., cells].mean() < LEAST_LOAD for cells in self.kinds.values()]
        return np.where(np.array(idle * 2), np.nan, figures)

    def run(self, offsets_db: F64) -> F64:
        """Return the figures of every simulated network, (networks, 2 * kinds)."""
        carriers = {
            kind: replace(
                carrier, tx_power_dbm=carrier.tx_power_dbm + float(offsets_db[list(self.kinds).index(kind)])
            )
            if kind in self.kinds
            else carrier
            for kind, carrier in self._scenario.carriers.items()
        }
        changed = replace(self._scenario, carriers=carriers)
        figures = np.concatenate([self._run_map(changed, number) for number in range(self._maps)])
        self._done += 1
        self._progress(self._done / (1 + ROUNDS * (1 + 2 * len(self.kinds))))
        return figures

    def _run_map(self, scenario: Scenario, number: int) -> F64:
        params = Params.of(replace(scenario, radio_seed=scenario.radio_seed + number))
        seeds = _FIRST_SEED + number * self._per_map + np.arange(self._per_map, dtype=np.int64)
        state = begin(params, seeds, np.zeros(len(seeds), np.int64))
        state.arrays.surge[:, :, 0] = NEVER_S
        state.arrays.area_load[:] = area_loads(params, self._area_mbps)
        steps = params.scenario.timing.steps_per_period
        first = round(float(self._series.time_s[0]) / params.scenario.timing.twin_step_s)
        state.arrays.step[:] = first - steps
        spread = np.zeros(len(seeds), np.int64)
        load, mbps = [], []
        for period, kept in enumerate(self._kept):
            record = self._series.records[period]
            command = record.command.rows(spread)
            if record.gap_periods:
                advance(params, state, command, record.gap_periods * steps)
            open_period(state)
            advance(params, state, command, steps)
            if kept:
                kpis, valid = measure(params, state), self._series.valid[period]
                load.append(np.where(valid, kpis.prb_tot_dl / 100.0, 0.0))
                mbps.append(np.where(valid, kpis.volume_dl / (1000.0 * kpis.granularity_s), 0.0))
        return self._figures(np.stack(load, axis=1), np.stack(mbps, axis=1))

    def _figures(self, load: F64, mbps: F64) -> F64:
        """Return log rate at full load and share of traffic by kind, from (n, T, C) loads and traffic."""
        total = mbps.sum(axis=(1, 2)) + _FLOOR
        carried = (
            np.stack([mbps[..., cells].sum(axis=(1, 2)) for cells in self.kinds.values()], axis=1) + _FLOOR
        )
        used = np.stack([load[..., cells].sum(axis=(1, 2)) for cells in self.kinds.values()], axis=1) + _FLOOR
        return np.concatenate([np.log(carried / used), carried / total[:, None]], axis=1)
