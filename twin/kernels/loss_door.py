"""The door of a loss system: one call answers every replica's request, goes on to the next and tells all about it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..types import F32, F64, I8, I32, I64, Bool
from .compiled import inlined, kernel
from .loss import NOBODY, LossArrays, LossParams, answer, step_event

ADMIT = 1
COST, BEYOND, REVENUE, TERM, REWARD, ELAPSED_S, BUSY_PERCENT = range(7)
N_AMOUNTS = 7
UNKNOWN = -1  # an answer that is neither refusing nor admitting


class Worth(NamedTuple):
    """What refusing (column 0) and admitting (1) a request of each class brings, (K, 2) each."""

    revenue: F64
    term: F64  # in [0, 1]
    reward: F64


class Door(NamedTuple):
    """What does not change."""

    system: LossParams
    most: I64  # (K,), admissions that fit at most
    worth: Worth
    limit: int  # requests in an episode


class Answered(NamedTuple):
    """What one answer at each door brought, and how things stand at the next request."""

    shown: F32  # (B, 4 K + 1), see ``show_requests``
    amounts: F64  # (N_AMOUNTS, B): COST ... BUSY_PERCENT, the last on average until the next request
    offered: I64  # (B, K), requests answered
    admitted: I64  # (B, K), those that were admitted
    held: I64  # (B, K), admissions in service now
    request: I64  # (B,), class at the door now
    command: I8  # (B, 1), 1 where the request was admitted
    over: Bool  # (B,), whether this was the last request of the episode


@inlined
def _show(p: LossParams, most: I64, request: int, held: I64, shown: F32, b: int) -> None:
    n = p.units.shape[0]
    free = p.capacity
    for k in range(n):
        free -= held[b, k] * p.units[k]
    left = free - p.units[request]
    for k in range(n):
        shown[b, k] = np.float32(1.0 if request == k else -1.0)
        shown[b, n + k] = np.float32(2.0 * (np.float64(held[b, k]) / np.float64(most[k])) - 1.0)
        shown[b, 2 * n + 1 + k] = np.float32(1.0 if p.units[k] <= free else -1.0)
        shown[b, 3 * n + 1 + k] = np.float32(1.0 if p.units[k] <= left else -1.0)
    shown[b, 2 * n] = np.float32(2.0 * (np.float64(free) / np.float64(p.capacity)) - 1.0)


@kernel
def show_requests(p: LossParams, most: I64, request: I32, held: I64, shown: F32) -> None:
    """Write what is seen of every system, (B, 4 K + 1), each element in [-1, 1].

    The class that asks (one-hot), admissions in service over ``most`` (K,), the free share of the capacity, whether one
    of each class fits now, and whether it would after admitting the request.
    """
    for b in range(request.shape[0]):
        _show(p, most, request[b], held, shown, b)


@inlined
def _tell(d: Door, s: LossArrays, k: int, asked: bool, out: Answered, b: int) -> None:
    """Write what the answer to a request of class ``k`` brought, and how replica ``b`` stands at the next one."""
    admitted = s.admitted[b, k]
    beyond = 1.0 if asked and admitted == 0 else 0.0
    # a span without length has no mean; nothing was in use in it
    busy = s.unit_s[b] / s.elapsed_s[b] / np.float64(d.system.capacity) if s.elapsed_s[b] > 0.0 else 0.0
    out.amounts[COST, b] = beyond
    out.amounts[BEYOND, b] = beyond
    out.amounts[REVENUE, b] = d.worth.revenue[k, admitted]
    out.amounts[TERM, b] = d.worth.term[k, admitted]
    out.amounts[REWARD, b] = d.worth.reward[k, admitted]
    out.amounts[ELAPSED_S, b] = s.elapsed_s[b]
    out.amounts[BUSY_PERCENT, b] = 100.0 * busy
    for i in range(d.most.shape[0]):
        out.offered[b, i] = s.offered[b, i]
        out.admitted[b, i] = s.admitted[b, i]
        out.held[b, i] = s.held[b, i]
    out.request[b] = s.request[b]
    out.command[b, 0] = admitted
    _show(d.system, d.most, s.request[b], s.held, out.shown, b)


@kernel
def answer_doors(d: Door, s: LossArrays, answered: I64, asked: I64, out: Answered) -> int:
    """Begin the sums anew, answer the request at each door, go on to the next and tell about it.

    Args:
        d: the system and what answers bring.
        s: replicas, each with a request at its door.
        answered: (B,), requests of the episode that were answered before; counted on.
        asked: (B, 1), 1 to admit, 0 to refuse; what does not fit is refused.
        out: receives what is told.

    Returns:
        How many episodes are over; UNKNOWN for any other answer, and nothing has changed then.
    """
    for b in range(s.key.shape[0]):
        if not 0 <= asked[b, 0] <= ADMIT:
            return UNKNOWN
    n_over = 0
    for b in range(s.key.shape[0]):
        k = s.request[b]
        for i in range(d.most.shape[0]):
            s.offered[b, i] = 0
            s.admitted[b, i] = 0
        s.elapsed_s[b] = 0.0
        s.unit_s[b] = 0.0
        answer(d.system, s, b, asked[b, 0] == ADMIT)
        while s.request[b] == NOBODY:
            step_event(d.system, s, b)
        _tell(d, s, k, asked[b, 0] == ADMIT, out, b)
        answered[b] += 1
        out.over[b] = answered[b] >= d.limit
        n_over += 1 if out.over[b] else 0
    return n_over
