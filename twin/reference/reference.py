"""The step once more in plain numpy, written from the equations: the oracle of the compiled kernel in tests.

Link budgets and positions are float32 like the state, because comparisons (event A3, the edge of a pixel)
hang on their last bit; everything else is float64.
"""

from __future__ import annotations

import numpy as np

from ..carrier import CarrierState, is_serving_state
from ..command import Command
from ..kernels.layout import (
    GAIN_STEP_DB,
    N_SSB_BEAMS,
    CellSum,
    LinkSample,
    ParamArrays,
    StateArrays,
)
from ..kernels.maths import DEMAND, HEADING
from ..params import Params
from ..seeding import bits, normal
from ..state import State
from ..types import F32, F64, I32, I64, Bool
from .demand import demand_mbps, now_s, walk_crowd
from .failures import fail_cells, passing
from .power import obey, rate_column, selected, spend
from .queues import Books, settle, take_in
from .slices import (
    Shared,
    account_slices,
    air_share,
    draw_requests,
    obey_slices,
    served_share,
    share_with_slices,
    slice_demand_mbps,
)

NOBODY = -1
STEPS_PER_HEADING = 5
ROUNDS = 2


def advance_reference(params: Params, state: State, command: Command, n_steps: int) -> None:
    """Move every replica ``n_steps`` twin steps on, in place, as ``advance`` does; tens of times slower."""
    obey(params.arrays, state.arrays, command)
    obey_slices(params.arrays, state.arrays, command)
    for _ in range(n_steps):
        _step(params.arrays, state.arrays)


def _step(p: ParamArrays, s: StateArrays) -> None:
    fail_cells(p, s)
    _drift(p, s)
    _walk(p, s)
    walk_crowd(p, s)
    pixel = _pixels(p, s)
    rsrp_dbm, offered_mbps = _rsrp_dbm(p, s, pixel), demand_mbps(p, s, pixel)
    offered_mbps = take_in(p, s, np.concatenate([offered_mbps, slice_demand_mbps(p, s)], axis=1))
    _hand_over(p, s, rsrp_dbm)
    cells = _share_cells(p, s, rsrp_dbm, offered_mbps)
    books = settle(p, s, cells.offered, served_share(p, s, cells))
    _account(p, s, rsrp_dbm, cells, books)
    account_slices(p, s, cells, books)
    heard_dbm = np.where(_candidates(p, s, rsrp_dbm), rsrp_dbm, -np.inf)
    spend(p, s)
    s.step[:] += 1
    _sample_links(p, s, heard_dbm, pixel, cells)
    draw_requests(p, s)


def _sum_by_cell(cell: I32 | I64, n_cells: int, values: np.ndarray) -> F64:
    """Add (B, U) values up over the users of each cell, (B, C); users of no cell are left out."""
    member = cell[:, None, :] == np.arange(n_cells)[:, None]
    return np.where(member, values[:, None, :], 0.0).sum(axis=2, dtype=np.float64)


# Commanded carrier states


def _serves(s: StateArrays) -> Bool:
    return is_serving_state(s.carrier) & (s.wake_left_s == 0) & (s.down == 0)


def _candidates(p: ParamArrays, s: StateArrays, rsrp_dbm: F32) -> Bool:
    """Which cells may serve each user, (B, C, U)."""
    return _serves(s)[:, :, None] & (rsrp_dbm >= p.min_rsrp_dbm[:, None])


# Demand and mobility


def _drift(p: ParamArrays, s: StateArrays) -> None:
    """Autoregressive noise: x <- a x + sqrt(1 - a^2) sigma z."""
    area = np.arange(s.area_noise.shape[1], dtype=np.int64)
    z = normal(s.key[:, None], s.step[:, None], area, DEMAND)
    s.area_noise[:] = np.float32(p.noise_keep) * s.area_noise + np.float32(p.noise_gain) * z


def _walk(p: ParamArrays, s: StateArrays) -> None:
    """Residents in vehicles and outdoors go straight for some steps and are mirrored at the edges; the others stay."""
    who = np.arange(p.crowd_first, dtype=np.int64)
    way = bits(s.key[:, None], s.step[:, None] // STEPS_PER_HEADING, who, HEADING) % np.uint64(16)
    driving = who < p.n_vehicles
    leg_m = np.where(driving, np.float32(p.vehicle_m), np.float32(p.move_m))
    leg = leg_m[:, None] * p.heading[way.astype(np.int64)]
    for axis, (place, n_pixels) in enumerate(((s.user_x, p.n_x), (s.user_y, p.n_y))):
        edge = np.float32(n_pixels * p.pixel_m)
        here = place[:, : p.crowd_first]
        there = np.abs(here + leg[:, :, axis])
        there = np.where(there > edge, 2 * edge - there, there)
        stays = (s.indoor_db[:, 0, : p.crowd_first] > 0) & ~driving
        place[:, : p.crowd_first] = np.where(stays, here, there)


def _pixels(p: ParamArrays, s: StateArrays) -> I64:
    """Index of each user's pixel, (B, U); who stands on the outer edge belongs to the last pixel."""
    column = np.minimum(np.floor(s.user_x / p.pixel_m), p.n_x - 1)
    row = np.minimum(np.floor(s.user_y / p.pixel_m), p.n_y - 1)
    return (row * p.n_x + column).astype(np.int64)


# Radio


def _rsrp_dbm(p: ParamArrays, s: StateArrays, pixel: I64) -> F32:
    """Link budget (B, C, U): radiated power + path gain - building loss."""
    sent_dbm = p.tx_dbm - (s.carrier == CarrierState.TRX_MUTED) * np.float32(p.muting_loss_db)
    column = p.first_column + s.beam  # (B, C)
    gain_db = p.gain[pixel[:, None, :], column[:, :, None]] * np.float32(GAIN_STEP_DB)
    return sent_dbm[:, :, None] + gain_db - s.indoor_db[:, p.layer]


def _hand_over(p: ParamArrays, s: StateArrays, rsrp_dbm: F32) -> None:
    """Event A3 (TS 38.331 5.5.4.4) towards the best candidate; at once where the serving cell is lost."""
    candidate = _candidates(p, s, rsrp_dbm)
    offset_db = p.offset_db + s.shift_db.astype(np.float32)
    rank = np.where(candidate, rsrp_dbm + offset_db[:, :, None], np.float32(-np.inf))
    best = np.where(candidate.any(axis=1), rank.argmax(axis=1), NOBODY)
    own = np.take_along_axis(rank, np.maximum(s.serving, 0)[:, None], axis=1)[:, 0]
    own[s.serving == NOBODY] = -np.inf
    better = rank.max(axis=1) > own + np.float32(p.a3_margin_db)
    held_s = np.where(better, s.ttt_s + np.float32(p.step_s), np.float32(0))
    new_period = np.take_along_axis(s.ssb_period, np.maximum(best, 0), axis=1)
    triggered = better & (held_s >= p.wait_s[new_period])
    best = selected(p, s, rank, best, own == -np.inf)
    moves = (triggered | (own == -np.inf)) & (best != s.serving)
    now = now_s(p, s).astype(np.float32)[:, None]
    back = moves & (best == s.left) & (now - s.moved_s <= np.float32(p.ping_pong_s))
    s.left[:] = np.where(moves, s.serving, s.left)
    s.moved_s[:] = np.where(moves, now, s.moved_s)
    s.serving[:] = np.where(moves, best, s.serving)
    s.ttt_s[:] = np.where(moves, 0, held_s)
    s.cell_sum[:, :, CellSum.HANDOVERS] += _sum_by_cell(best, rank.shape[1], moves)
    s.cell_sum[:, :, CellSum.PING_PONGS] += _sum_by_cell(best, rank.shape[1], back)


def _share_cells(p: ParamArrays, s: StateArrays, rsrp_dbm: F32, offered: F64) -> Shared:
    """Iterate load -> interference -> rate -> load, from the last step's load."""
    power_mw = 10.0 ** (rsrp_dbm.astype(np.float64) / 10)
    load, n_cells = s.load.astype(np.float64), s.load.shape[1]
    by_slice = np.arange(offered.shape[1]) >= p.slice_first
    shared: Shared | None = None
    for _ in range(ROUNDS):
        sinr = _sinr(p, s, power_mw, load)
        rate = _rates(p, s, sinr)
        share = np.divide(offered, rate, out=np.zeros_like(rate), where=rate > 0)
        need = _sum_by_cell(s.serving, n_cells, share * ~by_slice)
        type_need, shares = share_with_slices(p, s, share, need)
        need = need / shares.others
        served = np.where(rate > 0, offered * air_share(p, s, need, type_need, shares), 0.0)
        passed, spare, delay_s, used = passing(p, s.serving, served)
        load = (np.minimum(need, 1) * shares.others + shares.given.sum(axis=2)) * passed
        shared = Shared(offered, rate, need, type_need, shares, sinr, passed, spare, delay_s, used)
    assert shared is not None
    s.load[:] = load
    return shared


def _sinr(p: ParamArrays, s: StateArrays, power_mw: F64, load: F64) -> F64:
    """Received power over noise and what the other cells of the frequency send, (B, U); 0 without a cell."""
    other = (p.layer[:, None] == p.layer) & ~np.eye(len(p.layer), dtype=np.bool_)
    interference_mw = other.astype(np.float64) @ (load[:, :, None] * power_mw)
    sinr = power_mw / (interference_mw + p.noise_mw[:, None].astype(np.float64))
    own = np.take_along_axis(sinr, np.maximum(s.serving, 0)[:, None], axis=1)[:, 0]
    return np.where(s.serving == NOBODY, 0.0, own)


def _rates(p: ParamArrays, s: StateArrays, sinr: F64) -> F64:
    """Spectral efficiency of the best CQI within reach times bandwidth and layers, (B, U)."""
    efficiency = np.concatenate([[0.0], np.cumsum(p.cqi_gain, dtype=np.float64)])
    cqi = np.searchsorted(p.cqi_sinr, sinr, side="right")
    serving = np.maximum(s.serving, 0)
    return np.asarray(efficiency[cqi] * p.rate_mbps[serving, rate_column(s, serving)], dtype=np.float64)


# Accounts


def _account(p: ParamArrays, s: StateArrays, rsrp_dbm: F32, cells: Shared, books: Books) -> None:
    """Add one step to the sums; a user without a cell counts where it hears the strongest signal."""
    home = np.where(s.serving == NOBODY, rsrp_dbm.argmax(axis=1), s.serving)
    connected, active = s.serving != NOBODY, cells.offered > 0
    pick = lambda per_cell: np.take_along_axis(per_cell, home, axis=1)  # noqa: E731
    throughput = np.minimum(cells.rate * (1 - pick(s.load).astype(np.float64)), pick(cells.spare))
    covered = connected & (np.take_along_axis(rsrp_dbm, home[:, None], axis=1)[:, 0] >= p.coverage_dbm)
    resident = np.arange(home.shape[1]) < p.crowd_first
    per_second = {
        CellSum.USERS: np.ones_like(books.served),
        CellSum.ACTIVE: active,
        CellSum.THROUGHPUT: active * throughput,
        CellSum.BELOW: active & ~(connected & (throughput >= p.guaranteed_mbps)),
        CellSum.UNCOVERED: resident & ~covered,
    }
    per_user = {column: p.step_s * values for column, values in per_second.items()}
    per_user |= {CellSum.OFFERED: books.fresh, CellSum.VOLUME: books.served, CellSum.BLOCKED: books.dropped}
    ours = slice(0, p.slice_first)
    for column, values in per_user.items():
        s.cell_sum[:, :, column] += _sum_by_cell(home[:, ours], rsrp_dbm.shape[1], values[:, ours])
    s.cell_sum[:, :, CellSum.PRB] += p.step_s * s.load
    s.cell_sum[:, :, CellSum.LINK_USE] += p.step_s * cells.used
    s.offered_mbit[:] += books.fresh[:, ours].sum(axis=1)
    s.elapsed_s[:] += p.step_s


def _sample_links(p: ParamArrays, s: StateArrays, heard_dbm: F32, pixel: I64, cells: Shared) -> None:
    """Count what active users with a cell tell of their links, at the end of a control period."""
    due = s.step % p.sample_steps == 0
    active = (cells.offered > 0) & (s.serving != NOBODY)
    serving = np.maximum(s.serving, 0)
    efficiency = cells.rate / p.rate_mbps[serving, rate_column(s, serving)].astype(np.float64)
    beam = p.ssb_beam[pixel, serving]
    n_cells = s.load.shape[1]
    told = {
        LinkSample.EFFICIENCY: active * efficiency,
        LinkSample.OUT_OF_SYNC: active & (cells.sinr < p.qout),
    }
    told |= {LinkSample(LinkSample.SSB_0 + k): active & (beam == k) for k in range(N_SSB_BEAMS)}
    for column, values in told.items():
        s.link[due, :, column] = _sum_by_cell(s.serving, n_cells, values)[due]
    own_dbm = np.take_along_axis(heard_dbm, serving[:, None], axis=1)[:, 0]
    back = np.where(heard_dbm.max(axis=1) > own_dbm, heard_dbm.argmax(axis=1), s.serving)
    lost = active & (cells.sinr < p.qout) & (back != s.serving)
    since_s = ((s.step - 1).astype(np.float64) * p.step_s).astype(np.float32)[:, None] - s.moved_s
    recent = (s.left != NOBODY) & (since_s <= np.float32(p.ping_pong_s))
    blamed = {
        LinkSample.TOO_EARLY: (s.left, recent & (back == s.left)),
        LinkSample.TOO_LATE: (s.serving, ~recent),
        LinkSample.WRONG_CELL: (s.left, recent & (back != s.left)),
    }
    for column, (cell, values) in blamed.items():
        s.link[due, :, column] = _sum_by_cell(cell, n_cells, lost & values)[due]
