"""One decision after the other of a loss system, in any number of replicas."""

from __future__ import annotations

import numpy as np

from ..kernels.loss_door import N_AMOUNTS, Answered, Door, Worth, answer_doors, show_requests
from ..types import F32, F64, I32, I64
from .simulation import params_of
from .system import LossSystem

__all__ = ["Answered", "Door", "Room", "Worth", "answer_doors", "door_of", "revenue_of", "shown"]

_F32, _I64 = np.dtype(np.float32), np.dtype(np.int64)  # a type in their place takes longer
_I8, _BOOL = np.dtype(np.int8), np.dtype(np.bool_)


def revenue_of(system: LossSystem) -> F64:
    """Return what refusing and admitting a request of each class bring, (K, 2): less the penalty, or the reward."""
    return np.stack([-system.penalties, system.rewards], axis=1)


def door_of(system: LossSystem, worth: Worth, limit: int) -> Door:
    """Lay out the door of a system whose episodes have ``limit`` requests."""
    return Door(params_of(system), system.limits, worth, limit)


class Room:
    """Makes room for what one decision of B replicas tells, anew for each: who is told may keep it.

    Args:
        n: B.
        k: number of classes K.
    """

    def __init__(self, n: int, k: int) -> None:
        self._shapes = (n, 4 * k + 1), (N_AMOUNTS, n), (n, k), (n,), (n, 1)

    def __call__(self) -> Answered:
        """Return arrays that hold nothing yet."""
        shown, amounts, of_classes, of_replicas, command = self._shapes
        return Answered(
            np.empty(shown, _F32),
            np.empty(amounts),
            np.empty(of_classes, _I64),
            np.empty(of_classes, _I64),
            np.empty(of_classes, _I64),
            np.empty(of_replicas, _I64),
            np.empty(command, _I8),
            np.empty(of_replicas, _BOOL),
        )


def shown(system: LossSystem, request: I32, held: I64) -> F32:
    """Return what is seen, (B, 4 K + 1), of requests (B,) and admissions in service (B, K); see the kernel."""
    seen = np.empty((len(request), 4 * system.n_classes + 1), np.float32)
    show_requests(params_of(system), system.limits, request, held, seen)
    return seen
