"""Slices that tenants ask for: their kinds, how often they come, and what a network sets aside for them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import IntEnum
from functools import cached_property

import numpy as np

from .types import F64

SECONDS_PER_HOUR = 3600.0


class Tier(IntEnum):
    """Answer to a request for a slice."""

    REFUSED = 0
    FULL = 1
    REDUCED = 2


class Answer(IntEnum):
    """What became of a request."""

    NOBODY_ASKED = -1
    REFUSED = 0
    FULL = 1
    REDUCED = 2
    NO_SLOT = 3  # admitted, but the network was serving as many slices as it can


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)


@dataclass(frozen=True)
class SliceType:
    """One kind of slice; attributes of `ServiceProfile` (TS 28.541 6.3.3) stand in brackets."""

    name: str
    sst: int  # S-NSSAI (TS 23.501 5.15.2): 1 eMBB, 2 URLLC, 3 MIoT, 4 V2X
    users: int  # [maxNumberofUEs]
    guaranteed_mbps: float  # [dLThptPerUE.guaThpt], of every active user
    latency_ms: float  # [dLLatency], largest mean delay of a packet on the air
    packet_kbit: float
    activity: float  # [activityFactor], share of time that a user is active, in 0..1
    requests_per_hour: float  # in the whole network
    mean_hours: float  # that a slice lasts, exponential
    revenue_per_hour: float
    penalty_per_hour: float  # while its promise is broken
    availability: float = 0.95  # [availability], share of the active users' time with the promise kept
    reduced_rate: float = 0.5  # of the guaranteed rate, at the reduced tier
    reduced_revenue: float = 0.6  # of the revenue, at the reduced tier

    def __post_init__(self) -> None:
        where = f"slice type {self.name!r}"
        _require(1 <= self.sst <= 255, f"{where}: sst={self.sst} is outside 1..255")
        _require(self.users >= 1, f"{where}: users={self.users} is below 1")
        for name in ("guaranteed_mbps", "latency_ms", "packet_kbit", "requests_per_hour", "mean_hours"):
            value = getattr(self, name)
            _require(0 < value < float("inf"), f"{where}: {name}={value} must be positive and finite")
        for name in ("revenue_per_hour", "penalty_per_hour"):
            value = getattr(self, name)
            _require(0 <= value < float("inf"), f"{where}: {name}={value} must be 0 or more, and finite")
        for name in ("activity", "availability", "reduced_rate", "reduced_revenue"):
            _require(0 < getattr(self, name) <= 1, f"{where}: {name}={getattr(self, name)} is outside (0, 1]")


@dataclass(frozen=True)
class Slicing:
    """What is asked for, and how much of the network slices may take; without types there are none."""

    types: tuple[SliceType, ...] = ()
    slots: int = 0  # slices that can be served at a time
    requests: int = 0  # that can come in one control period
    max_ratio: float = (
        0.5  # [RRMPolicyRatio.rRMPolicyMaxRatio] of each cell's PRBs, for all slices together, in 0..1
    )
    radius_m: float = 100.0  # within which the users of a slice are
    max_broken_frac: float = 0.1  # of the slices that are served, in a control period, in [0, 1)

    def __post_init__(self) -> None:
        names = [kind.name for kind in self.types]
        _require(len(set(names)) == len(names), f"slicing.types repeat a name: {names}")
        _require(0 < self.max_ratio < 1, f"slicing.max_ratio={self.max_ratio} is outside (0, 1)")
        _require(
            0 <= self.max_broken_frac < 1, f"slicing.max_broken_frac={self.max_broken_frac} is outside [0, 1)"
        )
        _require(self.radius_m >= 0, f"slicing.radius_m={self.radius_m} is negative")
        for name in ("slots", "requests"):
            value, least = getattr(self, name), 1 if self.types else 0
            _require(
                value >= least, f"slicing.{name}={value}: {len(self.types)} slice types need at least {least}"
            )
            _require(bool(self.types) or value == 0, f"slicing.{name}={value}, but slicing.types is empty")

    @cached_property
    def columns(self) -> dict[str, F64]:
        """Every number of the types by its name, (K,) each; read many times in a control period."""
        names = [each.name for each in fields(SliceType) if each.name != "name"]
        return {name: np.array([getattr(kind, name) for kind in self.types], np.float64) for name in names}

    @cached_property
    def terms(self) -> F64:
        """What is promised and paid, (4, K): availability, revenue and penalty per hour, reduced revenue."""
        names = ("availability", "revenue_per_hour", "penalty_per_hour", "reduced_revenue")
        return np.array([self.columns[name] for name in names])

    @property
    def users_per_slot(self) -> int:
        """Users that a slot has room for."""
        return max((kind.users for kind in self.types), default=0)

    @property
    def n_users(self) -> int:
        """Users of all slots."""
        return self.slots * self.users_per_slot

    def arrival_probabilities(self, control_period_s: float) -> tuple[float, ...]:
        """Return the probability that a place at the door holds a request of each type, or of an earlier one.

        Raises:
            ValueError: if more requests come than there are places.
        """
        total, found = 0.0, []
        for kind in self.types:
            total += kind.requests_per_hour * control_period_s / SECONDS_PER_HOUR / self.requests
            found.append(total)
        _require(
            total < 1,
            f"{total * self.requests:.3g} requests per control period for slicing.requests={self.requests} places: "
            "raise slicing.requests",
        )
        return tuple(found)
