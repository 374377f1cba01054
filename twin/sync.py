"""What we believe of the network: K twin states that agree with what was reported.

The belief never sees the network's state, parameters or randomness; it sees reports and acknowledged commands.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .advance import advance
from .carrier import N_CARRIER_STATES
from .command import Command
from .kernels.failures import DISABLED, LEFT_S, RADIO_UNIT, UNNOTICED_S, WORKS
from .kpis import Kpis, measure
from .params import Params
from .state import NEVER_S, State, begin, open_period
from .types import F64, Bool

CORRECTION_GAIN = 0.7  # share of a traffic mismatch that is believed at once
MAX_RATIO = 3.0  # largest correction per report
MAX_EXCESS = 1.5  # believed over reported traffic, at most, where a coverage cell's load asks for more
_FLOOR_KBIT = 1e3  # traffic below this is not compared
_TELLING_LOAD = 20.0  # %, a coverage cell below this load says nothing about how its users are placed


@dataclass(frozen=True)
class Belief:
    """K members for each of B networks, rows in the order network, member."""

    members: State  # (B * K) replicas
    n_members: int
    kpis: Kpis  # (B), the last report
    command: Command  # (B, C), the last acknowledged command

    @property
    def n_networks(self) -> int:
        """Number of networks B."""
        return self.members.n_replicas // self.n_members

    def rows(self, index: np.ndarray) -> Belief:
        """Select networks by an integer index."""
        spread = (index[:, None] * self.n_members + np.arange(self.n_members)).ravel()
        return Belief(
            self.members.rows(spread), self.n_members, self.kpis.rows(index), self.command.rows(index)
        )


def first_belief(params: Params, kpis: Kpis, acknowledged: Command, n_members: int, seed: int) -> Belief:
    """Start believing from the first report.

    Args:
        params: the twin.
        kpis: (B) first report.
        acknowledged: (B, C) command in force.
        n_members: K.
        seed: names the members' random streams; has nothing to do with the network's.
    """
    n = kpis.n_replicas
    seeds = np.repeat(seed + np.arange(n, dtype=np.int64), n_members)
    members = begin(params, seeds, np.tile(np.arange(n_members, dtype=np.int64), n))
    members.arrays.surge[:, :, 0] = NEVER_S  # surges are not believed in before they are reported
    steps = np.round(kpis.time_s / params.scenario.timing.twin_step_s).astype(np.int64)
    members.arrays.step[:] = np.repeat(steps, n_members) - params.scenario.timing.steps_per_period
    belief = Belief(members, n_members, kpis, acknowledged)
    for _ in range(3):  # the members' traffic settles on the reported level
        before = members.arrays.step.copy()
        belief = assimilate(params, belief, kpis, acknowledged)
        belief.members.arrays.step[:] = before
    return assimilate(params, belief, kpis, acknowledged)


def assimilate(params: Params, belief: Belief, kpis: Kpis, acknowledged: Command) -> Belief:
    """Move the belief over one control period and correct it with what was reported.

    Each member's demand per area is scaled towards the reported traffic (served plus blocked) of the cells whose report
    arrived; carrier states and failures are taken from the read-back. The given belief stays as it is.
    """
    members, predicted = expect(params, belief, acknowledged)
    _correct_demand(params, members, predicted, kpis, belief.n_members)
    _read_back(params, members, kpis, belief.n_members)
    _read_back_failures(params, members, kpis, belief.n_members)
    return replace(belief, members=members, kpis=kpis, command=acknowledged)


def expect(params: Params, belief: Belief, command: Command) -> tuple[State, Kpis]:
    """Return the members after one control period under ``command``, and what each of them measured, (B * K)."""
    members = belief.members.copy()
    open_period(members)
    spread = command.rows(np.repeat(np.arange(command.carrier_state.shape[0]), belief.n_members))
    advance(params, members, spread, params.scenario.timing.steps_per_period)
    return members, measure(params, members)


def area_traffic(params: Params, kpis: Kpis, counted: Bool) -> F64:
    """Return offered traffic per area in kbit, (B, G), over the cells that are counted (B, C)."""
    offered = np.where(counted, kpis.volume_dl + kpis.blocked_dl, 0.0).astype(np.float64)
    return np.stack([offered[:, params.area_of_cell == g].sum(axis=1) for g in range(params.n_areas)], axis=1)


def _correct_demand(params: Params, members: State, predicted: Kpis, reported: Kpis, n_members: int) -> None:
    """Scale each area's demand towards the reported traffic, or towards the coverage cell's load if that asks for more.

    The load of a busy coverage cell tells what traffic alone does not: how badly its users are placed.
    """
    counted = np.repeat(reported.valid, n_members, axis=0)
    wanted = np.repeat(area_traffic(params, reported, reported.valid), n_members, axis=0)
    by_traffic = (wanted + _FLOOR_KBIT) / (area_traffic(params, predicted, counted) + _FLOOR_KBIT)
    by_load = coverage_load_ratio(params, predicted, reported, n_members)
    ratio = np.maximum(by_traffic, np.minimum(by_load, MAX_EXCESS * by_traffic))
    ratio = np.where(np.isfinite(ratio), np.clip(ratio, 1 / MAX_RATIO, MAX_RATIO), 1.0)
    members.arrays.area_load[:] *= _power(ratio, CORRECTION_GAIN).astype(np.float32)


def coverage_load_ratio(params: Params, predicted: Kpis, reported: Kpis, n_members: int) -> F64:
    """Return reported over predicted load of the coverage cells, (B * K, G); 0 where the report says too little."""
    cells = params.coverage_cells
    told = np.repeat(reported.prb_tot_dl[:, cells].astype(np.float64), n_members, axis=0)
    known = np.repeat(reported.valid[:, cells], n_members, axis=0) & (told >= _TELLING_LOAD)
    return np.where(known, told / np.maximum(predicted.prb_tot_dl[:, cells], _TELLING_LOAD / 2), 0.0)


def _power(ratio: F64, exponent: float) -> F64:
    """Raise to a power, rounded so that every CPU agrees."""
    return np.round(ratio**exponent * 2**20) / 2**20


def _read_back(params: Params, members: State, kpis: Kpis, n_members: int) -> None:
    """Take carrier states as reported; a cell reported awake is awake, one reported waking keeps some delay.

    A state that does not exist is not taken: the kernel looks things up by it.
    """
    arrays = members.arrays
    exists = (kpis.carrier_state >= 0) & (kpis.carrier_state < N_CARRIER_STATES)
    known = np.repeat(kpis.valid & exists, n_members, axis=0)
    waking = np.repeat(kpis.waking, n_members, axis=0)
    arrays.carrier[:] = np.where(known, np.repeat(kpis.carrier_state, n_members, axis=0), arrays.carrier)
    least = np.float32(params.arrays.step_s)
    left = np.where(waking, np.maximum(arrays.wake_left_s, least), 0.0)
    arrays.wake_left_s[:] = np.where(known, left, arrays.wake_left_s)


def _read_back_failures(params: Params, members: State, kpis: Kpis, n_members: int) -> None:
    """Take failures as reported: a cell stays down until it is reported to work, whatever took it down."""
    arrays, places = members.arrays, params.arrays.cause_place
    known = np.repeat(kpis.valid, n_members, axis=0)
    disabled = np.repeat(kpis.disabled > 0, n_members, axis=0)
    arrays.down[:] = np.where(known, np.where(disabled, DISABLED, WORKS), arrays.down)
    if arrays.outage.shape[1]:
        for cause in range(RADIO_UNIT + 1, arrays.outage.shape[1]):
            here = places[cause] == np.arange(len(places[cause]))[:, None]
            told = (known[:, None] & here).any(axis=2)  # (B, C), by any cell that the cause takes down
            arrays.outage[:, cause][told] = 0.0
        unit = arrays.outage[:, RADIO_UNIT]
        unit[:, :, LEFT_S] = np.where(known, np.where(disabled, NEVER_S, 0.0), unit[:, :, LEFT_S])
        unit[:, :, UNNOTICED_S] = np.where(known, 0.0, unit[:, :, UNNOTICED_S])
