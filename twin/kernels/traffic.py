"""Kernel part 1: where users are and how much they ask for. Nothing here depends on what was commanded."""

from __future__ import annotations

import numpy as np

from .compiled import inlined
from .crowd import offer_crowd
from .layout import ParamArrays, Scratch, StateArrays
from .maths import DEMAND, HEADING, draw, exp2, to_normal
from .services import offer_services

_LOG2_E = np.float32(1.4426950408889634)
_STEPS_PER_HEADING = 5  # a user keeps a heading for so many steps
_ZERO = np.float32(0.0)
_ONE = np.float32(1.0)


@inlined
def profile_level(p: ParamArrays, s: StateArrays, b: int, days: np.ndarray) -> np.float32:
    """Return the hour-of-day factor at the replica's time, linear between the slots of its row of ``days``."""
    n_slots = days.shape[1]
    position = (s.step[b] * p.step_s) / p.slot_s
    whole = int(np.floor(position))
    share = np.float32(position - whole)
    row: int = s.day[b]
    first = days[row, whole % n_slots]
    second = days[row, (whole + 1) % n_slots]
    return first + share * (second - first)


@inlined
def surge_mbps(p: ParamArrays, s: StateArrays, b: int, slot: int) -> np.float32:
    """Return the crowd's demand: linear ramp, hold, and a decay as long as the ramp."""
    since = np.float32(s.step[b] * p.step_s) - s.surge[b, slot, 0]
    ramp, hold, peak = s.surge[b, slot, 1], s.surge[b, slot, 2], s.surge[b, slot, 3]
    if since <= _ZERO or peak <= _ZERO:
        return _ZERO
    if since < ramp:
        return peak * since / ramp
    after = since - ramp - hold
    if after <= _ZERO:
        return peak
    return peak * max(_ZERO, _ONE - after / ramp)


@inlined
def step_noise(p: ParamArrays, s: StateArrays, b: int) -> None:
    """Move the slow noise of every area one step on (AR(1) of log demand)."""
    keep, gain = np.float32(p.noise_keep), np.float32(p.noise_gain)
    for g in range(s.area_noise.shape[1]):
        shock = to_normal(draw(s.key[b], s.step[b], g, DEMAND))
        s.area_noise[b, g] = keep * s.area_noise[b, g] + gain * shock


@inlined
def move_users(p: ParamArrays, s: StateArrays, b: int) -> None:
    """Drive users in vehicles and walk those outdoors; they turn back at the edge of the map. The others stay put."""
    on_foot, driven = np.float32(p.move_m), np.float32(p.vehicle_m)
    x_max = np.float32(p.n_x * p.pixel_m)
    y_max = np.float32(p.n_y * p.pixel_m)
    leg = s.step[b] // _STEPS_PER_HEADING
    for u in range(p.crowd_first):
        if u >= p.n_vehicles and s.indoor_db[b, 0, u] > _ZERO:
            continue
        move = driven if u < p.n_vehicles else on_foot
        way = draw(s.key[b], leg, u, HEADING) & np.uint64(15)
        x = s.user_x[b, u] + move * p.heading[way, 0]
        y = s.user_y[b, u] + move * p.heading[way, 1]
        x = -x if x < _ZERO else x
        y = -y if y < _ZERO else y
        x = x_max + x_max - x if x > x_max else x
        y = y_max + y_max - y if y > y_max else y
        s.user_x[b, u] = x
        s.user_y[b, u] = y


@inlined
def offer_traffic(p: ParamArrays, s: StateArrays, b: int, w: Scratch) -> None:
    """Write what each user asks for in Mbit/s, from where it is."""
    pixel, offered, area_mbps = w.pixel, w.offered, w.area_mbps
    n_areas = s.area_load.shape[1]
    level = profile_level(p, s, b, p.profile) * np.float32(p.user_mbps)
    for g in range(n_areas):
        if p.area_kind.shape[0] > 0:
            level = profile_level(p, s, b, p.kind_profile[p.area_kind[g]]) * np.float32(p.user_mbps)
        area_mbps[g] = level * s.area_load[b, g] * exp2(s.area_noise[b, g] * _LOG2_E)
    for u in range(p.crowd_first):
        offered[u] = area_mbps[p.pixel_area[pixel[u]]] * s.user_weight[b, u]
    if p.service.shape[0] > 0:
        offer_services(p, s, b, w)
    n_crowd = p.slice_first - p.crowd_first
    n_slots = s.surge.shape[1]
    if p.humps.shape[0] > 0:
        offer_crowd(p, s, b, w)
    for slot in range(1 if p.humps.shape[0] > 0 else 0, n_slots):
        first = p.crowd_first + (n_crowd * slot) // n_slots
        last = p.crowd_first + (n_crowd * (slot + 1)) // n_slots
        mbps = surge_mbps(p, s, b, slot) / np.float32(max(1, last - first))
        for u in range(first, last):
            offered[u] = mbps
