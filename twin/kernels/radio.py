"""Kernel part 2: who serves whom, at which rate, and how full the cells get."""

from __future__ import annotations

import numpy as np

from .backhaul import carry
from .compiled import fetch, inlined
from .layout import GAIN_STEP_DB, ParamArrays, Scratch, StateArrays
from .maths import from_db
from .quotas import grant_slices

_ZERO = np.float32(0.0)
_ONE = np.float32(1.0)
_NEVER = np.float32(-1e9)
_GAIN_STEP = np.float32(GAIN_STEP_DB)
_AHEAD = 8  # users whose rows of the gain map are on their way
_LINE = 32  # gains in a cache line
ROUNDS = 2  # fixed-point rounds between load and interference, started from the last step's load


@inlined
def locate(p: ParamArrays, s: StateArrays, b: int, w: Scratch) -> None:
    """Write the pixel index of each user."""
    pixel = w.pixel
    per_m = np.float32(1.0 / p.pixel_m)
    for u in range(pixel.shape[0]):
        i_x = min(max(np.int32(s.user_x[b, u] * per_m), np.int32(0)), np.int32(p.n_x - 1))
        i_y = min(max(np.int32(s.user_y[b, u] * per_m), np.int32(0)), np.int32(p.n_y - 1))
        pixel[u] = i_y * np.int32(p.n_x) + i_x


@inlined
def _fetch_row(p: ParamArrays, pixel: int) -> None:
    """Bring the gains of a pixel into the cache."""
    width = p.gain.shape[1]
    for k in range(0, width + _LINE - 1, _LINE):
        fetch(p.gain, pixel * width + min(k, width - 1))


@inlined
def _look_up(p: ParamArrays, s: StateArrays, b: int, w: Scratch) -> None:
    """Write the gain of every cell at every user under the pattern in force, in ``GAIN_STEP_DB``.

    A pixel's gains stand side by side: they are fetched once, not cell by cell.
    """
    pixel, gain, column = w.pixel, w.rsrp, w.column
    if p.gain.shape[1] == gain.shape[0]:  # no cell has a choice of patterns
        for u in range(gain.shape[1]):
            _fetch_row(p, pixel[min(u + _AHEAD, gain.shape[1] - 1)])
            row = p.gain[pixel[u]]
            for c in range(gain.shape[0]):
                gain[c, u] = np.float32(row[c])
        return
    for c in range(column.shape[0]):
        column[c] = p.first_column[c] + np.int32(s.beam[b, c])
    for u in range(gain.shape[1]):
        _fetch_row(p, pixel[min(u + _AHEAD, gain.shape[1] - 1)])
        row = p.gain[pixel[u]]
        for c in range(gain.shape[0]):
            gain[c, u] = np.float32(row[column[c]])


@inlined
def receive(p: ParamArrays, s: StateArrays, b: int, w: Scratch) -> None:
    """Write the RSRP of every cell at every user in dBm, whether the cell sends or not."""
    rsrp = w.rsrp
    muting = np.float32(p.muting_loss_db)
    _look_up(p, s, b, w)
    for c in range(rsrp.shape[0]):
        layer = p.layer[c]
        sent = p.tx_dbm[c] - (muting if s.carrier[b, c] == 1 else _ZERO)
        heard, indoor = rsrp[c], s.indoor_db[b, layer]
        for u in range(heard.shape[0]):
            heard[u] = sent + heard[u] * _GAIN_STEP - indoor[u]


@inlined
def serves(s: StateArrays, b: int, c: int) -> bool:
    """Tell whether a cell carries traffic now: commanded to, awake, and in working order."""
    return s.carrier[b, c] <= 1 and s.wake_left_s[b, c] <= _ZERO and s.down[b, c] == 0


@inlined
def _rank_cells(p: ParamArrays, s: StateArrays, b: int, w: Scratch) -> None:
    """Write the measure that event A3 compares: RSRP plus cell offset; ``_NEVER`` for no candidate."""
    rsrp, rank = w.rsrp, w.rank
    for c in range(rsrp.shape[0]):
        offset = p.offset_db[c] + np.float32(s.shift_db[b, c])
        least = p.min_rsrp_dbm[c] if serves(s, b, c) else -_NEVER
        row, heard = rank[c], rsrp[c]
        for u in range(heard.shape[0]):
            value = heard[u] + offset
            row[u] = value if heard[u] >= least else _NEVER


@inlined
def _best_cells(w: Scratch) -> None:
    """Write the best candidate of each user and its rank; -1 where there is none."""
    rank, best, best_rank = w.rank, w.best, w.best_rank
    best[:] = -1
    best_rank[:] = _NEVER
    for c in range(rank.shape[0]):
        row, cell = rank[c], np.int32(c)
        for u in range(row.shape[0]):
            best[u] = cell if row[u] > best_rank[u] else best[u]
            best_rank[u] = max(row[u], best_rank[u])


@inlined
def _findable(p: ParamArrays, s: StateArrays, b: int, u: int, rank: np.ndarray) -> np.int32:
    """Return the best candidate of a user who has no cell to tell it of others: it searches for the usual SSB periods.

    Source: TS 38.213 4.1, a terminal that selects a cell may assume 20 ms.
    """
    best, best_rank = np.int32(-1), _NEVER
    for c in range(rank.shape[0]):
        if s.ssb_period[b, c] < p.n_findable and rank[c, u] > best_rank:
            best, best_rank = np.int32(c), rank[c, u]
    return best


@inlined
def hand_over(p: ParamArrays, s: StateArrays, b: int, w: Scratch) -> None:
    """Apply event A3 to every user; a user whose cell went to sleep moves at once.

    Source: TS 38.331 5.5.4.4; ``a3_margin_db`` is offset plus hysteresis. A user without a cell, or whose cell
    failed, selects one by itself.
    """
    dt, margin, wait = np.float32(p.step_s), np.float32(p.a3_margin_db), p.wait_s[0]
    with_choice = p.wait_s.shape[0] > 1
    _rank_cells(p, s, b, w)
    _best_cells(w)
    rank, best, best_rank = w.rank, w.best, w.best_rank
    serving, held, sums = s.serving[b], s.ttt_s[b], s.cell_sum[b]
    left, moved, soon = s.left[b], s.moved_s[b], np.float32(p.ping_pong_s)
    now = np.float32(s.step[b] * p.step_s)
    for u in range(best.shape[0]):
        old, new = serving[u], best[u]
        old_rank = rank[old, u] if old >= 0 else _NEVER
        lost = old_rank <= _NEVER
        if with_choice and new >= 0:
            if lost and (old < 0 or s.down[b, old] != 0):
                new = _findable(p, s, b, u, rank)
            else:
                wait = p.wait_s[s.ssb_period[b, new]]
        held[u] = held[u] + dt if best_rank[u] > old_rank + margin else _ZERO
        if (lost or (held[u] >= wait and held[u] > _ZERO)) and new != old:
            serving[u] = new
            held[u] = _ZERO
            if new >= 0:
                sums[new, 9] += 1.0
                sums[new, 10] += 1.0 if new == left[u] and now - moved[u] <= soon else 0.0
            left[u] = old
            moved[u] = now


@inlined
def _sinr(p: ParamArrays, s: StateArrays, b: int, w: Scratch) -> None:
    """Write each user's SINR with interference weighted by load."""
    power, total, sinr = w.power, w.total, w.sinr
    total[:] = _ZERO
    for c in range(power.shape[0]):
        load = s.load[b, c]
        layer = p.layer[c]
        for u in range(power.shape[1]):
            total[layer, u] += load * power[c, u]
    for u in range(power.shape[1]):
        c = s.serving[b, u]
        if c < 0:
            sinr[u] = _ZERO
            continue
        others = max(total[p.layer[c], u] - s.load[b, c] * power[c, u], _ZERO)
        sinr[u] = power[c, u] / (others + p.noise_mw[c])


@inlined
def _rates(p: ParamArrays, s: StateArrays, b: int, w: Scratch) -> None:
    """Write what each user would get with the whole cell to itself, Mbit/s (TS 38.214 5.2.2.1 CQI steps)."""
    sinr, rate = w.sinr, w.rate
    rate[:] = _ZERO
    for k in range(p.cqi_sinr.shape[0]):
        threshold, gain = p.cqi_sinr[k], p.cqi_gain[k]
        for u in range(rate.shape[0]):
            rate[u] += gain if sinr[u] >= threshold else _ZERO
    for u in range(rate.shape[0]):
        c = s.serving[b, u]
        rate[u] *= p.rate_mbps[c, s.carrier[b, c] + 2 * s.ssb_period[b, c]] if c >= 0 else _ZERO


@inlined
def _fill_cells(p: ParamArrays, s: StateArrays, b: int, w: Scratch) -> None:
    """Write what is asked of every cell, and its load: slices come first, within their quotas."""
    offered, rate, need = w.offered, w.rate, w.need
    serving, load = s.serving[b], s.load[b]
    need[:] = _ZERO
    for u in range(p.slice_first):
        if rate[u] > _ZERO:
            need[serving[u]] += offered[u] / rate[u]
    if p.slice_first < rate.shape[0]:
        grant_slices(p, s, b, w)
    for c in range(need.shape[0]):
        load[c] = min(need[c], _ONE - w.held[c]) + w.used[c]
    if p.backhaul_mbps.shape[0] > 0:
        carry(p, s, b, w)


@inlined
def share_cells(p: ParamArrays, s: StateArrays, b: int, w: Scratch) -> None:
    """Find loads and rates that agree with each other, from RSRP and offered traffic.

    Starts from the last step's load; ``need`` above 1 is what others ask for over what slices and backhaul leave them.
    """
    rsrp, power = w.rsrp, w.power
    for c in range(rsrp.shape[0]):
        for u in range(rsrp.shape[1]):
            power[c, u] = from_db(rsrp[c, u])
    for _ in range(ROUNDS):
        _sinr(p, s, b, w)
        _rates(p, s, b, w)
        _fill_cells(p, s, b, w)
    for c in range(w.need.shape[0]):
        w.need[c] = w.need[c] / (_ONE - w.held[c])
    if p.backhaul_mbps.shape[0] > 0:
        for c in range(w.need.shape[0]):
            w.need[c] = max(w.need[c], _ONE) / w.passed[c]
