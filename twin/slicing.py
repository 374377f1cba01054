"""Slices that tenants ask for: their kinds, how often they come, and what a network sets aside for them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import IntEnum
from functools import cached_property
from math import isnan, nan
from typing import Any

import numpy as np

from .kernels.layout import MAX_TYPES
from .qos import ResourceType, five_qi
from .ranges import require_in_range
from .scenario_ranges import RANGES
from .service_profile import ServiceProfile
from .types import F64

SECONDS_PER_HOUR = 3600.0
MOST_USERS = 100_000  # of all slots
_ROUNDING = 1e-9  # of a sum of ratios


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
    """One kind of slice; attributes of `ServiceProfile` and `RRMPolicyRatio` (TS 28.541 6.3.3, 4.3.36) in brackets.

    Fields after ``latency_ms`` up to the penalty have no default: NaN stands for what is missing, and is refused.
    """

    name: str
    sst: int  # S-NSSAI (TS 23.501 5.15.2): 1 eMBB, 2 URLLC, 3 MIoT, 4 V2X
    users: int  # [maxNumberofUEs]
    guaranteed_mbps: float  # [dLThptPerUE.guaThpt], of every active user
    latency_ms: float = (
        0.0  # [dLLatency], largest mean delay of a packet on the air; 0 takes that of ``five_qi``
    )
    packet_kbit: float = nan
    activity: float = nan  # [activityFactor], share of time that a user is active, in 0..1
    requests_per_hour: float = nan  # in the whole network
    mean_hours: float = nan  # that a slice lasts, exponential
    revenue_per_hour: float = nan
    penalty_per_hour: float = nan  # while its promise is broken
    availability: float = 0.95  # [availability], share of the active users' time with the promise kept
    reduced_rate: float = 0.5  # of the guaranteed rate, at the reduced tier
    reduced_revenue: float = 0.6  # of the revenue, at the reduced tier
    five_qi: int = 0  # 5QI of its traffic (TS 23.501 table 5.7.4-1); 0 is none, and guaranteed
    core_delay_ms: float = 0.0  # of the 5QI's delay budget, spent behind the base station (TS 23.501 5.7.3.4)
    min_ratio: float = 0.0  # [rRMPolicyMinRatio] of each cell's PRBs, for all slices of the type, in 0..1
    max_ratio: float = 1.0  # [rRMPolicyMaxRatio]
    dedicated_ratio: float = 0.0  # [rRMPolicyDedicatedRatio], kept free while they do not use it

    def __post_init__(self) -> None:
        where = f"slice type {self.name!r}"
        lacking = [name for name in _NEEDED if isnan(getattr(self, name))]
        _require(not lacking, f"{where} lacks {', '.join(lacking)}")
        require_in_range(RANGES["SliceType"], self, f"{where}: ")
        self._take_budget(where)
        _require(
            0 <= self.dedicated_ratio <= self.min_ratio <= self.max_ratio,
            f"{where}: dedicated_ratio={self.dedicated_ratio}, min_ratio={self.min_ratio}, "
            f"max_ratio={self.max_ratio}: order them 0 <= dedicated <= min <= max",
        )

    def _take_budget(self, where: str) -> None:
        """Fill the latency in from the 5QI's delay budget where none is given."""
        if self.five_qi != 0:
            try:
                budget_ms = five_qi(self.five_qi).air_budget_ms(self.core_delay_ms)
            except ValueError as error:
                raise ValueError(f"{where}: {error}") from error
            if self.latency_ms == 0:
                object.__setattr__(self, "latency_ms", budget_ms)
        _require(
            self.latency_ms != 0, f"{where} lacks latency_ms: give it, or a five_qi whose budget it takes"
        )
        _require(
            self.core_delay_ms == 0 or self.five_qi != 0,
            f"{where}: core_delay_ms={self.core_delay_ms} is taken off a 5QI's budget: give five_qi",
        )

    @property
    def guaranteed(self) -> bool:
        """Whether its traffic goes before that of others: GBR, or without a 5QI (TS 23.501 5.7.3.2)."""
        return self.five_qi == 0 or five_qi(self.five_qi).resource_type is not ResourceType.NON_GBR

    @property
    def has_policy(self) -> bool:
        """Whether it is told apart from a type that shares ``Slicing.max_ratio`` with all others."""
        ratios = self.min_ratio, self.max_ratio, self.dedicated_ratio
        return ratios != (0.0, 1.0, 0.0) or not self.guaranteed

    @staticmethod
    def of_profile(name: str, sst: int, profile: ServiceProfile, **fields: float) -> SliceType:
        """Return the type that a `ServiceProfile` (a NEST, filled in) describes.

        Args:
            name: of the type.
            sst: slice/service type.
            profile: users, guaranteed rate, latency, activity and availability are taken from it; the rate is
                ``dLThptPerUE.guaThpt``, else that of the slice shared by the users that are active at once.
            fields: everything a profile does not know, such as ``packet_kbit``, ``requests_per_hour``, ``five_qi``;
                a field given here wins over the profile.

        Raises:
            ValueError: if the profile promises no rate, or something stays without a value; names it.
            TypeError: for a field that a slice type does not have.
        """
        per_user_kbps = profile.dLThptPerUE.guaThpt
        if (
            per_user_kbps is None
            and profile.dLThptPerSlice.guaThpt is not None
            and profile.expected_active_ues > 0
        ):
            per_user_kbps = profile.dLThptPerSlice.guaThpt / profile.expected_active_ues
        if per_user_kbps is None and "guaranteed_mbps" not in fields:
            raise ValueError(
                f"slice type {name!r}: its profile guarantees no rate: "
                "give dLThptPerUE.guaThpt or dLThptPerSlice.guaThpt, or guaranteed_mbps"
            )
        known = {
            "guaranteed_mbps": None if per_user_kbps is None else per_user_kbps / 1e3,
            "latency_ms": profile.dLLatency,
            "activity": 1.0 if profile.activityFactor is None else profile.activityFactor / 100.0,
            "availability": None if profile.availability is None else profile.availability / 100.0,
        }
        taken = {field: value for field, value in known.items() if value is not None}
        values: dict[str, Any] = {"users": int(profile.maxNumberofUEs), **taken, **fields}
        return SliceType(name, sst, **values)


_NEEDED = (
    "packet_kbit",
    "activity",
    "requests_per_hour",
    "mean_hours",
    "revenue_per_hour",
    "penalty_per_hour",
)


@dataclass(frozen=True)
class Slicing:
    """What is asked for, and how much of the network slices may take; without types there are none."""

    types: tuple[SliceType, ...] = ()
    slots: int = 0  # slices that can be served at a time
    requests: int = 0  # that can come in one control period
    max_ratio: float = 0.5  # of each cell's PRBs, that slices may be guaranteed together, in 0..1
    radius_m: float = 100.0  # within which the users of a slice are
    buffer_s: float = 0.0  # of a user's rate: what can wait to be served later; 0 loses it at once
    max_broken_frac: float = 0.1  # of the slices that are served, in a control period, in [0, 1)

    def __post_init__(self) -> None:
        names = [kind.name for kind in self.types]
        _require(len(set(names)) == len(names), f"slicing.types repeat a name: {names}")
        _require(len(names) <= MAX_TYPES, f"slicing.types has {len(names)} types: give at most {MAX_TYPES}")
        require_in_range(RANGES["Slicing"], self, "slicing.")
        least = sum(kind.min_ratio for kind in self.types)
        _require(
            least <= self.max_ratio + _ROUNDING,
            f"slicing.types: min_ratio adds up to {least:g}, above slicing.max_ratio={self.max_ratio}: "
            "lower some, or raise slicing.max_ratio",
        )
        for name in ("slots", "requests"):
            value, least = getattr(self, name), 1 if self.types else 0
            _require(
                value >= least, f"slicing.{name}={value}: {len(self.types)} slice types need at least {least}"
            )
            _require(bool(self.types) or value == 0, f"slicing.{name}={value}, but slicing.types is empty")

        _require(
            self.n_users <= MOST_USERS,
            f"slicing.slots={self.slots} of users={self.users_per_slot} make {self.n_users:,} users: give fewer, "
            f"{MOST_USERS:,} together",
        )

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
    def has_policies(self) -> bool:
        """Whether types share cells by policies of their own."""
        return any(kind.has_policy for kind in self.types)

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
