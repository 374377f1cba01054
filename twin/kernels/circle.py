"""Sine and cosine out of + - * alone, so that every CPU agrees."""

from __future__ import annotations

import numpy as np

from .compiled import inlined

_PER_QUARTER = 0.6366197723675814  # 2 / pi
_QUARTER_HIGH = 1.5707963267341256  # the first 33 bits of pi / 2: four times it is exact
_QUARTER_LOW = 6.077100506506192e-11  # and the rest


@inlined
def _series(r: float, first: float, n: int) -> float:
    """Sum the Taylor series of sine (n = 2) or cosine (n = 1) for abs(r) <= pi / 4, from its smallest term."""
    square, total = r * r, 1.0
    for k in range(16 + n - 2, n - 1, -2):
        total = 1.0 - total * square / np.float64(k * (k + 1))
    return first * total


@inlined
def sine(angle: float) -> float:
    """Return the sine to 2e-16 for an angle within a few turns of 0."""
    quarters = np.floor(angle * _PER_QUARTER + 0.5)
    r = (angle - quarters * _QUARTER_HIGH) - quarters * _QUARTER_LOW
    quadrant = np.int64(quarters) & 3
    value = _series(r, 1.0, 1) if quadrant & 1 else _series(r, r, 2)
    return -value if quadrant & 2 else value


@inlined
def cosine(angle: float) -> float:
    """Return the cosine, as ``sine``."""
    quarters = np.floor(angle * _PER_QUARTER + 0.5)
    r = (angle - quarters * _QUARTER_HIGH) - quarters * _QUARTER_LOW
    quadrant = (np.int64(quarters) + 1) & 3
    value = _series(r, 1.0, 1) if quadrant & 1 else _series(r, r, 2)
    return -value if quadrant & 2 else value
