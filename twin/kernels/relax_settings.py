"""A relaxation of one moment: the best that users can get and the least that cells carry, setting by setting.

A setting is one broadcast pattern and one offset for every cell. Under a setting event A3 leaves a user few cells; of
them it may use the best. Interference is counted only as far as it is certain: from users who have one cell to go to.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np

from ..types import F32, F64, I8, I32, Bool
from .compiled import inlined, kernel
from .layout import GAIN_STEP_DB, ParamArrays, Scratch, StateArrays
from .maths import from_db
from .radio import ROUNDS, serves
from .relax import efficiency
from .step import observe_radio

_ZERO = np.float32(0.0)
_ONE = np.float32(1.0)
_NEVER = np.float32(-1e9)
_GAIN_STEP = np.float32(GAIN_STEP_DB)
SLACK_DB = np.float32(1e-3)  # sums in another order than the step's
SLACK = np.float32(1.0 + 1e-4)
NOBODY, SEVERAL = -1, -2


class Relaxed(IntEnum):
    """Columns of what is found out about a moment under a setting; the least loads of the cells follow."""

    ACTIVE = 0  # users with traffic
    THROUGHPUT = 1  # Mbit/s x active users, at most
    BELOW = 2  # active users below the guarantee, at least
    USERS = 3
    UNCOVERED = 4  # residents below the coverage RSRP, at least
    OFFERED = 5  # Mbit/s
    BLOCKED = 6  # Mbit/s, at least
    CONNECTED = 7  # active users who have a cell
    EFFICIENCY = 8  # bit/s/Hz x connected users, at most


N_RELAXED = len(Relaxed)


class Room(NamedTuple):
    """Working space; W columns of the gain map, C cells, U users, L carrier frequencies."""

    heard: F32  # (W, U), dBm
    power: F32  # (W, U), mW
    column: I32  # (C,)
    candidate: Bool  # (C, U), event A3 may leave the user there
    only: I32  # (U,), the one candidate, NOBODY or SEVERAL
    counts: Bool  # (U,), is certain to load its one candidate
    load: F64  # (C,), at least
    total: F32  # (L, U), mW from cells as far as they are certainly loaded
    rate: F32  # (C, U), Mbit/s with the whole cell, at most


def make_room(p: ParamArrays, n_users: int) -> Room:
    """Allocate the working space."""
    columns, cells = p.gain.shape[1], len(p.first_column)
    heard, power = (np.empty((columns, n_users), np.float32) for _ in range(2))
    return Room(
        heard,
        power,
        np.empty(cells, np.int32),
        np.empty((cells, n_users), np.bool_),
        np.empty(n_users, np.int32),
        np.empty(n_users, np.bool_),
        np.empty(cells),
        np.empty((int(p.layer.max()) + 1, n_users), np.float32),
        np.empty((cells, n_users), np.float32),
    )


@inlined
def _hear(p: ParamArrays, s: StateArrays, b: int, w: Scratch, r: Room) -> None:
    """Write what users hear under every pattern of every cell, as ``radio.receive`` does."""
    cells, columns = p.first_column.shape[0], p.gain.shape[1]
    for c in range(cells):
        last = p.first_column[c + 1] if c + 1 < cells else columns
        for column in range(p.first_column[c], last):
            for u in range(r.heard.shape[1]):
                gain = np.float32(p.gain[w.pixel[u], column]) * _GAIN_STEP
                r.heard[column, u] = p.tx_dbm[c] + gain - s.indoor_db[b, p.layer[c], u]
                r.power[column, u] = from_db(r.heard[column, u])


@inlined
def _leave(p: ParamArrays, s: StateArrays, b: int, r: Room, offsets: np.ndarray) -> None:
    """Write the cells that event A3 may leave every user: those within its margin of the best."""
    margin = np.float32(p.a3_margin_db) + SLACK_DB
    for u in range(r.only.shape[0]):
        best = _NEVER
        for c in range(offsets.shape[0]):
            heard = r.heard[r.column[c], u]
            if serves(s, b, c) and heard >= p.min_rsrp_dbm[c]:
                best = max(best, heard + (p.offset_db[c] + np.float32(offsets[c])))
        r.only[u] = NOBODY
        for c in range(offsets.shape[0]):
            heard = r.heard[r.column[c], u]
            near = heard + (p.offset_db[c] + np.float32(offsets[c])) >= best - margin
            r.candidate[c, u] = near and serves(s, b, c) and heard >= p.min_rsrp_dbm[c]
            if r.candidate[c, u]:
                r.only[u] = c if r.only[u] == NOBODY else SEVERAL


@inlined
def _count(p: ParamArrays, w: Scratch, r: Room) -> None:
    """Write whose demand is certain: an active user with one cell, in range even if all others are full."""
    for u in range(r.only.shape[0]):
        c = r.only[u]
        r.counts[u] = c >= 0 and w.offered[u] > _ZERO and u < p.slice_first
        if r.counts[u]:
            others = _ZERO
            for other in range(r.column.shape[0]):
                same = other != c and p.layer[other] == p.layer[c]
                others += r.power[r.column[other], u] if same else _ZERO
            worst = r.power[r.column[c], u] / (others * SLACK + p.noise_mw[c])
            r.counts[u] = worst >= p.cqi_sinr[0] * SLACK


@inlined
def _least_loads(w: Scratch, r: Room) -> None:
    """Write what every cell needs at least, in its PRBs, given the largest rates; above 1 where it blocks."""
    r.load[:] = 0.0
    for u in range(r.only.shape[0]):
        if r.counts[u]:
            c = r.only[u]
            r.load[c] += np.float64(w.offered[u]) / np.float64(r.rate[c, u] * SLACK)


@inlined
def _rates(p: ParamArrays, w: Scratch, r: Room) -> None:
    """Write what every active user gets at most of each of its cells, given the least loads."""
    r.total[:] = _ZERO
    for c in range(r.column.shape[0]):
        load = np.float32(min(r.load[c], 1.0))
        for u in range(r.total.shape[1]):
            r.total[p.layer[c], u] += load * r.power[r.column[c], u]
    for c in range(r.column.shape[0]):
        load = np.float32(min(r.load[c], 1.0))
        for u in range(r.total.shape[1]):
            if r.candidate[c, u] and w.offered[u] > _ZERO:
                own = r.power[r.column[c], u]
                others = max(r.total[p.layer[c], u] - load * own, _ZERO) / SLACK
                r.rate[c, u] = efficiency(p, own / (others + p.noise_mw[c]) * SLACK) * p.rate_mbps[c, 0]


@inlined
def _sum_up(p: ParamArrays, w: Scratch, r: Room, row: np.ndarray) -> None:
    """Add what follows for every user to a row."""
    for u in range(p.slice_first):
        best, throughput, efficiency = _NEVER, 0.0, _ZERO
        for c in range(r.column.shape[0]):
            if r.candidate[c, u]:
                best = max(best, r.heard[r.column[c], u])
            if r.candidate[c, u] and w.offered[u] > _ZERO:
                throughput = max(throughput, np.float64(r.rate[c, u]) * (1.0 - min(r.load[c], 1.0)))
                efficiency = max(efficiency, r.rate[c, u] / p.rate_mbps[c, 0])
        row[3] += 1.0
        if u < p.crowd_first:
            row[4] += 1.0 if best < np.float32(p.coverage_dbm) - SLACK_DB else 0.0
        if w.offered[u] > _ZERO:
            asked, need = np.float64(w.offered[u]), r.load[r.only[u]] if r.counts[u] else 1.0
            row[0] += 1.0
            row[1] += throughput
            row[2] += 1.0 if throughput * np.float64(SLACK) < p.guaranteed_mbps else 0.0
            row[5] += asked
            row[6] += asked * (1.0 - 1.0 / max(need, 1.0)) if efficiency > _ZERO else asked
            row[7] += 1.0 if r.only[u] != NOBODY else 0.0
            row[8] += np.float64(efficiency)
    for c in range(r.column.shape[0]):
        row[N_RELAXED + c] += min(r.load[c], 1.0)


@kernel
def relax_settings(  # noqa: PLR0913  (two settings, three working spaces)
    p: ParamArrays, s: StateArrays, w: Scratch, beams: I8, offsets: I8, room: Room, load: F64, out: F64
) -> None:
    """Work out the relaxation for the present moment of every replica.

    Args:
        p: parameters.
        s: state of B replicas.
        w: working space.
        beams: (K, C) int8, broadcast pattern of every cell, setting by setting.
        offsets: (K, C) int8, dB on top of the planned offsets.
        room: working space.
        load: (B, K, C), least loads at the end of the step before; replaced by those of this step.
        out: (B, K, N_RELAXED + C), added to; see ``Relaxed``.
    """
    for b in range(s.carrier.shape[0]):
        observe_radio(p, s, b, w)
        _hear(p, s, b, w, room)
        for k in range(beams.shape[0]):
            for c in range(beams.shape[1]):
                room.column[c] = p.first_column[c] + np.int32(beams[k, c])
            _leave(p, s, b, room, offsets[k])
            _count(p, w, room)
            for c in range(beams.shape[1]):
                room.load[c] = load[b, k, c]
            for _ in range(ROUNDS):
                _rates(p, w, room)
                _least_loads(w, room)
            for c in range(beams.shape[1]):
                load[b, k, c] = min(room.load[c], 1.0)
            _sum_up(p, w, room, out[b, k])
