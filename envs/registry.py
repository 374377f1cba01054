"""The one list of control problems; a line here gives an environment its id and every property test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gymnasium as gym
from gymnasium.vector import AutoresetMode

from ..twin.params import Params
from ..twin.scenario import Scenario
from .catalogue import UnknownNameError
from .energy_saving import EnergySaving
from .task import Task
from .vector import TwinEnv, TwinVectorEnv

TASKS: dict[str, Callable[..., Task]] = {
    "ranrein/EnergySaving-v0": EnergySaving,
}


def make_task(task: str, weights: dict[str, float] | None = None) -> Task:
    """Build a registered control problem, with its own reward weights if given."""
    if task not in TASKS:
        raise UnknownNameError("control problem", task, list(TASKS))
    return TASKS[task]() if weights is None else TASKS[task](weights=dict(weights))


def make_env(
    task: str,
    scenario: str | Scenario | Params = "urban",
    render_mode: str | None = None,
    weights: dict[str, float] | None = None,
) -> TwinEnv:
    """Make the single environment of a registered id."""
    return TwinEnv(make_task(task, weights), scenario, render_mode)


def make_vector_env(
    task: str,
    num_envs: int = 1,
    scenario: str | Scenario | Params = "urban",
    weights: dict[str, float] | None = None,
    autoreset_mode: AutoresetMode = AutoresetMode.SAME_STEP,
) -> TwinVectorEnv:
    """Make the native batch of a registered id."""
    return TwinVectorEnv(make_task(task, weights), scenario, num_envs, autoreset_mode)


def register(tasks: dict[str, Callable[..., Task]] | None = None) -> None:
    """Register control problems with Gymnasium; one from outside the repository uses this hook too."""
    TASKS.update(tasks or {})
    for name in tasks or TASKS:
        if name not in gym.registry:
            extra: dict[str, Any] = {"kwargs": {"task": name}}
            gym.register(
                id=name,
                entry_point="ranrein.envs.registry:make_env",
                vector_entry_point="ranrein.envs.registry:make_vector_env",
                **extra,
            )
