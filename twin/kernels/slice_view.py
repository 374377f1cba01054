"""What is known of slices, read out of a state slot by slot; the formulas behind ``slice_report`` and its features."""

from __future__ import annotations

import numpy as np

from .compiled import inlined, kernel
from .judge import LEAST_COST
from .slices import CENTRE_X, CENTRE_Y, HOLD_S, KIND, NONE, REDUCED

_HOUR_S = np.float32(3600.0)
_NOTHING = np.float32(0.0)


@inlined
def _area(pixel_area: np.ndarray, n_x: int, pixel_m: float, x_m: float, y_m: float) -> int:
    """Return the area of the pixel at a place; one outside the map is that of its edge."""
    n_y = pixel_area.shape[0] // n_x
    column = min(max(np.int64(x_m / np.float32(pixel_m)), 0), n_x - 1)
    row = min(max(np.int64(y_m / np.float32(pixel_m)), 0), n_y - 1)
    return pixel_area[row * n_x + column]


@inlined
def _kept_share(active_s: float, kept_s: float) -> float:
    return kept_s / active_s if active_s > 0 else 1.0


@kernel
def read_door(
    request: np.ndarray,
    grid: tuple[np.ndarray, int, float],
    kind: np.ndarray,
    area: np.ndarray,
    hours: np.ndarray,
) -> None:
    """Write type, area and duration of the requests (B, R, 4) that wait, (B, R) each; nobody is -1, -1, 0.

    Args:
        request: the columns of ``slices``.
        grid: area of every pixel, pixels in a row, their size in m.
        kind: written.
        area: written.
        hours: written.
    """
    for b in range(kind.shape[0]):
        for r in range(kind.shape[1]):
            asked = request[b, r]
            waits = asked[KIND] >= _NOTHING
            kind[b, r] = np.int8(asked[KIND])
            area[b, r] = _area(*grid, asked[CENTRE_X], asked[CENTRE_Y]) if waits else NONE
            hours[b, r] = asked[HOLD_S] / _HOUR_S if waits else _NOTHING


@kernel
def read_slots(
    slots: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
    grid: tuple[np.ndarray, int, float],
    tier: np.ndarray,
    area: np.ndarray,
    hours: np.ndarray,
) -> None:
    """Write tier, area and time left of the slices served, (B, N) each; a free slot has 0, -1, 0.

    Args:
        slots: type and tier (B, N), centre (B, N, 2) in m, time left (B, N) in s.
        grid: see ``read_door``.
        tier: written.
        area: written.
        hours: written.
    """
    kind, tiers, xy_m, left_s = slots
    for b in range(tier.shape[0]):
        for n in range(tier.shape[1]):
            if kind[b, n] == NONE:
                tier[b, n], area[b, n], hours[b, n] = 0, NONE, _NOTHING
            else:
                tier[b, n] = tiers[b, n]
                area[b, n] = _area(*grid, xy_m[b, n, 0], xy_m[b, n, 1])
                hours[b, n] = left_s[b, n] / _HOUR_S


@kernel
def count_types(kind: np.ndarray, count: np.ndarray) -> None:
    """Write how many slots (B, N) each type has, (B, K)."""
    count[:] = 0
    for b in range(kind.shape[0]):
        for n in range(kind.shape[1]):
            if kind[b, n] != NONE:
                count[b, kind[b, n]] += 1


@kernel
def least_kept(kind: np.ndarray, active_s: np.ndarray, kept_s: np.ndarray, least: np.ndarray) -> None:
    """Write the least kept share of the slices (B, N) of each type, (B, K): 1 of none, and where nobody was active."""
    least[:] = 1.0
    for b in range(kind.shape[0]):
        for n in range(kind.shape[1]):
            if kind[b, n] != NONE:
                k = kind[b, n]
                least[b, k] = min(least[b, k], _kept_share(active_s[b, n], kept_s[b, n]))


@kernel
def sum_promised(
    kind: np.ndarray, tier: np.ndarray, area: np.ndarray, mbps: np.ndarray, promised: np.ndarray
) -> None:
    """Write what slices (B, N) are promised in each area, (B, G), from the rates (2, K) in full and reduced."""
    promised[:] = 0.0
    for b in range(kind.shape[0]):
        for n in range(kind.shape[1]):
            if kind[b, n] != NONE:
                promised[b, area[b, n]] += mbps[1 if tier[b, n] == REDUCED else 0, kind[b, n]]


@kernel
def settle_rows(
    slots: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
    types: np.ndarray,
    limit: float,
    margin: np.ndarray,
    cost: np.ndarray,
    due: np.ndarray,
) -> None:
    """Write h and cost of the promises to tenants, (B,) each, and what every slot brings and owes per hour, (2, B, N).

    Args:
        slots: type and tier, active users' time and that with the promise kept in s, (B, N) each.
        types: (4, K), availability, revenue and penalty per hour, share of the revenue at the reduced tier.
        limit: largest share of the slices served whose promise may be broken.
        margin: written.
        cost: written.
        due: written.
    """
    kind, tier, active_s, kept_s = slots
    for b in range(kind.shape[0]):
        served, broken = 0, 0
        for n in range(kind.shape[1]):
            due[0, b, n] = due[1, b, n] = 0.0
            if kind[b, n] == NONE:
                continue
            k = kind[b, n]
            served += 1
            due[0, b, n] = types[1, k] * (types[3, k] if tier[b, n] == REDUCED else 1.0)
            if not (_kept_share(active_s[b, n], kept_s[b, n]) >= types[0, k]):
                broken += 1
                due[1, b, n] = types[2, k]
        margin[b] = limit - broken / max(served, 1)
        cost[b] = 0.0 if margin[b] >= 0 else min(max(-margin[b] / (1.0 - limit), LEAST_COST), 1.0)
