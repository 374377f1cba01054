"""Failures and backhauls once more in plain numpy: part of the oracle of the compiled kernel in tests."""

from __future__ import annotations

import numpy as np

from ..carrier import CarrierState
from ..kernels import failures as law
from ..kernels.layout import ParamArrays, StateArrays
from ..seeding import bits, unit
from ..types import F32, F64


def fail_cells(p: ParamArrays, s: StateArrays) -> None:
    """Let a step pass for all that can fail, unit by unit."""
    n, n_causes, n_cells, _ = s.outage.shape
    if not n_causes:
        return
    step_s = np.float32(p.step_s)
    for b, cause, c in np.ndindex(n, n_causes, n_cells):
        outage, name = (
            s.outage[b, cause, c],
            (s.key[b : b + 1], s.step[b : b + 1], np.array([cause * n_cells + c])),
        )
        if outage[law.LEFT_S] > 0:
            outage[:] = np.maximum(outage - step_s, 0)
        elif p.fail_prob[cause, c] > 0 and _fails(p, s, b, cause, c):
            outage[:] = _new_outage(p, cause, *name)
            outage[law.LEFT_S] += p.wake_delay_s[c, CarrierState.DEEP_SLEEP]
    _take_down(p, s)


def _chance(key: np.ndarray, step: np.ndarray, entity: np.ndarray, purpose: int) -> float:
    """Return a number in (0, 1]."""
    return float(((bits(key, step, entity, purpose) >> np.uint64(11)) + np.uint64(1))[0]) * 2.0**-53


def _fails(p: ParamArrays, s: StateArrays, b: int, cause: int, c: int) -> bool:
    """Tell whether the unit fails in this step."""
    name = s.key[b : b + 1], s.step[b : b + 1], np.array([cause * s.down.shape[1] + c])
    chance = _chance(*name, law.FAIL)
    if p.life_power[cause] == 1.0:
        return chance <= p.fail_prob[cause, c]
    s.life_s[b, cause, c] -= p.step_s
    if s.life_s[b, cause, c] > 0:
        return False
    s.life_s[b, cause, c] = p.life_s[cause] * max(-np.log(chance), law.LEAST_DRAW) ** p.life_power[cause]
    return True


def _new_outage(p: ParamArrays, cause: int, key: np.ndarray, step: np.ndarray, entity: np.ndarray) -> F32:
    """Repair time and time until the failure is noticed, (2,)."""
    drawn = float(-np.log(_chance(key, step, entity, law.REPAIR))) ** p.repair_power[cause]
    repair_s = max(float(p.repair_s[cause]) * drawn, p.step_s)
    between = p.detect_most_s - p.detect_least_s
    return np.array(
        [repair_s, p.detect_least_s + between * unit(key, step, entity, law.DETECT)[0]], np.float32
    )


def _take_down(p: ParamArrays, s: StateArrays) -> None:
    """Work out what the causes make of every cell."""
    hits = np.stack([s.outage[:, cause, place] for cause, place in enumerate(p.cause_place)])
    failed = (hits[..., law.LEFT_S] > 0) & (p.cause_place >= 0)[:, None]
    noticed = failed & (hits[..., law.UNNOTICED_S] <= 0)
    down = np.where(noticed.any(axis=0), law.DISABLED, np.where(failed.any(axis=0), law.FAILED, law.WORKS))
    s.down[:] = down


def passing(p: ParamArrays, serving: np.ndarray, served_mbps: F64) -> tuple[F64, F64, F64, F64]:
    """Return what each cell's backhaul does with what the air carries of each user (B, U), each (B, C).

    The share that passes, Mbit/s left over, the one-way delay in s, and the share of the link that is used.
    """
    n_cells = len(p.layer)
    by_cell = np.where(serving[:, None, :] == np.arange(n_cells)[:, None], served_mbps[:, None, :], 0.0).sum(
        axis=2
    )
    same_site = p.first_of_site[:, None] == p.first_of_site
    offered = by_cell @ same_site
    if not len(p.backhaul_mbps):
        free = np.zeros_like(offered)
        return np.ones_like(offered), np.full_like(offered, np.inf), free, free
    capacity = np.where(p.backhaul_mbps > 0, p.backhaul_mbps, np.inf).astype(np.float64)
    core = p.core_mbps if p.core_mbps > 0 else np.inf
    passed = 1 / np.maximum(offered / capacity, 1)
    alone = p.first_of_site == np.arange(n_cells)
    total = (offered * passed * alone).sum(axis=1, keepdims=True)
    through_core = 1 / np.maximum(total / core, 1)
    waiting_s = _waiting_s(offered / capacity, p.backhaul_packet_s, p.backhaul_buffer_s)
    waiting_s = waiting_s + _waiting_s(total / core, p.core_packet_s, p.core_buffer_s)
    return (
        passed * through_core,
        np.maximum(np.minimum(capacity - offered, core - total), 0),
        p.backhaul_s.astype(np.float64) + waiting_s,
        offered * passed * through_core / capacity,
    )


def _waiting_s(load: F64, packet_s: F32 | float, buffer_s: F32 | float) -> F64:
    with np.errstate(divide="ignore"):
        waiting_s = np.where(load < 1, load / np.maximum(1 - load, 0) * packet_s, np.inf)
    return np.minimum(waiting_s, buffer_s)
