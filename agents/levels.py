"""What each certificate level claims, at which confidence, and when it gives up."""

from __future__ import annotations

from dataclasses import dataclass

from ..envs.catalogue import UnknownNameError
from ..safety.certificate import Claim

VIOLATION, COST, INTERVENTION, SAVING = "violated episode", "mean cost", "intervention rate", "energy saving"


@dataclass(frozen=True)
class Level:
    """Limits and confidence of one level."""

    alpha: float  # chance of a false PASS over all attempts together
    violation: float  # probability that an episode breaks a promise
    cost: float  # mean share of control periods in which a promise is broken
    intervention: float  # mean share of decisions that the shield changes
    saving: float  # mean share of always-on energy that is saved
    most_episodes: int

    def claims(self, alpha_granted: float) -> tuple[Claim, ...]:
        """Split the granted alpha: half for the violations, the rest evenly."""
        rest = alpha_granted / 6
        return (
            Claim(VIOLATION, self.violation, alpha_granted / 2),
            Claim(COST, self.cost, rest),
            Claim(INTERVENTION, self.intervention, rest),
            Claim(SAVING, (1 - self.saving) / 2, rest),
        )


LEVELS = {
    "ci": Level(0.05, 1e-2, 2e-2, 0.15, 0.05, 1_600),
    "lab": Level(0.01, 1e-3, 2e-3, 0.15, 0.05, 18_000),
    "strict": Level(0.01, 1e-4, 2e-4, 0.15, 0.05, 180_000),
}


def level_named(name: str) -> Level:
    """Return a level; UnknownNameError names the nearest."""
    if name not in LEVELS:
        raise UnknownNameError("certificate level", name, list(LEVELS))
    return LEVELS[name]
