"""Demand and crowds once more in plain numpy: part of the oracle of the compiled kernel in tests."""

from __future__ import annotations

import numpy as np

from ..kernels import crowd as law
from ..kernels.layout import ParamArrays, StateArrays, SurgeField
from ..kernels.maths import PLACE_X, PLACE_Y
from ..seeding import bits, unit
from ..types import F32, F64, I64, Bool
from .services import service_mbps


def now_s(p: ParamArrays, s: StateArrays) -> F64:
    """Return the time of day, (B,) s."""
    return s.step.astype(np.float64) * p.step_s


def demand_mbps(p: ParamArrays, s: StateArrays, pixel: I64) -> F64:
    """Demand (B, U): area mean x hour of day x noise x user's weight; a crowd shares its surge equally."""
    noise = np.exp(s.area_noise.astype(np.float64))
    area_mbps = p.user_mbps * _levels(p, s) * s.area_load * noise
    residents = slice(0, p.crowd_first)
    asked = np.take_along_axis(area_mbps, p.pixel_area[pixel[:, residents]].astype(np.int64), axis=1)
    crowds = []
    n_crowd, n_slots = p.slice_first - p.crowd_first, s.surge.shape[1]
    bounds = n_crowd * np.arange(n_slots + 1) // n_slots
    for slot, size in enumerate(np.diff(bounds)):
        there = np.ones((len(s.key), size), np.bool_)
        mbps = _surge_mbps(p, s, slot)
        if slot == 0 and len(p.humps):
            there, mbps = _present(p, s, int(size)), _hump_mbps(p, s)
        crowds.append(there * (mbps / np.maximum(1, there.sum(axis=1)))[:, None])
    return np.concatenate([service_mbps(p, s, asked * s.user_weight[:, residents]), *crowds], axis=1)


def _levels(p: ParamArrays, s: StateArrays) -> F64:
    """Factor of the hour in each area, (B, G) or (B, 1) where all areas follow one law."""
    if not len(p.area_kind):
        return _profile(p, s, p.profile)[:, None]
    return np.stack([_profile(p, s, p.kind_profile[kind]) for kind in p.area_kind], axis=1)


def _profile(p: ParamArrays, s: StateArrays, table: F32) -> F64:
    """Interpolate each replica's day, periodic, (B,)."""
    n_slots = table.shape[1]
    hours = np.arange(n_slots)
    at = now_s(p, s) / p.slot_s
    days = table.astype(np.float64)
    return np.array([np.interp(x, hours, days[d], period=n_slots) for x, d in zip(at, s.day, strict=True)])


def _surge_mbps(p: ParamArrays, s: StateArrays, slot: int) -> F64:
    """Trapezium over time: up within the ramp, flat, down within another ramp, (B,)."""
    surge = s.surge[:, slot].astype(np.float64)
    ramp = surge[:, SurgeField.RAMP_S]
    rise = (now_s(p, s) - surge[:, SurgeField.ONSET_S]) / ramp
    fall = 2 + surge[:, SurgeField.HOLD_S] / ramp - rise
    return surge[:, SurgeField.PEAK_MBPS] * np.clip(np.minimum(rise, fall), 0, 1)


# An event


def _times(p: ParamArrays, s: StateArrays) -> tuple[F32, F32, F32]:
    """Seconds since the first came, the ramp, and seconds since the end, each (B,) float32 as in the state."""
    since = now_s(p, s).astype(np.float32) - s.surge[:, 0, SurgeField.ONSET_S]
    ramp = s.surge[:, 0, SurgeField.RAMP_S]
    return since, ramp, since - ramp - s.surge[:, 0, SurgeField.HOLD_S]


def _hump_mbps(p: ParamArrays, s: StateArrays) -> F64:
    """Linear between the corners of the law, (B,)."""
    play, egress, seated_s, egress_s, decay_s = p.humps[:5].astype(np.float64)
    level = np.array([0.0, 1.0, play, play, egress, 0.0])
    result = np.zeros(len(s.key))
    for b, surge in enumerate(s.surge[:, 0].astype(np.float64)):
        top = surge[SurgeField.RAMP_S]
        end = top + surge[SurgeField.HOLD_S]
        corners = [0.0, top, top + seated_s, end, end + egress_s, end + egress_s + decay_s]
        since = now_s(p, s)[b] - surge[SurgeField.ONSET_S]
        result[b] = surge[SurgeField.PEAK_MBPS] * np.interp(since, corners, level)
    return result


def _present(p: ParamArrays, s: StateArrays, size: int) -> Bool:
    """Who has come and not gone, (B, size)."""
    since, ramp, over = _times(p, s)
    who, n = np.arange(size), np.float32(size)
    after = np.clip((over - p.humps[law.EGRESS_S]) / p.humps[law.DECAY_S], 0, 1)
    come = np.where(since < ramp, np.floor(n * np.maximum(since, 0) / ramp) + 1, n)
    gone = np.floor(n * after)
    return (who >= gone[:, None]) & (who < come[:, None])


def walk_crowd(p: ParamArrays, s: StateArrays) -> None:
    """Put the crowd of an event that lasts where it is: on the straight way between its place and the rim."""
    if not len(p.humps):
        return
    who = np.arange((p.slice_first - p.crowd_first) // s.surge.shape[1], dtype=np.int64)
    users, turn = p.crowd_first + who, (who / max(1, len(who))).astype(np.float32)
    since, ramp, over = (time[:, None] for time in _times(p, s))
    _, _, _, egress_s, decay_s, reach_m, rim_m, walk_mps = p.humps
    come_m = np.maximum(since - ramp * turn, 0) * walk_mps
    away_m = np.maximum(over - egress_s * turn, 0) * walk_mps
    off_m = np.minimum(np.maximum(rim_m - come_m, 0) + away_m, rim_m)
    lasts = (since > 0) & (over <= egress_s + decay_s + rim_m / walk_mps)
    zero, edge = np.zeros(1, np.int64), np.float32(p.n_x * p.pixel_m)
    way = bits(s.key[:, None], zero, users, law.CROWD_WAY) % np.uint64(16)
    venue = p.venue_xy[s.surge[:, 0, SurgeField.VENUE].astype(np.int64)]
    for place, axis, purpose in ((s.user_x, 0, PLACE_X), (s.user_y, 1, PLACE_Y)):
        seat = venue[:, axis, None] + reach_m * (2 * unit(s.key[:, None], zero, users, purpose) - 1)
        there = np.clip(seat, 0, edge) + off_m * p.heading[way.astype(np.int64), axis]
        place[:, users] = np.where(lasts, np.clip(there, 0, edge), place[:, users])
