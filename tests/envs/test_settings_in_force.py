"""What a step tells of the settings in force: carrier states, patterns, offsets and SSB periods under names."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

from ranrein.envs.beam_control import beam_cells
from ranrein.envs.registry import make_env, make_vector_env
from ranrein.envs.traffic_steering import OFFSETS_DB

from .acting import random_actions
from .conftest import params_named, short_day

CASES = [
    ("ranrein/EnergySaving-v0", "tiny", {"cell_offset_db"}),
    ("ranrein/EnergySaving-v0", "private_factory", {"cell_offset_db", "ssb_period_ms"}),
    ("ranrein/BeamControl-v0", "arena", {"cell_offset_db", "broadcast_pattern"}),
    ("ranrein/TrafficSteering-v0", "steering", {"cell_offset_db"}),
    ("ranrein/JointControl-v0", "joint", {"cell_offset_db", "broadcast_pattern"}),
]


@pytest.mark.parametrize(("task_id", "scenario", "names"), CASES)
def test_what_a_network_offers_is_told_of_every_cell(task_id: str, scenario: str, names: set[str]) -> None:
    env, rng = make_vector_env(task_id, 2, scenario), np.random.default_rng(0)
    told = [env.reset(seed=0)[1]]
    told += [env.step(random_actions(env, rng))[4] for _ in range(3)]
    for info in told:
        assert set(info["settings"]) == names
        assert all(values.shape == (2, env.params.n_cells) for values in info["settings"].values())
    command = env.window.precedent.command
    assert np.array_equal(told[-1]["settings"]["cell_offset_db"], command.offset_db)
    assert np.array_equal(told[-1]["command"], command.carrier_state)


def test_patterns_are_those_that_were_chosen() -> None:
    env = make_env("ranrein/BeamControl-v0")
    _, info = env.reset(seed=3)
    assert not info["settings"]["broadcast_pattern"].any()
    info = env.step(np.array([3, 1, 5]))[4]
    assert info["settings"]["broadcast_pattern"][beam_cells(env.batch.params)].tolist() == [3, 1, 5]


def test_offsets_are_those_that_were_obeyed() -> None:
    env = make_env("ranrein/TrafficSteering-v0")
    env.reset(seed=3)
    info = env.step(np.array([3, 1, 2, 4]))[4]  # the last asks for two choices at a time
    assert info["settings"]["cell_offset_db"].tolist() == OFFSETS_DB[[3, 1, 2, 2]].tolist() == [3, -3, 0, 0]


def test_ssb_periods_are_in_milliseconds() -> None:
    env = make_vector_env("ranrein/EnergySaving-v0", 2, "private_factory")
    _, info = env.reset(seed=0)
    planned, longest = (env.params.scenario.sleep.periods_ms[i] for i in (0, -1))
    assert np.all(info["settings"]["ssb_period_ms"] == planned)
    action = np.zeros(env.action_space.shape, np.int64)
    action[1, -1] = env.single_action_space.nvec[-1] - 1
    period_ms = env.step(action)[4]["settings"]["ssb_period_ms"]
    assert period_ms[1, env.params.capacity_cells[-1]] == longest > planned
    assert np.sum(period_ms != planned) == 1


def test_they_are_the_callers_to_keep_and_those_of_the_new_episode_after_a_restart() -> None:
    params = short_day(params_named("steering"), 2)
    env = make_vector_env("ranrein/TrafficSteering-v0", 2, params, autoreset_mode=AutoresetMode.SAME_STEP)
    env.reset(seed=0)
    kept: dict[str, Any] = env.step(np.full((2, 4), 3))[4]
    copy = kept["settings"]["cell_offset_db"].copy()
    info = env.step(np.full((2, 4), 4))[4]
    assert np.array_equal(kept["settings"]["cell_offset_db"], copy)
    assert np.all(info["final_info"]["settings"]["cell_offset_db"] == 6)
    assert not info["settings"]["cell_offset_db"].any()
    env.step(np.full((2, 4), 3))[4]["settings"]["cell_offset_db"][:] = 9
    assert np.all(env.window.precedent.command.offset_db == 3)
