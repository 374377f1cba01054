"""How a network fails: radio units one by one, sites all at once, and the delay until anybody notices.

Alternating renewal: times to failure and repairs are Weibull, exponential by default, so that a unit in working order
forgets its age. Sites may also fail together: a district without power, a cut fibre route. Without a law nothing fails.
The default times are assumptions: no public table of radio-access failures was found.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .checks import one_of, positive, within
from .draws import exp, exponential, gamma, log, uniform
from .kernels.failures import AGE, FAIL, LEAST_DRAW, LEFT_S, REPAIR, RESIDUAL, START
from .ranges import require_in_range
from .scenario_ranges import RANGES
from .types import F32, F64, I32, I64, U64, Bool

SECONDS_PER_HOUR = 3600.0
LARGEST_DETECTION_S = 1e6
LEAST_SHAPE, LARGEST_SHAPE = 0.2, 20.0  # of a Weibull law; beyond them hours turn into millennia
KINDS = ("power", "transport")  # of what sites have in common


@dataclass(frozen=True)
class MeanTimes:
    """Of one kind of failure; ValueError on a time that is not positive and finite, or a shape out of range."""

    mtbf_h: float  # from repair to the next failure
    mttr_h: float  # of a repair, without the boot after it
    failure_k: float = 1.0  # Weibull shape of the former: below 1 early failures, above 1 wear
    repair_k: float = 1.0  # of the latter

    def __post_init__(self) -> None:
        positive("failures mtbf_h", self.mtbf_h)
        positive("failures mttr_h", self.mttr_h)
        for name in ("failure_k", "repair_k"):
            within(f"failures {name}", getattr(self, name), LEAST_SHAPE, LARGEST_SHAPE)
        require_in_range(RANGES["MeanTimes"], self, "failures ")

    @property
    def availability(self) -> float:
        """Return the share of the time in working order in the long run."""
        return self.mtbf_h / (self.mtbf_h + self.mttr_h)

    @property
    def ages(self) -> bool:
        """Tell whether how long a unit has worked says anything of how long it will."""
        return self.failure_k != 1.0


@dataclass(frozen=True)
class CommonCause:
    """Sites that fail together; ValueError naming the group on a wrong kind, and without sites or with one twice."""

    name: str
    sites: tuple[str, ...]
    times: MeanTimes
    kind: str = "power"  # or "transport", whose outages also take reports away where the scenario says so

    def __post_init__(self) -> None:
        where = f'failures.together "{self.name}"'
        one_of(f"{where} kind", self.kind, KINDS)
        if not self.sites or len(set(self.sites)) < len(self.sites):
            raise ValueError(f"{where} sites = {list(self.sites)}: name one site or more, each once")


@dataclass(frozen=True)
class Failures:
    """The laws of all causes; None for what never fails. An outage of a site takes all its cells down together."""

    radio_unit: MeanTimes | None = None  # of each cell
    site_power: MeanTimes | None = None  # of each site
    site_transport: MeanTimes | None = None  # of each site
    detection_s: tuple[float, float] = (60.0, 300.0)  # until the network notices, uniform
    together: tuple[CommonCause, ...] = ()  # groups of sites, which may overlap

    def __post_init__(self) -> None:
        names = [group.name for group in self.together]
        if len(set(names)) < len(names):
            raise ValueError(f"failures.together names {names} repeat: rename one")
        low, high = self.detection_s
        if not (0.0 <= low <= high <= LARGEST_DETECTION_S):
            raise ValueError(
                f"failures.detection_s={self.detection_s}: give 0 <= least <= most <= {LARGEST_DETECTION_S:g} seconds"
            )

    @property
    def causes(self) -> tuple[MeanTimes | None, ...]:
        """The laws in the order of the kernel's causes: one's own, then those shared."""
        return self.radio_unit, self.site_power, self.site_transport, *(g.times for g in self.together)

    @property
    def possible(self) -> bool:
        """Tell whether anything can fail."""
        return any(law is not None for law in self.causes)

    @property
    def age(self) -> bool:
        """Tell whether any unit ages."""
        return any(law is not None and law.ages for law in self.causes)

    def require_sites(self, names: list[str]) -> None:
        """Raise ValueError unless every site of every group is one of these, naming the nearest."""
        for group in self.together:
            for site in group.sites:
                one_of(f'failures.together "{group.name}" sites:', site, names)


def cause_places(failures: Failures, site_of_cell: list[str]) -> I32:
    """Return where each cause counts what befalls a cell, (causes, C); -1 where it does not concern the cell.

    That is the cell itself for its radio unit, else the first cell of the site or of the sites in common.
    """
    cells = np.arange(len(site_of_cell), dtype=np.int32)
    first = np.array([site_of_cell.index(name) for name in site_of_cell], np.int32)
    groups = [np.isin(site_of_cell, group.sites) for group in failures.together]
    shared = [np.where(member, np.int32(member.argmax()), np.int32(-1)) for member in groups]
    return np.stack([cells, first, first, *shared])


def weibull_scale_s(mean_h: float, shape: float) -> float:
    """Return the scale in s of a Weibull law of this mean; the mean itself for shape 1."""
    return SECONDS_PER_HOUR * mean_h / math.gamma(1.0 + 1.0 / shape)


def first_outages(failures: Failures, places: I32, boot_s: float, key: U64) -> F32:
    """Draw what is under repair when an episode begins, (B, causes, C, 2); without causes if nothing can fail.

    The steady state: a unit is under repair with the share of the time that it is in the long run, and what is left
    of a repair has the law of the rest of one met at random. What failed before is known.

    Args:
        failures: the laws.
        places: (causes, C), of ``cause_places``.
        boot_s: after every repair.
        key: (B,).
    """
    outage = np.zeros((len(key), len(places) if failures.possible else 0, places.shape[1], 2), np.float32)
    for cause, law in enumerate(failures.causes):
        if law is None:
            continue
        name = _names(key, cause, places.shape[1])
        left_s = _rest_s(law.mttr_h, law.repair_k, name, REPAIR)
        here = _under_repair(law, name) & _has_place(places[cause])
        outage[:, cause, :, LEFT_S] = np.where(here, left_s + boot_s, 0.0)
    return outage


def first_lives(failures: Failures, places: I32, key: U64) -> F64:
    """Draw how long each unit that ages will work from now on or from its repair, (B, causes, C) s; empty if none does.

    In the steady state a unit met in working order has the rest of a life, a unit met under repair a whole one ahead.
    """
    lives = np.full((len(key), len(places) if failures.age else 0, places.shape[1]), np.inf)
    for cause, law in enumerate(failures.causes):
        if law is None or not law.ages:
            continue
        name = _names(key, cause, places.shape[1])
        drawn = exp(log(np.maximum(exponential(*name, FAIL), LEAST_DRAW)) / law.failure_k)
        whole_s = weibull_scale_s(law.mtbf_h, law.failure_k) * drawn
        rest_s = _rest_s(law.mtbf_h, law.failure_k, name, AGE)
        lives[:, cause] = np.where(_under_repair(law, name), whole_s, rest_s)
    return lives


def _names(key: U64, cause: int, cells: int) -> tuple[U64, I64, I64]:
    return key[:, None], np.zeros(1, np.int64), np.arange(cells, dtype=np.int64)[None] + cause * cells


def _under_repair(law: MeanTimes, name: tuple[U64, I64, I64]) -> Bool:
    return uniform(*name, START) >= law.availability


def _has_place(place: I32) -> Bool:
    return place == np.arange(len(place), dtype=np.int32)


def _rest_s(mean_h: float, shape: float, name: tuple[U64, I64, I64], purpose: int) -> F64:
    """Draw what is left of an interval met at random: any part of one that is drawn by its length (Cox 1962, 5.1)."""
    if shape == 1.0:
        return SECONDS_PER_HOUR * mean_h * exponential(*name, purpose)
    met = exp(log(gamma(1.0 + 1.0 / shape, *name, purpose)) / shape)
    return weibull_scale_s(mean_h, shape) * met * uniform(*name, purpose + RESIDUAL)
