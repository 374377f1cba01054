"""Blocking of loss systems that admit whatever fits: Erlang B and the Kaufman-Roberts recursion."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from ..types import F64, I64

_LARGE = 1e200  # unnormalised weights are scaled down beyond this


def erlang_b(servers: ArrayLike, offered_erlang: ArrayLike) -> F64:
    """Return the probability that a request finds all servers busy; arguments broadcast.

    Forward recursion B(0) = 1, B(n) = a B(n-1) / (n + a B(n-1)) (Erlang 1917): only sums,
    products and quotients of positive numbers, so it loses no digits and cannot overflow at any load.

    Raises:
        ValueError: if a number of servers is not whole and >= 0, or a load not finite and >= 0.
    """
    n, a = np.broadcast_arrays(np.asarray(servers), np.asarray(offered_erlang, np.float64))
    _refuse("servers", n, np.isfinite(n) & (n >= 0) & (n == np.floor(n)), "give whole numbers, 0 or more")
    _refuse("offered_erlang", a, np.isfinite(a) & (a >= 0), "give finite loads, 0 or more")
    blocking = np.ones(a.shape)
    for count in range(1, int(n.max(initial=0)) + 1):
        carried = a * blocking
        blocking = np.where(count <= n, carried / (count + carried), blocking)
    return blocking


def _refuse(name: str, values: np.ndarray, valid: np.ndarray, repair: str) -> None:
    if not np.all(valid):
        raise ValueError(f"{name}={values[~valid].flat[0]}: {repair}")


def occupancy(
    capacity: int,
    units: Sequence[int] | I64,
    offered_erlang: Sequence[float] | F64,
    reservation: Sequence[int] | I64 | None = None,
) -> F64:
    """Return the distribution of occupied units, (capacity + 1,).

    q(j) = (1/j) sum_k a_k b_k q(j - b_k) (Kaufman, IEEE Trans. Commun. 29, 1981; Roberts 1981), exact
    for any holding times. With ``reservation`` t, class k is admitted only if t_k units stay free after it;
    the sum then keeps the terms with j <= capacity - t_k (Roberts, ITC 10, 1983): an approximation.

    Args:
        capacity: units, whole, 0 or more.
        units: (K,) units of one admission, whole, 1 or more.
        offered_erlang: (K,) finite, 0 or more.
        reservation: (K,) units, whole, 0 or more; None reserves nothing.

    Raises:
        ValueError: on a value out of range or a wrong length.
    """
    b, a, t = _checked(capacity, units, offered_erlang, reservation)
    at = array("d", bytes(8 * (capacity + 1)))
    q = np.frombuffer(at)  # the same memory: numbers one by one come faster out of an `array`
    at[0] = 1.0
    classes = list(zip((a * b).tolist(), b.tolist(), (capacity - t).tolist(), strict=True))
    for j in range(1, capacity + 1):
        total = 0.0
        for flow, size, last in classes:
            if size <= j <= last:
                total += flow * at[j - size]
        at[j] = total / j
        if at[j] > _LARGE:
            q[: j + 1] /= at[j]
    return q / math.fsum(at)


def blocking(
    capacity: int,
    units: Sequence[int] | I64,
    offered_erlang: Sequence[float] | F64,
    reservation: Sequence[int] | I64 | None = None,
) -> F64:
    """Return the probability that a request of each class is refused, (K,): sum of q(j), j > C - b_k - t_k.

    Arguments and errors are those of ``occupancy``.
    """
    b, _, t = _checked(capacity, units, offered_erlang, reservation)
    q = occupancy(capacity, units, offered_erlang, reservation)
    first = np.maximum(capacity + 1 - b - t, 0)
    return np.array([math.fsum(q[start:]) for start in first])


def _checked(
    capacity: int,
    units: Sequence[int] | I64,
    offered_erlang: Sequence[float] | F64,
    reservation: Sequence[int] | I64 | None,
) -> tuple[I64, F64, I64]:
    b, a = np.asarray(units), np.asarray(offered_erlang, np.float64)
    t = np.zeros_like(b) if reservation is None else np.asarray(reservation)
    if not (b.ndim == 1 and b.shape == a.shape == t.shape and len(b) > 0):
        raise ValueError(
            f"units {b.shape}, offered_erlang {a.shape} and reservation {t.shape} must have one value per class"
        )
    if not (capacity >= 0 and capacity == int(capacity)):
        raise ValueError(f"capacity={capacity} is not a whole number of units, 0 or more")
    _refuse("units", b, (b >= 1) & (b == np.floor(b)), "give whole numbers, 1 or more")
    _refuse("offered_erlang", a, np.isfinite(a) & (a >= 0), "give finite loads, 0 or more")
    _refuse("reservation", t, (t >= 0) & (t == np.floor(t)), "give whole numbers, 0 or more")
    return b.astype(np.int64), a, t.astype(np.int64)
