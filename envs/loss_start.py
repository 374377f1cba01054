"""How a loss system begins an episode: so that its first request finds the steady state of admitting whatever fits."""

from __future__ import annotations

import numpy as np

from ..twin.erlang import occupancy
from ..twin.loss_system import LossSystem
from ..twin.seeding import bits, make_keys
from ..twin.types import F64, I64, U64

_PURPOSE = 66  # of the random streams, beside those of `kernels/loss.py`
_TO_UNIT = 2.0**-53


class SteadyStart:
    """Draws admissions in service as a request leaves them under complete sharing, exactly, at any size of system.

    A request finds the steady state (Wolff 1982); it is answered here, so the next one finds the steady state too.

    The units in use j follow the Kaufman-Roberts distribution q. Given j, a walk that takes away one admission of
    class k with probability a_k b_k q(j - b_k) / (j q(j)) until nothing is left draws the product form: the
    probabilities of all orders of the same admissions add up to prod a_k^n_k / n_k! times q(0) / q(j), because the
    weights of the orders of a size-biased permutation add up to 1.
    """

    def __init__(self, system: LossSystem) -> None:
        self._system = system
        load = system.offered_erlang
        self._last = int(np.flatnonzero(system.arrival_rates)[-1])
        q = occupancy(system.capacity, system.units, load)
        self._units = np.cumsum(q)
        at = np.arange(system.capacity + 1)[:, None]
        before = np.where(at >= system.units, q[np.maximum(at - system.units, 0)], 0.0)
        weight = load * system.units * before
        reached = np.cumsum(weight, axis=1)
        total = np.maximum(reached[:, -1:], np.finfo(np.float64).tiny)
        self._classes = np.where(
            reached >= reached[:, -1:], np.inf, reached / total
        )  # rounding keeps the last

    def __call__(self, seeds: I64, episodes: I64) -> I64:
        """Return the admissions that a request left in service, (B, K), of each (seed, episode); alike in any batch."""
        keys = make_keys(seeds, episodes)
        held = self.steady(keys)
        pace = np.cumsum(self._system.arrival_rates)
        u = _uniform(keys, self._system.capacity + 1)  # the walk takes fewer turns than that
        request = np.searchsorted(pace, u * pace[-1], side="right").clip(max=self._last)
        free = self._system.capacity - held @ self._system.units
        held[np.arange(len(held)), request] += self._system.units[request] <= free
        return held

    def steady(self, keys: U64) -> I64:
        """Return the admissions in service in the steady state, (B, K), one draw per key."""
        held = np.zeros((len(keys), self._system.n_classes), np.int64)
        left = np.searchsorted(self._units, _uniform(keys, 0), side="right").clip(max=self._system.capacity)
        turn = 1
        while (rows := np.flatnonzero(left)).size:
            drawn = _uniform(keys[rows], turn)[:, None] >= self._classes[left[rows]]
            chosen = drawn.sum(axis=1)
            held[rows, chosen] += 1
            left[rows] -= self._system.units[chosen]
            turn += 1
        return held


def _uniform(keys: U64, turn: int) -> F64:
    """Return uniform numbers in [0, 1), one per key."""
    step = np.full(len(keys), turn, np.int64)
    return (bits(keys, step, np.zeros_like(step), _PURPOSE) >> np.uint64(11)).astype(np.float64) * _TO_UNIT
