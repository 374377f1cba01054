"""What counts as an action: checked before anything changes, whole numbers for choices and real ones for settings."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces

from ..twin.kernels.rules import outside_rows
from ..twin.types import F64, I64

ActionSpace = spaces.MultiDiscrete | spaces.Box
Actions = I64 | F64  # (B, A)


def n_choices(space: ActionSpace) -> int:
    """Return how many choices masks are about: those of every element, none where it is a number of a range."""
    return int(space.nvec.sum()) if isinstance(space, spaces.MultiDiscrete) else 0


def choices_of(space: ActionSpace) -> I64:
    """Return how many choices every element has, (A,); ValueError where it is a number of a range."""
    if not isinstance(space, spaces.MultiDiscrete):
        raise ValueError(
            f"{space} has no choices to count; take the variant of the problem without continuous=True"
        )
    return np.asarray(space.nvec, np.int64)


class ActionCheck:
    """Takes the actions of B replicas as they come and gives them as the problem reads them.

    Args:
        space: of one replica.
        num_envs: B.
    """

    def __init__(self, space: ActionSpace, num_envs: int) -> None:
        self._shape = (num_envs, *space.shape)
        self._choices = choices_of(space) if isinstance(space, spaces.MultiDiscrete) else None

    def __call__(self, actions: Any) -> Actions:  # noqa: ANN401
        """Return a batch of actions, (B, A) int64 or float64; ValueError says what is wrong with them."""
        try:
            array = np.asarray(actions)
        except ValueError as error:
            raise ValueError(f"actions have rows of unlike lengths, need shape {self._shape}") from error
        if array.shape != self._shape:
            raise ValueError(f"actions have shape {array.shape}, need {self._shape}")
        return _settings(array) if self._choices is None else _chosen(array, self._choices)


def _chosen(array: np.ndarray, choices: I64) -> I64:
    if array.dtype.kind not in "iu":
        raise ValueError(f"actions are {array.dtype}, need integers 0..{int(choices.max()) - 1}")
    checked = array.astype(np.int64)
    if outside_rows(checked, choices):
        row, column = np.argwhere((checked < 0) | (checked >= choices))[0].tolist()
        raise ValueError(
            f"actions[{row}, {column}] is {array[row, column]}, need 0..{int(choices[column]) - 1}"
        )
    return checked


def _settings(array: np.ndarray) -> F64:
    if array.dtype.kind != "f":
        raise ValueError(f"actions are {array.dtype}, need floating-point numbers in [-1, 1]")
    checked = array.astype(np.float64)
    inside = np.abs(checked) <= 1.0
    if not inside.all():
        row, column = np.argwhere(~inside)[0].tolist()
        raise ValueError(f"actions[{row}, {column}] is {array[row, column]}, need -1..1")
    return checked
