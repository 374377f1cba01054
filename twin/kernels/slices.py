"""Kernel part 5: slices with a guaranteed rate that are asked for, admitted or refused, served and released.

A slice holds a slot of the network from admission to the end of its time; its users come after all others. Requests
and ends fall on the ends of control periods. What they get of a cell's resource blocks is the matter of ``quotas.py``.
"""

from __future__ import annotations

import numpy as np

from .compiled import inlined
from .exponential import to_exponential
from .layout import ParamArrays, Scratch, Settings, StateArrays
from .maths import draw, to_unit
from .queues import counted, empty_buffers, serve_user, wait_s

NONE = -1  # type of a free slot and of a request that nobody made
REFUSED, FULL, REDUCED, NO_SLOT = 0, 1, 2, 3  # what became of a request
KIND, CENTRE_X, CENTRE_Y, HOLD_S = range(4)  # columns of a request
ASKED, KEPT, SERVED, BLOCKED, OFFERED, DELAY = range(
    6
)  # of a slot: active users x s, those with the promise kept, Mbit thrice, Mbit x s of delay

# purposes of the random streams
REQUEST_KIND, REQUEST_X, REQUEST_Y, REQUEST_HOLD, SLICE_X, SLICE_Y, SLICE_ACTIVE = range(32, 39)
_ZERO = np.float32(0.0)
_ONE = np.float32(1.0)
_TWO = np.float32(2.0)


@inlined
def release_slices(p: ParamArrays, s: StateArrays, b: int) -> None:
    """Let a control period pass for every slice that is served, and free the slots of those whose time is up."""
    period_s = np.float32(p.step_s * p.sample_steps)
    for n in range(s.slot_kind.shape[1]):
        if s.slot_kind[b, n] != NONE:
            s.slot_left_s[b, n] = s.slot_left_s[b, n] - period_s
            if s.slot_left_s[b, n] <= _ZERO:
                s.slot_kind[b, n] = NONE
                if s.queue.shape[1] > 0:
                    s.slot_sum[b, n, BLOCKED] += empty_buffers(p, s, b, n)


@inlined
def _free_slot(s: StateArrays, b: int) -> int:
    for n in range(s.slot_kind.shape[1]):
        if s.slot_kind[b, n] == NONE:
            return n
    return NONE


@inlined
def _settle(p: ParamArrays, s: StateArrays, b: int, r: int, n: int) -> None:
    """Put the users of request r around its centre, as those of slot n."""
    width, users = np.float32(p.n_x * p.pixel_m), p.slice_users
    reach = np.float32(p.slice_radius_m)
    for m in range(users):
        u, entity = p.slice_first + n * users + m, n * users + m
        away_x = reach * (_TWO * to_unit(draw(s.key[b], s.step[b], entity, SLICE_X)) - _ONE)
        away_y = reach * (_TWO * to_unit(draw(s.key[b], s.step[b], entity, SLICE_Y)) - _ONE)
        s.user_x[b, u] = min(max(s.request[b, r, CENTRE_X] + away_x, _ZERO), width)
        s.user_y[b, u] = min(max(s.request[b, r, CENTRE_Y] + away_y, _ZERO), width)
        s.serving[b, u] = NONE
        s.left[b, u] = NONE
        s.ttt_s[b, u] = _ZERO


@inlined
def admit_slices(p: ParamArrays, s: StateArrays, b: int, wanted: Settings) -> None:
    """Answer every request that waits; one without an answer, or without a free slot, is refused."""
    for r in range(s.request.shape[1]):
        kind = np.int8(s.request[b, r, KIND])
        s.answer[b, r] = NONE
        if kind == NONE:
            continue
        tier = wanted.admit[b, r] if r < wanted.admit.shape[1] else np.int8(REFUSED)
        n = _free_slot(s, b)
        s.answer[b, r] = tier if tier == REFUSED or n != NONE else np.int8(NO_SLOT)
        s.request[b, r, KIND] = np.float32(NONE)
        if tier == REFUSED or n == NONE:
            continue
        s.slot_kind[b, n] = kind
        s.slot_tier[b, n] = tier
        s.slot_left_s[b, n] = s.request[b, r, HOLD_S]
        s.slot_xy[b, n, 0] = s.request[b, r, CENTRE_X]
        s.slot_xy[b, n, 1] = s.request[b, r, CENTRE_Y]
        _settle(p, s, b, r, n)


@inlined
def draw_requests(p: ParamArrays, s: StateArrays, b: int) -> None:
    """Draw the requests of the next control period: each place at the door is taken with some probability.

    ``slice_arrival`` holds, per type, the probability that a place holds one of it or of an earlier type; with many
    places this is a Poisson stream, with few it is somewhat more even.
    """
    width = np.float32(p.n_x * p.pixel_m)
    for r in range(s.request.shape[1]):
        ask = to_unit(draw(s.key[b], s.step[b], r, REQUEST_KIND))
        kind = NONE
        for t in range(p.slice_arrival.shape[0] - 1, -1, -1):
            kind = t if ask < p.slice_arrival[t] else kind
        s.request[b, r, KIND] = np.float32(kind)
        s.request[b, r, CENTRE_X] = width * to_unit(draw(s.key[b], s.step[b], r, REQUEST_X))
        s.request[b, r, CENTRE_Y] = width * to_unit(draw(s.key[b], s.step[b], r, REQUEST_Y))
        mean_s = p.slice_hold_s[max(kind, 0)]
        s.request[b, r, HOLD_S] = mean_s * np.float32(
            to_exponential(draw(s.key[b], s.step[b], r, REQUEST_HOLD))
        )


@inlined
def offer_slices(p: ParamArrays, s: StateArrays, b: int, w: Scratch) -> None:
    """Write what the users of slices ask for: their guaranteed rate while they are active, nothing otherwise."""
    for n in range(s.slot_kind.shape[1]):
        kind = s.slot_kind[b, n]
        for m in range(p.slice_users):
            u = p.slice_first + n * p.slice_users + m
            w.offered[u] = _ZERO
            w.slice_kind[n * p.slice_users + m] = kind
            if kind != NONE and m < p.slice_size[kind]:
                active = to_unit(draw(s.key[b], s.step[b], n * p.slice_users + m, SLICE_ACTIVE))
                if active < p.slice_activity[kind]:
                    w.offered[u] = p.slice_mbps[kind, s.slot_tier[b, n] - 1]


@inlined
def _air_s(p: ParamArrays, w: Scratch, u: int, c: int, kind: int) -> np.float32:
    """Return the mean delay of a packet on the air, at most its budget: then it is discarded (TS 38.323 5.3).

    That of a processor-sharing queue with the share of the cell that is open to its type for a server,
    packet / (rate share) / (1 - load) (Kleinrock 1976, 4.4).
    """
    idle = _ONE - w.filled[c, kind]
    if idle <= _ZERO:
        return p.slice_latency_s[kind]
    return min(p.slice_packet_mbit[kind] / (w.rate[u] * w.server[c, kind]) / idle, p.slice_latency_s[kind])


@inlined
def _is_kept(p: ParamArrays, w: Scratch, u: int, c: int, kind: int, waits_s: np.float32) -> bool:
    """Tell whether a connected user's promise is kept: its rate, and the mean delay of its packets.

    The delay is that on the air (``_air_s``), in its buffer and on the backhaul.
    """
    share, load = w.server[c, kind], w.filled[c, kind]
    if not (load < _ONE and w.rate[u] > _ZERO and w.passed[c] >= _ONE):
        return False
    return p.slice_packet_mbit[kind] / (w.rate[u] * share) <= (
        p.slice_latency_s[kind] - w.delay_s[c] - waits_s
    ) * (_ONE - load)


@inlined
def _account_user(p: ParamArrays, s: StateArrays, b: int, n: int, u: int, w: Scratch) -> None:
    """Add the step of one user of slot n, which asks for something, to the sums of the slot."""
    kind, c, asked, dt = s.slot_kind[b, n], s.serving[b, u], w.offered[u], p.step_s
    connected = c >= 0 and w.rate[u] > _ZERO
    share = w.carried[c, kind] * w.passed[c] if connected else _ZERO
    waits_s = _ZERO
    if s.queue.shape[1] > 0:
        total = s.queue[b, u]
        limit = float(p.slice_buffer_mbit[kind, s.slot_tier[b, n] - 1])
        served_mbit = serve_user(s, b, u, np.float32(share), limit)
        waits_s = wait_s(total - w.fresh[u], s.queue[b, u], served_mbit, dt)
        s.slot_sum[b, n, OFFERED] += w.fresh[u]
        s.slot_sum[b, n, BLOCKED] += total - served_mbit - s.queue[b, u]
    else:
        served = asked * w.carried[c, kind] * w.passed[c] if connected else _ZERO
        fresh, served_mbit = counted(dt * np.float64(asked)), counted(dt * np.float64(served))
        s.slot_sum[b, n, OFFERED] += fresh
        s.slot_sum[b, n, BLOCKED] += fresh - served_mbit
    s.slot_sum[b, n, ASKED] += dt
    s.slot_sum[b, n, KEPT] += dt if connected and _is_kept(p, w, u, c, kind, waits_s) else 0.0
    s.slot_sum[b, n, SERVED] += served_mbit
    if connected:
        delay_s = _air_s(p, w, u, c, kind) + min(waits_s, np.float32(p.slice_buffer_s))
        s.slot_sum[b, n, DELAY] += served_mbit * np.float64(delay_s + w.delay_s[c])
        s.cell_sum[b, c, 13] += served_mbit
        s.cell_sum[b, c, 14] += served_mbit * np.float64(delay_s)


@inlined
def account_slices(p: ParamArrays, s: StateArrays, b: int, w: Scratch) -> None:
    """Add the step to the sums of slots and cells."""
    for n in range(s.slot_kind.shape[1]):
        kind = s.slot_kind[b, n]
        for m in range(p.slice_size[kind] if kind != NONE else 0):
            u = p.slice_first + n * p.slice_users + m
            if w.offered[u] > _ZERO:
                _account_user(p, s, b, n, u, w)
    for c in range(w.used.shape[0]):
        s.cell_sum[b, c, 11] += p.step_s * np.float64(w.used[c] * w.passed[c])
