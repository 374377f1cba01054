"""A loss system: slice or GBR admission requests for units of one capacity, refused when they do not fit.

Requests of class k arrive as a Poisson stream and hold ``units`` (PRBs, say) for a time of given mean; nobody
queues (Kelly, "Loss Networks", Ann. Appl. Probab. 1, 1991; Ross, "Multiservice Loss Models", 1995).
"""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..types import F64, I64


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ValueError(message)


def _whole(name: str, value: object) -> int:
    """Return a whole number of any integer type, or of a float without a fraction."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    try:
        return operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise ValueError(f"{name}={value!r} is not a whole number: count capacity in whole units") from None


@dataclass(frozen=True)
class ServiceClass:
    """One kind of request, an S-NSSAI or a 5QI with a guaranteed rate; the reward is paid at admission."""

    name: str
    units: int  # capacity units that one admission holds
    arrival_rate_per_s: float
    mean_holding_s: float
    reward: float  # per admission
    penalty: float = 0.0  # per refusal

    def __post_init__(self) -> None:
        where = f"service class {self.name!r}"
        object.__setattr__(self, "units", _whole(f"{where}: units", self.units))
        _require(self.units >= 1, f"{where}: units={self.units} must be at least 1")
        _require(
            0 <= self.arrival_rate_per_s < math.inf,
            f"{where}: arrival_rate_per_s={self.arrival_rate_per_s} must be finite and not negative",
        )
        _require(
            0 < self.mean_holding_s < math.inf,
            f"{where}: mean_holding_s={self.mean_holding_s} must be finite and positive",
        )
        _require(math.isfinite(self.reward), f"{where}: reward={self.reward} must be finite")
        _require(
            0 <= self.penalty < math.inf,
            f"{where}: penalty={self.penalty} must be finite and not negative; a charge is a positive number",
        )


@dataclass(frozen=True)
class LossSystem:
    """Capacity and the classes that ask for it; arrays are over the K classes in their order."""

    capacity: int  # units
    classes: tuple[ServiceClass, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "capacity", _whole("capacity", self.capacity))
        _require(self.capacity >= 1, f"capacity={self.capacity} must be at least 1 unit")
        _require(len(self.classes) > 0, "classes is empty: name at least one service class")
        names = [one.name for one in self.classes]
        twice = next((name for name in names if names.count(name) > 1), None)
        _require(twice is None, f"service class {twice!r} is named twice: give every class its own name")
        for one in self.classes:
            _require(
                one.units <= self.capacity,
                f"service class {one.name!r}: units={one.units} never fit into capacity={self.capacity}; "
                "raise the capacity or drop the class",
            )
        _require(
            any(one.arrival_rate_per_s > 0 for one in self.classes),
            "every arrival_rate_per_s is 0: nothing ever asks for admission",
        )

    @staticmethod
    def of(
        capacity: int,
        units: Sequence[int],
        arrival_rates: Sequence[float],
        service_rates: Sequence[float],
        rewards: Sequence[float],
        penalties: Sequence[float] | None = None,
    ) -> LossSystem:
        """Build from one sequence per quantity; rates are per second, or per any other unit of time.

        Raises:
            ValueError: if lengths differ, or a value is out of range; it names the class by its place.
        """
        columns = {
            "units": units,
            "arrival_rates": arrival_rates,
            "service_rates": service_rates,
            "rewards": rewards,
            "penalties": [0.0] * len(units) if penalties is None else penalties,
        }
        lengths = {name: len(values) for name, values in columns.items()}
        _require(len(set(lengths.values())) == 1, f"give one value per class to each of: {lengths}")
        slow = [rate for rate in service_rates if not (0 < rate < math.inf)]
        _require(not slow, f"service_rates={list(service_rates)} must be finite and positive")
        rows = zip(*columns.values(), strict=True)
        return LossSystem(
            capacity,
            tuple(
                ServiceClass(f"class {k}", b, float(arrival), 1.0 / float(service), float(r), float(p))
                for k, (b, arrival, service, r, p) in enumerate(rows)
            ),
        )

    @property
    def n_classes(self) -> int:
        """Number of classes K."""
        return len(self.classes)

    @cached_property
    def units(self) -> I64:
        """Units of one admission, (K,)."""
        return np.array([one.units for one in self.classes], np.int64)

    @cached_property
    def arrival_rates(self) -> F64:
        """Arrivals per second, (K,)."""
        return np.array([one.arrival_rate_per_s for one in self.classes], np.float64)

    @cached_property
    def service_rates(self) -> F64:
        """Departures per second of one admission, (K,)."""
        return np.array([1.0 / one.mean_holding_s for one in self.classes], np.float64)

    @cached_property
    def rewards(self) -> F64:
        """Reward per admission, (K,)."""
        return np.array([one.reward for one in self.classes], np.float64)

    @cached_property
    def penalties(self) -> F64:
        """Charge per refusal, (K,)."""
        return np.array([one.penalty for one in self.classes], np.float64)

    @property
    def offered_erlang(self) -> F64:
        """Offered load: mean admissions in service if nothing were refused, (K,)."""
        return self.arrival_rates / self.service_rates

    @property
    def limits(self) -> I64:
        """Most admissions of each class at a time, (K,)."""
        return self.capacity // self.units

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of a table over admissions in service, (limit of class 0 + 1, ..., limit of the last + 1)."""
        return tuple(int(limit) + 1 for limit in self.limits)

    @property
    def revenue_density(self) -> F64:
        """What an admission is worth, the saved penalty included, per unit held and second, (K,)."""
        return (self.rewards + self.penalties) * self.service_rates / self.units

    def gain_of(self, admitted_per_s: F64) -> float:
        """Return the average reward per second of a policy that admits (K,) requests per second."""
        refused_per_s = self.arrival_rates - admitted_per_s
        return float((self.rewards * admitted_per_s - self.penalties * refused_per_s).sum())
