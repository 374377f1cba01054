"""What counts as an action: checked before anything changes, whole numbers for choices and real ones for settings."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces

from ..twin.kernels.rules import outside_rows
from ..twin.types import F64, I64

ActionSpace = spaces.MultiDiscrete | spaces.Box
Actions = I64 | F64  # (B, A)
_I64 = np.dtype(np.int64)


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


def check_of(space: ActionSpace, num_envs: int) -> ChoiceCheck | SettingCheck:
    """Return what takes the actions of ``num_envs`` replicas as they come and gives them as the problem reads them."""
    return (ChoiceCheck if isinstance(space, spaces.MultiDiscrete) else SettingCheck)(space, num_envs)


class ChoiceCheck:
    """Takes choices of B replicas.

    Args:
        space: of one replica.
        num_envs: B.
    """

    def __init__(self, space: ActionSpace, num_envs: int) -> None:
        self._shape = (num_envs, *space.shape)
        self._choices = choices_of(space)

    def __call__(self, actions: Any) -> I64:  # noqa: ANN401
        """Return the choices, (B, A); ValueError says what is wrong with them."""
        taken = self.taken(actions)
        if outside_rows(taken, self._choices):
            raise self.refusal(taken)
        return taken

    def taken(self, actions: Any) -> I64:  # noqa: ANN401
        """Return a copy, (B, A), of whole numbers, whatever they are: for who looks at them anyway."""
        array = _shaped(actions, self._shape)
        if array.dtype.kind not in "iu":
            raise ValueError(f"actions are {array.dtype}, need integers 0..{int(self._choices.max()) - 1}")
        return array.astype(_I64, order="C")  # kernels are compiled for rows side by side

    def refusal(self, taken: I64) -> ValueError:
        """Return what to say of the first choice that there is not."""
        row, column = np.argwhere((taken < 0) | (taken >= self._choices))[0].tolist()
        need = f"0..{int(self._choices[column]) - 1}"
        return ValueError(f"actions[{row}, {column}] is {taken[row, column]}, need {need}")


class SettingCheck:
    """Takes numbers of [-1, 1] for B replicas; see ``ChoiceCheck``."""

    def __init__(self, space: ActionSpace, num_envs: int) -> None:
        self._shape = (num_envs, *space.shape)

    def __call__(self, actions: Any) -> F64:  # noqa: ANN401
        """Return the numbers, (B, A); ValueError says what is wrong with them."""
        array = _shaped(actions, self._shape)
        if array.dtype.kind != "f":
            raise ValueError(f"actions are {array.dtype}, need floating-point numbers in [-1, 1]")
        inside = np.abs(array) <= 1.0
        if not inside.all():
            row, column = np.argwhere(~inside)[0].tolist()
            raise ValueError(f"actions[{row}, {column}] is {array[row, column]}, need -1..1")
        return array.astype(np.float64, order="C")


def _shaped(actions: Any, shape: tuple[int, ...]) -> np.ndarray:  # noqa: ANN401
    try:
        array = np.asarray(actions)
    except ValueError as error:
        raise ValueError(f"actions have rows of unlike lengths, need shape {shape}") from error
    if array.shape != shape:
        raise ValueError(f"actions have shape {array.shape}, need {shape}")
    return array
