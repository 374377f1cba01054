"""What every registered control problem does is the same wherever and beside whatever it runs, also after a move."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

from ranrein.envs.registry import make_env, make_vector_env
from ranrein.envs.vector import TwinEnv, TwinVectorEnv
from ranrein.envs.worlds import AnyTask
from ranrein.twin.params import Params

from .acting import drawn
from .conftest import (
    HARD,
    Problem,
    asking,
    name_of,
    network_named,
    on_twin,
    params_named,
    problems,
    shortened,
)
from .playing import Elsewhere, continued, continued_row, played, played_row, resumed

PERIODS, SEED, THREADS = 12, 17, 4
HARDER = [(problem, ()) for problem in problems()] + [
    (problem, hard) for problem in on_twin() for hard in HARD
]


@pytest.fixture(scope="session")
def elsewhere() -> Iterator[Elsewhere]:
    """One process for all tests."""
    process = Elsewhere()
    yield process
    process.close()


def plain(problem: Problem, hard: tuple[str, ...]) -> Any:
    """What names the network of an episode of twelve decisions, and can be sent to another process."""
    network = params_named(problem[1], *hard) if hard else network_named(*problem)
    short = shortened(network, PERIODS)
    return short.scenario if isinstance(short, Params) else short


def some_actions(env: TwinEnv, count: int = PERIODS - 1) -> np.ndarray:
    return drawn(env.action_space, np.random.default_rng(5), count)


@pytest.mark.parametrize(("problem", "hard"), HARDER, ids=lambda value: name_of(value) or "plain")
def test_bits_are_the_same_alone_in_any_batch_thread_and_process(
    problem: Problem, hard: tuple[str, ...], elsewhere: Elsewhere
) -> None:
    name, scenario, asked = problem[0], plain(problem, hard), asking(problem[2])
    actions = some_actions(make_env(name, scenario=scenario, **asked))
    alone = played(name, scenario, asked, SEED, actions)
    assert len(set(alone)) > 1
    for seeds in ([SEED], [3, SEED], [5, 6, 7, SEED, 8, 9, 10]):
        assert played_row(name, scenario, asked, seeds, seeds.index(SEED), actions) == alone
    with ThreadPoolExecutor(THREADS) as pool:
        runs = [pool.submit(played, name, scenario, asked, SEED, actions) for _ in range(THREADS)]
        assert [run.result() for run in runs] == [alone] * THREADS
    assert elsewhere(played, name, scenario, asked, SEED, actions) == alone
    assert elsewhere(played_row, name, scenario, asked, [3, SEED], 1, actions) == alone


def test_an_environment_goes_on_as_pickled_as_copied_and_in_another_process(
    task_id: str, asked: dict[str, bool], short: Any, elsewhere: Elsewhere
) -> None:
    env = gym.make(task_id, scenario=short, **asked)
    env.reset(seed=SEED)
    actions = some_actions(env.unwrapped)
    continued(env, actions[:5])
    kept, moved, copied = pickle.dumps(env), pickle.loads(pickle.dumps(env)), copy.deepcopy(env)
    rest = continued(env, actions[5:])
    assert continued(moved, actions[5:]) == continued(copied, actions[5:]) == rest
    assert elsewhere(resumed, pickle.loads(kept), actions[5:], None) == rest
    assert np.array_equal(moved.reset()[0], env.reset()[0])
    assert continued(moved, actions[:3]) == continued(env, actions[:3])


@pytest.mark.parametrize("mode", [AutoresetMode.SAME_STEP, AutoresetMode.NEXT_STEP])
def test_a_batch_goes_on_as_pickled_and_in_another_process(
    task_id: str, asked: dict[str, bool], short: Any, elsewhere: Elsewhere, mode: AutoresetMode
) -> None:
    env = make_vector_env(task_id, 3, short, autoreset_mode=mode, **asked)
    env.reset(seed=SEED)
    actions = drawn(env.single_action_space, np.random.default_rng(5), 2 * PERIODS)
    continued_row(env, 1, actions[:PERIODS])  # where NEXT_STEP has episodes to begin
    kept, moved = pickle.dumps(env), pickle.loads(pickle.dumps(env))
    rest = continued_row(env, 1, actions[PERIODS:])
    assert continued_row(moved, 1, actions[PERIODS:]) == rest
    assert elsewhere(resumed, pickle.loads(kept), actions[PERIODS:], 1) == rest


def test_before_its_first_reset_an_environment_can_be_pickled_too(task: AnyTask, short: Any) -> None:
    env = TwinEnv(task, short)
    moved, batch = pickle.loads(pickle.dumps(env)), pickle.loads(pickle.dumps(TwinVectorEnv(task, short, 2)))
    first = env.reset(seed=SEED)[0]
    assert np.array_equal(moved.reset(seed=SEED)[0], first)
    assert np.array_equal(batch.reset(seed=SEED)[0][0], first)


def test_the_picture_stays_where_it_is() -> None:
    name, scenario, variant = problems()[0]
    env = make_env(name, scenario, "rgb_array", **asking(variant))
    env.reset(seed=SEED)
    shown = env.render()
    moved = pickle.loads(pickle.dumps(env))
    assert np.array_equal(env.render(), shown)
    assert np.array_equal(moved.render(), shown)
    for each in (env, moved):
        each.close()


def test_gymnasium_spreads_it_over_spawned_processes() -> None:
    name, scenario, variant = problems()[0]
    settings = {"scenario": scenario, **asking(variant)}
    spread = gym.make_vec(
        f"ranrein.envs:{name}", 2, vectorization_mode="async", vector_kwargs={"context": "spawn"}, **settings
    )
    together = make_vector_env(name, 2, **settings)
    try:
        assert np.array_equal(spread.reset(seed=[SEED, 3])[0], together.reset(seed=[SEED, 3])[0])
        actions = drawn(together.single_action_space, np.random.default_rng(5), 2)
        for mine, theirs in zip(spread.step(actions)[:4], together.step(actions)[:4], strict=True):
            assert np.array_equal(mine, theirs)
    finally:
        spread.close()
