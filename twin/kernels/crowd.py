"""Kernel part 1b: the crowd of an event with two humps. It arrives one by one, sits, and walks off one by one.

Where a crowd user is follows from the time alone. The crowd of the law has the first surge slot; injected crowds of
the second keep to the plain ramp.
"""

from __future__ import annotations

import numpy as np

from .compiled import inlined
from .layout import ParamArrays, Scratch, StateArrays
from .maths import PLACE_X, PLACE_Y, draw, to_unit

PLAY, EGRESS, SEATED_S, EGRESS_S, DECAY_S, REACH_M, RIM_M, WALK_MPS = range(8)  # of ``ParamArrays.humps``
CROWD_WAY = 79  # purpose of the random stream: which way a crowd user leaves
_ZERO = np.float32(0.0)
_ONE = np.float32(1.0)
_TWO = np.float32(2.0)


@inlined
def crowd_last(p: ParamArrays, s: StateArrays) -> int:
    """Return the index behind the last user of the law's crowd."""
    return p.crowd_first + (p.slice_first - p.crowd_first) // s.surge.shape[1]


@inlined
def hump_mbps(p: ParamArrays, s: StateArrays, b: int) -> np.float32:
    """Return the crowd's demand: up to the arrival peak, down while it is seated, up at the end, and away."""
    h = p.humps
    since = np.float32(s.step[b] * p.step_s) - s.surge[b, 0, 0]
    ramp, hold, peak = s.surge[b, 0, 1], s.surge[b, 0, 2], s.surge[b, 0, 3]
    if since <= _ZERO or peak <= _ZERO:
        return _ZERO
    if since < ramp:
        return peak * since / ramp
    over = since - ramp - hold
    if over <= _ZERO:
        return peak * (_ONE - (_ONE - h[PLAY]) * min((since - ramp) / h[SEATED_S], _ONE))
    if over < h[EGRESS_S]:
        return peak * (h[PLAY] + (h[EGRESS] - h[PLAY]) * over / h[EGRESS_S])
    return peak * h[EGRESS] * max(_ZERO, _ONE - (over - h[EGRESS_S]) / h[DECAY_S])


@inlined
def offer_crowd(p: ParamArrays, s: StateArrays, b: int, w: Scratch) -> None:
    """Share the crowd's demand equally among those who have come and not gone: who comes first goes first."""
    first, last = p.crowd_first, crowd_last(p, s)
    since = np.float32(s.step[b] * p.step_s) - s.surge[b, 0, 0]
    ramp, n = s.surge[b, 0, 1], np.float32(last - first)
    after = since - ramp - s.surge[b, 0, 2] - p.humps[EGRESS_S]
    come, gone = last, first
    if since < ramp:
        come = min(last, first + 1 + int(np.floor(n * max(since, _ZERO) / ramp)))
    if after > _ZERO:
        gone = min(last, first + int(np.floor(n * min(after / p.humps[DECAY_S], _ONE))))
    mbps = hump_mbps(p, s, b) / np.float32(max(1, come - gone))
    for u in range(first, last):
        w.offered[u] = mbps if gone <= u < come else _ZERO


@inlined
def walk_crowd(p: ParamArrays, s: StateArrays, b: int) -> None:
    """Move the crowd of an event: straight from the rim to a place of its own, and back the same way.

    Arrivals are spread over the ramp and departures over the egress. Before and after the event it stays at the rim.
    """
    h, first, last = p.humps, p.crowd_first, crowd_last(p, s)
    since = np.float32(s.step[b] * p.step_s) - s.surge[b, 0, 0]
    ramp, n = s.surge[b, 0, 1], np.float32(max(1, last - first))
    over = since - ramp - s.surge[b, 0, 2]
    if since <= _ZERO or over > h[EGRESS_S] + h[DECAY_S] + h[RIM_M] / h[WALK_MPS]:
        return
    venue = int(s.surge[b, 0, 4])
    x_max, y_max = np.float32(p.n_x * p.pixel_m), np.float32(p.n_y * p.pixel_m)
    for u in range(first, last):
        turn = np.float32(u - first) / n
        come = max(since - ramp * turn, _ZERO) * h[WALK_MPS]
        away = max(over - h[EGRESS_S] * turn, _ZERO) * h[WALK_MPS]
        off = min(max(h[RIM_M] - come, _ZERO) + away, h[RIM_M])
        way = draw(s.key[b], 0, u, CROWD_WAY) & np.uint64(15)
        dx = _TWO * to_unit(draw(s.key[b], 0, u, PLACE_X)) - _ONE
        dy = _TWO * to_unit(draw(s.key[b], 0, u, PLACE_Y)) - _ONE
        x = min(max(p.venue_xy[venue, 0] + h[REACH_M] * dx, _ZERO), x_max)
        y = min(max(p.venue_xy[venue, 1] + h[REACH_M] * dy, _ZERO), y_max)
        s.user_x[b, u] = min(max(x + off * p.heading[way, 0], _ZERO), x_max)
        s.user_y[b, u] = min(max(y + off * p.heading[way, 1], _ZERO), y_max)
