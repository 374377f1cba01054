"""Environments as they are used: actions in any memory, seeds that are read back, networks in a file of one's own."""

from __future__ import annotations

from importlib import resources
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium import spaces

from ranrein.envs.actions import check_of
from ranrein.envs.catalogue import UnknownNameError, load_scenario
from ranrein.envs.registry import make_env
from ranrein.envs.scenario_source import scenario_named
from ranrein.envs.vector import TwinEnv, TwinVectorEnv
from ranrein.envs.worlds import AnyTask

from .acting import random_actions

ENERGY, BEAMS, SLICES, JOINT = (
    f"ranrein/{name}-v0" for name in ("EnergySaving", "BeamControl", "SliceAdmission", "JointControl")
)
SHIPPED = str(resources.files("ranrein.conf") / "scenario")


@pytest.mark.parametrize("space", [spaces.MultiDiscrete([3, 4]), spaces.Box(-1.0, 1.0, (2,))], ids=str)
def test_kernels_get_rows_side_by_side_whatever_the_memory_of_the_actions(space: Any) -> None:
    actions = np.array([space.sample() for _ in range(3)])
    skewed = np.asfortranarray(actions)
    skewed.flags.writeable = False
    taken = check_of(space, 3)(skewed)
    assert taken.flags.c_contiguous  # for another layout every kernel is compiled once more
    assert np.array_equal(taken, actions)


def test_episodes_of_no_seed_begin_again_with_the_seed_that_is_read_back(task: AnyTask, short: Any) -> None:
    drawn, again = TwinVectorEnv(task, short, 2), TwinVectorEnv(task, short, 2)
    assert drawn.np_random_seed == (-1, -1)
    first, _ = drawn.reset()
    assert np.array_equal(again.reset(seed=drawn.np_random_seed)[0], first)
    rng = np.random.default_rng(0)
    for _ in range(2):
        actions = random_actions(drawn, rng)
        assert np.array_equal(drawn.step(actions)[0], again.step(actions)[0])
    assert np.array_equal(drawn.reset()[0], again.reset()[0])


def test_the_seed_of_an_environment_alone_is_read_back_too(task: AnyTask, short: Any) -> None:
    env = TwinEnv(task, short)
    env.reset(seed=5)
    assert env.np_random_seed == 5
    env.reset()
    assert env.np_random_seed == 5  # of the episodes that follow each other


@pytest.mark.parametrize("task_id", [ENERGY, SLICES])
def test_a_batch_refuses_a_limit_of_its_own_and_says_what_to_set(task_id: str) -> None:
    native: dict[str, Any] = {"num_envs": 2, "vectorization_mode": "vector_entry_point"}
    spec = gym.make(task_id, max_episode_steps=3).spec
    assert spec is not None
    for limited in (
        lambda: gym.make_vec(task_id, **native, max_episode_steps=3),
        lambda: gym.make_vec(spec, **native),
    ):
        with pytest.raises(ValueError, match=r"max_episode_steps: .* timing\.episode_s .* episode_requests"):
            limited()


def test_truth_of_numpy_is_truth() -> None:
    assert isinstance(gym.make(BEAMS, continuous=np.bool_(True)).action_space, spaces.Box)
    assert isinstance(gym.make(BEAMS, continuous=np.bool_(False)).action_space, spaces.MultiDiscrete)


@pytest.mark.parametrize(("task_id", "name"), [(SLICES, "slices"), (SLICES, "quotas"), (JOINT, "joint")])
def test_a_problem_with_slices_takes_a_file(task_id: str, name: str) -> None:
    path = f"file:{SHIPPED}/{name}.yaml"
    assert make_env(task_id, path).batch.params.scenario == load_scenario(name)
    assert make_env(task_id, f"{path}+drift").batch.params.scenario == scenario_named(f"{name}+drift")


def test_a_file_without_slices_is_refused_by_what_it_lacks() -> None:
    with pytest.raises(ValueError, match="scenario 'tiny' has no slices"):
        make_env(SLICES, f"file:{SHIPPED}/tiny.yaml")


@pytest.mark.parametrize("task_id", [ENERGY, SLICES])
def test_a_file_without_its_prefix_is_answered_with_it(task_id: str) -> None:
    with pytest.raises(UnknownNameError, match=r"did you mean 'file:mine\.yaml'"):
        make_env(task_id, "mine.yaml")
