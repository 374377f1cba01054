"""Simulated networks to compare a log with: the twin under the recorded commands, each network with offsets of its own.

Every network has its own users, every few of them their own shadowing. Offsets of path gain are levels around those
that are believed: each is a column of the gain map, chosen like a broadcast pattern, so that one compiled call moves
networks with different offsets.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...twin.carrier import CarrierState
from ...twin.kernels.layout import GAIN_STEP_DB, ParamArrays, Settings, make_scratch
from ...twin.kernels.step import advance_replicas
from ...twin.kpis import Kpis, measure
from ...twin.params import Params
from ...twin.scenario import Scenario, Sector
from ...twin.state import NEVER_S, begin, open_period
from ...twin.types import F64, I8, I64, Bool
from ..config import ConfigError
from .load import area_loads
from .series import Series

LEVELS_DB = (-9.0, -6.0, -3.0, 0.0, 3.0, 6.0, 9.0)
CELL_LEVELS, COMMON_LEVELS = 5, 3  # of a cell within its network, and of all cells of a network
MAPS, USERS_PER_MAP = 12, 24  # draws of shadowing, and of users on each
MOST_PERIODS = 288  # that are simulated
REGIMES = 2  # all carriers serve, or some sleep: the same users under other cells
SUMS = ("load", "mbps", "users", "uncovered", "sampled", "efficiency", "outer")
_FIRST_SEED = 7_000_000
_DESIGN_SEED = 11
_FLOOR = 1e-9
_COLUMNS = 128  # of a cell's gain map that an int8 names


def with_offsets(scenario: Scenario, offsets_db: F64) -> Scenario:
    """Return the scenario with these dB (C,) added to the path gain of its cells."""
    offsets, sites = iter(offsets_db.tolist()), []
    for site in scenario.sites:
        sectors = tuple(_tuned(sector, [next(offsets) for _ in sector.carriers]) for sector in site.sectors)
        sites.append(replace(site, sectors=sectors))
    return replace(scenario, sites=tuple(sites))


def _tuned(sector: Sector, offsets_db: list[float]) -> Sector:
    before = sector.calibration_db or (0.0,) * len(offsets_db)
    return replace(sector, calibration_db=tuple(a + b for a, b in zip(before, offsets_db, strict=True)))


def sums_of(kpis: Kpis, valid: Bool) -> F64:
    """Return what a period adds to the sums of its regime, (B, C, SUMS); cells (C,) not heard of add nothing."""
    beams = np.stack([kpis.ssb_0, kpis.ssb_1, kpis.ssb_2, kpis.ssb_3]).astype(np.float64)
    sampled = beams.sum(axis=0)
    mbps = kpis.volume_dl / (1000.0 * kpis.granularity_s)
    told = (
        kpis.prb_tot_dl / 100.0,
        mbps,
        kpis.conn_mean,
        kpis.uncovered_ue,
        sampled,
        kpis.efficiency * sampled,
        beams[0] + beams[3],
    )
    return np.where(valid[:, None], np.stack(told, axis=-1), 0.0)


def figures_of(sums: F64, kinds: list[Bool]) -> F64:
    """Return what is compared, (B, figures), from sums by regime (REGIMES, B, C, SUMS).

    By kind of carrier the log of the rate at full load and the share of the traffic, over all periods. By cell and
    regime the share of the users and of those below the coverage threshold, the log of the mean efficiency and the
    share of outer SSB beams; by cell also the first two.
    """
    load, mbps = (sums[..., k].sum(axis=0) for k in (0, 1))
    groups = [np.stack([x[:, cells].sum(axis=1) for cells in kinds], axis=1) for x in (load, mbps)]
    total = mbps.sum(axis=1, keepdims=True) + _FLOOR
    figures = [_log_ratio(groups[1], groups[0]), groups[1] / total, _log_ratio(mbps, load), mbps / total]
    for _, _, users, uncovered, sampled, efficiency, outer in (np.moveaxis(part, -1, 0) for part in sums):
        everybody = users.sum(axis=1, keepdims=True) + _FLOOR
        figures += [users / everybody, uncovered / everybody]
        figures += [_log_ratio(efficiency, sampled), outer / (sampled + _FLOOR)]
    return np.concatenate(figures, axis=1)


def _log_ratio(over: F64, under: F64) -> F64:
    """Return a log ratio, 0 where there is nothing: the figure then tells nothing."""
    known = (over > _FLOOR) & (under > _FLOOR)
    return np.where(known, np.log(np.where(known, over, 1.0) / np.where(known, under, 1.0)), 0.0)


class Networks:
    """Simulated networks of a scenario under the commands of a log."""

    def __init__(self, scenario: Scenario, series: Series, kept: Bool, area_mbps: F64) -> None:
        """Take the days to live through.

        Args:
            scenario: what is believed.
            series: the log.
            kept: (T,), periods to compare.
            area_mbps: (G,), traffic of the areas.

        Raises:
            ConfigError: for more broadcast patterns than there are columns for.
        """
        _require_columns(scenario)
        calm = replace(scenario, surge=replace(scenario.surge, probability=0.0))
        self._scenario, self._series, self._area_mbps = calm, series, area_mbps
        self._kept = kept[:MOST_PERIODS]
        self._regime = np.any(series.state > CarrierState.TRX_MUTED, axis=1).astype(np.int64)  # (T,)
        self._maps = MAPS if scenario.shadowing else 1
        self._per_map = MAPS * USERS_PER_MAP // self._maps

    @property
    def n_periods(self) -> int:
        """Number of periods that are compared."""
        return int(self._kept.sum())

    @property
    def draw(self) -> I64:
        """Draw of shadowing, or without it block of users, of each simulated network, (n,)."""
        return np.arange(MAPS * USERS_PER_MAP) // USERS_PER_MAP

    def observed(self) -> F64:
        """Return the sums of the log, (REGIMES, 1, C, SUMS)."""
        sums = np.zeros((REGIMES, 1, self._series.valid.shape[1], len(SUMS)))
        for row in np.flatnonzero(self._kept):
            sums[self._regime[row]] += sums_of(self._series.records[row].kpis, self._series.valid[row])
        return sums

    def run(self, centre_db: F64) -> tuple[F64, F64]:
        """Return offsets (n, C) in dB, levels around the centre (C,), and their sums (REGIMES, n, C, SUMS)."""
        rng = np.random.Generator(np.random.Philox(_DESIGN_SEED))
        offsets, sums = [], []
        for number in range(self._maps):
            levels = _levels(rng, self._per_map, len(centre_db))
            sums.append(self._run_map(centre_db, number, levels))
            offsets.append(centre_db + np.array(LEVELS_DB)[levels])
        return np.concatenate(offsets), np.concatenate(sums, axis=1)

    def _run_map(self, centre_db: F64, number: int, levels: I64) -> F64:
        seed = self._scenario.radio_seed + number
        params = Params.of(replace(with_offsets(self._scenario, centre_db), radio_seed=seed))
        arrays = _with_levels(params.arrays)
        first_seed = _FIRST_SEED + number * len(levels)
        state = begin(params, first_seed + np.arange(len(levels)), np.zeros(len(levels), np.int64))
        state.arrays.surge[:, :, 0] = NEVER_S
        state.arrays.area_load[:] = area_loads(params, self._area_mbps)
        steps = params.scenario.timing.steps_per_period
        first = round(float(self._series.time_s[0]) / params.scenario.timing.twin_step_s)
        state.arrays.step[:] = first - steps
        sums, work = np.zeros((REGIMES, *levels.shape, len(SUMS))), make_scratch(state.arrays)
        for period, kept in enumerate(self._kept):
            record = self._series.records[period]
            settings = _spread(record.command.settings, levels)
            if record.gap_periods:
                advance_replicas(arrays, state.arrays, settings, record.gap_periods * steps, work)
            open_period(state)
            advance_replicas(arrays, state.arrays, settings, steps, work)
            if kept:
                sums[self._regime[period]] += sums_of(measure(params, state), self._series.valid[period])
        return sums


def _levels(rng: np.random.Generator, n: int, cells: int) -> I64:
    """Draw levels (n, cells): one part for each cell, one for all, as users mislead all figures of a network alike."""
    own = np.stack([_balanced(rng, n, CELL_LEVELS) for _ in range(cells)], axis=1)
    return own + _balanced(rng, n, COMMON_LEVELS)[:, None]


def _balanced(rng: np.random.Generator, n: int, levels: int) -> I64:
    """Draw (n,) levels, each as often as the others."""
    return rng.permutation(np.arange(n) % levels)


def _with_levels(arrays: ParamArrays) -> ParamArrays:
    """Return the arrays with a column per pattern and level in place of one per pattern."""
    steps = np.round(np.array(LEVELS_DB) / GAIN_STEP_DB).astype(np.int16)
    gain = (arrays.gain[:, :, None] + steps).reshape(len(arrays.gain), -1)
    first = arrays.first_column * np.int32(len(steps))
    return arrays._replace(gain=np.ascontiguousarray(gain), first_column=first)


def _require_columns(scenario: Scenario) -> None:
    patterns, most = int(Params.of(scenario).n_beams.max()), _COLUMNS // len(LEVELS_DB)
    if patterns > most:
        raise ConfigError(
            f"a cell of {scenario.name!r} has {patterns} broadcast patterns and offsets are fitted to at most {most}; "
            "calibrate with radio=false"
        )


def _spread(settings: Settings, levels: I64) -> Settings:
    """Return the settings of one network for all, with the column of each network's own levels."""
    rows = np.zeros(len(levels), np.int64)
    same = Settings(*(np.ascontiguousarray(array[rows]) for array in settings))
    column: I8 = (same.beam.astype(np.int64) * len(LEVELS_DB) + levels).astype(np.int8)
    return same._replace(beam=column)
