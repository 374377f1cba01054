"""Beam control: which broadcast pattern every massive-MIMO cell radiates while users and crowds move."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

import numpy as np
from gymnasium import spaces

from ..twin.beam_pattern import STANDARD_PATTERNS, standard_pattern
from ..twin.command import Command
from ..twin.kpis import Kpis
from ..twin.link import cqi_efficiency
from ..twin.params import Params
from ..twin.rules import Precedent
from ..twin.sla import CONSTRAINTS, shares
from ..twin.types import F64, I32, I64, Bool
from .features import Feature, FeatureList, Named, clock, level, limited_share
from .simulation import Outcome
from .window import Window

N_SSB = 4
LARGEST_EFFICIENCY = float(cqi_efficiency(2)[-1])  # bit/s/Hz, 256QAM
KBIT_PER_MBIT = 1000.0
PLANNED = "as planned"


def beam_cells(params: Params) -> I32:
    """Return the indices of the cells that have a choice of patterns.

    Raises:
        ValueError: if there is none.
    """
    cells = np.flatnonzero(params.n_beams > 1).astype(np.int32)
    if not len(cells):
        raise ValueError(
            f"scenario {params.scenario.name!r}: no cell has a choice of broadcast patterns; give a carrier some, "
            f"such as patterns: [{next(iter(STANDARD_PATTERNS))}]"
        )
    return cells


def pattern_names(params: Params, cell: int) -> tuple[str, ...]:
    """Return the names of a cell's patterns in the order of the choices."""
    return (PLANNED, *params.cells[cell].carrier.patterns)


@cache
def may_follow(names: tuple[str, ...]) -> Bool:
    """Return which pattern may follow which, (n, n): one of shape, tilt and azimuth changes at a time.

    The planned pattern may follow every other and be followed by every other, so that nobody is ever stuck.
    """
    book = [None if name == PLANNED else standard_pattern(name) for name in names]
    allowed = np.ones((len(names), len(names)), np.bool_)
    for i, one in enumerate(book):
        for j, other in enumerate(book):
            if one is not None and other is not None:
                changed = (
                    one.coverage_shape != other.coverage_shape,
                    one.digital_tilt != other.digital_tilt,
                    one.digital_azimuth != other.digital_azimuth,
                )
                allowed[i, j] = sum(changed) <= 1
    return allowed


def _cells(params: Params) -> tuple[str, ...]:
    return tuple(cell.name for cell in params.cells)


def _patterns(params: Params) -> tuple[str, ...]:
    return tuple(
        f"{params.cells[c].name}={name}"
        for c in beam_cells(params).tolist()
        for name in pattern_names(params, c)
    )


def _in_force(params: Params, window: Window) -> F64:
    beam = window.precedent.command.beam
    return np.concatenate(
        [beam[:, [c]] == np.arange(int(params.n_beams[c])) for c in beam_cells(params).tolist()], axis=1
    ).astype(np.float64)


FEATURES: FeatureList = (
    Feature("load of", "%", 0.0, 100.0, _cells, level("prb_tot_dl")),
    Feature("user throughput of", "kbit/s", 0.0, 200_000.0, _cells, level("ue_thp_dl")),
    Feature("active users of", "users", 0.0, 60.0, _cells, level("active_ue")),
    Feature("uncovered users of", "users", 0.0, 10.0, _cells, level("uncovered_ue")),
    Feature("link of", "bit/s/Hz", 0.0, LARGEST_EFFICIENCY, _cells, level("efficiency")),
    *(Feature(f"users in beam {k} of", "users", 0.0, 40.0, _cells, level(f"ssb_{k}")) for k in range(N_SSB)),
    Feature("pattern of", "one-hot", 0.0, 1.0, _patterns, _in_force),
    Feature("limited share", "of limit", 0.0, 0.3, Named(("below guarantee", "uncovered", "blocked")),
            limited_share(len(CONSTRAINTS))),
    Feature("time of day", "", -1.0, 1.0, Named(("sine", "cosine")), clock()),
)  # fmt: skip


def default_weights() -> dict[str, float]:
    """Return the weights of the reward terms."""
    return {"throughput": 1.0, "coverage": 0.5, "link": 0.25, "calm": 0.05}


@dataclass(frozen=True)
class BeamControl:
    """Choose a broadcast pattern for every cell that has a choice, once per control period.

    Description:
        A pattern is a shape with a digital tilt and azimuth (TS 28.541 ``CommonBeamformingFunction``); every pattern
        radiates the same power, so what a crowd gains others lose. Users walk and drive, crowds come unannounced, and
        reports tell only how many users each SSB beam serves (TS 28.552 5.1.1.28).

    Action Space:
        ``MultiDiscrete``, one choice per cell with patterns: 0 is the planned one, the others stand in the order of
        ``carrier.patterns``. Between two that are not planned only one of shape, tilt and azimuth changes at a time;
        else the cell keeps what it has (``action_masks`` tells beforehand).

    Observation Space:
        ``Box(-1, 1)``; see ``features.table``.

    Rewards:
        Weighted mean of ``throughput`` (mean user throughput T as T / (T + ``half_mbps``)), ``coverage`` (1 when
        everybody is covered, 0.5 at the promised limit, 0 at twice the limit), ``link`` (mean spectral efficiency
        over the largest) and ``calm`` (1 when no pattern changes).

    Starting State:
        Midnight, patterns as planned, after one control period of measurement.

    Episode End:
        Truncated after ``episode_s``; never terminated.

    Arguments:
        ``weights``: weight per reward term. ``continuous``: a ``Box`` of tilts and azimuths, see ``ContinuousBeams``.

    Version History:
        v0: first release.
    """

    weights: dict[str, float] = field(default_factory=default_weights)
    budget: float = 0.1
    features: FeatureList = FEATURES
    scenarios: tuple[str, ...] = ("arena",)
    half_mbps: float = 100.0  # throughput that counts half

    def action_space(self, params: Params) -> spaces.MultiDiscrete:
        """Return one choice of patterns per cell that has one."""
        return spaces.MultiDiscrete(params.n_beams[beam_cells(params)].tolist())

    def decode(self, params: Params, actions: I64, precedent: Precedent) -> Command:
        """Ask for the chosen patterns; one that may not follow the present one leaves that in force."""
        cells, before = beam_cells(params), precedent.command
        beam = before.beam.copy()
        for column, cell in enumerate(cells.tolist()):
            allowed = may_follow(pattern_names(params, cell))[before.beam[:, cell], actions[:, column]]
            beam[:, cell] = np.where(allowed, actions[:, column], before.beam[:, cell])
        return Command(np.zeros_like(before.carrier_state), beam)

    def encode(self, params: Params, command: Command) -> I64:
        """Return the choices that ask for ``command``."""
        return command.beam[:, beam_cells(params)].astype(np.int64)

    def masks(self, params: Params, precedent: Precedent) -> Bool:
        """Return which patterns may follow those in force."""
        beam = precedent.command.beam
        rows = [
            may_follow(pattern_names(params, cell))[beam[:, cell]] for cell in beam_cells(params).tolist()
        ]
        return np.concatenate(rows, axis=1)

    def reward_terms(self, params: Params, outcome: Outcome) -> dict[str, F64]:
        """Return ``throughput``, ``coverage``, ``link`` and ``calm``, each (B,)."""
        cells = beam_cells(params)
        changed = outcome.before.beam[:, cells] != outcome.command.beam[:, cells]
        quality = self.quality(
            params, user_mbps(outcome.truth), shares(outcome.truth)[:, 1], user_efficiency(outcome.truth)
        )
        return quality | {"calm": 1.0 - changed.mean(axis=1)}

    def quality(self, params: Params, mbps: F64, uncovered: F64, efficiency: F64) -> dict[str, F64]:
        """Return the terms of what users get, from arrays of one shape: Mbit/s, share of users, bit/s/Hz."""
        limit = max(params.scenario.sla.max_uncovered_frac, 1e-9)
        return {
            "throughput": mbps / (mbps + self.half_mbps),
            "coverage": np.clip(1.0 - 0.5 * uncovered / limit, 0.0, 1.0),
            "link": np.clip(efficiency / LARGEST_EFFICIENCY, 0.0, 1.0),
        }


def user_mbps(kpis: Kpis) -> F64:
    """Return the mean throughput of active users, (B,) Mbit/s; 0 where there is none."""
    return _mean(kpis.ue_thp_dl / KBIT_PER_MBIT, kpis.active_ue)


def user_efficiency(kpis: Kpis) -> F64:
    """Return the mean spectral efficiency of active users at the end of the period, (B,) bit/s/Hz."""
    return _mean(kpis.efficiency, kpis.ssb_0 + kpis.ssb_1 + kpis.ssb_2 + kpis.ssb_3)


def _mean(values: np.ndarray, users: np.ndarray) -> F64:
    """Return the mean of users over cells, from means per cell (B, C)."""
    total = (values.astype(np.float64) * users).sum(axis=1)
    return total / np.maximum(users.sum(axis=1, dtype=np.float64), 1e-9)
