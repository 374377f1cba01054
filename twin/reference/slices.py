"""Slices once more in plain numpy, replica by replica: part of the oracle of the compiled kernel in tests."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..command import Command
from ..kernels import slices as law
from ..kernels.layout import CellSum, ParamArrays, StateArrays
from ..rrm_policy import CellShares, share_cell
from ..seeding import bits, unit
from ..slicing import Answer, Tier
from ..types import F32, F64, I64
from .queues import Books

WAITING_TIER = {int(Tier.FULL): Answer.FULL, int(Tier.REDUCED): Answer.REDUCED}


@dataclass(frozen=True)
class Shared:
    """How cells are shared among their users."""

    offered: F64  # (B, U), Mbit/s
    rate: F64  # (B, U), Mbit/s with the cell to oneself
    need: F64  # (B, C), PRBs asked for over those that slices leave
    type_need: F64  # (B, C, T), PRBs asked for by the slices of a type over PRBs there are
    shares: CellShares  # (B, C, T), how they are shared
    sinr: F64  # (B, U)
    passed: F64  # (B, C), share of what the air carries that the site's backhaul lets through
    spare: F64  # (B, C), Mbit/s left on it
    delay_s: F64  # (B, C), one way on it
    used: F64  # (B, C), share of its capacity


def obey_slices(p: ParamArrays, s: StateArrays, command: Command) -> None:
    """At the start of a control period: let slices end whose time is up, and answer who asks."""
    for b in np.flatnonzero(s.step % p.sample_steps == 0):
        served = s.slot_kind[b] >= 0
        s.slot_left_s[b, served] -= np.float32(p.step_s * p.sample_steps)
        ended = served & (s.slot_left_s[b] <= 0)
        s.slot_kind[b, ended] = -1
        if s.queue.shape[1] > 0:
            waiting = s.queue[b, p.slice_first :].reshape(-1, p.slice_users)
            s.slot_sum[b, ended, law.BLOCKED] += waiting[ended].sum(axis=1)
            waiting[ended] = 0.0
        for r, (kind, *_) in enumerate(s.request[b]):
            tier = int(command.admit[b, r]) if command.admit.shape[1] else int(Tier.REFUSED)
            s.answer[b, r] = _admit(p, s, int(b), r, tier) if kind >= 0 else Answer.NOBODY_ASKED
        s.request[b, :, 0] = -1


def _admit(p: ParamArrays, s: StateArrays, b: int, r: int, tier: int) -> Answer:
    free = np.flatnonzero(s.slot_kind[b] < 0)
    if tier == Tier.REFUSED:
        return Answer.REFUSED
    if not len(free):
        return Answer.NO_SLOT
    slot, (kind, x, y, hold_s) = free[0], s.request[b, r]
    s.slot_kind[b, slot], s.slot_tier[b, slot], s.slot_left_s[b, slot] = kind, tier, hold_s
    s.slot_xy[b, slot] = x, y
    who = np.arange(p.slice_users, dtype=np.int64) + slot * p.slice_users
    users = p.slice_first + who
    edge = np.float32(p.n_x * p.pixel_m)
    for place, centre, purpose in ((s.user_x, x, law.SLICE_X), (s.user_y, y, law.SLICE_Y)):
        away = np.float32(p.slice_radius_m) * (2 * unit(s.key[b], s.step[b], who, purpose) - 1)
        place[b, users] = np.clip(centre + away, 0, edge)
    s.serving[b, users], s.left[b, users], s.ttt_s[b, users] = -1, -1, 0
    return WAITING_TIER[tier]


def draw_requests(p: ParamArrays, s: StateArrays) -> None:
    """At the end of a control period: see who asks next."""
    due = np.flatnonzero(s.step % p.sample_steps == 0)
    n_places, edge = s.request.shape[1], np.float32(p.n_x * p.pixel_m)
    if not n_places:
        return
    key, step, place = s.key[due, None], s.step[due, None], np.arange(n_places, dtype=np.int64)
    ask = unit(key, step, place, law.REQUEST_KIND)
    kind = np.searchsorted(p.slice_arrival, ask, side="right")
    hold_s = p.slice_hold_s[np.minimum(kind, len(p.slice_hold_s) - 1)] * _exponential(key, step, place)
    none = kind == len(p.slice_arrival)
    hold_s = np.where(none, p.slice_hold_s[0] * _exponential(key, step, place), hold_s)
    centre = [edge * unit(key, step, place, purpose) for purpose in (law.REQUEST_X, law.REQUEST_Y)]
    s.request[due] = np.stack([np.where(none, -1, kind), *centre, hold_s], axis=2)


def _exponential(key: np.ndarray, step: I64, entity: I64) -> F32:
    uniform = ((bits(key, step, entity, law.REQUEST_HOLD) >> np.uint64(11)) + np.uint64(1)).astype(
        np.float64
    ) * 2.0**-53
    return (-np.log(uniform)).astype(np.float32)


def slice_demand_mbps(p: ParamArrays, s: StateArrays) -> F64:
    """Return what the users of slices ask for, (B, slots x users): all of it while active."""
    n, slots = s.slot_kind.shape
    user = np.arange(p.slice_users)
    demand = np.zeros((n, slots, p.slice_users))
    for b, slot in np.argwhere(s.slot_kind >= 0):
        kind = s.slot_kind[b, slot]
        active = (
            unit(s.key[b], s.step[b], user + slot * p.slice_users, law.SLICE_ACTIVE) < p.slice_activity[kind]
        )
        demand[b, slot] = active * (user < p.slice_size[kind]) * p.slice_mbps[kind, s.slot_tier[b, slot] - 1]
    return demand.reshape(n, slots * p.slice_users)


def share_with_slices(p: ParamArrays, s: StateArrays, share: F64, need: F64) -> tuple[F64, CellShares]:
    """Return what types need in each cell, (B, C, T), and how cells are shared.

    Args:
        p: parameters.
        s: state.
        share: (B, U), PRBs that each user asks for over PRBs there are.
        need: (B, C), the same of everybody but slices.
    """
    n_types = len(p.slice_size)
    type_need = np.zeros((*need.shape, n_types))
    for b, u in np.argwhere(share[:, p.slice_first :] > 0):
        kind = s.slot_kind[b, u // p.slice_users]
        type_need[b, s.serving[b, p.slice_first + u], kind] += share[b, p.slice_first + u]
    ratios = p.slice_least, p.slice_most, p.slice_dedicated
    least, most, dedicated = (r.astype(np.float64) for r in ratios)
    if not len(least):
        least, most, dedicated = np.zeros(n_types), np.ones(n_types), np.zeros(n_types)
    return type_need, share_cell(type_need, need, (least, most, dedicated), p.slice_gbr, p.slice_max_ratio)


def carried_share(p: ParamArrays, s: StateArrays, type_need: F64, shares: CellShares) -> F64:
    """Return the share of what every user of a slice asks for that the air carries, (B, slots x users)."""
    own = np.divide(shares.given, type_need, out=np.ones_like(type_need), where=type_need > 0)
    kind = np.repeat(s.slot_kind, p.slice_users, axis=1)
    cell = s.serving[:, p.slice_first :]
    of_user = (
        own[np.arange(len(kind))[:, None], np.maximum(cell, 0), np.maximum(kind, 0)] if own.size else cell
    )
    return np.where((cell >= 0) & (kind >= 0), of_user, 0.0)


def at_cell(s: StateArrays, values: F64) -> F64:
    """Return what stands at the cell of each user, (B, U), of values (B, C)."""
    return np.take_along_axis(values, np.maximum(s.serving, 0), axis=1)


def air_share(p: ParamArrays, s: StateArrays, need: F64, type_need: F64, shares: CellShares) -> F64:
    """Return the share of what each user asks for that the air carries, (B, U), if it can be served at all."""
    share = 1 / np.maximum(at_cell(s, need), 1)
    share[:, p.slice_first :] = carried_share(p, s, type_need, shares)
    return share


def served_share(p: ParamArrays, s: StateArrays, cells: Shared) -> F64:
    """Return the share of what each user asks for that air and backhaul carry, (B, U)."""
    share = air_share(p, s, cells.need, cells.type_need, cells.shares)
    return np.where(cells.rate > 0, share * at_cell(s, cells.passed), 0)


def account_slices(p: ParamArrays, s: StateArrays, cells: Shared, books: Books) -> None:
    """Add one step to the sums of slots and cells."""
    s.cell_sum[:, :, CellSum.SLICE_PRB] += p.step_s * cells.shares.given.sum(axis=2) * cells.passed
    for b, slot in np.argwhere(s.slot_kind >= 0):
        kind = s.slot_kind[b, slot]
        for u in p.slice_first + slot * p.slice_users + np.arange(int(p.slice_size[kind])):
            asked, rate, cell = cells.offered[b, u], cells.rate[b, u], s.serving[b, u]
            connected = cell >= 0 and rate > 0
            server = cells.shares.open[b, cell, kind]
            load = cells.type_need[b, cell, kind] / server if server > 0 else np.inf
            passed, backhaul_s = cells.passed[b, cell], cells.delay_s[b, cell]
            fresh, served, dropped = books.fresh[b, u], books.served[b, u], books.dropped[b, u]
            delay_s = (
                p.slice_packet_mbit[kind] / (rate * server) / (1 - load) if connected and load < 1 else np.inf
            )
            kept = passed >= 1 and delay_s + backhaul_s + books.wait_s[b, u] <= p.slice_latency_s[kind]
            waits_s = min(books.wait_s[b, u], p.slice_buffer_s)
            mean_s = min(delay_s, p.slice_latency_s[kind]) + waits_s if served > 0 else 0.0
            delayed = served * (mean_s + backhaul_s)
            s.cell_sum[b, cell, [CellSum.SLICE_VOLUME, CellSum.SLICE_DELAY]] += served, served * mean_s
            s.slot_sum[b, slot] += np.array(
                [p.step_s * (asked > 0), p.step_s * kept * (asked > 0), served, dropped, fresh, delayed]
            )
