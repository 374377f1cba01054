"""What no joint control can beat: the bounds of its parts together."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..twin.carrier import CarrierState
from ..twin.command import Command
from ..twin.params import Params
from ..twin.types import F64, I64
from .bound_checks import refuse_waiting
from .energy_saving import energy_term
from .joint_control import SAFE, UNSAFE, JointControl
from .simulation import Simulation
from .slice_bound import HindsightBound, Requests, asked_for, best_packing, collect
from .slice_world import money_limits
from .task import weighted

KBIT_PER_MBIT = 1000.0
TOLERANCE = 1e-4  # float32 sums of the kernel against float64 here
_SERVING = (CarrierState.ACTIVE, CarrierState.TRX_MUTED)


def joint_bound(
    params: Params,
    task: JointControl,
    seeds: I64,
    progress: Callable[[float], None] | None = None,
) -> HindsightBound:
    """Return the hindsight bound of joint control for the episodes of ``seeds``.

    Claim: no controller, whatever it knows of the future, returns more than ``episode_return``.

    Proof. The return is a sum of terms with weights that are not negative: at most the sum of what bounds each.

    1. ``revenue`` over the episode is at most what ``slice_bound`` proves for slices alone; nothing in that proof
       speaks of carriers, patterns or offsets.
    2. ``calm`` is at most 1, ``throughput`` at most that of a user alone on the fastest carrier at the highest CQI.
    3. ``energy`` and ``service`` in one period: a period that breaks a promise has ``service`` <= 0.5 and ``energy`` <=
       1. In one that breaks none, ``service`` is 1 and at most ``max_blocked_frac`` of the traffic of everybody but
       slices is not served. What they offer is drawn without regard to commands (``kernels/traffic.py``), so it is that
       of the run that is watched. ``least_traffic_w`` bounds the power from below; the better of the two counts.

    Args:
        params: a network with slices.
        task: its weights are used.
        seeds: (B,) of the episodes, each the first of its seed.
        progress: called with the share done.

    Raises:
        ValueError: if traffic of others than slices can wait.
    """
    refuse_waiting(params)
    requests, offered = _watched(params, seeds, progress)
    periods = params.scenario.timing.periods_per_episode
    least, most = money_limits(params)
    packed = best_packing(requests, params.scenario.slicing.slots, periods)
    revenue = (packed - periods * least) / (most - least)
    served = (1.0 - params.scenario.sla.max_blocked_frac) * offered  # (B, T)
    power = params.least_power_w + least_traffic_w(params, served) * (1.0 - TOLERANCE)
    energy = energy_term(params, power)
    fastest = float(_peak_mbps(params).max())
    same = {"throughput": fastest / (fastest + task.half_mbps), "calm": 1.0}
    filled = {name: np.full(offered.shape, value) for name, value in same.items()}
    filled["revenue"] = np.broadcast_to(revenue[:, None] / periods, offered.shape)
    one = np.ones(offered.shape)
    safe = weighted(filled | {"energy": energy, "service": SAFE * one}, task.weights)
    unsafe = weighted(filled | {"energy": one, "service": UNSAFE * one}, task.weights)
    return HindsightBound(np.maximum(safe, unsafe).sum(axis=1))


def least_traffic_w(params: Params, mbps: F64) -> F64:
    """Return what serving so much traffic costs at least above ``least_power_w``, W; arrays of any shape.

    Relaxation. At any moment a cell that is loaded to a share l carries at most l times its rate at the highest CQI and
    draws l times its slope above idle; a capacity cell must be awake for it, which costs at least l times what idle
    draws more than deep sleep. Taking the cells in the order of W per Mbit/s, each up to its full rate, costs least
    (fractional knapsack). That cost is convex in the traffic, so the mean over the steps of a period is at least the
    cost of its mean (Jensen).
    """
    arrays, serving = params.arrays, list(_SERVING)
    idle = arrays.idle_w.astype(np.float64)
    deep = idle[:, CarrierState.DEEP_SLEEP]
    opening = np.where(params.is_capacity, np.maximum(idle[:, serving].min(axis=1) - deep, 0.0), 0.0)
    cost = opening + arrays.slope_w.astype(np.float64)[:, serving].min(axis=1)
    peak = _peak_mbps(params)
    order = np.argsort(cost / peak, kind="stable")
    before = np.cumsum(peak[order]) - peak[order]
    carried = np.clip(mbps[..., None] - before, 0.0, peak[order])
    return (carried * (cost / peak)[order]).sum(axis=-1)


def _peak_mbps(params: Params) -> F64:
    """Return the rate of each cell at the highest CQI, (C,) Mbit/s."""
    rate = params.arrays.rate_mbps.astype(np.float64)[:, list(_SERVING)].max(axis=1)
    return rate * float(params.arrays.cqi_gain.sum(dtype=np.float64)) * (1.0 + TOLERANCE)


def _watched(params: Params, seeds: I64, progress: Callable[[float], None] | None) -> tuple[Requests, F64]:
    """Run an episode as planned; return every request, and what everybody but slices offers, (B, T) Mbit/s."""
    simulation = Simulation(params, len(seeds))
    simulation.start(seeds, np.zeros(len(seeds), np.int64))
    planned = Command.all_active(len(seeds), params.n_cells)
    periods, asked, offered = params.scenario.timing.periods_per_episode, [], []
    for period in range(periods):
        asked.append(asked_for(simulation))
        truth = simulation.step(planned).truth
        kbit = (truth.volume_dl + truth.blocked_dl).sum(axis=1, dtype=np.float64)
        offered.append(kbit / KBIT_PER_MBIT / truth.granularity_s)
        if progress is not None:
            progress((period + 1) / periods)
    return collect(params, asked), np.stack(offered, axis=1)
