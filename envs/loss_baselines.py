"""Admission rules that a RAN engineer would respect, and the best policy there is."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from ..twin.loss.optimum import best_reservation, fluid_admissions, optimum
from ..twin.loss.system import LossSystem
from ..twin.types import F64, I64, Bool
from .loss_horizon import is_small
from .loss_scenario import LossScenario
from .loss_world import LossWindow, fits


@dataclass
class AcceptAll:
    """Complete sharing: admit whatever fits."""

    name: str = "accept all"

    def begin(self, params: LossScenario, n: int) -> None:
        """Nothing to remember."""

    def actions(self, params: LossScenario, window: LossWindow) -> I64:
        """Admit what fits."""
        return _choices(fits(params, window))


@dataclass
class RevenueDensity:
    """Admit the classes that pay at least the price of a unit: what the fluid limit says it is worth (Kelly 1991).

    The price is the revenue density of the last class that the fluid knapsack takes, a static bid price.
    """

    name: str = "revenue density"
    _worth: Bool = field(default_factory=lambda: np.zeros(0, np.bool_), repr=False)

    def begin(self, params: LossScenario, n: int) -> None:
        """Work out which classes pay the price."""
        density, taken = params.system.revenue_density, fluid_admissions(params.system) > 0
        self._worth = (density >= density[taken].min()) if taken.any() else np.zeros(len(density), np.bool_)

    def actions(self, params: LossScenario, window: LossWindow) -> I64:
        """Admit what fits and pays."""
        return _choices(self._worth[window.request] & fits(params, window))


@dataclass
class TrunkReservation:
    """Admit a class only if some units stay free after it; every level tuned exactly (``best_reservation``)."""

    name: str = "trunk reservation"
    _kept: I64 = field(default_factory=lambda: np.zeros(0, np.int64), repr=False)

    def begin(self, params: LossScenario, n: int) -> None:
        """Tune the levels; ValueError if the system is too large for exact answers."""
        self._kept = _tuned(params.system)

    def actions(self, params: LossScenario, window: LossWindow) -> I64:
        """Admit what leaves enough."""
        system = params.system
        free = system.capacity - window.held @ system.units
        return _choices(free >= system.units[window.request] + self._kept[window.request])


@dataclass
class ExactOptimum:
    """The policy of greatest revenue per second, read from its table: a reference, not a rule that scales."""

    name: str = "exact optimum"
    _table: Bool = field(default_factory=lambda: np.zeros(0, np.bool_), repr=False)

    def begin(self, params: LossScenario, n: int) -> None:
        """Solve the system; ValueError if it is too large for exact answers."""
        self._table = _best_table(params.system)

    def actions(self, params: LossScenario, window: LossWindow) -> I64:
        """Look the answer up."""
        return _choices(self._table[(*window.held.T, window.request)])


AdmissionRule = AcceptAll | RevenueDensity | TrunkReservation | ExactOptimum


def admission_rules(network: LossScenario) -> list[AdmissionRule]:
    """Return the baselines of a loss system; tuned reservation only where it can be tuned exactly."""
    return [AcceptAll(), RevenueDensity(), *([TrunkReservation()] if is_small(network.system) else [])]


def admission_reference(network: LossScenario) -> list[AdmissionRule]:
    """Return the exact optimum where it is known; it is compared with, but it is no baseline."""
    return [ExactOptimum()] if is_small(network.system) else []


def _choices(admit: Bool | F64) -> I64:
    return admit.astype(np.int64)[:, None]


@lru_cache(maxsize=8)
def _tuned(system: LossSystem) -> I64:
    return best_reservation(system).units


@lru_cache(maxsize=8)
def _best_table(system: LossSystem) -> Bool:
    return optimum(system).table
