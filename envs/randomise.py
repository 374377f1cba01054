"""Days that differ: laws over load profiles, drawn per episode by its seed.

A replica draws its day from ``load.profile`` when an episode begins, so a law over days is a profile with many rows. It
needs nothing else of the twin: the same bits in any batch, and belief, bounds and plants know the law too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from ..twin.scenario import Load, Scenario
from ..twin.traffic import ITU_2023_LOAD_BY_HOUR
from ..twin.types import F64

HOURS = 24.0
MOST_LEVELS = 64
MOST_DAYS = 20_000
Range = tuple[float, float]


@dataclass(frozen=True)
class Randomised:
    """Draw level and rush hours of every day: domain randomisation, and the section ``randomised`` of a scenario file.

    Raises:
        ValueError: if a range is empty, the least scale is not positive, a day is shifted by a whole one, or there are
            fewer than two levels or more than 64.
    """

    scale: Range = (0.8, 1.2)  # least and greatest traffic of a day over the scenario's
    shift_h: Range = (-2.0, 2.0)  # earliest and latest shift of the whole day, hours
    levels: int = 8  # values of each, equally spaced, every pair equally likely

    def __post_init__(self) -> None:
        _check("scale", self.scale, self.levels)
        _require(self.scale[0] > 0, f"scale={self.scale} must be positive")
        _check("shift_h", self.shift_h, self.levels)
        _require(
            max(map(abs, self.shift_h)) < HOURS, f"shift_h={self.shift_h} must be within a day, -24 to 24 h"
        )

    def __call__(self, scenario: Scenario) -> Scenario:
        """Return the scenario with every day at every level and shift."""
        scales, shifts = np.linspace(*self.scale, self.levels), np.linspace(*self.shift_h, self.levels)
        days = product(_rows(scenario.load, self.levels), scales, shifts)
        rows = [factor * _shifted(row, hours) for row, factor, hours in days]
        return _with_days(scenario, rows, f"scale={self.scale}")


@dataclass(frozen=True)
class Drifting:
    """Let the traffic of a day drift away from what its morning promised: the section ``drifting`` of a scenario file.

    Raises:
        ValueError: if the span is empty or not positive, or there are fewer than two levels or more than 64.
    """

    span: Range = (
        0.7,
        1.3,
    )  # least and greatest factor at midnight, first and last; between them it grows linearly
    levels: int = 5  # factors, equally spaced; every pair of first and last is equally likely

    def __post_init__(self) -> None:
        _check("span", self.span, self.levels)
        _require(self.span[0] > 0, f"span={self.span} must be positive")

    def __call__(self, scenario: Scenario) -> Scenario:
        """Return the scenario with every day between every two factors."""
        factors = np.linspace(*self.span, self.levels)
        days = product(_rows(scenario.load, self.levels), factors, factors)
        rows = [row * np.linspace(first, last, len(row)) for row, first, last in days]
        return _with_days(scenario, rows, f"span={self.span}")


def _rows(load: Load, levels: int = 1) -> list[F64]:
    """Return the days as they are, at least hourly; ValueError if a law makes too many of them."""
    count = max(len(load.profile), 1) * levels**2
    _require(
        count <= MOST_DAYS,
        f"levels={levels} makes {count:,} days; take fewer, or give fewer than {max(len(load.profile), 1):,} to vary: "
        f"at most {MOST_DAYS:,} days",
    )
    rows = [np.asarray(row, np.float64) for row in load.profile or (ITU_2023_LOAD_BY_HOUR,)]
    slots = max(24, len(rows[0]))
    return [row if len(row) == slots else _shifted(row, 0.0, slots) for row in rows]


def _shifted(row: F64, hours: float, slots: int | None = None) -> F64:
    """Return a day that happens later, linear between its slots and the same again after midnight."""
    count = slots or len(row)
    at = (np.arange(count) / count - hours / HOURS) % 1.0 * len(row)
    return np.interp(at, np.arange(len(row) + 1), [*row, row[0]])


def _with_days(scenario: Scenario, rows: Sequence[F64], law: str) -> Scenario:
    """Put days into a scenario; a profile is normalised, so their mean level goes into the scale.

    ``law`` says what made them, for the error where no scenario can have them.
    """
    mean = float(np.mean(rows)) / float(np.mean(_rows(scenario.load)))
    days = tuple(tuple(float(value) for value in row) for row in rows)
    try:
        load = replace(scenario.load, profile=days, scale=scenario.load.scale * mean)
    except ValueError as error:
        raise ValueError(f"{law} goes too far for these days: {error}") from error
    return replace(scenario, load=load)


def _check(name: str, limits: Range, levels: int) -> None:
    _require(2 <= levels <= MOST_LEVELS, f"levels={levels}: give at least 2 and at most {MOST_LEVELS}")
    odd = [value for value in limits if not math.isfinite(value)]
    _require(not odd, f"{name}={limits}: {odd and odd[0]} is no finite number; give two that are")
    _require(limits[0] < limits[1], f"{name}={limits}: give the least first and a greater one second")


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)
