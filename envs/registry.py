"""The one list of control problems; a line here gives an environment its id and every property test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gymnasium as gym
from gymnasium.vector import AutoresetMode

from .beam_continuous import ContinuousBeams
from .beam_control import BeamControl
from .catalogue import UnknownNameError, scenario_names
from .energy_saving import EnergySaving
from .joint_control import JointControl
from .slice_admission import SliceAdmission
from .task import Task
from .traffic_steering import TrafficSteering
from .vector import TwinEnv, TwinVectorEnv
from .world import WorldTask
from .worlds import AnyTask, network_of

TASKS: dict[str, Callable[..., AnyTask]] = {
    "ranrein/EnergySaving-v0": EnergySaving,
    "ranrein/SliceAdmission-v0": SliceAdmission,
    "ranrein/BeamControl-v0": BeamControl,
    "ranrein/TrafficSteering-v0": TrafficSteering,
    "ranrein/JointControl-v0": JointControl,
}

VARIANTS: dict[str, dict[str, Callable[..., AnyTask]]] = {
    "ranrein/BeamControl-v0": {"continuous": ContinuousBeams},
}
"""Other forms of a control problem, each by the argument of ``make_env`` that asks for it when it is True."""


def make_task(task: str, weights: dict[str, float] | None = None, variant: str | None = None) -> AnyTask:
    """Build a registered control problem, or a variant of it, with its own reward weights if given.

    Raises:
        UnknownNameError: for an unknown problem or reward weight.
        ValueError: if a reward term has no weight.
    """
    if task not in TASKS:
        raise UnknownNameError("control problem", task, list(TASKS))
    kind = TASKS[task] if variant is None else VARIANTS[task][variant]
    usual = kind()
    if weights is None:
        return usual
    for name in weights:
        if name not in usual.weights:
            raise UnknownNameError("reward weight", name, list(usual.weights))
    lacking = sorted(set(usual.weights) - set(weights))
    if lacking:
        raise ValueError(f"reward weights lack {', '.join(lacking)}; give one per term, 0 to leave it out")
    return kind(weights=dict(weights))


def _made(
    task: str, weights: dict[str, float] | None, settings: dict[str, object]
) -> tuple[AnyTask, dict[str, object]]:
    """Return the control problem that the settings ask for, and the settings that are the scenario's."""
    chosen, left = None, dict(settings)
    for name in VARIANTS.get(task, {}):
        wanted = left.pop(name, False)
        if not isinstance(wanted, bool):
            raise ValueError(f"{name}={wanted!r} is neither True nor False")
        chosen = name if wanted else chosen
    return make_task(task, weights, chosen), left


def make_twin_task(task: str, weights: dict[str, float] | None = None) -> Task:
    """Build a registered control problem that runs on the twin.

    Raises:
        UnknownNameError: for an unknown problem, or one of another world.
    """
    made = make_task(task, weights)
    if isinstance(made, WorldTask):
        on_twin = [name for name, kind in TASKS.items() if not isinstance(kind(), WorldTask)]
        raise UnknownNameError("control problem on the twin", task, on_twin)
    return made


def scenarios_of(task: AnyTask) -> tuple[str, ...]:
    """List the scenarios of a control problem by name: its own, or what is shipped for the twin."""
    return task.scenarios if isinstance(task, WorldTask) else tuple(scenario_names())


def all_scenarios() -> list[str]:
    """List every name that some control problem takes as its scenario."""
    return sorted({name for task in TASKS.values() for name in scenarios_of(task())})


def make_env(
    task: str,
    scenario: Any = None,  # noqa: ANN401  (a name, or what `network_of` takes)
    render_mode: str | None = None,
    weights: dict[str, float] | None = None,
    **settings: object,
) -> TwinEnv:
    """Make the single environment of a registered id; None is the problem's default scenario.

    ``settings`` are those of the scenario, such as ``capacity`` of a loss system, and variants of the problem, such as
    ``continuous=True``.

    Raises:
        ValueError: for an unknown id, scenario, setting or render mode, naming the nearest, or a value out of range.
    """
    chosen, left = _made(task, weights, settings)
    return TwinEnv(chosen, network_of(chosen, scenario, left), render_mode)


def make_vector_env(
    task: str,
    num_envs: int = 1,
    scenario: Any = None,  # noqa: ANN401
    weights: dict[str, float] | None = None,
    autoreset_mode: AutoresetMode = AutoresetMode.SAME_STEP,
    **settings: object,
) -> TwinVectorEnv:
    """Make the native batch of a registered id; see ``make_env``. It draws nothing, so it takes no render mode."""
    if settings.pop("render_mode", None) is not None:
        raise ValueError("render_mode: a batch draws nothing; render an environment made alone")
    chosen, left = _made(task, weights, settings)
    return TwinVectorEnv(chosen, network_of(chosen, scenario, left), num_envs, autoreset_mode)


def register(tasks: dict[str, Callable[..., AnyTask]] | None = None) -> None:
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
