"""One decision after the other of a loss system, in any number of replicas."""

from __future__ import annotations

import numpy as np

from .kernels.loss_door import N_AMOUNTS, Answered, Door, Worth, answer_doors, show_requests
from .loss_simulation import params_of
from .loss_system import LossSystem
from .types import F32, F64, I32, I64

__all__ = ["Answered", "Door", "Room", "Worth", "answer_doors", "door_of", "revenue_of", "shown"]


def revenue_of(system: LossSystem) -> F64:
    """Return what refusing and admitting a request of each class bring, (K, 2): less the penalty, or the reward."""
    return np.stack([-system.penalties, system.rewards], axis=1)


def door_of(system: LossSystem, worth: Worth, limit: int) -> Door:
    """Lay out the door of a system whose episodes have ``limit`` requests."""
    return Door(params_of(system), system.limits, worth, limit)


class Room:
    """Makes room for what one decision of B replicas tells, anew for each: who is told may keep it.

    Args:
        door: what is decided at.
        n_replicas: B.
    """

    def __init__(self, door: Door, n_replicas: int) -> None:
        n, k = n_replicas, len(door.most)
        layout: dict[str, tuple[tuple[int, ...], type[np.generic]]] = {
            "shown": ((n, 4 * k + 1), np.float32), "amounts": ((N_AMOUNTS, n), np.float64),
            "offered": ((n, k), np.int64), "admitted": ((n, k), np.int64), "held": ((n, k), np.int64),
            "request": ((n,), np.int64), "command": ((n, 1), np.int8), "over": ((n,), np.bool_),
        }  # fmt: skip
        self._shapes = [layout[name][0] for name in Answered._fields]
        self._dtypes = [np.dtype(layout[name][1]) for name in Answered._fields]

    def __call__(self) -> Answered:
        """Return arrays that hold nothing yet."""
        return Answered._make(map(np.empty, self._shapes, self._dtypes))


def shown(system: LossSystem, request: I32, held: I64) -> F32:
    """Return what is seen, (B, 4 K + 1), of requests (B,) and admissions in service (B, K); see the kernel."""
    seen = np.empty((len(request), 4 * system.n_classes + 1), np.float32)
    show_requests(params_of(system), system.limits, request, held, seen)
    return seen
