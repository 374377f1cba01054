"""Constraint shares, margins and costs of every replica; the formulas behind `sla.py`."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..types import F64, Bool
from .compiled import inlined, kernel
from .report import ACTIVE, BELOW, BLOCKED, CONNECTED, UNCOVERED, VOLUME

N_SHARES = 3
LEAST_COST = 1e-6


class Verdict(NamedTuple):
    """How a control period is judged."""

    margin: F64  # (B, 3), safe where >= 0, NaN where a measurement is not a number
    cost: F64  # (B, 3) in [0, 1]
    unsafe: Bool  # (B,)


def make_verdict(n: int) -> Verdict:
    """Allocate a verdict on n replicas."""
    return Verdict(np.empty((n, N_SHARES)), np.empty((n, N_SHARES)), np.empty(n, np.bool_))


@inlined
def _total(values: np.ndarray, b: int) -> float:
    total = 0.0
    for c in range(values.shape[1]):
        total += np.float64(values[b, c])
    return total


@inlined
def share_of(reals: np.ndarray, b: int, k: int) -> float:
    """Return limited share k of a replica; nothing out of nothing is 0, and no number stays none.

    Args:
        reals: (N_REALS, B, C), measurements.
        b: replica.
        k: 0 users below the guarantee, 1 users not covered, 2 traffic blocked.
    """
    if k == 0:
        part, whole = _total(reals[BELOW], b), _total(reals[ACTIVE], b)
    elif k == 1:
        part, whole = _total(reals[UNCOVERED], b), _total(reals[CONNECTED], b)
    else:
        part = _total(reals[BLOCKED], b)
        whole = part + _total(reals[VOLUME], b)
    if not (np.isfinite(part) and np.isfinite(whole)):
        return np.nan
    return part / whole if whole != 0.0 else 0.0


@inlined
def _cost_of(margin: float, limit: float) -> float:
    """Return how badly a constraint is broken, 0 when safe, up to 1 at the worst share or for no number."""
    if margin >= 0.0:
        return 0.0
    badness = -margin / (1.0 - limit)
    return min(max(badness, LEAST_COST), 1.0) if badness == badness else 1.0


@inlined
def judge_replica(reals: np.ndarray, b: int, limits: np.ndarray, verdict: Verdict) -> None:
    """Judge replica b against the largest allowed shares (3,)."""
    verdict.unsafe[b] = False
    for k in range(N_SHARES):
        margin = limits[k] - share_of(reals, b, k)
        verdict.margin[b, k] = margin
        verdict.cost[b, k] = _cost_of(margin, limits[k])
        if not margin >= 0.0:
            verdict.unsafe[b] = True


@kernel
def share_rows(reals: np.ndarray, share: np.ndarray) -> None:
    """Write the limited shares (B, 3) of measurements (N_REALS, B, C)."""
    for b in range(share.shape[0]):
        for k in range(share.shape[1]):
            share[b, k] = share_of(reals, b, k)


@kernel
def cost_rows(margin: np.ndarray, limits: np.ndarray, cost: np.ndarray) -> None:
    """Write the costs (B, 3) of margins (B, 3)."""
    for b in range(margin.shape[0]):
        for k in range(margin.shape[1]):
            cost[b, k] = _cost_of(margin[b, k], limits[k])
