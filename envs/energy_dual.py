"""The least power of a safe control period in a network of any size, by duality; the proof stands with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np

from ..twin.advance import advance
from ..twin.carrier import N_CARRIER_STATES, CarrierState
from ..twin.command import Command
from ..twin.kernels.dual import bid_moment, make_auction
from ..twin.kernels.layout import ParamArrays, Scratch, make_scratch
from ..twin.params import Params
from ..twin.state import State, open_period
from ..twin.types import F64

TOLERANCE = 1e-4  # float32 sums of the kernel against float64 here
Seen = TypeVar("Seen")


def watch_period(params: Params, state: State, look: Callable[[Scratch], Seen]) -> list[Seen]:
    """Advance one control period with everything active and look at the moment of each of its steps."""
    active = Command.all_active(state.n_replicas, params.n_cells)
    scratch, seen = make_scratch(state.arrays), []
    for _ in range(params.scenario.timing.steps_per_period):
        open_period(state)
        advance(params, state, active, 1)
        state.arrays.step[:] -= 1  # the step that was just accounted for
        seen.append(look(scratch))
        state.arrays.step[:] += 1
    return seen


def opening_w(params: Params) -> F64:
    """Return what each cell draws more when awake and idle than in deep sleep, (C,) W; 0 where it never sleeps."""
    deep = params.arrays.idle_w.astype(np.float64)[:, CarrierState.DEEP_SLEEP]
    return np.where(params.is_capacity, least_awake_w(params) - deep, 0.0)


def least_awake_w(params: Params) -> F64:
    """Return what each cell draws at least while it may serve and sends no data, muted or not, (C,) W."""
    by_state = params.arrays.idle_w.reshape(params.n_cells, -1, N_CARRIER_STATES)  # (C, SSB periods, states)
    return by_state[:, :, : CarrierState.TRX_MUTED + 1].min(axis=(1, 2)).astype(np.float64)


def easiest(params: Params) -> ParamArrays:
    """Return the arrays with the SSB period that serves best and costs least per load, whatever a cell chose."""
    arrays, n = params.arrays, len(params.scenario.sleep.periods_ms)
    if n == 1:
        return arrays
    slope_w, rates = arrays.slope_w.copy(), arrays.rate_mbps.reshape(-1, n, 2).max(axis=1)
    slope_w[:, :N_CARRIER_STATES] = arrays.slope_w.reshape(-1, n, N_CARRIER_STATES).min(axis=1)
    return arrays._replace(slope_w=slope_w, rate_mbps=np.ascontiguousarray(rates))


def least_power_by_bids(params: Params, state: State) -> F64:
    """Advance one control period; return a power that no safe period stays below, (B,) W.

    Proof. Fix a twin step; let a_u be the Mbit/s that user u asks for and A the capacity carriers that serve in it.
    As in ``energy_bound``, the step draws at least the power with all capacity in deep sleep, plus f_c for each c of A,
    plus for each Mbit/s the least W per Mbit/s, p_uc without interference, of the cells that may serve the user.
    Event A3 leaves a user no cell that ranks farther than its margin below the best coverage cell, whatever A is: only
    cells of this list L_u count, and of the capacity carriers among them only those of A. Who has to find a cell alone
    takes one that ranks no lower than any coverage cell, for these keep to SSB periods that can be found.

    1. Duality. Let q_u >= 0, W per Mbit/s, be such that q_u <= p_uc for every coverage cell c of L_u, and for every
       capacity carrier c the sum of a_u max(0, q_u - p_uc) over the users with c in L_u is at most f_c. Then the step
       draws at least the sum of a_u q_u more than with all capacity asleep. For let c(u) in L_u be the cell that serves
       u. The users of a coverage cell pay a_u p_uc >= a_u q_u. Those of a carrier c of A pay a_u p_uc, and f_c is at
       least the sum of a_u (q_u - p_uc) over them: together they make up the sum of a_u q_u. Users with no coverage
       cell in L_u bid q_u = 0, which is always right.
    2. Dropped traffic. Let only b_u <= a_u be served. The same q_u then satisfy 1 with b_u in the place of a_u, so what
       is saved is at most the sum of (a_u - b_u) q_u. A safe period blocks at most ``max_blocked_frac`` of its traffic,
       all steps together: the most that can be saved is to drop the dearest bids of the period first.

    Any bids will do; those of ``kernels/dual.py`` rise until no single one can. That carriers fill up is left out, so a
    period that nobody could keep safe passes as possible here.
    """
    n_users = state.arrays.user_x.shape[1]
    auction, arrays = make_auction(opening_w(params), n_users), easiest(params)

    def bids(scratch: Scratch) -> F64:
        out = np.empty((state.n_replicas, 2, n_users))
        bid_moment(arrays, state.arrays, scratch, auction, out)
        return out

    both = np.concatenate(watch_period(params, state, bids), axis=2)  # (B, 2, T U)
    steps = params.scenario.timing.steps_per_period
    bid, asked = both[:, 0], both[:, 1]
    saved = _dearest(bid, asked, params.scenario.sla.max_blocked_frac * asked.sum(axis=1))
    traffic_w = ((bid * asked).sum(axis=1) - saved) / steps
    return params.least_power_w + np.maximum(traffic_w, 0.0) * (1 - TOLERANCE)


def _dearest(bid: F64, asked: F64, limit: F64) -> F64:
    """Return the largest sum of bid x amount over amounts within (B, N) ``asked`` that add up to (B,) ``limit``."""
    order = np.argsort(-bid, axis=1, kind="stable")
    dear, amount = np.take_along_axis(bid, order, axis=1), np.take_along_axis(asked, order, axis=1)
    before = np.cumsum(amount, axis=1) - amount
    return (np.clip(limit[:, None] - before, 0.0, amount) * dear).sum(axis=1)
