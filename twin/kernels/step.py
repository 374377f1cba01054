"""The fused step: one compiled call moves all replicas through any number of twin steps."""

from __future__ import annotations

import numpy as np

from .backhaul import use_links
from .compiled import inlined, kernel
from .crowd import walk_crowd
from .failures import fail_cells
from .layout import ParamArrays, Scratch, Settings, StateArrays
from .power import obey, spend
from .queues import close_books, open_books, serve_user, take_in
from .radio import hand_over, locate, receive, share_cells
from .slices import account_slices, draw_requests, offer_slices
from .traffic import move_users, offer_traffic, step_noise

_ZERO = np.float32(0.0)
_ONE = np.float32(1.0)
_NEVER = np.float32(-1e9)


@inlined
def _nearest_cell(rsrp: np.ndarray, u: int) -> int:
    best = 0
    for c in range(1, rsrp.shape[0]):
        if rsrp[c, u] > rsrp[best, u]:
            best = c
    return best


@inlined
def account_waiting(p: ParamArrays, s: StateArrays, b: int, w: Scratch) -> None:
    """Serve what users but those of slices ask for, and book it to their cells; what their buffers hold waits."""
    for u in range(p.slice_first):
        c, share = s.serving[b, u], _ZERO
        if c >= 0 and w.rate[u] > _ZERO:
            share = _ONE / max(w.need[c], _ONE)
        if c < 0:
            c = _nearest_cell(w.rsrp, u)
        total = s.queue[b, u]
        served = serve_user(s, b, u, np.float32(share), p.user_buffer_mbit)
        s.cell_sum[b, c, 1] += served
        s.cell_sum[b, c, 2] += total - served - s.queue[b, u]
        s.cell_sum[b, c, 15] += w.fresh[u]
        s.offered_mbit[b] += w.fresh[u]


@inlined
def account(p: ParamArrays, s: StateArrays, b: int, w: Scratch) -> None:
    """Add the step to the sums of the control period.

    A user's throughput is that of a processor-sharing cell, its rate alone times the free share, and at most what
    the site's backhaul has left. In an overloaded cell everybody is served the same share and the rest is blocked; a
    user nobody can serve blocks all it asks for and is counted at the cell it hears best. Offered = served + blocked,
    with ==; where there are buffers, what is not served waits, and only what they cannot hold is blocked.
    The users of slices have accounts of their own.
    """
    rsrp, offered, rate, need = w.rsrp, w.offered, w.rate, w.need
    dt, n_residents, limited = p.step_s, p.crowd_first, p.backhaul_mbps.shape[0] > 0
    coverage, guaranteed = np.float32(p.coverage_dbm), np.float32(p.guaranteed_mbps)
    serving, load, sums = s.serving[b], s.load[b], s.cell_sum[b]
    lost_dt = 0.0 if s.queue.shape[1] > 0 else dt  # what can wait is booked by ``account_waiting``
    for u in range(p.slice_first):
        connected = serving[u] >= 0
        c = serving[u] if connected else _nearest_cell(rsrp, u)
        asked, throughput = offered[u], rate[u] * (_ONE - load[c])
        if limited:
            throughput = min(throughput, w.spare[c])
        served = asked / max(need[c], _ONE) if connected and rate[u] > _ZERO else _ZERO
        active = dt if asked > _ZERO else 0.0
        sums[c, 3] += dt
        sums[c, 4] += active
        sums[c, 5] += active * np.float64(throughput)
        sums[c, 6] += active if not (connected and throughput >= guaranteed) else 0.0
        sums[c, 7] += dt if u < n_residents and not (connected and rsrp[c, u] >= coverage) else 0.0
        sums[c, 1] += lost_dt * np.float64(served)
        sums[c, 2] += lost_dt * np.float64(asked)
    for c in range(need.shape[0]):
        sums[c, 0] += dt * np.float64(load[c])
    if limited:
        use_links(p, s, b, w)
    if s.queue.shape[1] > 0:
        account_waiting(p, s, b, w)
    if p.slice_first < offered.shape[0]:
        account_slices(p, s, b, w)
    s.elapsed_s[b] += dt


@inlined
def _count_cause(p: ParamArrays, s: StateArrays, b: int, w: Scratch, u: int) -> None:
    """Count whose handover settings made an active user lose its cell, by where it would come back.

    That is the cell it hears best among those that serve (TS 38.304 cell selection knows no offsets). Causes are those
    of TS 38.300 15.5.2; a handover is recent as long as a return counts as ping-pong. A user that hears its own cell
    best is in a hole of the coverage: nobody's fault.
    """
    rank, link, c = w.rank, s.link[b], s.serving[b, u]
    back = c
    for other in range(rank.shape[0]):
        if rank[other, u] > _NEVER and w.rsrp[other, u] > w.rsrp[back, u]:
            back = np.int32(other)
    if back == c:
        return
    source, since = s.left[b, u], np.float32((s.step[b] - 1) * p.step_s) - s.moved_s[b, u]
    if source < 0 or since > np.float32(p.ping_pong_s):
        link[c, 7] += 1.0
    elif back == source:
        link[source, 6] += 1.0
    else:
        link[source, 8] += 1.0


@inlined
def sample_links(p: ParamArrays, s: StateArrays, b: int, w: Scratch) -> None:
    """Count the active users of every cell by SSB beam, and what they tell of their links.

    Once per control period, as base stations sample these (TS 28.552 5.1.1.28.1); a later sample replaces it.
    """
    serving, link, qout = s.serving[b], s.link[b], np.float32(p.qout)
    link[:] = 0.0
    for u in range(serving.shape[0]):
        c = serving[u]
        if c >= 0 and w.offered[u] > _ZERO:
            per_bit = p.rate_mbps[c, s.carrier[b, c] + 2 * s.ssb_period[b, c]]
            link[c, 0] += np.float64(w.rate[u] / per_bit)
            if w.sinr[u] < qout:
                link[c, 1] += 1.0
                _count_cause(p, s, b, w, u)
            link[c, 2 + p.ssb_beam[w.pixel[u], c]] += 1.0


@inlined
def observe_radio(p: ParamArrays, s: StateArrays, b: int, w: Scratch) -> None:
    """Write where users are, what they hear and what they ask for; changes nothing in the state."""
    locate(p, s, b, w)
    receive(p, s, b, w)
    offer_traffic(p, s, b, w)
    if p.slice_first < w.offered.shape[0]:
        offer_slices(p, s, b, w)


@inlined
def advance_replica(
    p: ParamArrays, s: StateArrays, b: int, wanted: Settings, n_steps: int, w: Scratch
) -> None:
    """Move replica b ``n_steps`` twin steps on, in place; what is wanted is obeyed at the first."""
    obey(p, s, b, wanted)
    open_books(s, b)
    for _ in range(n_steps):
        if s.outage.shape[1] > 0:
            fail_cells(p, s, b)
        step_noise(p, s, b)
        move_users(p, s, b)
        if p.humps.shape[0] > 0:
            walk_crowd(p, s, b)
        observe_radio(p, s, b, w)
        if s.queue.shape[1] > 0:
            take_in(p, s, b, w)
        hand_over(p, s, b, w)
        share_cells(p, s, b, w)
        account(p, s, b, w)
        spend(p, s, b)
        s.step[b] += 1
        if s.step[b] % p.sample_steps == 0:
            sample_links(p, s, b, w)
            draw_requests(p, s, b)
    close_books(s, b)


@kernel
def advance_replicas(p: ParamArrays, s: StateArrays, wanted: Settings, n_steps: int, w: Scratch) -> None:
    """Move every replica ``n_steps`` twin steps on, in place.

    Args:
        p: parameters.
        s: state of B replicas.
        wanted: of every cell (B, C), obeyed at the first step.
        n_steps: twin steps.
        w: working space.
    """
    for b in range(s.carrier.shape[0]):
        advance_replica(p, s, b, wanted, n_steps, w)


@kernel
def view_radio(p: ParamArrays, s: StateArrays, rsrp: np.ndarray, offered: np.ndarray, w: Scratch) -> None:
    """Write the present RSRP (B, C, U) and offered traffic (B, U); the state stays as it is."""
    for b in range(s.carrier.shape[0]):
        observe_radio(p, s, b, w)
        for u in range(w.offered.shape[0]):  # element by element: copying slices would need to allocate
            offered[b, u] = w.offered[u]
            for c in range(w.rsrp.shape[0]):
                rsrp[b, c, u] = w.rsrp[c, u]
