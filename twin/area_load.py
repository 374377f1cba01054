"""Load by hour, weekday and type of area, and crowds at a venue.

Each law is 1 + two harmonics of the day, a fit of ours (two decimals) to normalised hourly means: residential
and leisure to the mean of the ITU AI/ML in 5G challenge 2023 and of the LTE control-channel measurements of CTTC in
Barcelona 2018-19 (Poble Sec: homes; El Born: nights out). No public measurement of an office district was found:
business is an assumption.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from .checks import one_of, positive, within
from .traffic import ITU_2023_LOAD_BY_HOUR
from .types import F64

HOURS, WEEK = 24, 7
SATURDAY = 5
LEAST_LOAD = 0.05  # of the mean: no cell is silent


@dataclass(frozen=True)
class DayLaw:
    """Mean load of a day relative to the week, and the cosine and sine of its first two harmonics."""

    level: float
    cos1: float
    sin1: float
    cos2: float
    sin2: float

    def by_hour(self) -> F64:
        """Return the load of the 24 hours, (24,), taken at the middle of each."""
        angle = 2.0 * np.pi * (np.arange(HOURS) + 0.5) / HOURS
        first = self.cos1 * np.cos(angle) + self.sin1 * np.sin(angle)
        second = self.cos2 * np.cos(2.0 * angle) + self.sin2 * np.sin(2.0 * angle)
        return self.level * np.maximum(1.0 + first + second, LEAST_LOAD)


AREA_LAWS = {  # (Monday to Friday, Saturday and Sunday)
    "residential": (DayLaw(1.0, 0.0, -0.52, 0.16, -0.12), DayLaw(0.97, 0.05, -0.54, 0.13, -0.12)),
    "leisure": (DayLaw(1.0, -0.22, -0.63, 0.21, 0.08), DayLaw(1.19, 0.0, -0.48, 0.35, 0.07)),
    "business": (DayLaw(1.0, -0.95, -0.30, 0.02, 0.20), DayLaw(0.35, -0.60, -0.40, 0.05, 0.0)),
}
AREAS = ("mixed", *AREA_LAWS)


def week_profile(area: str) -> tuple[tuple[float, ...], ...]:
    """Return seven rows of 24 hours, Monday first, mean 1 over the week: the rows of `load.profile`.

    "mixed" is the ITU 2023 law on every day, which knows no weekday. Raises ValueError naming the nearest area.
    """
    if area == "mixed":
        table = np.tile(np.array(ITU_2023_LOAD_BY_HOUR), (WEEK, 1))
    else:
        weekday, weekend = AREA_LAWS[one_of("area", area, AREAS)]
        table = np.array([(weekend if day >= SATURDAY else weekday).by_hour() for day in range(WEEK)])
    return tuple(tuple(float(value) for value in row) for row in table / table.mean())


@dataclass(frozen=True)
class VenueEvent:
    """A match or concert as cells around the venue see it: a hump of arrivals, a dip during play, a hump of egress.

    Measured at macro cells beside stadia: 1.2 to 1.8 times the users before and 1.3 to 1.7 times after; cells in the
    bowl surge more. The times are assumptions, the egress after the 8 minutes that stands are planned for.
    ValueError on a time that is not positive, a factor below 1, or a dip above its humps.
    """

    begin_s: float  # kick-off, seconds of the scenario
    length_s: float = 6300.0  # two halves and the break
    arrival_factor: float = 1.5
    play_factor: float = 1.1
    egress_factor: float = 1.5
    arrival_s: float = 7200.0  # first arrivals before kick-off
    peak_s: float = 1800.0  # the arrival peak before kick-off
    seated_s: float = 900.0  # after kick-off everybody sits
    egress_s: float = 480.0  # from the end to the egress peak
    decay_s: float = 3600.0  # from the egress peak to the everyday

    def __post_init__(self) -> None:
        within("VenueEvent.begin_s", self.begin_s, -np.inf)
        for name in ("length_s", "arrival_s", "peak_s", "seated_s", "egress_s", "decay_s"):
            positive(f"VenueEvent.{name}", getattr(self, name))
        for name in ("arrival_factor", "play_factor", "egress_factor"):
            within(f"VenueEvent.{name}", getattr(self, name), 1.0)
        if not (self.peak_s < self.arrival_s and self.seated_s < self.length_s):
            raise ValueError(
                f"VenueEvent: peak_s = {self.peak_s:g} must be below arrival_s = {self.arrival_s:g} and "
                f"seated_s = {self.seated_s:g} below length_s = {self.length_s:g}"
            )
        if not (self.play_factor <= min(self.arrival_factor, self.egress_factor)):
            raise ValueError(
                f"VenueEvent.play_factor = {self.play_factor:g} is above a hump: the law dips during play"
            )

    def factor(self, time_s: ArrayLike) -> F64:
        """Return the users around the venue relative to an ordinary day, 1 far from the event.

        Smooth (slope 0) at each peak and dip: smoothsteps 3 x^2 - 2 x^3 between them.
        """
        end = self.begin_s + self.length_s
        knots = (
            (self.begin_s - self.arrival_s, 1.0),
            (self.begin_s - self.peak_s, self.arrival_factor),
            (self.begin_s + self.seated_s, self.play_factor),
            (end, self.play_factor),
            (end + self.egress_s, self.egress_factor),
            (end + self.egress_s + self.decay_s, 1.0),
        )
        time = np.asarray(time_s, dtype=np.float64)
        level = np.ones_like(time)
        for (begin, before), (finish, after) in pairwise(knots):
            x = np.clip((time - begin) / (finish - begin), 0.0, 1.0)
            level = level + (after - before) * (x * x * (3.0 - 2.0 * x))
        return level
