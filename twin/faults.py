"""Failures and repairs: alternating renewal processes of causes that take groups of objects down together.

Up times are Weibull, repairs exponential. The process starts in its steady state, so a day is as likely to hold a
failure as any other day, and availability is MTBF / (MTBF + MTTR) from the first second (Cox, Renewal Theory, 1962,
chapter 7). Every interval is a function of (key, cause, group, number of the cycle): the same bits in any batch.

The default numbers are assumptions: no public table of radio-access failures was found.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .checks import positive, within
from .draws import exp, exponential, gamma, log, uniform
from .types import F64, I64, U64, Bool

SECONDS_PER_HOUR = 3600.0
_START, _RESIDUAL, _UP, _REPAIR, _DETECT = range(40, 45)  # purposes of the random streams
_CAUSE_STRIDE = 1 << 24  # groups per cause
_MOST_CYCLES = 3000


@dataclass(frozen=True)
class FailureCause:
    """A kind of failure; each group of objects has its own process and goes down together.

    A radio unit fails alone: one object per group. A power outage takes all objects of a site, a fibre cut all
    behind it. ValueError on a time that is not positive or a group without objects.
    """

    name: str
    groups: tuple[tuple[int, ...], ...]  # objects by group, indices from 0
    mtbf_h: float = 1e5  # mean time from repair to the next failure
    mttr_h: float = 8.0  # mean repair time
    weibull_k: float = 1.0  # below 1 early failures, above 1 wear; 1 forgets its age
    detection_s: tuple[float, float] = (60.0, 300.0)  # time until the network notices, uniform

    def __post_init__(self) -> None:
        for name in ("mtbf_h", "mttr_h", "weibull_k"):
            positive(f'FailureCause "{self.name}" {name}', getattr(self, name))
        low, high = self.detection_s
        if not (0.0 <= low <= high < math.inf):
            raise ValueError(
                f'FailureCause "{self.name}" detection_s = {self.detection_s}: give 0 <= least <= most seconds'
            )
        if not all(self.groups) or len(self.groups) >= _CAUSE_STRIDE:
            raise ValueError(
                f'FailureCause "{self.name}" has {len(self.groups)} groups, each of which needs an object: '
                "remove the empty ones"
            )

    @property
    def availability(self) -> float:
        """Return the share of the time that a group is up in the long run."""
        return self.mtbf_h / (self.mtbf_h + self.mttr_h)


@dataclass(frozen=True)
class Outages:
    """When the groups of one cause are down; padded with infinity."""

    start_s: F64  # (B, groups, n)
    noticed_s: F64  # (B, groups, n), the network knows of it from here on
    end_s: F64  # (B, groups, n)


def outages(cause: FailureCause, number: int, key: U64, horizon_s: float) -> Outages:
    """Return the outages that begin before the horizon or last at time 0.

    Args:
        cause: what fails.
        number: place of the cause in its list; two causes of one list need different ones.
        key: (B,) keys of the random streams, see `make_keys`.
        horizon_s: end of the time looked at, s.

    Raises:
        ValueError: on a horizon that is not finite or holds more than 3,000 cycles of one group.
    """
    within("horizon_s", horizon_s, 0.0)
    entity = number * _CAUSE_STRIDE + np.arange(len(cause.groups))
    keys = np.asarray(key)[:, None]
    begin, repaired = _first(cause, keys, entity)
    rows: list[tuple[F64, F64]] = [(begin, repaired)]
    while np.any(repaired < horizon_s):
        if len(rows) > _MOST_CYCLES:
            raise ValueError(
                f'cause "{cause.name}" fails more than {_MOST_CYCLES} times in {horizon_s:g} s: raise mtbf_h'
            )
        cycle = np.full(1, len(rows))
        begin = repaired + _up_s(cause, keys, cycle, entity)
        repaired = begin + _repair_s(cause, keys, cycle, entity)
        rows.append((begin, repaired))
    start, end = (np.stack(column, axis=-1) for column in zip(*rows, strict=True))
    within_reach = start <= horizon_s
    cycles = np.arange(len(rows))
    low, high = cause.detection_s
    chance = uniform(keys[..., None], cycles, entity[:, None], _DETECT)
    noticed = start + (low + (high - low) * chance)
    start, noticed, end = (np.where(within_reach, times, np.inf) for times in (start, noticed, end))
    return Outages(start, noticed, end)


def down(
    causes: Sequence[FailureCause], n_objects: int, key: U64, time_s: ArrayLike, *, noticed: bool = False
) -> Bool:
    """Return which objects are down, (B, n_objects, T).

    Args:
        causes: what can fail; an object is down while any of them holds it.
        n_objects: objects of the network.
        key: (B,) keys of the random streams.
        time_s: (T,) times since the start, s, 0 or more.
        noticed: only what the network knows of: an outage counts from its detection on.

    Raises:
        ValueError: on a negative time or a group that names an object that does not exist.
    """
    times = np.atleast_1d(within("time_s", time_s, 0.0))
    held = np.zeros((len(key), n_objects, len(times)), bool)
    for number, cause in enumerate(causes):
        members = _members(cause, n_objects)
        found = outages(cause, number, key, float(times.max(initial=0.0)))
        begin = found.noticed_s if noticed else found.start_s
        lasts = (begin[..., None] <= times) & (times < found.end_s[..., None])
        groups, objects = np.nonzero(members)
        for group, member in zip(groups, objects, strict=True):
            held[:, member] |= lasts[:, group].any(axis=1)
    return held


def _members(cause: FailureCause, n_objects: int) -> Bool:
    members = np.zeros((len(cause.groups), n_objects), bool)
    for group, objects in enumerate(cause.groups):
        for member in objects:
            if not (0 <= member < n_objects):
                raise ValueError(
                    f'cause "{cause.name}" group {group} names object {member}: give indices from 0 to '
                    f"{n_objects - 1}"
                )
            members[group, member] = True
    return members


def _first(cause: FailureCause, keys: U64, entity: I64) -> tuple[F64, F64]:
    """Begin and end of the first outage: under repair at time 0, or after what is left of the up time."""
    zero = np.zeros(1, np.int64)
    under_repair = uniform(keys, zero, entity, _START) >= cause.availability
    age_weighted = _scale_s(cause) * _power(
        gamma(1.0 + 1.0 / cause.weibull_k, keys, zero, entity, _UP), 1.0 / cause.weibull_k
    )
    left = age_weighted * uniform(keys, zero, entity, _RESIDUAL)
    repair = _repair_s(cause, keys, zero, entity)
    begin = np.where(under_repair, 0.0, left)
    return begin, begin + repair


def _up_s(cause: FailureCause, keys: U64, cycle: I64, entity: I64) -> F64:
    return _scale_s(cause) * _power(exponential(keys, cycle, entity, _UP), 1.0 / cause.weibull_k)


def _repair_s(cause: FailureCause, keys: U64, cycle: I64, entity: I64) -> F64:
    return SECONDS_PER_HOUR * cause.mttr_h * exponential(keys, cycle, entity, _REPAIR)


def _scale_s(cause: FailureCause) -> float:
    return SECONDS_PER_HOUR * cause.mtbf_h / math.gamma(1.0 + 1.0 / cause.weibull_k)


def _power(x: F64, exponent: float) -> F64:
    return x if exponent == 1.0 else exp(exponent * log(x))
