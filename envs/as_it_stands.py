"""The baseline of a control problem that has no rules of its own."""

from __future__ import annotations

from dataclasses import dataclass

from ..twin.params import Params
from .actions import Actions
from .task import Task
from .window import Window


@dataclass
class AsItStands:
    """Every choice stays what it is; an episode begins with the network as planned."""

    task: Task
    name: str = "as it stands"

    def begin(self, params: Params, n: int) -> None:
        """Nothing to remember."""

    def actions(self, params: Params, window: Window) -> Actions:
        """Ask for the command in force, (B, A)."""
        return self.task.encode(params, window.precedent.command)
