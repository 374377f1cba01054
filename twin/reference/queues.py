"""Waiting traffic once more in plain numpy: part of the oracle of the compiled kernel in tests."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..kernels.layout import BOOKED_MBIT, COUNTED_MBIT, ParamArrays, StateArrays
from ..queueing import serve
from ..types import F64


@dataclass(frozen=True)
class Books:
    """What becomes of the traffic of every user in a step, (B, U) Mbit each."""

    fresh: F64  # arrives
    served: F64
    dropped: F64
    wait_s: F64  # mean wait in the buffer, s


def take_in(p: ParamArrays, s: StateArrays, offered_mbps: F64) -> F64:
    """Return what users ask for in this step: what is offered, and what waits; (B, U) Mbit/s."""
    if not s.queue.shape[1]:
        return offered_mbps
    return (_booked(p.step_s * offered_mbps + BOOKED_MBIT / 2) + s.queue) / p.step_s


def settle(p: ParamArrays, s: StateArrays, asked_mbps: F64, share: F64) -> Books:
    """Serve a share of what every user asks for; the rest waits or is dropped.

    Args:
        p: parameters.
        s: state; its queues move on.
        asked_mbps: (B, U), as ``take_in`` returned it.
        share: (B, U), of it that is served, in 0..1.
    """
    asked = p.step_s * asked_mbps
    if not s.queue.shape[1]:
        fresh, served = (np.round(mbit / COUNTED_MBIT) * COUNTED_MBIT for mbit in (asked, share * asked))
        return Books(fresh, served, fresh - served, np.zeros_like(asked))
    asked = np.round(asked / BOOKED_MBIT) * BOOKED_MBIT
    before = s.queue.copy()
    able = np.where(share >= 1, asked, _booked(share * asked))
    served, s.queue[:], dropped = serve(before, asked - before, able, _limits(p, s))
    backlog = np.divide(before + s.queue, 2 * served, out=np.zeros_like(served), where=served > 0)
    return Books(asked - before, served, dropped, backlog * p.step_s)


def _booked(mbit: F64) -> F64:
    return np.floor(mbit / BOOKED_MBIT) * BOOKED_MBIT


def _limits(p: ParamArrays, s: StateArrays) -> F64:
    """What the buffer of every user holds, (B, U) Mbit."""
    limits = np.full(s.queue.shape, p.user_buffer_mbit)
    if s.slot_kind.shape[1]:
        tier = np.maximum(s.slot_tier, 1) - 1
        of_slot = p.slice_buffer_mbit[np.maximum(s.slot_kind, 0), tier]
        limits[:, p.slice_first :] = np.repeat(of_slot, p.slice_users, axis=1)
    return limits
