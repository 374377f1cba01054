"""A relaxation of one moment: what any controller must at least spend and carry, for each set of awake carriers.

Interference is left out, every user may use the best of the cells that event A3 leaves it, and muting is free where it
helps: all three make life easier than the network does.
"""

from __future__ import annotations

import numpy as np

from .compiled import inlined, kernel
from .layout import ParamArrays, Scratch, StateArrays
from .maths import from_db
from .step import observe_radio

_ZERO = np.float32(0.0)
_FAR = np.float32(1e9)


@inlined
def efficiency(p: ParamArrays, sinr: np.float32) -> np.float32:
    """Return the spectral efficiency at an SINR (linear), bit/s/Hz (TS 38.214 5.2.2.1 CQI steps)."""
    total = _ZERO
    for k in range(p.cqi_sinr.shape[0]):
        total += p.cqi_gain[k] if sinr >= p.cqi_sinr[k] else _ZERO
    return total


@inlined
def price(p: ParamArrays, w: Scratch, u: int, c: int, muting: np.float32, cost: np.ndarray) -> None:
    """Write, for one user and cell, PRB share and W per Mbit/s without interference, into column c of (2, C)."""
    snr = from_db(w.rsrp[c, u]) / p.noise_mw[c]
    rate = efficiency(p, snr) * p.rate_mbps[c, 0]
    muted = efficiency(p, snr * muting) * p.rate_mbps[c, 1]
    in_range = rate > _ZERO and w.rsrp[c, u] >= p.min_rsrp_dbm[c]
    cost[0, c] = np.float32(1.0) / rate if in_range else _FAR
    active_w = p.slope_w[c, 0] / rate if in_range else _FAR
    cost[1, c] = min(active_w, p.slope_w[c, 1] / muted if in_range and muted > _ZERO else _FAR)


@inlined
def silence_failed(s: StateArrays, b: int, w: Scratch) -> None:
    """Let nobody hear a cell that is down: failures do not depend on commands, so it serves under no controller."""
    for c in range(w.rsrp.shape[0]):
        if s.down[b, c] != 0:
            for u in range(w.rsrp.shape[1]):
                w.rsrp[c, u] = -_FAR


@inlined
def _prices(p: ParamArrays, w: Scratch, u: int, cost: np.ndarray) -> None:
    """Write, for one user and every cell, PRB share and W per Mbit/s without interference, (2, C)."""
    muting = from_db(-np.float32(p.muting_loss_db))
    for c in range(cost.shape[1]):
        price(p, w, u, c, muting, cost)


@inlined
def _least_rank(p: ParamArrays, w: Scratch, u: int, awake: np.ndarray, muting: np.float32) -> np.float32:
    """Return the rank that event A3 guarantees to a user at least: the best cell, were all capacity cells muted."""
    best = -_FAR
    for c in range(awake.shape[0]):
        loss = muting if awake[c] == 1 else _ZERO
        heard = w.rsrp[c, u] - loss
        if awake[c] >= 0 and heard >= p.min_rsrp_dbm[c]:
            best = max(best, heard + p.offset_db[c])
    return best - np.float32(p.a3_margin_db)


@inlined
def _charge(p: ParamArrays, w: Scratch, u: int, awake: np.ndarray, cost: np.ndarray, row: np.ndarray) -> None:
    """Add one user to the needs of one set of awake carriers."""
    n_cells, asked = awake.shape[0], np.float64(w.offered[u])
    least = _least_rank(p, w, u, awake, np.float32(p.muting_loss_db))
    only, n_candidates, cheapest, thriftiest = 0, 0, _FAR, _FAR
    for c in range(n_cells):
        if awake[c] >= 0 and cost[0, c] < _FAR and w.rsrp[c, u] + p.offset_db[c] >= least:
            only = c
            n_candidates += 1
            cheapest, thriftiest = min(cheapest, cost[0, c]), min(thriftiest, cost[1, c])
    if n_candidates == 0:
        return
    share, watts = np.float64(cheapest), np.float64(thriftiest)
    if n_candidates == 1:
        row[only] += asked * share
        row[n_cells + only] = max(row[n_cells + only], share)
    row[2 * n_cells] += asked * share
    row[2 * n_cells + 1] = max(row[2 * n_cells + 1], share)
    row[2 * n_cells + 2] += asked * watts
    row[2 * n_cells + 3] = max(row[2 * n_cells + 3], watts)


@kernel
def relax_moment(
    p: ParamArrays, s: StateArrays, w: Scratch, awake: np.ndarray, cost: np.ndarray, out: np.ndarray
) -> None:
    """Work out the relaxation for the present moment of every replica; every carrier of the state must be active.

    Args:
        p: parameters.
        s: state of B replicas.
        w: working space.
        awake: (K, C) int8 sets of cells: 0 coverage, 1 awake capacity, -1 asleep.
        cost: (2, C) float32 working space.
        out: (B, K, 2 C + 4) float64, all zero; added to: PRB share that only cell c can carry, C times; the
            largest PRB share per Mbit/s among it, C times; then the same two for all cells together; then W for the
            traffic and the largest W per Mbit/s.
    """
    for b in range(s.carrier.shape[0]):
        observe_radio(p, s, b, w)
        silence_failed(s, b, w)
        for u in range(s.user_x.shape[1]):
            if w.offered[u] > _ZERO:
                _prices(p, w, u, cost)
                for k in range(awake.shape[0]):
                    _charge(p, w, u, awake[k], cost, out[b, k])
