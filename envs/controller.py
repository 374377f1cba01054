"""Whatever decides: baselines, learned policies and people speak through this one interface."""

from __future__ import annotations

from typing import Protocol

from ..twin.params import Params
from ..twin.types import I64
from .window import Window


class Controller(Protocol):
    """Decides once per control period for B replicas, from reports only."""

    @property
    def name(self) -> str:
        """Short name for tables and plots."""
        ...

    def begin(self, params: Params, n: int) -> None:
        """Forget everything: an episode begins in each of n replicas."""
        ...

    def actions(self, params: Params, window: Window) -> I64:
        """Choose the actions of every replica, (B, A), in the order of the task's action space."""
        ...
