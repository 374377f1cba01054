"""A scenario that was fitted to what a network reported, with the margin that its residuals ask for."""

from __future__ import annotations

import math
from dataclasses import dataclass

from .scenario import Scenario


@dataclass(frozen=True)
class FittedScenario(Scenario):
    """What ``ranrein calibrate`` makes of a scenario: same network, fitted numbers.

    ``growth_margin`` is the factor by which demand outgrew the belief two control periods ahead on days that were not
    fitted (conformal quantile); the shield's demand factor is at least this.
    """

    growth_margin: float = 1.0
    fit_digest: str = ""  # of the fit it comes from

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1.0 <= self.growth_margin < math.inf:
            raise ValueError(f"growth_margin={self.growth_margin} is below 1 or not finite; no margin is 1")


def growth_margin(scenario: Scenario) -> float:
    """Return the measured margin of a fitted scenario, 1 for any other."""
    return scenario.growth_margin if isinstance(scenario, FittedScenario) else 1.0
