"""The Markov chain of a loss system under an admission table: exact distribution, blocking and gain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..types import F64, I64, Bool
from .states import NOWHERE, LossStates, checked_table
from .system import LossSystem

SHIFT = 1e-3  # of the slowest service rate: each solve shrinks what has not mixed by about this factor
MAX_ENTRIES = 30_000_000  # of the stored inverses, 240 MB
_MAX_SOLVES = 500
_SETTLED = 1e-14


@dataclass(frozen=True)
class Resolvent:
    """Factors of M = shift I - Q, Q the generator, that solve M x = y and x M = y.

    One class changes by one at a time, so with states grouped by its count (levels) Q is block tridiagonal
    (a level-dependent quasi-birth-death process; Gaver, Jacobs, Latouche, Adv. Appl. Probab. 16, 1984). M is a
    diagonally dominant M-matrix: block elimination is stable without pivoting.
    """

    levels: tuple[I64, ...]  # states of each level
    inverses: tuple[F64, ...]  # of the pivots, one per level
    below: tuple[I64, ...]  # place in the level below of each state of a level after a departure
    enter: tuple[F64, ...]  # rate into each state of a level from that place
    leave: tuple[float, ...]  # rate from each state of a level to that place

    @staticmethod
    def of(states: LossStates, admit: Bool, shift: float) -> Resolvent:
        """Factorise for the policy ``admit``, (S, K).

        Raises:
            ValueError: if the factors would be larger than ``MAX_ENTRIES``.
        """
        outer = int(np.argmax(states.system.limits))
        count = states.counts[:, outer]
        levels = tuple(np.flatnonzero(count == level) for level in range(int(count.max()) + 1))
        _refuse_large(states, levels)
        position = np.empty(states.n_states, np.int64)
        for members in levels:
            position[members] = np.arange(len(members))
        below = tuple(position[states.down[members, outer]] for members in levels)
        rate, service = states.system.arrival_rates[outer], states.system.service_rates[outer]
        enter = tuple(rate * admit[states.down[members, outer], outer] for members in levels)
        leave = tuple(float(level * service) for level in range(len(levels)))
        inverses: list[F64] = []
        for level in range(len(levels) - 1, -1, -1):
            pivot = _diagonal_block(states, admit, shift, (levels[level], position), outer)
            if inverses:
                index = below[level + 1]
                pivot[np.ix_(index, index)] -= enter[level + 1][:, None] * inverses[0] * leave[level + 1]
            inverses.insert(0, np.linalg.inv(pivot).astype(np.float64))
        return Resolvent(levels, tuple(inverses), below, enter, leave)

    def right(self, y: F64) -> F64:
        """Return x with M x = y, both (S,)."""
        x = y.astype(np.float64)
        for i in range(len(self.levels) - 1, 0, -1):
            x[self.levels[i - 1][self.below[i]]] += self.enter[i] * (self.inverses[i] @ x[self.levels[i]])
        for i, members in enumerate(self.levels):
            if i:
                x[members] += self.leave[i] * x[self.levels[i - 1][self.below[i]]]
            x[members] = self.inverses[i] @ x[members]
        return x

    def left(self, y: F64) -> F64:
        """Return x with x M = y, both (S,)."""
        x = y.astype(np.float64)
        for i in range(len(self.levels) - 1, 0, -1):
            x[self.levels[i - 1][self.below[i]]] += self.leave[i] * (x[self.levels[i]] @ self.inverses[i])
        for i, members in enumerate(self.levels):
            if i:
                x[members] += self.enter[i] * x[self.levels[i - 1][self.below[i]]]
            x[members] = x[members] @ self.inverses[i]
        return x


def _refuse_large(states: LossStates, levels: tuple[I64, ...]) -> None:
    entries = sum(len(members) ** 2 for members in levels)
    if entries > MAX_ENTRIES:
        raise ValueError(
            f"{states.n_states} states need {entries} matrix entries for an exact answer, more than {MAX_ENTRIES}: "
            "count in coarser units, merge classes, or use erlang.blocking and fluid_gain"
        )


def _diagonal_block(states: LossStates, admit: Bool, shift: float, level: tuple[I64, I64], outer: int) -> F64:
    """Return the block of M within one level: every transition but those of the outer class."""
    members, position = level
    system = states.system
    arrive = system.arrival_rates * admit[members]
    depart = system.service_rates * states.counts[members]
    block = np.diag(shift + arrive.sum(axis=1) + depart.sum(axis=1))
    for k in range(system.n_classes):
        if k == outer:
            continue
        for rate, target in ((arrive[:, k], states.up[members, k]), (depart[:, k], states.down[members, k])):
            moves = np.flatnonzero((rate > 0) & (target != NOWHERE))
            block[moves, position[target[moves]]] -= rate[moves]
    return block


def shift_of(system: LossSystem) -> float:
    """Return the shift of the resolvent, per second."""
    return SHIFT * float(system.service_rates.min())


def stationary(states: LossStates, admit: Bool) -> F64:
    """Return the distribution over states under the policy ``admit`` (S, K), (S,).

    Repeats pi <- shift pi (shift I - Q)^-1, whose fixed point is pi Q = 0.

    Raises:
        ArithmeticError: if it has not settled, which no known system does.
    """
    shift = shift_of(states.system)
    resolvent = Resolvent.of(states, admit, shift)
    now, change = np.full(states.n_states, 1.0 / states.n_states), np.inf
    for _ in range(_MAX_SOLVES):
        after = np.maximum(resolvent.left(shift * now), 0.0)  # rounding takes unreachable states below 0
        after /= after.sum()
        change = float(np.abs(after - now).sum())
        now = after
        if change <= _SETTLED * len(resolvent.levels):
            return now
    raise ArithmeticError(f"the distribution still changes by {change:g} after {_MAX_SOLVES} solves")


@dataclass(frozen=True)
class Performance:
    """What a policy yields in the long run."""

    gain: float  # average reward per second, penalties deducted
    blocking: F64  # (K,), share of requests refused
    mean_units: float  # units in use


def performance(system: LossSystem, table: Bool) -> Performance:
    """Return the exact long-run yield of an admission table (*shape, K).

    Poisson arrivals see time averages, so class k is refused with the probability of the states that refuse it
    (Wolff, Oper. Res. 30, 1982).

    Raises:
        ValueError: if the table is not one of this system, or the system is too large.
    """
    states = LossStates.of(system)
    admit = states.gather(checked_table(system, table)).astype(np.bool_)
    return performance_of(states, admit, stationary(states, admit))


def performance_of(states: LossStates, admit: Bool, distribution: F64) -> Performance:
    """Return the yield of policy ``admit`` (S, K) from its distribution (S,)."""
    refused = distribution @ ~admit
    admitted_per_s = states.system.arrival_rates * (distribution @ admit)
    return Performance(states.system.gain_of(admitted_per_s), refused, float(distribution @ states.occupied))
