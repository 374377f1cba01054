"""Nobody beats a bound: every problem on every scenario it is shipped for, against random and searched plans."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ranrein.envs.bounds import bound_of
from ranrein.envs.registry import make_task
from ranrein.envs.vector import TwinVectorEnv
from ranrein.envs.worlds import AnyTask

from .conftest import network_named, shipped, shortened

SEEDS, COPIES, ROUNDS = 2, 12, 6  # episodes, plans of each side by side, turns of the search
DECISIONS = {
    "dense_urban": 2,
    "steering": 6,
    "loss_system": 40,
}  # of an episode; where the bound takes longer, fewer
SLACK = 1e-9


def returns(env: TwinVectorEnv, seeds: np.ndarray, plans: np.ndarray) -> np.ndarray:
    """Return of every row (N,) that follows its plan, (T, N, A)."""
    env.reset(seed=seeds.tolist())
    total = np.zeros(len(seeds))
    for actions in plans:
        total += env.step(actions)[1]
    return total


def first_plans(env: TwinVectorEnv, periods: int, rng: np.random.Generator) -> np.ndarray:
    """Plans (T, N, A): nothing changes, first and last choices, and random ones that change often or seldom."""
    choices, n = env.single_action_space.nvec, env.num_envs
    env.reset(seed=0)
    kept = np.tile(np.array([0.0, 0.5, 0.9, 1.0]), n // 4)[:, None]
    plans = rng.integers(0, choices, (periods, n, len(choices)))
    for t in range(1, periods):
        plans[t] = np.where(rng.random(plans[t].shape) < kept, plans[t - 1], plans[t])
    plans[:, ::COPIES] = env.world.stay()[0]
    plans[:, 1::COPIES], plans[:, 2::COPIES] = 0, choices - 1
    return plans


def improved(
    plans: np.ndarray, reached: np.ndarray, rng: np.random.Generator, choices: np.ndarray
) -> np.ndarray:
    """The best plan of every seed, and copies with some choices changed for a while."""
    best = reached.reshape(SEEDS, COPIES).argmax(axis=1) + COPIES * np.arange(SEEDS)
    tried = np.repeat(plans[:, best], COPIES, axis=1)
    for row in range(tried.shape[1]):
        start, column = rng.integers(len(tried)), rng.integers(len(choices))
        if row % COPIES:
            tried[start : start + rng.integers(1, 6), row, column] = rng.integers(choices[column])
    return tried


@pytest.mark.parametrize(("task_id", "scenario"), shipped())
def test_no_random_and_no_searched_plan_beats_the_bound(task_id: str, scenario: str) -> None:
    periods, task = DECISIONS.get(scenario, 12), make_task(task_id)
    network = shortened(network_named(task_id, scenario), periods)
    bound = bound_of(task, network, np.arange(SEEDS))
    assert bound is not None
    if bound.on_average:
        assert_not_on_average(task, network)
        return
    rng, seeds = np.random.default_rng(0), np.repeat(np.arange(SEEDS), COPIES)
    env, most = TwinVectorEnv(task, network, len(seeds)), np.repeat(bound.episode_return, COPIES)
    plans = first_plans(env, periods, rng)
    found = [returns(env, seeds, plans)]
    for _ in range(ROUNDS):
        plans = improved(plans, found[-1], rng, env.single_action_space.nvec)
        found.append(returns(env, seeds, plans))
    assert np.all(np.stack(found) <= most + SLACK)
    assert found[-1].max() > found[0].min()
    assert np.all(bound.episode_return <= periods)


def assert_not_on_average(task: AnyTask, network: Any) -> None:
    """A bound of the mean: many episodes under plans that cannot know what comes."""
    n, rng = 400, np.random.default_rng(0)
    env, bound = TwinVectorEnv(task, network, n), bound_of(task, network, np.arange(n))
    assert bound is not None
    shares = np.array([0.0, 0.5, 0.9, 1.0])[:, None, None]
    periods, choices = env.world.periods_per_episode, env.single_action_space.nvec
    for admitted in (rng.random((4, periods, n)) < shares)[..., None] * (choices - 1):
        above = returns(env, np.arange(n), admitted) - bound.episode_return
        assert above.mean() <= 3 * above.std() / np.sqrt(n)
