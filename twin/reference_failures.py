"""Failures and backhauls once more in plain numpy: part of the oracle of the compiled kernel in tests."""

from __future__ import annotations

import numpy as np

from .carrier import CarrierState
from .kernels import failures as law
from .kernels.layout import ParamArrays, StateArrays
from .seeding import bits, unit
from .types import F32, F64


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
        elif ((bits(*name, law.FAIL) >> np.uint64(11)) + np.uint64(1)) * 2.0**-53 <= p.fail_prob[cause, c]:
            outage[:] = _new_outage(p, cause, *name)
            outage[law.LEFT_S] += p.wake_delay_s[c, CarrierState.DEEP_SLEEP]
    _take_down(p, s)


def _new_outage(p: ParamArrays, cause: int, key: np.ndarray, step: np.ndarray, entity: np.ndarray) -> F32:
    """Repair time and time until the failure is noticed, (2,)."""
    word = (bits(key, step, entity, law.REPAIR) >> np.uint64(11)) + np.uint64(1)
    repair_s = max(float(p.repair_s[cause]) * float(-np.log(word[0] * 2.0**-53)), p.step_s)
    between = p.detect_most_s - p.detect_least_s
    return np.array(
        [repair_s, p.detect_least_s + between * unit(key, step, entity, law.DETECT)[0]], np.float32
    )


def _take_down(p: ParamArrays, s: StateArrays) -> None:
    """Work out what the causes make of every cell."""
    places = [np.arange(s.down.shape[1]), p.first_of_site, p.first_of_site]
    hits = np.stack([s.outage[:, cause, places[cause]] for cause in range(law.N_CAUSES)])
    failed = hits[..., law.LEFT_S] > 0
    noticed = failed & (hits[..., law.UNNOTICED_S] <= 0)
    down = np.where(noticed.any(axis=0), law.DISABLED, np.where(failed.any(axis=0), law.FAILED, law.WORKS))
    s.down[:] = down


def passing(p: ParamArrays, serving: np.ndarray, served_mbps: F64) -> tuple[F64, F64, F64]:
    """Return what each cell's backhaul does with what the air carries of each user (B, U), each (B, C).

    The share that passes, Mbit/s left over, and the one-way delay in s.
    """
    n_cells = len(p.layer)
    by_cell = np.where(serving[:, None, :] == np.arange(n_cells)[:, None], served_mbps[:, None, :], 0.0).sum(
        axis=2
    )
    same_site = p.first_of_site[:, None] == p.first_of_site
    offered = by_cell @ same_site
    if not len(p.backhaul_mbps):
        return np.ones_like(offered), np.full_like(offered, np.inf), np.zeros_like(offered)
    capacity = np.where(p.backhaul_mbps > 0, p.backhaul_mbps, np.inf).astype(np.float64)
    load = offered / capacity
    with np.errstate(divide="ignore"):
        waiting_s = np.where(load < 1, load / np.maximum(1 - load, 0) * p.backhaul_packet_s, np.inf)
    waiting_s = np.minimum(waiting_s, p.backhaul_buffer_s)
    return (
        1 / np.maximum(load, 1),
        np.maximum(capacity - offered, 0),
        p.backhaul_s.astype(np.float64) + waiting_s,
    )
