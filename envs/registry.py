"""The one list of control problems; a line here gives an environment its id and every property test."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode

from .beam_continuous import ContinuousBeams
from .beam_control import BeamControl
from .catalogue import UnknownArgumentError, UnknownNameError, scenario_names
from .energy_saving import EnergySaving
from .joint_control import JointControl
from .slice_admission import SliceAdmission
from .task import Task
from .traffic_steering import TrafficSteering
from .vector import TwinEnv, TwinVectorEnv
from .weights import checked_weights
from .world import WorldTask
from .worlds import AnyTask, default_scenario, network_of

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


SWITCHES: dict[str, dict[str, bool]] = {
    "ranrein/EnergySaving-v0": {"chooses_ssb_period": True},
    "ranrein/JointControl-v0": {"watches_conflicts": False},
}
"""Fields of a control problem that are arguments of ``make_env`` too, with what they are where not given."""

SHIPPED = frozenset(TASKS)


def make_task(
    task: str,
    weights: dict[str, float] | None = None,
    variant: str | None = None,
    switches: Mapping[str, bool] | None = None,
) -> AnyTask:
    """Build a registered control problem, or a variant of it, with its own reward weights if given.

    Raises:
        UnknownNameError: for an unknown problem or reward weight.
        ValueError: if a reward term has no weight, or one that is no finite number of 0 or more.
    """
    if task not in TASKS:
        raise UnknownNameError("control problem", task, list(TASKS))
    kind = TASKS[task] if variant is None else VARIANTS[task][variant]
    kind = partial(kind, **switches) if switches else kind
    usual = kind()
    if weights is None:
        return usual
    weights = checked_weights(weights)
    for name in weights:
        if name not in usual.weights:
            raise UnknownNameError("reward weight", name, list(usual.weights))
    lacking = sorted(set(usual.weights) - set(weights))
    if lacking:
        raise ValueError(f"reward weights lack {', '.join(lacking)}; give one per term, 0 to leave it out")
    return kind(weights=weights)


def _made(
    task: str,
    weights: dict[str, float] | None,
    scenario: Any,  # noqa: ANN401
    settings: dict[str, object],
) -> tuple[AnyTask, Any]:
    """Return the control problem that the settings ask for, and the network that the rest of them describe."""
    usual = dict.fromkeys(VARIANTS.get(task, {}), False) | SWITCHES.get(task, {})
    unusual = {name: _truth(name, settings[name]) for name in settings if name in usual}
    unusual = {name: value for name, value in unusual.items() if value is not usual[name]}
    chosen = next((name for name in unusual if name in VARIANTS.get(task, {})), None)
    made = make_task(task, weights, chosen, {name: on for name, on in unusual.items() if name != chosen})
    try:
        return made, network_of(
            made, scenario, {name: settings[name] for name in settings if name not in usual}
        )
    except UnknownArgumentError as error:
        raise error.beside(list(usual)) from None


def _truth(name: str, value: object) -> bool:
    if not isinstance(value, bool | np.bool_):
        raise ValueError(f"{name}={value!r} is neither True nor False")
    return bool(value)


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


def own_scenario(task: str) -> str:
    """Return the scenario of a registered id where none is named; UnknownNameError for another id."""
    return default_scenario(make_task(task))


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

    ``settings`` are those of the scenario, such as ``capacity`` of a loss system, and those of the problem: variants,
    such as ``continuous=True``, and ``SWITCHES``, such as ``watches_conflicts=True``.

    Raises:
        ValueError: for an unknown id, scenario, setting or render mode, naming the nearest, or a value out of range.
    """
    return TwinEnv(*_made(task, weights, scenario, settings), render_mode)


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
    if settings.pop("max_episode_steps", None) is not None:
        raise ValueError(
            "max_episode_steps: a batch ends its episodes where the scenario does; set timing.episode_s there, "
            "or episode_requests of a loss system, or take vectorization_mode='sync'"
        )
    return TwinVectorEnv(*_made(task, weights, scenario, settings), num_envs, autoreset_mode)


def register(tasks: dict[str, Callable[..., AnyTask]] | None = None, replace: bool = False) -> None:
    """Register control problems with Gymnasium; one from outside the repository uses this hook too.

    Args:
        tasks: what builds each, by its id; None registers what is shipped.
        replace: take over an id that is shipped, with all its scenarios, variants and tests.

    Raises:
        ValueError: for an id that is shipped, unless it is to be replaced; nothing is registered then.
    """
    taken = [name for name, kind in (tasks or {}).items() if name in SHIPPED and kind is not TASKS[name]]
    if taken and not replace:
        raise ValueError(f"{taken[0]} is shipped with Ranrein: choose another id, or pass replace=True")
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
