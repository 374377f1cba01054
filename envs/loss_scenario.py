"""The scenario ``loss_system``: capacity, classes and the length of an episode, from keywords."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from ..twin.canonical import digest_of
from ..twin.loss.system import LossSystem
from .catalogue import UnknownNameError

LOSS_SYSTEM = "loss_system"
LARGEST_CAPACITY = 100_000  # units; PRBs of 366 carriers of 100 MHz
# Calls, video and a slice that takes a third of the cell and pays best: room must be kept for it, but not at any
# price, and no reservation is as good as the best policy (3 % more; 12 % more than admitting whatever fits).
DEFAULTS: dict[str, object] = {
    "capacity": 24,
    "units": (1, 3, 8),
    "arrival_rates": (0.30, 0.06, 0.02),
    "service_rates": (1 / 30, 1 / 60, 1 / 60),
    "rewards": (1.0, 4.0, 30.0),
    "penalties": None,
    "episode_requests": 1000,
}


@dataclass(frozen=True)
class LossScenario:
    """A loss system, and how many requests make an episode."""

    system: LossSystem
    episode_requests: int = 1000
    budget: ClassVar[float] = 0.0  # nobody need ask for what does not fit

    def __post_init__(self) -> None:
        if self.system.capacity > LARGEST_CAPACITY:
            raise ValueError(
                f"capacity={self.system.capacity} is above {LARGEST_CAPACITY} units: an episode begins in the steady "
                "state, which is worked out unit by unit; count capacity and units of the classes in larger ones"
            )
        if not self.episode_requests >= 1:
            raise ValueError(f"episode_requests={self.episode_requests} must be at least 1")
        if not self.highest > self.lowest:
            raise ValueError("every reward and penalty is 0: there is nothing to earn; set rewards")

    @cached_property
    def lowest(self) -> float:
        """The least that one answer can bring."""
        return float(min(0.0, self.system.rewards.min(), -self.system.penalties.max()))

    @cached_property
    def highest(self) -> float:
        """The most that one answer can bring."""
        return float(max(0.0, self.system.rewards.max()))

    @property
    def constraints_digest(self) -> str:
        """Digest of the one promise, not to admit beyond capacity: what there is and what each class takes."""
        units = {one.name: one.units for one in self.system.classes}
        return digest_of({"capacity": self.system.capacity, "units": units})

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the service classes."""
        return tuple(one.name for one in self.system.classes)


def loss_scenario(scenario: object, settings: Mapping[str, object]) -> LossScenario:
    """Return the loss system that a name and its settings describe.

    Args:
        scenario: ``"loss_system"``, a ``LossSystem`` or a ready ``LossScenario``.
        settings: any of ``DEFAULTS``; rates per second, or per any other unit of time. None is the default.

    Raises:
        UnknownNameError: for another scenario or setting, naming the nearest.
        ValueError: if lengths differ or a value is out of range, or a ready scenario is given settings.
    """
    for name in settings:
        if name not in DEFAULTS:
            raise UnknownNameError(f"setting of {LOSS_SYSTEM}", name, list(DEFAULTS))
    given = {name: value for name, value in settings.items() if value is not None}
    if isinstance(scenario, LossSystem):
        scenario = LossScenario(scenario)
    if isinstance(scenario, LossScenario):
        if given:
            raise ValueError(f"{sorted(given)} given beside a ready scenario; put them into it")
        return scenario
    if scenario != LOSS_SYSTEM:
        raise UnknownNameError("scenario", str(scenario), [LOSS_SYSTEM])
    return _from_settings(DEFAULTS | given)


def _from_settings(values: Mapping[str, object]) -> LossScenario:
    arriving, served, earned = (
        _numbers(name, values[name]) for name in ("arrival_rates", "service_rates", "rewards")
    )
    units = [int(unit) for unit in _numbers("units", values["units"], whole=True)]
    penalties = None if values["penalties"] is None else _numbers("penalties", values["penalties"])
    system = LossSystem.of(_whole("capacity", values["capacity"]), units, arriving, served, earned, penalties)
    return LossScenario(system, _whole("episode_requests", values["episode_requests"]))


def _numbers(name: str, value: object, whole: bool = False) -> list[float]:
    """Return one number per class."""
    try:
        numbers = np.asarray(value, np.float64)
    except (TypeError, ValueError):
        numbers = np.empty((0, 0))
    if numbers.ndim != 1:
        raise ValueError(f"{name}={value!r}: give a list with one number per class")
    if whole and not np.all(numbers == np.floor(numbers)):
        raise ValueError(f"{name}={value!r}: give whole numbers")
    return [float(number) for number in numbers]


def _whole(name: str, value: object) -> int:
    number = int(value) if isinstance(value, float) and value.is_integer() else value
    try:
        return operator.index(number)  # type: ignore[arg-type]
    except TypeError:
        raise ValueError(f"{name}={value!r}: give a whole number") from None
