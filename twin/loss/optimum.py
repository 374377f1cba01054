"""The best admission policy of a loss system: exact, the best trunk reservation, and an upper bound."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..types import F64, I64, Bool
from .chain import Performance, Resolvent, performance, performance_of, shift_of, stationary
from .states import LossStates, reservation_table
from .system import LossSystem

TOLERANCE = 1e-9  # of the reward that passes the door per second
_TIE = 1e-10  # of the largest stake: indifferent means admit, on every CPU alike
_MAX_POLICIES = 200
_ROUNDING = 8 * float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Optimum:
    """The optimal policy with its proof: no policy's gain exceeds ``gain + gap``."""

    gain: float  # average reward per second of ``table``, penalties deducted
    gap: float  # at least what the best conceivable policy has more
    table: Bool  # (*shape, K), whether to admit
    bias: F64  # (*shape), relative value of a state, 0 when empty, NaN outside the capacity
    blocking: F64  # (K,), share of requests refused
    mean_units: float  # units in use


def optimum(system: LossSystem) -> Optimum:
    """Return the policy of greatest average reward and the proof of it.

    Solves g = max over policies of r(n) + (Q h)(n) (Howard 1960; Puterman, "Markov Decision Processes", 1994,
    sections 8.6 and 11.5): admit k when reward + penalty + h(n + e_k) - h(n) >= 0. Each pass improves the policy
    and takes one implicit step, (shift I - Q) h' = r - g + shift h. For any h whatsoever, the least r + Q h of a
    policy is no more than its gain, and the largest r + Q h of the improved policy no less than the optimum
    (Odoni, Oper. Res. 17, 1969; Puterman section 8.5): that is the gap, with rounding added to it.

    Raises:
        ValueError: if the system is too large for exact answers.
        ArithmeticError: if the gap stays above ``TOLERANCE``, which no known system does.
    """
    states = LossStates.of(system)
    shift, gap = shift_of(system), np.inf
    bias, admit, resolvent = np.zeros(states.n_states), np.zeros(states.fits.shape, np.bool_), None
    for _ in range(_MAX_POLICIES):
        better = _improve(states, bias)
        drift, highest = _drift(states, bias, better), _highest(states, bias)
        gap = highest - float(drift.min()) + _rounding(states, bias)
        if gap <= TOLERANCE * _stake_per_s(system):
            return _finish(states, better, bias, gap)
        if resolvent is None or not np.array_equal(better, admit):
            admit, resolvent = better, Resolvent.of(states, better, shift)
        middle = 0.5 * (float(drift.min()) + float(drift.max()))
        reward = _reward(states, admit)
        bias = resolvent.right(reward - middle + shift * bias)
        bias -= bias[0]
    raise ArithmeticError(f"the optimality gap is still {gap:g} after {_MAX_POLICIES} policies")


def _stake_per_s(system: LossSystem) -> float:
    return float((system.arrival_rates * (np.abs(system.rewards) + system.penalties)).sum())


def _stakes(states: LossStates, bias: F64) -> F64:
    """Return what admitting is worth in each state, (S, K), -inf where it does not fit."""
    worth = states.system.rewards + states.system.penalties + bias[states.up] - bias[:, None]
    return np.where(states.fits, worth, -np.inf)


def _improve(states: LossStates, bias: F64) -> Bool:
    """Return the policy that admits what is worth it, (S, K)."""
    stake = float(np.abs(states.system.rewards + states.system.penalties).max(initial=0.0))
    return _stakes(states, bias) >= -_TIE * stake


def _departures(states: LossStates, bias: F64) -> F64:
    """Return sum_k n_k mu_k (h(n - e_k) - h(n)), (S,)."""
    change = np.where(states.counts > 0, bias[states.down] - bias[:, None], 0.0)
    return (states.counts * states.system.service_rates * change).sum(axis=1)


def _drift(states: LossStates, bias: F64, admit: Bool) -> F64:
    """Return r + Q h under a policy, (S,)."""
    system = states.system
    gained = np.where(admit, system.arrival_rates * _stakes(states, bias), 0.0).sum(axis=1)
    return gained - float(system.arrival_rates @ system.penalties) + _departures(states, bias)


def _highest(states: LossStates, bias: F64) -> float:
    """Return the largest over states of max over decisions of r + Q h."""
    return float(_drift(states, bias, _stakes(states, bias) >= 0).max())


def _rounding(states: LossStates, bias: F64) -> float:
    """Bound the rounding error of a drift, generously."""
    system = states.system
    rate = system.arrival_rates.sum() + (states.counts * system.service_rates).sum(axis=1).max()
    size = np.abs(bias).max() + np.abs(system.rewards).max() + system.penalties.max()
    return _ROUNDING * float(rate * size)


def _reward(states: LossStates, admit: Bool) -> F64:
    """Return the reward per second of each state under a policy, (S,)."""
    system = states.system
    worth = admit * (system.rewards + system.penalties)
    return worth @ system.arrival_rates - float(system.arrival_rates @ system.penalties)


def _finish(states: LossStates, admit: Bool, bias: F64, gap: float) -> Optimum:
    found = performance_of(states, admit, stationary(states, admit))
    table, heights = states.spread(admit, False), states.spread(bias, np.nan)
    return Optimum(
        found.gain,
        gap,
        table.astype(np.bool_),
        heights.astype(np.float64),
        found.blocking,
        found.mean_units,
    )


@dataclass(frozen=True)
class Reservation:
    """Trunk reservation and what it yields."""

    units: I64  # (K,), units that must stay free after an admission
    performance: Performance


def best_reservation(system: LossSystem) -> Reservation:
    """Return tuned trunk reservation: each class's level in turn set to its best, until none improves.

    Every candidate is evaluated exactly. Starts from accept-all; the least valuable class is tuned first, and
    ties keep the smaller level. The search is by coordinates, so the result may be short of the best of all.

    Raises:
        ValueError: if the system is too large for exact answers.
    """
    best = _reserve(system, np.zeros(system.n_classes, np.int64))
    while True:
        before = best
        for k in np.argsort(system.revenue_density, kind="stable"):
            best = _tune(system, best, int(k))
        if best is before:
            return best


def _tune(system: LossSystem, best: Reservation, k: int) -> Reservation:
    least = _TIE * _stake_per_s(system)
    for level in range(system.capacity - int(system.units[k]) + 2):
        units = best.units.copy()
        units[k] = level
        found = _reserve(system, units)
        if found.performance.gain > best.performance.gain + least:
            best = found
    return best


def _reserve(system: LossSystem, units: I64) -> Reservation:
    return Reservation(units, performance(system, reservation_table(system, units)))


def fluid_admissions(system: LossSystem) -> F64:
    """Return the admissions per second of each class in the fluid limit, (K,), densest revenue first.

    Maximises the gain subject to sum_k b_k x_k / mu_k <= C and x_k <= lambda_k: a fractional knapsack (Kelly 1991).
    """
    admitted = np.zeros(system.n_classes)
    free = float(system.capacity)
    for k in np.argsort(-system.revenue_density, kind="stable"):
        if system.revenue_density[k] <= 0:
            break
        held = system.units[k] / system.service_rates[k]
        admitted[k] = min(system.arrival_rates[k], free / held)
        free -= admitted[k] * held
    return admitted


def fluid_gain(system: LossSystem) -> float:
    """Return a gain that no policy exceeds, at any size of system.

    Proof: under any policy the mean units in use are sum_k b_k x_k / mu_k (Little) and at most C, so its
    admission rates x are feasible for the knapsack of ``fluid_admissions``.
    """
    return system.gain_of(fluid_admissions(system))
