"""What no admission can beat: revenue with hindsight, without a broken promise, limited by slots alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csc_array

from ..twin.command import Command
from ..twin.params import Params
from ..twin.slicing import SECONDS_PER_HOUR
from ..twin.types import F32, F64, I8, I64
from .simulation import Simulation
from .slice_features import by_type
from .slice_world import money_limits, slices_of
from .task import Weighting

_SLACK = 1e-9  # float64 sums in another order
_TIE = 1e-6  # of a duration: float32 differences in the kernel against float64 here


@dataclass(frozen=True)
class HindsightBound:
    """Best conceivable result per episode."""

    on_average: ClassVar[bool] = False  # it holds in every episode

    episode_return: F64  # (B,), no controller returns more


@dataclass(frozen=True)
class Requests:
    """Everything that is asked for in an episode, per replica (B) and request (M)."""

    first: I64  # (B, M), control period in which a slice is served first if admitted
    last: I64  # (B, M), a period until which it certainly has its slot, within the episode
    worth: F64  # (B, M), largest revenue at the full tier; 0 where nobody asks


def slice_bound(
    params: Params,
    weights: dict[str, float],
    seeds: I64,
    progress: Callable[[float], None] | None = None,
) -> HindsightBound:
    """Return the hindsight bound of admission on the twin for the episodes of ``seeds``.

    Claim: no controller, whatever it knows of the future, returns more than ``episode_return``.

    Proof. Type, place and duration of a request are drawn by the episode's key, the step and the place at the door
    alone (``kernels/slices.py``), so every controller meets the same requests. One that is admitted takes a slot in
    every period from the next to the end of its duration and brings at most its full revenue in each: the reduced
    tier pays no more (``SliceType.reduced_revenue`` <= 1) and penalties are not negative. At most N slices are served
    at a time. So the revenue of any controller is that of a set of requests of which no more than N cover any period;
    ``best_packing`` bounds the largest such. The reward is affine and increasing in revenue less penalties.

    That slices take radio resource is left out, so the bound is the looser the scarcer that is.

    Args:
        params: a network with slices.
        weights: of the reward terms, which is ``revenue`` alone.
        seeds: (B,) of the episodes, each the first of its seed.
        progress: called with the share done.
    """
    requests = requests_of(params, seeds, progress)
    least, most = money_limits(params)
    periods = params.scenario.timing.periods_per_episode
    packed = best_packing(requests, params.scenario.slicing.slots, periods)
    return HindsightBound(Weighting(weights)({"revenue": (packed - periods * least) / (most - least)}))


def requests_of(params: Params, seeds: I64, progress: Callable[[float], None] | None = None) -> Requests:
    """Return the requests of the first episode of every seed, by an episode that refuses them all."""
    simulation, periods = Simulation(params, len(seeds)), params.scenario.timing.periods_per_episode
    simulation.start(seeds, np.zeros(len(seeds), np.int64))
    refuse, asked = Command.all_active(len(seeds), params.n_cells), []
    for period in range(periods):
        asked.append(asked_for(simulation))
        simulation.step(refuse)
        if progress is not None:
            progress((period + 1) / periods)
    return collect(params, asked)


def asked_for(simulation: Simulation) -> tuple[I8, F32]:
    """Return type and duration in hours of the requests that wait, (B, R) each; type -1 where nobody asks."""
    report = slices_of(simulation.window)
    return report.request_kind, report.request_hours


def collect(params: Params, asked: Sequence[tuple[I8, F32]]) -> Requests:
    """Return the requests of an episode from what waited before each of its control periods."""
    kind = np.stack([kinds for kinds, _ in asked], axis=1)  # (B, T, R)
    wanted_h = np.stack([hours for _, hours in asked], axis=1).astype(np.float64)
    period_h = params.scenario.timing.control_period_s / SECONDS_PER_HOUR
    first = np.broadcast_to(np.arange(kind.shape[1])[None, :, None], kind.shape)
    shortest, longest = (
        np.maximum(np.ceil(wanted_h / period_h * by), 1.0).astype(np.int64) for by in (1 - _TIE, 1 + _TIE)
    )
    rate = np.where(kind >= 0, by_type(params, "revenue_per_hour")[np.maximum(kind, 0)] * period_h, 0.0)
    ends = kind.shape[1] - 1
    worth = rate * np.minimum(longest, ends - first + 1)
    n = len(kind)
    return Requests(
        first.reshape(n, -1), np.minimum(first + shortest - 1, ends).reshape(n, -1), worth.reshape(n, -1)
    )


def best_packing(requests: Requests, slots: int, periods: int) -> F64:
    """Return an upper bound of the largest revenue of requests of which at most ``slots`` cover any period, (B,).

    Lagrangian duality (Geoffrion 1974): let a slot cost p_t >= 0 in period t. Then no such set S brings more than

        slots x sum of p_t  +  sum over all requests of max(0, revenue - sum of p_t over its periods),

    for the revenue of S is the sum over S of (revenue - prices) plus the prices that S pays, at most slots x p_t in
    each period. This holds for any prices, so nothing is taken on trust from the solver that finds them. The matrix of
    intervals is totally unimodular, so with the best prices the bound is the largest revenue itself.
    """
    price = np.stack([_prices(requests, b, slots, periods) for b in range(len(requests.worth))])
    paid = np.concatenate([np.zeros((len(price), 1)), np.cumsum(price, axis=1)], axis=1)
    upto, since = (np.take_along_axis(paid, each, axis=1) for each in (requests.last + 1, requests.first))
    gain = np.maximum(requests.worth - (upto - since), 0.0)
    return (slots * price.sum(axis=1) + gain.sum(axis=1)) * (1 + _SLACK)


def _prices(requests: Requests, b: int, slots: int, periods: int) -> F64:
    """Return what a slot is worth in every period to those who ask in replica b, (T,): duals of the packing problem."""
    asked = np.flatnonzero(requests.worth[b] > 0)
    if not len(asked):
        return np.zeros(periods)
    first, last = requests.first[b, asked], requests.last[b, asked]
    ends = np.cumsum(last - first + 1)
    rows = np.concatenate([np.arange(*both) for both in zip(first, last + 1, strict=True)])
    covers = csc_array((np.ones(ends[-1]), rows, np.concatenate([[0], ends])), shape=(periods, len(asked)))
    found = linprog(
        -requests.worth[b, asked], A_ub=covers, b_ub=np.full(periods, float(slots)), bounds=(0.0, 1.0)
    )
    return np.zeros(periods) if found.x is None else np.maximum(-found.ineqlin.marginals, 0.0)
