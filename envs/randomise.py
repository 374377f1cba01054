"""Days that differ: laws over load profiles, drawn per episode by its seed.

A replica draws its day from ``load.profile`` when an episode begins, so a law over days is a profile with many rows. It
needs nothing else of the twin: the same bits in any batch, and belief, bounds and plants know the law too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import numpy as np

from ..twin.scenario import Load, Scenario
from ..twin.traffic import ITU_2023_LOAD_BY_HOUR
from ..twin.types import F64

HOURS = 24.0
Range = tuple[float, float]


def randomised(
    scenario: Scenario, scale: Range = (0.8, 1.2), shift_h: Range = (-2.0, 2.0), levels: int = 8
) -> Scenario:
    """Draw level and rush hours of every day: domain randomisation.

    Args:
        scenario: as it is.
        scale: least and greatest traffic of a day over the scenario's.
        shift_h: earliest and latest shift of the whole day, hours.
        levels: values of each, equally spaced, every pair equally likely.

    Raises:
        ValueError: if a range is empty, the least scale is not positive, or there are fewer than two levels.
    """
    _require(scale[0] > 0, f"scale={scale} must be positive")
    scales, shifts = _spaced("scale", scale, levels), _spaced("shift_h", shift_h, levels)
    rows = [
        factor * _shifted(row, hours) for row, factor, hours in product(_rows(scenario.load), scales, shifts)
    ]
    return _with_days(scenario, rows)


def drifting(scenario: Scenario, span: Range = (0.7, 1.3), levels: int = 5) -> Scenario:
    """Let the traffic of a day drift away from what its morning promised: non-stationary load.

    Args:
        scenario: as it is.
        span: least and greatest factor at midnight, first and last; between them the factor grows linearly.
        levels: factors, equally spaced; every pair of first and last is equally likely.

    Raises:
        ValueError: if the span is empty or not positive, or there are fewer than two levels.
    """
    _require(span[0] > 0, f"span={span} must be positive")
    factors = _spaced("span", span, levels)
    rows = [
        row * np.linspace(first, last, len(row))
        for row, first, last in product(_rows(scenario.load), factors, factors)
    ]
    return _with_days(scenario, rows)


def _rows(load: Load) -> list[F64]:
    """Return the days as they are, at least hourly."""
    rows = [np.asarray(row, np.float64) for row in load.profile or (ITU_2023_LOAD_BY_HOUR,)]
    slots = max(24, len(rows[0]))
    return [row if len(row) == slots else _shifted(row, 0.0, slots) for row in rows]


def _shifted(row: F64, hours: float, slots: int | None = None) -> F64:
    """Return a day that happens later, linear between its slots and the same again after midnight."""
    count = slots or len(row)
    at = (np.arange(count) / count - hours / HOURS) % 1.0 * len(row)
    return np.interp(at, np.arange(len(row) + 1), [*row, row[0]])


def _with_days(scenario: Scenario, rows: Sequence[F64]) -> Scenario:
    """Put days into a scenario; a profile is normalised, so their mean level goes into the scale."""
    mean = float(np.mean(rows)) / float(np.mean(_rows(scenario.load)))
    days = tuple(tuple(float(value) for value in row) for row in rows)
    load = replace(scenario.load, profile=days, scale=scenario.load.scale * mean)
    return replace(scenario, load=load)


def _spaced(name: str, limits: Range, levels: int) -> F64:
    _require(levels >= 2, f"levels={levels}: give at least 2")
    _require(limits[0] < limits[1], f"{name}={limits}: give the least first and a greater one second")
    return np.linspace(*limits, levels)


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)
