"""Queues of slices: a fluid queue that loses no bit in the books, mean delays, and missed delay budgets."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from .checks import positive, within
from .types import F64


def serve(
    queue_mbit: ArrayLike, offered_mbit: ArrayLike, capacity_mbit: ArrayLike, limit_mbit: ArrayLike
) -> tuple[F64, F64, F64]:
    """Serve a period: return what was served, what waits now and what was dropped, Mbit; arguments broadcast.

    served = min(queue + offered, capacity), and what passes the limit of the queue is dropped. The books balance
    to the last bit in float64, served + (queue + dropped) == queue_before + offered: a part is first
    rounded, then its counterpart is taken as the difference, which is exact (Sterbenz 1974: a - b has no rounding
    error for b/2 <= a <= 2b). Rounding never serves more than the capacity nor keeps more than the limit.

    Args:
        queue_mbit: what waited, 0 or more.
        offered_mbit: what arrived, 0 or more.
        capacity_mbit: what can be served in the period, 0 or more.
        limit_mbit: what can wait, 0 or more; infinity drops nothing.

    Raises:
        ValueError: on a negative or non-finite amount.
    """
    total = within("queue_mbit", queue_mbit, 0.0) + within("offered_mbit", offered_mbit, 0.0)
    capacity = within("capacity_mbit", capacity_mbit, 0.0)
    limit = np.asarray(limit_mbit, dtype=np.float64)
    if not np.all(limit >= 0.0):
        raise ValueError(
            f"limit_mbit = {limit[~(limit >= 0.0)].flat[0]:g} is no queue: give 0 or more, or inf"
        )
    served, rest = _split(total, capacity)
    queue, dropped = _split(rest, limit)
    return served, queue, dropped


def _split(total: F64, most: F64) -> tuple[F64, F64]:
    """Split a total into a first part of at most `most` and a rest that add up to it exactly."""
    first = np.minimum(total, most)
    rest = total - first
    rest = np.where(total - rest > first, np.nextafter(rest, np.inf), rest)
    return total - rest, rest


def utilisation(offered_mbps: ArrayLike, capacity_mbps: ArrayLike) -> F64:
    """Return offered / capacity, infinite where something is offered to nothing and 0 where nothing is."""
    offered = within("offered_mbps", offered_mbps, 0.0)
    capacity = within("capacity_mbps", capacity_mbps, 0.0)
    shape = np.broadcast(offered, capacity).shape
    load = np.divide(offered, capacity, out=np.full(shape, np.inf), where=capacity > 0.0)
    return np.where(offered > 0.0, load, 0.0)


def delay_sharing_s(size_mbit: ArrayLike, offered_mbps: ArrayLike, capacity_mbps: ArrayLike) -> F64:
    """Return the mean transfer time under processor sharing, (size / capacity) / (1 - load), in s.

    Exact for M/G/1 processor sharing whatever the spread of sizes (Kleinrock, Queueing Systems vol. II, 1976,
    section 4.4). Infinite at a load of 1 or more.
    """
    load = utilisation(offered_mbps, capacity_mbps)
    return _over_idle(_service_s(size_mbit, capacity_mbps), load)


def delay_fifo_s(
    size_mbit: ArrayLike, offered_mbps: ArrayLike, capacity_mbps: ArrayLike, size_scv: ArrayLike = 1.0
) -> F64:
    """Return the mean time in a first-come queue, service + waiting, in s.

    Waiting = load (1 + c2) service / (2 (1 - load)), Pollaczek-Khinchine for M/G/1; c2 is the squared
    coefficient of variation of the packet sizes: 0 for equal ones, 1 for M/M/1. Infinite at a load of 1 or more.
    """
    service = _service_s(size_mbit, capacity_mbps)
    return service + _waiting_s(service, utilisation(offered_mbps, capacity_mbps), size_scv)


def late_share(
    budget_s: ArrayLike,
    size_mbit: ArrayLike,
    offered_mbps: ArrayLike,
    capacity_mbps: ArrayLike,
    size_scv: ArrayLike = 1.0,
) -> F64:
    """Return the share of packets of mean size that miss a delay budget in a first-come queue.

    P(W > t) = load exp(-load t / E[W]) with t = budget - service and E[W] of Pollaczek-Khinchine: exact for
    M/M/1, right in mean and in the share that waits for M/G/1, and Kingman's exponential law as the load
    nears 1 (Kingman, Proc. Camb. Phil. Soc. 57, 1961). All are late when the budget does not hold the service
    time or the load is 1 or more.
    """
    budget = within("budget_s", budget_s, 0.0)
    service = _service_s(size_mbit, capacity_mbps)
    load = utilisation(offered_mbps, capacity_mbps)
    waiting = _waiting_s(service, load, size_scv)
    slack = budget - service
    shape = np.broadcast(slack, waiting).shape
    rate = np.divide(load, waiting, out=np.zeros(shape), where=(waiting > 0.0) & np.isfinite(waiting))
    late = np.where(load > 0.0, load, 0.0) * np.exp(-rate * np.maximum(slack, 0.0))
    return np.where((slack < 0.0) | (load >= 1.0), 1.0, late)


def backlog_delay_s(queue_mbit: ArrayLike, capacity_mbps: ArrayLike) -> F64:
    """Return the time in s that a backlog takes to drain, infinite where there is one and no capacity."""
    return utilisation(within("queue_mbit", queue_mbit, 0.0), capacity_mbps)


def _service_s(size_mbit: ArrayLike, capacity_mbps: ArrayLike) -> F64:
    return utilisation(positive("size_mbit", size_mbit), capacity_mbps)


def _waiting_s(service: F64, load: F64, size_scv: ArrayLike) -> F64:
    spread = 0.5 * (1.0 + within("size_scv", size_scv, 0.0))
    return np.where(load > 0.0, _over_idle(np.minimum(load, 1.0) * spread * service, load), 0.0)


def _over_idle(time_s: F64, load: F64) -> F64:
    idle = 1.0 - np.minimum(load, 1.0)
    shape = np.broadcast(time_s, idle).shape
    return np.divide(time_s, idle, out=np.full(shape, math.inf), where=idle > 0.0)
