"""What every registered control problem must do on harder variants of its scenarios, and what it must not see."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from stable_baselines3.common.env_checker import check_env as check_env_of_sb3

from ranrein.envs.registry import make_task
from ranrein.envs.task import weighted
from ranrein.envs.variants import VARIANTS
from ranrein.envs.vector import TwinEnv, TwinVectorEnv
from ranrein.envs.worlds import AnyTask, observed, world_of
from ranrein.twin.params import Params
from ranrein.twin.sla import CONSTRAINTS, margins

from .acting import drawn, masks_of, random_actions
from .conftest import (
    HARD,
    Problem,
    name_of,
    network_named,
    on_twin,
    params_named,
    problems,
    shipped,
    shortened,
)

PERIODS, ROWS = 12, 16
HARDER = [(problem, hard) for problem in on_twin() for hard in HARD]
FEW = 4  # rows where a scenario may be large
OTHERS = [(name, scenario, None) for name, scenario in shipped() if (name, scenario, None) not in problems()]
EVERYWHERE = [(problem, ROWS) for problem in problems()] + [(problem, FEW) for problem in OTHERS]
HIDDEN = "fu"  # kinds of arrays that are never shown as they are: real numbers, and the key of all chance


@pytest.mark.parametrize(("problem", "hard"), HARDER, ids=name_of)
def test_both_checkers_find_nothing_on_harder_variants(problem: Problem, hard: tuple[str, ...]) -> None:
    task, short = make_task(problem[0], None, problem[2]), shortened(params_named(problem[1], *hard), PERIODS)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(TwinEnv(task, short), skip_render_check=True)
        check_env_of_sb3(TwinEnv(task, short), skip_render_check=True)


@pytest.mark.parametrize(("problem", "hard"), HARDER, ids=name_of)
def test_rewards_costs_and_observations_keep_their_ranges_on_harder_variants(
    problem: Problem, hard: tuple[str, ...]
) -> None:
    task, params = make_task(problem[0], None, problem[2]), params_named(problem[1], *hard)
    env, rng = TwinVectorEnv(task, params, ROWS), np.random.default_rng(0)
    env.reset(seed=0)
    for _ in range(4 * PERIODS):
        observation, reward, terminated, _, info = env.step(random_actions(env, rng))
        assert env.observation_space.contains(observation)
        assert not terminated.any()
        costs = np.stack(list(info["costs"].values()))
        for values in (reward, info["cost"], costs, *info["reward_terms"].values()):
            assert np.all((values >= 0) & (values <= 1))
        assert np.array_equal(info["cost"], (costs > 0).any(axis=0))
        assert np.array_equal(reward, weighted(info["reward_terms"], task.weights))


@pytest.mark.parametrize("problem", on_twin(), ids=name_of)
def test_a_promise_costs_exactly_where_its_margin_is_negative(problem: Problem) -> None:
    task, params = make_task(problem[0], None, problem[2]), params_named(problem[1], "blackout")
    env, rng, broken = TwinVectorEnv(task, params, 4 * ROWS), np.random.default_rng(0), 0
    env.reset(seed=0)
    for _ in range(6 * PERIODS):
        *_, info = env.step(drawn(env.single_action_space, rng, env.num_envs))
        costs = np.stack([info["costs"][name] for name in CONSTRAINTS], axis=1)
        arrived = env.window.kpis.valid.all(axis=1)  # where the report is what happened
        margin = margins(env.window.kpis, params.scenario.sla)
        assert np.array_equal((costs > 0)[arrived], ~(margin >= 0)[arrived])
        broken += int((costs > 0).sum())
    assert broken


def moved(task: AnyTask, network: Any, rows: int) -> np.ndarray:
    """Which observation elements ever change in days of legal actions that change often or seldom."""
    env, rng = TwinVectorEnv(task, network, rows), np.random.default_rng(0)
    least = most = env.reset(seed=0)[0]
    kept = np.tile([0.0, 0.5, 0.9, 0.99], rows // 4)[:, None]
    for _ in range(env.world.periods_per_episode - 1):
        actions = random_actions(env, rng)
        stays = masks_of(env) != [] and rng.random(actions.shape) < kept
        shown = env.step(np.where(stays, env.world.stay(), actions).astype(actions.dtype))[0]
        least, most = np.minimum(least, shown), np.maximum(most, shown)
    return (most > least).any(axis=0)


@pytest.mark.parametrize(("problem", "rows"), EVERYWHERE, ids=[name_of(problem) for problem, _ in EVERYWHERE])
def test_every_observation_element_moves_in_a_scenario_or_a_harder_variant_of_it(
    problem: Problem, rows: int
) -> None:
    task, network = make_task(problem[0], None, problem[2]), network_named(*problem)
    names = [f"{f.name} {element}".strip() for f in task.features for element in f.elements(network)]
    still = ~moved(task, network, rows)
    assert len(still) == len(names)
    for variant in VARIANTS if isinstance(network, Params) else ():
        if still.any():
            still &= ~moved(task, params_named(problem[1], variant), rows)
    assert [name for name, constant in zip(names, still, strict=True) if constant] == []


@pytest.mark.parametrize("problem", on_twin(), ids=name_of)
def test_harder_variants_have_the_spaces_of_the_scenario(problem: Problem) -> None:
    task = make_task(problem[0], None, problem[2])
    usual = world_of(task, params_named(problem[1]), 1)
    for variant in VARIANTS:
        world = world_of(task, params_named(problem[1], variant), 1)
        assert world.observation_space == usual.observation_space
        assert world.action_space == usual.action_space


def test_what_was_not_reported_is_not_observed(task: AnyTask, network: Any) -> None:
    env, rng = TwinVectorEnv(task, network, ROWS), np.random.default_rng(0)
    env.reset(seed=0)
    for _ in range(PERIODS):
        env.step(drawn(env.single_action_space, rng, ROWS))
    shown, masks = env.world.observe(), env.action_masks()
    changed = [array for array in env.world.state.arrays if array.dtype.kind in HIDDEN and array.size]
    assert changed
    for array in changed:
        array[:] = array + rng.integers(1, 9, array.shape).astype(array.dtype)
    assert np.array_equal(env.world.observe(), shown)
    assert np.array_equal(observed(task, network, env.window), shown)
    assert np.array_equal(env.action_masks(), masks)
