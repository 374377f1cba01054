"""A relaxation of one moment that scales: what users cost at least, whichever capacity carriers are awake.

Waking a carrier costs what it then draws above deep sleep; carrying traffic costs W per Mbit/s. To choose the carriers
is a facility location problem, and what users bid in its dual is a floor under every choice (Erlenkotter 1978).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..types import F32, F64, I32
from .compiled import inlined, kernel
from .layout import ParamArrays, Scratch, StateArrays
from .maths import from_db
from .relax import price, silence_failed
from .step import observe_radio

_FAR = np.float32(1e9)
ROUNDS = 8  # bids rise side by side, an eighth of their way at a time


class Auction(NamedTuple):
    """What carriers cost, and working space."""

    opening: F64  # (C,), W that a cell draws more when awake than in deep sleep; 0 where it never sleeps
    room: F64  # (C,), what is left of it
    cost: F32  # (2, C)
    n_options: I32  # (U,), cells that may serve each user; 0 where none that never sleeps does
    option: I32  # (U, C), their numbers, in front
    price: F32  # (U, C), what they ask, W per Mbit/s


def make_auction(opening: F64, n_users: int) -> Auction:
    """Allocate the working space for cells of these costs."""
    cells = len(opening)
    return Auction(
        opening,
        np.empty(cells),
        np.empty((2, cells), np.float32),
        np.empty(n_users, np.int32),
        np.empty((n_users, cells), np.int32),
        np.empty((n_users, cells), np.float32),
    )


@inlined
def _least_rank(p: ParamArrays, w: Scratch, u: int, opening: np.ndarray) -> np.float32:
    """Return the rank that event A3 guarantees to a user whatever sleeps."""
    best = -_FAR
    for c in range(opening.shape[0]):
        if opening[c] == 0.0 and w.rsrp[c, u] >= p.min_rsrp_dbm[c]:
            best = max(best, w.rsrp[c, u] + p.offset_db[c])
    return best - np.float32(p.a3_margin_db)


@inlined
def _list_options(p: ParamArrays, w: Scratch, u: int, a: Auction) -> None:
    """List the cells that may ever serve a user, and what each asks."""
    muting, least = from_db(-np.float32(p.muting_loss_db)), _least_rank(p, w, u, a.opening)
    n, covered = 0, False
    for c in range(a.opening.shape[0]):
        if w.rsrp[c, u] < p.min_rsrp_dbm[c] or w.rsrp[c, u] + p.offset_db[c] < least:
            continue
        price(p, w, u, c, muting, a.cost)
        if a.cost[0, c] < _FAR:
            a.option[u, n] = c
            a.price[u, n] = a.cost[1, c]
            covered = covered or a.opening[c] == 0.0
            n += 1
    a.n_options[u] = n if covered else 0


@inlined
def _goal(a: Auction, u: int, share: float) -> float:
    """Return a bid on the way from the lowest price to the lowest of the cells that never sleep."""
    low, high = np.float64(_FAR), np.float64(_FAR)
    for i in range(a.n_options[u]):
        asks = np.float64(a.price[u, i])
        low = min(low, asks)
        high = min(high, asks) if a.opening[a.option[u, i]] == 0.0 else high
    return low + share * (high - low)


@inlined
def _raise(a: Auction, u: int, asked: float, old: float, goal: float) -> float:
    """Raise a bid towards a goal as far as every cell has room, and take the rise out of it."""
    new = goal
    for i in range(a.n_options[u]):
        new = min(new, max(np.float64(a.price[u, i]), old) + a.room[a.option[u, i]] / asked)
    new = max(new, old)
    for i in range(a.n_options[u]):
        rise = new - max(np.float64(a.price[u, i]), old)
        a.room[a.option[u, i]] -= asked * max(rise, 0.0)
    return float(new)


@kernel
def bid_moment(p: ParamArrays, s: StateArrays, w: Scratch, a: Auction, out: np.ndarray) -> None:
    """Work out what every user bids at the present moment of every replica; every carrier must be active.

    Args:
        p: parameters.
        s: state of B replicas.
        w: working space.
        a: costs and working space.
        out: (B, 2, U) float64, written: the bid in W per Mbit/s, and the Mbit/s asked for.
    """
    for b in range(s.carrier.shape[0]):
        observe_radio(p, s, b, w)
        silence_failed(s, b, w)
        for c in range(a.room.shape[0]):
            a.room[c] = a.opening[c]
        for u in range(out.shape[2]):
            asked = np.float64(w.offered[u])
            out[b, 0, u] = 0.0
            out[b, 1, u] = asked
            a.n_options[u] = 0
            if asked > 0.0:
                _list_options(p, w, u, a)
        for k in range(ROUNDS):
            for u in range(out.shape[2]):
                if a.n_options[u] > 0:
                    goal = _goal(a, u, (k + 1) / ROUNDS)
                    out[b, 0, u] = _raise(a, u, out[b, 1, u], out[b, 0, u], goal)
