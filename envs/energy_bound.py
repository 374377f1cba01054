"""The energy bound that no controller can beat, with its proof."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..twin.advance import advance
from ..twin.carrier import CarrierState
from ..twin.command import Command
from ..twin.kernels.layout import Scratch
from ..twin.kernels.relax import relax_moment
from ..twin.params import Params
from ..twin.state import State, begin
from ..twin.types import F64, I8, I64, Bool
from .bound_checks import refuse_waiting
from .energy_dual import TOLERANCE, least_awake_w, least_power_by_bids, watch_period
from .energy_saving import EnergySaving, energy_term

MAX_SLEEPERS = 4  # capacity carriers up to which every set of awake ones is looked at


@dataclass(frozen=True)
class EnergyBound:
    """Best conceivable result per episode."""

    on_average: ClassVar[bool] = False  # it holds in every episode

    episode_return: F64  # (B,), no controller returns more
    energy_kwh: F64  # (B,), no controller that keeps every promise spends less


def energy_bound(
    params: Params,
    task: EnergySaving,
    seeds: I64,
    progress: Callable[[float], None] | None = None,
    first_period: Callable[[State], None] | None = None,
    max_sleepers: int = MAX_SLEEPERS,
) -> EnergyBound:
    """Return the hindsight bound of the energy problem for the episodes of ``seeds``.

    Claim: no controller, whatever it knows of the future, returns more than ``episode_return``; and none whose
    every control period is safe spends less than ``energy_kwh``.

    Proof. Users, their demand and their path gains do not depend on commands (``kernels/traffic.py``), so the moments
    of an always-active run are those of every run. Fix a twin step and let A be the capacity carriers that serve in it
    under some controller.

    1. Power. Carriers outside A draw at least their deep-sleep power, those in A at least their idle power; a waking
       carrier draws idle power and does not serve. After event A3 a user's cell ranks within the A3 margin of the best
       serving cell; a capacity cell's rank is lowest when muted. So the user's cell is among the candidates of
       ``relax_moment``. Its rate there is at most the rate without interference, so each Mbit/s costs at least the
       least W per Mbit/s among the candidates. A safe period blocks at most ``max_blocked_frac`` of its traffic, so a
       step of it leaves at most that many Mbit unserved: dropping the most expensive ones lowers the cost by at
       most (Mbit/s dropped) x (largest W per Mbit/s).
    2. Feasibility. In a safe period a cell that is the only candidate of some users carries their traffic but for what
       may be dropped, at no less than the PRB share without interference; it has one carrier. The same holds for all
       cells together. A set A that breaks either cannot occur in a safe period.
    3. Minimum. A safe period therefore draws in each step at least the least power of a feasible A, and its reward is
       at most that of this power, ``service`` = 1 and ``calm`` = 1. An unsafe period has ``service`` <= 0.5,
       ``energy`` <= 1 and ``calm`` <= 1. The bound takes the better of the two in each period;
       where no A is feasible, the unsafe one.

    There are 2 to the power of the capacity carriers of sets A. Beyond ``max_sleepers`` of them, and where carriers
    choose an SSB period (a user who finds a cell alone may begin at a worse one than the best of A), the least power
    comes from ``least_power_by_bids`` instead of 1 and 2, and every A passes as feasible.

    Args:
        params: the network.
        task: its weights are used.
        seeds: (B,) of the episodes, each the first of its seed.
        progress: called with the share done.
        first_period: called with the state before the first period, for drills that change it.
        max_sleepers: capacity carriers up to which every A is looked at.

    Raises:
        ValueError: if the A3 time to trigger outlasts a step, or traffic can wait.
    """
    _check(params)
    few = len(params.capacity_cells) <= max_sleepers and len(params.scenario.sleep.periods_ms) == 1
    sets = awake_sets(params) if few else None
    timing = params.scenario.timing
    state = begin(params, seeds, np.zeros(len(seeds), np.int64))
    _walk(params, state, -timing.steps_per_period, timing.steps_per_period)
    if first_period is not None:
        first_period(state)
    total_return, total_kwh = np.zeros(len(seeds)), np.zeros(len(seeds))
    for period in range(timing.periods_per_episode):
        mean_power, possible = _least_power(params, state, sets)
        total_return += _best_reward(params, task, mean_power, possible)
        total_kwh += mean_power * timing.control_period_s / 3.6e6
        if progress is not None:
            progress((period + 1) / timing.periods_per_episode)
    return EnergyBound(total_return, total_kwh)


def awake_sets(params: Params) -> I8:
    """List every set of awake capacity carriers, (K, C): 0 coverage, 1 awake capacity, -1 asleep."""
    choices = [(0,) if not capacity else (-1, 1) for capacity in params.is_capacity]
    return np.array(list(itertools.product(*choices)), dtype=np.int8)


def _check(params: Params) -> None:
    refuse_waiting(params)
    if max(params.arrays.ttt_s, params.arrays.wait_s.max()) > params.arrays.step_s:
        raise ValueError(
            "the bound needs handover.time_to_trigger_s, and what finding a cell of the longest SSB period takes on "
            "top, <= timing.twin_step_s"
        )


def _walk(params: Params, state: State, first_step: int, n_steps: int) -> None:
    state.arrays.step[:] = first_step
    advance(params, state, Command.all_active(state.n_replicas, params.n_cells), n_steps)


def _moments(params: Params, state: State, sets: I8) -> tuple[F64, F64]:
    """Advance one control period; return the relaxation (T, B, K, 2 C + 4) and the offered Mbit/s (T, B) of it."""
    cost = np.empty((2, params.n_cells), np.float32)

    def relaxed(scratch: Scratch) -> tuple[F64, F64]:
        out = np.zeros((state.n_replicas, len(sets), 2 * params.n_cells + 4))
        relax_moment(params.arrays, state.arrays, scratch, sets, cost, out)
        return out, state.arrays.offered_mbit / params.arrays.step_s

    rows, offered = zip(*watch_period(params, state, relaxed), strict=True)
    return np.stack(rows), np.stack(offered)


def _least_power(params: Params, state: State, sets: I8 | None) -> tuple[F64, Bool]:
    """Advance one control period; return its least power when safe in W, and whether that is possible, each (B,)."""
    if sets is None:
        return least_power_by_bids(params, state), np.ones(state.n_replicas, np.bool_)
    cells = params.n_cells
    relaxed, offered = _moments(params, state, sets)
    may_drop = params.scenario.sla.max_blocked_frac * offered.sum(axis=0)  # Mbit/s within one step
    need = relaxed[..., :cells] - may_drop[:, None, None] * relaxed[..., cells : 2 * cells]
    need_all = relaxed[..., 2 * cells] - may_drop[:, None] * relaxed[..., 2 * cells + 1]
    fits = np.all(need <= 1 + TOLERANCE, axis=-1) & (need_all <= (sets >= 0).sum(axis=1) + TOLERANCE)
    traffic_w = relaxed[..., 2 * cells + 2] - may_drop[:, None] * relaxed[..., 2 * cells + 3]
    power = standing_power_w(params, sets) + np.maximum(traffic_w, 0.0) * (1 - TOLERANCE)
    possible = fits.any(axis=-1)
    least = np.where(possible, np.where(fits, power, np.inf).min(axis=-1), power.min(axis=-1))
    return least.mean(axis=0), np.asarray(possible.all(axis=0))


def standing_power_w(params: Params, sets: I8) -> F64:
    """Return the power without traffic of each set, (K,) W."""
    idle, deep = least_awake_w(params), params.arrays.idle_w[:, CarrierState.DEEP_SLEEP].astype(np.float64)
    return params.arrays.fixed_w + np.where(sets >= 0, idle, deep).sum(axis=1)


def _best_reward(params: Params, task: EnergySaving, power_w: F64, possible: Bool) -> F64:
    weights, total = task.weights, sum(task.weights.values())
    safe = weights["energy"] * energy_term(params, power_w) + weights["service"] + weights["calm"]
    unsafe = weights["energy"] + 0.5 * weights["service"] + weights["calm"]
    return np.where(possible, np.maximum(safe, unsafe), unsafe) / total
