"""How a loss system begins an episode: so that its first request finds the steady state of admitting whatever fits."""

from __future__ import annotations

import numpy as np

from ..kernels.loss_start import Steady, draw_after_request, draw_steady
from ..seeding import make_keys
from ..types import I64, U64
from .erlang import occupancy
from .simulation import params_of
from .system import LossSystem


class SteadyStart:
    """Draws admissions in service as a request leaves them under complete sharing, exactly, at any size of system.

    A request finds the steady state (Wolff 1982); it is answered here, so the next one finds the steady state too.

    The units in use j follow the Kaufman-Roberts distribution q. Given j, a walk that takes away one admission of
    class k with probability a_k b_k q(j - b_k) / (j q(j)) until nothing is left draws the product form: the
    probabilities of all orders of the same admissions add up to prod a_k^n_k / n_k! times q(0) / q(j), because the
    weights of the orders of a size-biased permutation add up to 1.
    """

    def __init__(self, system: LossSystem) -> None:
        load = system.offered_erlang
        q = occupancy(system.capacity, system.units, load)
        at = np.arange(system.capacity + 1)[:, None]
        before = np.where(at >= system.units, q[np.maximum(at - system.units, 0)], 0.0)
        reached = np.cumsum(load * system.units * before, axis=1)
        total = np.maximum(reached[:, -1:], np.finfo(np.float64).tiny)
        taken = np.where(reached >= reached[:, -1:], np.inf, reached / total)  # rounding keeps the last
        pace, arriving = np.cumsum(system.arrival_rates), np.flatnonzero(system.arrival_rates)
        self._steady = Steady(np.cumsum(q), taken, pace, float(pace[-1]), int(arriving[-1]))
        self._params = params_of(system)

    def __call__(self, seeds: I64, episodes: I64) -> I64:
        """Return the admissions that a request left in service, (B, K), of each (seed, episode); alike in any batch."""
        held = self._room(len(seeds))
        draw_after_request(self._params, self._steady, make_keys(seeds, episodes), held)
        return held

    def steady(self, keys: U64) -> I64:
        """Return the admissions in service in the steady state, (B, K), one draw per key."""
        held = self._room(len(keys))
        draw_steady(self._params, self._steady, keys, held)
        return held

    def _room(self, n: int) -> I64:
        return np.empty((n, len(self._params.units)), np.int64)
