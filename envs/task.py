"""A control problem: what is seen, what may be asked, what is rewarded and what is promised."""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

from ..twin.command import Command
from ..twin.params import Params
from ..twin.rules import Precedent
from ..twin.types import F64, Bool
from .actions import ActionSpace
from .features import FeatureList
from .simulation import Outcome
from .weights import checked_weights

Numbers = TypeVar("Numbers", F64, float)


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

    def action_space(self, params: Params) -> ActionSpace:
        """Return the space of one action."""
        ...

    def decode(self, params: Params, actions: Any, precedent: Precedent) -> Command:  # noqa: ANN401
        """Translate actions (B, A), numbers of choices or of a box, into a command."""
        ...

    def encode(self, params: Params, command: Command) -> Any:  # noqa: ANN401
        """Translate a command into the actions (B, A) that ask for it."""
        ...

    def masks(self, params: Params, precedent: Precedent) -> Bool:
        """Return which choices are legal, (B, sum of the choices of every action element); none of a box."""
        ...

    def reward_terms(self, params: Params, outcome: Outcome) -> dict[str, F64]:
        """Return the named terms, each (B,) in [0, 1]."""
        ...


def choices_of_task(task: Task, params: Params) -> ActionSpace:
    """Return the space of one action of a problem on a network.

    Raises:
        ValueError: if the network leaves nothing to choose; names the scenario and the problem.
    """
    space = task.action_space(params)
    if not space.shape[0]:
        raise ValueError(
            f"scenario {params.scenario.name!r} leaves {type(task).__name__} nothing to choose: take another, or "
            "give it carriers that may be controlled, such as those of layer: capacity, which may sleep"
        )
    return space


class Weighting:
    """The weighted mean of reward terms.

    Raises:
        ValueError: if a weight is no finite number of 0 or more, or all are zero.
    """

    def __init__(self, weights: dict[str, float]) -> None:
        checked = checked_weights(weights)
        total = sum(checked.values())
        self._shares = {name: checked[name] / total for name in sorted(checked)}

    def __call__(self, terms: dict[str, Numbers]) -> Numbers:
        """Return the mean in [0, 1], (B,) or a number like the terms.

        Raises:
            ValueError: if a term has no weight, or a weight has no term.
        """
        if terms.keys() != self._shares.keys():
            names = f"reward weights {sorted(self._shares)} do not match the terms {sorted(terms)}"
            raise ValueError(f"{names}; give one weight per term")
        (first, share), *others = self._shares.items()
        mean = share * terms[first]
        for name, share in others:
            mean = mean + share * terms[name]
        return mean


def weighted(terms: dict[str, F64], weights: dict[str, float]) -> F64:
    """Return the weighted mean of the terms, see ``Weighting``."""
    return Weighting(weights)(terms)
