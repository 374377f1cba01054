"""Kernel part 8: how a cell's resource blocks are shared among types of slices and everybody else.

The law is ``share_cell`` of ``rrm_policy.py`` (`RRMPolicyRatio`, TS 28.541 4.3.36). Where no type has a policy of its
own, all types share the one maximum, which is the same law with ratios of 0, 1 and 0.
"""

from __future__ import annotations

import numpy as np

from .compiled import inlined
from .layout import ParamArrays, Scratch, StateArrays

_ZERO = np.float32(0.0)
_ONE = np.float32(1.0)
_FULL = np.float32(1e9)  # load of a server that is not there


@inlined
def _set_aside(p: ParamArrays, w: Scratch, c: int) -> np.float32:
    """Grant each type its need up to its minimum; return what slices may still be guaranteed."""
    pool = np.float32(p.slice_max_ratio)
    for t in range(p.slice_least.shape[0]):
        given = min(w.type_need[c, t], p.slice_least[t])
        w.type_given[c, t] = given
        pool -= max(given, p.slice_dedicated[t])
    return max(pool, _ZERO)


@inlined
def _pour(
    p: ParamArrays, w: Scratch, c: int, guaranteed: int, pool: np.float32, others: np.float32
) -> np.float32:
    """Share a pool among the unmet needs of one kind of types, and ``others`` that have no quota, in proportion.

    What a type at its maximum cannot take goes round again. Returns what nobody takes.
    """
    n_types, taken = p.slice_least.shape[0], _ZERO
    for _ in range(n_types + 1):
        weight = max(others - taken, _ZERO) if taken < _ONE else _ZERO
        for t in range(n_types):
            need, given = w.type_need[c, t], w.type_given[c, t]
            if p.slice_gbr[t] == guaranteed and given < min(need, p.slice_most[t]):
                weight += need - given
        if not (weight > _ZERO and pool > _ZERO):
            break
        left = pool
        for t in range(n_types):
            need, given = w.type_need[c, t], w.type_given[c, t]
            target = min(need, p.slice_most[t])
            if p.slice_gbr[t] == guaranteed and given < target:
                part = (need - given) / weight * pool
                w.type_given[c, t] = target if part >= target - given else given + part
                left -= min(part, target - given)
        target = min(others, _ONE)
        if taken < target:
            part = (others - taken) / weight * pool
            left -= min(part, target - taken)
            taken = target if part >= target - taken else taken + part
        pool = max(left, _ZERO)
    return pool


@inlined
def _open_to(p: ParamArrays, w: Scratch, c: int, pool: np.float32, spare: np.float32) -> None:
    """Write what each type uses and could use, and what it leaves to everybody else."""
    w.used[c], w.held[c] = _ZERO, _ZERO
    for t in range(p.slice_least.shape[0]):
        need, given = w.type_need[c, t], w.type_given[c, t]
        held = max(given, p.slice_dedicated[t])
        server = min(p.slice_most[t], held + (pool if p.slice_gbr[t] == 1 else spare))
        w.used[c] += given
        w.held[c] += held
        w.server[c, t] = server
        w.filled[c, t] = need / server if server > _ZERO else _FULL
        w.carried[c, t] = given / need if given < need else _ONE
    w.held[c] = min(w.held[c], _ONE)


@inlined
def _share_by_policy(p: ParamArrays, s: StateArrays, b: int, w: Scratch) -> None:
    serving, rate = s.serving[b], w.rate
    w.type_need[:] = _ZERO
    for u in range(p.slice_first, rate.shape[0]):
        if rate[u] > _ZERO and w.offered[u] > _ZERO:
            w.type_need[serving[u], w.slice_kind[u - p.slice_first]] += w.offered[u] / rate[u]
    for c in range(w.need.shape[0]):
        pool = _pour(p, w, c, 1, _set_aside(p, w, c), _ZERO)
        left = _ONE
        for t in range(p.slice_least.shape[0]):
            left -= max(w.type_given[c, t], p.slice_dedicated[t])
        _open_to(p, w, c, pool, _pour(p, w, c, 0, max(left, _ZERO), w.need[c]))


@inlined
def _share_one_quota(p: ParamArrays, w: Scratch) -> None:
    most = np.float32(p.slice_max_ratio)
    for c in range(w.need.shape[0]):
        need = w.slice_need[c]
        w.used[c] = min(need, most)
        w.held[c] = w.used[c]
        for t in range(p.slice_size.shape[0]):
            w.server[c, t] = most
            w.filled[c, t] = need / most
            w.carried[c, t] = min(_ONE, most / need) if need > _ZERO else _ONE


@inlined
def grant_slices(p: ParamArrays, s: StateArrays, b: int, w: Scratch) -> None:
    """Write the share of each cell that slices ask for, use and keep from others; ``need`` of others is there."""
    rate, offered, need, serving = w.rate, w.offered, w.slice_need, s.serving[b]
    need[:] = _ZERO
    for u in range(p.slice_first, rate.shape[0]):
        if rate[u] > _ZERO:
            need[serving[u]] += offered[u] / rate[u]
    if p.slice_least.shape[0] > 0:
        _share_by_policy(p, s, b, w)
    else:
        _share_one_quota(p, w)
