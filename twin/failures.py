"""How a network fails: radio units one by one, sites all at once, and the delay until anybody notices.

Alternating renewal: times to failure and repairs are exponential, so that a unit in working order forgets its age (the
case k = 1 of `faults.py`, which knows the others). Without a law nothing fails. The default times are assumptions: no
public table of radio-access failures was found.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .checks import positive
from .draws import exponential, uniform
from .kernels.failures import LEFT_S, N_CAUSES, REPAIR, START
from .types import F32, I32, U64

SECONDS_PER_HOUR = 3600.0
LARGEST_DETECTION_S = 1e6


@dataclass(frozen=True)
class MeanTimes:
    """Of one kind of failure; ValueError on a time that is not positive and finite."""

    mtbf_h: float  # from repair to the next failure
    mttr_h: float  # of a repair, without the boot after it

    def __post_init__(self) -> None:
        positive("failures mtbf_h", self.mtbf_h)
        positive("failures mttr_h", self.mttr_h)

    @property
    def availability(self) -> float:
        """Return the share of the time in working order in the long run."""
        return self.mtbf_h / (self.mtbf_h + self.mttr_h)


@dataclass(frozen=True)
class Failures:
    """The laws of all causes; None for what never fails. An outage of a site takes all its cells down together."""

    radio_unit: MeanTimes | None = None  # of each cell
    site_power: MeanTimes | None = None  # of each site
    site_transport: MeanTimes | None = None  # of each site
    detection_s: tuple[float, float] = (60.0, 300.0)  # until the network notices, uniform

    def __post_init__(self) -> None:
        low, high = self.detection_s
        if not (0.0 <= low <= high <= LARGEST_DETECTION_S):
            raise ValueError(
                f"failures.detection_s={self.detection_s}: give 0 <= least <= most <= {LARGEST_DETECTION_S:g} seconds"
            )

    @property
    def causes(self) -> tuple[MeanTimes | None, ...]:
        """The laws in the order of the kernel's causes."""
        return self.radio_unit, self.site_power, self.site_transport

    @property
    def possible(self) -> bool:
        """Tell whether anything can fail."""
        return any(law is not None for law in self.causes)


def first_outages(failures: Failures, first_of_site: I32, boot_s: float, key: U64) -> F32:
    """Draw what is under repair when an episode begins, (B, N_CAUSES, C, 2); without causes if nothing can fail.

    The steady state: a unit is under repair with the share of the time that it is in the long run, and what is left
    of a repair has the law of a whole one. What failed before is known.

    Args:
        failures: the laws.
        first_of_site: (C,), first cell at the site of each; site causes have their place there.
        boot_s: after every repair.
        key: (B,).
    """
    n, cells = len(key), len(first_of_site)
    outage = np.zeros((n, N_CAUSES if failures.possible else 0, cells, 2), np.float32)
    alone = first_of_site == np.arange(cells, dtype=np.int32)
    for cause, law in enumerate(failures.causes):
        if law is None:
            continue
        entity, zero = np.arange(cells)[None] + cause * cells, np.zeros(1, np.int64)
        under_repair = uniform(key[:, None], zero, entity, START) >= law.availability
        repair_s = SECONDS_PER_HOUR * law.mttr_h * exponential(key[:, None], zero, entity, REPAIR)
        here = under_repair & (alone if cause else np.ones(cells, np.bool_))
        outage[:, cause, :, LEFT_S] = np.where(here, repair_s + boot_s, 0.0)
    return outage
