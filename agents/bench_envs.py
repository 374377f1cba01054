"""The speed of every registered environment on its default scenario, single and vectorised, and of its kernel alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..envs.registry import TASKS, make_env, make_task, make_vector_env
from ..envs.worlds import default_scenario, network_of
from ..twin.params import Params
from .bench_cases import Case, kernel_case


def env_cases(num_envs: int, left_out: str) -> list[Case]:
    """Return single, vector and kernel of every registered problem but one, which is measured elsewhere.

    A kernel is that of a control period with everything awake; worlds without the twin have no such case.
    """
    cases = []
    for task in (name for name in TASKS if name != left_out):
        problem = make_task(task)
        network = network_of(problem, None)
        cases += [Case(single(task), _single(task)), Case(vector(task, num_envs), _vector(task, num_envs))]
        if isinstance(network, Params):
            period = network.scenario.timing.steps_per_period
            cases += [kernel_case(f"{task} kernel B={b}", network, b, period) for b in {1, num_envs}]
    return cases


def single(task: str) -> str:
    """Name the case of a single environment."""
    return f"{task} on {default_scenario(make_task(task))}, single"


def vector(task: str, num_envs: int) -> str:
    """Name the case of a vector environment."""
    return f"{task} on {default_scenario(make_task(task))}, vector of {num_envs}"


def env_rows(num_envs: int, seconds: dict[str, float], left_out: str) -> list[tuple[str, float, str]]:
    """Return steps/s of every environment, and the share of the time that its kernel does not take."""
    rows = []
    for task in (name for name in TASKS if name != left_out):
        for name, n in ((single(task), 1), (vector(task, num_envs), num_envs)):
            rows.append((name, n / seconds[name], "steps/s"))
            inside = seconds.get(f"{task} kernel B={n}")
            if inside is not None:
                rows.append(
                    (f"{name}, outside the kernel", 100 * (1 - inside / seconds[name]), "% of the time")
                )
    return rows


def _single(task: str) -> Callable[[], object]:
    env = make_env(task)
    env.reset(seed=0)
    action = np.zeros_like(env.action_space.sample())

    def step() -> None:
        _, _, terminated, truncated, _ = env.step(action)
        if terminated or truncated:
            env.reset()

    return step


def _vector(task: str, num_envs: int) -> Callable[[], object]:
    env = make_vector_env(task, num_envs)
    env.reset(seed=0)
    actions = np.zeros_like(env.action_space.sample())
    return lambda: env.step(actions)
