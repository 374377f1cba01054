"""Kernel part 7: what the link of a site lets through, and how long packets take on it."""

from __future__ import annotations

import numpy as np

from .compiled import inlined
from .layout import ParamArrays, Scratch, StateArrays

_ZERO = np.float32(0.0)
_ONE = np.float32(1.0)
_UNLIMITED = np.float32(np.inf)


@inlined
def _carried_on_air(p: ParamArrays, s: StateArrays, b: int, w: Scratch) -> None:
    """Write what the air interface of each site's cells carries, Mbit/s, at the site's first cell."""
    site_mbps = w.site_mbps
    serving = s.serving[b]
    site_mbps[:] = _ZERO
    for u in range(w.rate.shape[0]):
        if w.rate[u] > _ZERO and w.offered[u] > _ZERO:
            c = serving[u]
            if u < p.slice_first:
                share = (_ONE - w.held[c]) / w.need[c]
            else:
                share = w.carried[c, w.slice_kind[u - p.slice_first]]
            site_mbps[p.first_of_site[c]] += w.offered[u] * min(share, _ONE)


@inlined
def _queueing_s(load: np.float32, packet_s: np.float32, buffer_s: np.float32) -> np.float32:
    """Return the mean waiting time on a link, M/M/1 (Kleinrock, vol. I, 1975, 3.2), at most what the buffer holds."""
    if load >= _ONE:
        return buffer_s
    return min(load / (_ONE - load) * packet_s, buffer_s)


@inlined
def _through_core(p: ParamArrays, s: StateArrays, b: int, w: Scratch) -> None:
    """Let the user plane function cut what all links together bring it, as a link would."""
    core, total = np.float32(p.core_mbps), _ZERO
    for c in range(w.passed.shape[0]):
        if p.first_of_site[c] == c:
            total += w.site_mbps[c] * w.passed[c]
    passed = core / total if total > core else _ONE
    spare = max(core - total, _ZERO)
    delay_s = _queueing_s(total / core, np.float32(p.core_packet_s), np.float32(p.core_buffer_s))
    for c in range(w.passed.shape[0]):
        w.passed[c] *= passed
        w.spare[c] = min(w.spare[c], spare)
        w.delay_s[c] += delay_s
        s.load[b, c] *= passed


@inlined
def carry(p: ParamArrays, s: StateArrays, b: int, w: Scratch) -> None:
    """Write what passes each link, what is left of it and its delay; cells send no more than what passes.

    A link that is offered more than its capacity cuts all its traffic by the same factor, and so does the core.
    """
    _carried_on_air(p, s, b, w)
    for c in range(w.passed.shape[0]):
        capacity, offered = p.backhaul_mbps[c], w.site_mbps[p.first_of_site[c]]
        w.passed[c], w.spare[c] = _ONE, _UNLIMITED
        w.delay_s[c] = p.backhaul_s[c]
        if capacity > _ZERO:
            w.passed[c] = capacity / offered if offered > capacity else _ONE
            w.spare[c] = max(capacity - offered, _ZERO)
            w.delay_s[c] += _queueing_s(offered / capacity, p.backhaul_packet_s[c], p.backhaul_buffer_s[c])
            s.load[b, c] *= w.passed[c]
    if p.core_mbps > 0.0:
        _through_core(p, s, b, w)


@inlined
def use_links(p: ParamArrays, s: StateArrays, b: int, w: Scratch) -> None:
    """Add up how much of each site's link is used, at all its cells."""
    for c in range(w.passed.shape[0]):
        if p.backhaul_mbps[c] > _ZERO:
            used = w.site_mbps[p.first_of_site[c]] * w.passed[c] / p.backhaul_mbps[c]
            s.cell_sum[b, c, 12] += p.step_s * np.float64(used)
