"""One decision after the other of a loss system, in any number of replicas."""

from __future__ import annotations

import numpy as np

from .kernels.loss_door import N_AMOUNTS, Answered, Door, Worth, answer_doors, show_requests
from .loss_simulation import params_of
from .loss_system import LossSystem
from .types import F32, F64, I32, I64

__all__ = ["Answered", "Door", "Worth", "answer_doors", "door_of", "revenue_of", "room_for", "shown"]

_F32, _I64 = np.dtype(np.float32), np.dtype(np.int64)  # a type in their place takes longer
_I8, _BOOL = np.dtype(np.int8), np.dtype(np.bool_)


def revenue_of(system: LossSystem) -> F64:
    """Return what refusing and admitting a request of each class bring, (K, 2): less the penalty, or the reward."""
    return np.stack([-system.penalties, system.rewards], axis=1)


def door_of(system: LossSystem, worth: Worth, limit: int) -> Door:
    """Lay out the door of a system whose episodes have ``limit`` requests."""
    return Door(params_of(system), system.limits, worth, limit)


def room_for(n: int, k: int) -> Answered:
    """Make room for what one decision of ``n`` replicas and ``k`` classes tells, anew: who is told may keep it."""
    return Answered(
        np.empty((n, 4 * k + 1), _F32),
        np.empty((N_AMOUNTS, n)),
        np.empty((n, k), _I64),
        np.empty((n, k), _I64),
        np.empty((n, k), _I64),
        np.empty(n, _I64),
        np.empty((n, 1), _I8),
        np.empty(n, _BOOL),
    )


def shown(system: LossSystem, request: I32, held: I64) -> F32:
    """Return what is seen, (B, 4 K + 1), of requests (B,) and admissions in service (B, K); see the kernel."""
    seen = np.empty((len(request), 4 * system.n_classes + 1), np.float32)
    show_requests(params_of(system), system.limits, request, held, seen)
    return seen
