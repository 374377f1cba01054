"""Kernel part 7: what the link of a site lets through, and how long packets take on it."""

from __future__ import annotations

import numpy as np

from .compiled import inlined
from .layout import ParamArrays, Scratch, StateArrays

_ZERO = np.float32(0.0)
_ONE = np.float32(1.0)


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
def _queueing_s(p: ParamArrays, c: int, load: np.float32) -> np.float32:
    """Return the mean waiting time on a link, M/M/1 (Kleinrock, vol. I, 1975, 3.2), at most what the buffer holds."""
    if load >= _ONE:
        return p.backhaul_buffer_s[c]
    return min(load / (_ONE - load) * p.backhaul_packet_s[c], p.backhaul_buffer_s[c])


@inlined
def carry(p: ParamArrays, s: StateArrays, b: int, w: Scratch) -> None:
    """Write what passes each link, what is left of it and its delay; cells send no more than what passes.

    A link that is offered more than its capacity cuts all its traffic by the same factor.
    """
    _carried_on_air(p, s, b, w)
    for c in range(w.passed.shape[0]):
        capacity, offered = p.backhaul_mbps[c], w.site_mbps[p.first_of_site[c]]
        w.delay_s[c] = p.backhaul_s[c]
        if capacity > _ZERO:
            w.passed[c] = capacity / offered if offered > capacity else _ONE
            w.spare[c] = max(capacity - offered, _ZERO)
            w.delay_s[c] += _queueing_s(p, c, offered / capacity)
            s.load[b, c] *= w.passed[c]
