"""A control problem: what is seen, what may be asked, what is rewarded and what is promised."""

from __future__ import annotations

from typing import Protocol

from gymnasium import spaces

from ..twin.command import Command
from ..twin.kpis import Kpis
from ..twin.params import Params
from ..twin.rules import Precedent
from ..twin.types import F64, I64, Bool
from .features import FeatureList


class Task(Protocol):
    """One control problem on the twin; see ``energy_saving.py`` for the smallest complete one."""

    @property
    def features(self) -> FeatureList:
        """What an agent sees."""
        ...

    @property
    def weights(self) -> dict[str, float]:
        """Weight of every reward term."""
        ...

    @property
    def budget(self) -> float:
        """Largest allowed episode mean of ``cost``."""
        ...

    def action_space(self, params: Params) -> spaces.MultiDiscrete:
        """Return the space of one action."""
        ...

    def decode(self, params: Params, actions: I64, precedent: Precedent) -> Command:
        """Translate actions (B, A) into a command."""
        ...

    def encode(self, params: Params, command: Command) -> I64:
        """Translate a command into the actions (B, A) that ask for it."""
        ...

    def masks(self, params: Params, precedent: Precedent) -> Bool:
        """Return which choices are legal, (B, sum of the choices of every action element)."""
        ...

    def reward_terms(self, params: Params, truth: Kpis, before: Command, after: Command) -> dict[str, F64]:
        """Return the named terms, each (B,) in [0, 1]."""
        ...


def weighted(terms: dict[str, F64], weights: dict[str, float]) -> F64:
    """Return the weighted mean of the terms, (B,) in [0, 1].

    Raises:
        ValueError: if a term has no weight, a weight has no term, or a weight is negative.
    """
    if set(terms) != set(weights):
        raise ValueError(
            f"reward weights {sorted(weights)} do not match the terms {sorted(terms)}; give one weight per term"
        )
    if not all(weight >= 0 for weight in weights.values()) or not sum(weights.values()) > 0:
        raise ValueError(f"reward weights {weights} must be non-negative and not all zero")
    total = sum(weights.values())
    return sum(
        (weights[name] / total * terms[name] for name in sorted(terms)),
        start=0.0 * next(iter(terms.values())),
    )
