"""What a picture talks of: what is decided on a network, and so what is worth a line in it."""

from __future__ import annotations

from dataclasses import dataclass

from ..twin.params import Params
from .task import Task

_TOLD_BY = {"sleep": "state of", "patterns": "pattern of", "offsets": "offset of"}  # features of the problems


@dataclass(frozen=True)
class Topics:
    """What is decided; the words of the picture, its lines and its largest number follow from it."""

    sleep: bool
    patterns: bool
    offsets: bool
    slices: bool

    @staticmethod
    def of(params: Params, task: Task | None = None) -> Topics:
        """Return what a control problem decides on a network, by what an agent sees of it; without one, what it could.

        Args:
            params: the network.
            task: the control problem, or None.
        """
        slices, could = bool(params.scenario.slicing.types), _possible(params)
        seen = () if task is None else [each.name for each in task.features if each.elements(params)]
        told = {topic: name in seen for topic, name in _TOLD_BY.items()}
        known = told if any(told.values()) or (slices and task is not None) else could
        return Topics(**known, slices=slices)

    @property
    def count(self) -> int:
        """How many topics there are."""
        return sum((self.sleep, self.patterns, self.offsets, self.slices))


def _possible(params: Params) -> dict[str, bool]:
    """Return what could be decided; offsets always could, and are a topic where nothing else is."""
    sleep, patterns = bool(params.is_capacity.any()), bool((params.n_beams > 1).any())
    return {"sleep": sleep, "patterns": patterns, "offsets": not (sleep or patterns)}
