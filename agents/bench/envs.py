"""The speed of every registered environment on its scenarios, single and vectorised, and of its kernel alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np

from ...envs.loss_scenario import LOSS_SYSTEM, LossScenario
from ...envs.loss_world import ADMIT
from ...envs.registry import TASKS, make_env, make_task, make_vector_env
from ...envs.worlds import DEFAULT_SCENARIO, network_of
from ...twin.loss.door import Room, Worth, answer_doors, door_of, revenue_of
from ...twin.loss.simulation import await_request, begin_loss
from ...twin.params import Params
from .cases import Case, kernel_case

_MANY = 16  # times as many where a decision is soon made


def env_cases(num_envs: int, left_out: str) -> list[Case]:
    """Return single, vector and kernel of every registered problem but one, which is measured elsewhere.

    A kernel is the compiled code of a decision alone, with everything awake, or whoever fits admitted.
    """
    cases = []
    for task, scenario in _places(left_out):
        network = network_of(make_task(task), scenario)
        cases.append(Case(single(task, scenario), _single(task, scenario)))
        for n in _sizes(scenario, num_envs):
            cases.append(Case(vector(task, scenario, n), _vector(task, scenario, n)))
        cases += [_kernel(task, scenario, network, n) for n in sorted({1, *_sizes(scenario, num_envs)})]
    return cases


def single(task: str, scenario: str) -> str:
    """Name the case of a single environment."""
    return f"{task} on {scenario}, single"


def vector(task: str, scenario: str, num_envs: int) -> str:
    """Name the case of a vector environment."""
    return f"{task} on {scenario}, vector of {num_envs}"


def env_rows(num_envs: int, seconds: dict[str, float], left_out: str) -> list[tuple[str, float, str]]:
    """Return steps/s of every environment, and the share of the time that its kernel does not take."""
    rows = []
    for task, scenario in _places(left_out):
        sizes = [(vector(task, scenario, n), n) for n in _sizes(scenario, num_envs)]
        for name, n in ((single(task, scenario), 1), *sizes):
            inside = seconds[_alone(task, scenario, n)] / seconds[name]
            rows.append((name, n / seconds[name], "steps/s"))
            rows.append((f"{name}, outside the kernel", 100 * (1 - inside), "% of the time"))
    return rows


def _places(left_out: str) -> list[tuple[str, str]]:
    """Return each problem with each of its own scenarios, or with the one where none is named."""
    names = {task: getattr(make_task(task), "scenarios", (DEFAULT_SCENARIO,)) for task in TASKS}
    return [(task, scenario) for task in TASKS if task != left_out for scenario in names[task]]


def _sizes(scenario: str, num_envs: int) -> tuple[int, ...]:
    """Return the sizes of vectors; a decision of a loss system takes 0.2 us, so that many more pay side by side."""
    return (num_envs, _MANY * num_envs) if scenario == LOSS_SYSTEM else (num_envs,)


def _alone(task: str, scenario: str, n: int) -> str:
    return f"{task} on {scenario}, kernel B={n}"


def _kernel(task: str, scenario: str, network: Any, n: int) -> Case:  # noqa: ANN401  (of any world)
    name = _alone(task, scenario, n)
    if isinstance(network, Params):
        return kernel_case(name, network, n, network.scenario.timing.steps_per_period)
    return _door_case(name, network, n)


def _door_case(name: str, network: LossScenario, n: int) -> Case:
    """Answer one request after the other: the compiled code alone."""
    system, seeds, none = network.system, np.arange(n, dtype=np.int64), np.zeros(n, np.int64)
    revenue = revenue_of(system)
    door = door_of(system, Worth(revenue, revenue, revenue), network.episode_requests)
    state, everybody = begin_loss(system, seeds, none), np.full((n, 1), ADMIT)
    out = Room(n, system.n_classes)()
    await_request(state)
    return Case(name, lambda: answer_doors(door, state.arrays, none, everybody, out))


def _single(task: str, scenario: str) -> Callable[[], object]:
    env = make_env(task, scenario=scenario)
    env.reset(seed=0)
    action = _usual(scenario, env.action_space)

    def step() -> None:
        _, _, terminated, truncated, _ = env.step(action)
        if terminated or truncated:
            env.reset()

    return step


def _vector(task: str, scenario: str, num_envs: int) -> Callable[[], object]:
    env = make_vector_env(task, num_envs, scenario=scenario)
    env.reset(seed=0)
    actions = _usual(scenario, env.action_space)
    return lambda: env.step(actions)


def _usual(scenario: str, space: gym.Space[Any]) -> np.ndarray:
    """Return what keeps everything awake, or admits whoever fits: those who are in service leave, which is work too."""
    return np.full_like(space.sample(), ADMIT if scenario == LOSS_SYSTEM else 0)
