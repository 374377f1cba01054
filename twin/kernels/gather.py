"""Numbers picked out of reports by a list of readings, and their scaling to [-1, 1]: what an agent is shown."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np

from ..types import F32, F64, I8, I32
from .circle import cosine, sine
from .compiled import inlined, kernel
from .judge import share_of
from .report import WAKING, Readings


class Reading(IntEnum):
    """What one observation element is read from; ``row`` and ``cell`` say which."""

    GIVEN = 0  # worked out outside and given
    LEVEL = 1  # measurement ``row`` of the latest report
    CHANGE = 2  # the same, less that of the report before
    DWELL = 3  # control periods since the cell's state changed
    STATE = 4  # 1 where the cell is commanded to state ``row``
    WAKING = 5
    SHARE = 6  # limited share ``row``
    SINE = 7  # of the time of day, 24 h a turn
    COSINE = 8


class Plan(NamedTuple):
    """What is shown."""

    readings: I32  # (E, 3), what, row, cell
    limits: F64  # (E, 2), low and high


class Seen(NamedTuple):
    """What it is shown from."""

    latest: Readings
    earlier: Readings  # the report before
    states: I8  # (B, C), commanded
    dwell: I32  # (B, C), control periods
    given: F64  # (B, E), values of the elements that are given; of any shape where none is


_LEVEL, _CHANGE, _DWELL, _STATE, _WAKING, _SHARE, _SINE = (int(one) for one in list(Reading)[1:8])


@inlined
def _scaled(value: float, low: float, high: float) -> np.float32:
    """Map [low, high] to [-1, 1], clipped; what is no number becomes 1."""
    share = 2.0 * ((value - low) / (high - low)) - 1.0
    return np.float32(min(max(share, -1.0), 1.0) if share == share else 1.0)


@inlined
def _angle(time_s: float) -> float:
    """Return the angle of the hour hand of a 24 h clock, 0 at midnight."""
    hours = time_s / 3600.0
    return 2.0 * np.pi * (hours - 24.0 * np.floor(hours / 24.0)) / 24.0


@inlined
def _of_network(seen: Seen, b: int, what: int, row: int) -> float:
    if what == _SHARE:
        return share_of(seen.latest.reals, b, row)
    angle = _angle(seen.latest.time_s[b])
    return sine(angle) if what == _SINE else cosine(angle)


@inlined
def _of_cell(seen: Seen, b: int, what: int, row: int, cell: int) -> float:
    if what == _LEVEL:
        return np.float64(seen.latest.reals[row, b, cell])
    if what == _CHANGE:
        return np.float64(seen.latest.reals[row, b, cell] - seen.earlier.reals[row, b, cell])
    if what == _DWELL:
        return np.float64(seen.dwell[b, cell])
    if what == _STATE:
        return 1.0 if seen.states[b, cell] == row else 0.0
    return 1.0 if seen.latest.flags[WAKING, b, cell] else 0.0


@kernel
def gather_rows(plan: Plan, seen: Seen, shown: F32) -> None:
    """Write what every replica is shown, (B, E) in [-1, 1]."""
    for b in range(shown.shape[0]):
        for e in range(shown.shape[1]):
            what, row, cell = plan.readings[e, 0], plan.readings[e, 1], plan.readings[e, 2]
            if what == 0:
                value = seen.given[b, e]
            elif what <= _WAKING:
                value = _of_cell(seen, b, what, row, cell)
            else:
                value = _of_network(seen, b, what, row)
            shown[b, e] = _scaled(value, plan.limits[e, 0], plan.limits[e, 1])
