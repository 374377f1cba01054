"""Kernel part 9: books of traffic, and traffic that waits for its user from step to step where there are buffers.

Traffic is booked in whole units of ``BOOKED_MBIT``, so sums of it are exact in float64 whatever their order:
queued before + offered = served + dropped + queued after, of every user, cell and period. The law of one user is
``serve`` of ``queueing.py``. Without buffers the unit is ``COUNTED_MBIT`` and offered = served + blocked.
"""

from __future__ import annotations

import numpy as np

from .compiled import inlined
from .layout import BOOKED_MBIT, COUNTED_MBIT, ParamArrays, Scratch, StateArrays

_PER_MBIT = 1.0 / BOOKED_MBIT
_ROUNDER = 1.5 * 2.0**52 * COUNTED_MBIT  # a float64 near it holds whole units only
_ZERO = np.float32(0.0)


@inlined
def _units(units: float) -> float:
    """Return the Mbit of the whole units in a number that is not negative."""
    return np.float64(np.int64(units)) * BOOKED_MBIT


@inlined
def counted(mbit: float) -> float:
    """Round Mbit to whole units of ``COUNTED_MBIT``; more never becomes less."""
    return (mbit + _ROUNDER) - _ROUNDER


@inlined
def open_books(s: StateArrays, b: int) -> None:
    """Where nothing waits, let the column of what is blocked hold what was offered so far while steps are added."""
    if s.queue.shape[1] == 0:
        for c in range(s.cell_sum.shape[1]):
            s.cell_sum[b, c, 2] = s.cell_sum[b, c, 15]


@inlined
def close_books(s: StateArrays, b: int) -> None:
    """Where nothing waits, round what cells were offered and served to whole units, and book the rest as blocked.

    The second difference changes nothing unless a sum has passed 2^53 units: then it still balances the cell's books,
    as in ``serve``.
    """
    if s.queue.shape[1] == 0:
        s.offered_mbit[b] = 0.0
        for c in range(s.cell_sum.shape[1]):
            offered = counted(s.cell_sum[b, c, 2])
            s.cell_sum[b, c, 15] = offered
            s.cell_sum[b, c, 2] = offered - counted(s.cell_sum[b, c, 1])
            s.cell_sum[b, c, 1] = offered - s.cell_sum[b, c, 2]
            s.offered_mbit[b] += offered


@inlined
def take_in(p: ParamArrays, s: StateArrays, b: int, w: Scratch) -> None:
    """Put what users ask for behind what waits for them, and let them ask for all of it in this step."""
    for u in range(w.offered.shape[0]):
        w.fresh[u] = _units(p.step_s * np.float64(w.offered[u]) * _PER_MBIT + 0.5)
        s.queue[b, u] += w.fresh[u]
        w.offered[u] = np.float32(s.queue[b, u] / p.step_s)


@inlined
def serve_user(s: StateArrays, b: int, u: int, share: np.float32, limit: float) -> float:
    """Serve a share of what a user asks for and drop what passes the limit of its buffer.

    Returns:
        Mbit served; what was asked for less it and ``s.queue`` was dropped.
    """
    total = s.queue[b, u]
    served = total if share >= np.float32(1.0) else _units(total * np.float64(share) * _PER_MBIT)
    s.queue[b, u] = min(total - served, limit)
    return served


@inlined
def wait_s(before: float, after: float, served: float, step_s: float) -> np.float32:
    """Return the mean wait in a buffer over a step, of what it held before and after: backlog over throughput.

    Little's law (Little 1961), with the mean of both ends for the mean backlog; 0 where nothing is served.
    """
    if not (before + after > 0.0 and served > 0.0):
        return _ZERO
    return np.float32(0.5 * (before + after) / served * step_s)


@inlined
def empty_buffers(p: ParamArrays, s: StateArrays, b: int, n: int) -> float:
    """Drop what waits for the users of a slot; return it, Mbit."""
    dropped = 0.0
    for m in range(p.slice_users):
        dropped += s.queue[b, p.slice_first + n * p.slice_users + m]
        s.queue[b, p.slice_first + n * p.slice_users + m] = 0.0
    return dropped
