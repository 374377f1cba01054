"""How a loss system begins: draws who is in service when a request comes, in any number of replicas."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..types import F64, I64, U64
from .compiled import inlined, kernel
from .loss import LossParams
from .maths import draw

_START = 66  # purpose of the random streams, beside those of `kernels/loss.py`
_S11 = np.uint64(11)
_TO_UNIT = 2.0**-53


class Steady(NamedTuple):
    """The steady state of admitting whatever fits, as running sums of probabilities."""

    units: F64  # (capacity + 1,), of the units in use
    taken: F64  # (capacity + 1, K), of the class to take away where so many units are in use; inf in the last
    pace: F64  # (K,), arrivals per second
    arrivals: float  # of all classes, per second
    last: int  # last class that arrives at all


@inlined
def _uniform(key: np.uint64, turn: int) -> float:
    """Return a number in [0, 1)."""
    return np.float64(draw(key, turn, 0, _START) >> _S11) * _TO_UNIT


@inlined
def _count(sums: F64, u: float, last: int) -> int:
    """Return how many of the running sums are no larger than ``u``, at most ``last``."""
    low, high = 0, last
    while low < high:
        middle = (low + high) // 2
        if sums[middle] <= u:
            low = middle + 1
        else:
            high = middle
    return low


@inlined
def _walk(p: LossParams, s: Steady, key: np.uint64, held: I64, b: int) -> int:
    """Write one draw of the steady state into row ``b``; return the units that it leaves free."""
    n = p.units.shape[0]
    used = _count(s.units, _uniform(key, 0), p.capacity)
    left, turn = used, 1
    for k in range(n):
        held[b, k] = 0
    while left > 0:
        u, k = _uniform(key, turn), 0
        while s.taken[left, k] <= u:
            k += 1
        held[b, k] += 1
        left -= p.units[k]
        turn += 1
    return p.capacity - used


@kernel
def draw_steady(p: LossParams, s: Steady, key: U64, held: I64) -> None:
    """Write the admissions in service in the steady state, (B, K), one draw per key."""
    for b in range(key.shape[0]):
        _walk(p, s, key[b], held, b)


@kernel
def draw_after_request(p: LossParams, s: Steady, key: U64, held: I64) -> None:
    """Write the admissions that a request left in service, (B, K), one draw per key."""
    for b in range(key.shape[0]):
        free = _walk(p, s, key[b], held, b)
        u = _uniform(key[b], p.capacity + 1)  # the walk takes fewer turns than that
        k = _count(s.pace, u * s.arrivals, s.last)
        if p.units[k] <= free:
            held[b, k] += 1
