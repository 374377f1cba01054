"""A reset of some rows, or of none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

from ranrein.envs.vector import TwinEnv, TwinVectorEnv
from ranrein.envs.worlds import AnyTask

from .acting import lowest
from .test_every_env import PERIODS, hidden


@pytest.mark.parametrize("seed", [None, 5])
def test_a_reset_of_no_row_changes_nothing(task: AnyTask, short: Any, seed: int | None) -> None:
    env, untouched = TwinVectorEnv(task, short, 3), TwinVectorEnv(task, short, 3)
    action = lowest(env.single_action_space, 3)
    for each in (env, untouched):
        each.reset(seed=0)
        shown = each.step(action)[0]
    observed, info = env.reset(seed=seed, options={"reset_mask": np.zeros(3, np.bool_)})
    assert np.array_equal(observed, shown)
    assert set(info) == set(untouched.world.standing())
    assert hidden(env) == hidden(untouched)
    env.reset()
    untouched.reset()
    assert hidden(env) == hidden(untouched)


def test_the_single_environment_takes_it_too(task: AnyTask, short: Any) -> None:
    env = TwinEnv(task, short)
    first = env.reset(seed=0)[0]
    assert np.array_equal(env.reset(options={"reset_mask": np.array([False])})[0], first)


def test_the_first_reset_begins_everywhere_whatever_the_mask(task: AnyTask, short: Any) -> None:
    env = TwinVectorEnv(task, short, 2)
    env.reset(seed=0, options={"reset_mask": np.zeros(2, np.bool_)})
    env.step(lowest(env.single_action_space, 2))


def test_a_row_that_waits_for_its_restart_still_does_after_a_reset_of_others(
    task: AnyTask, short: Any
) -> None:
    env = TwinVectorEnv(task, short, 2, AutoresetMode.NEXT_STEP)
    action = lowest(env.single_action_space, 2)
    env.reset(seed=0)
    for _ in range(PERIODS):
        *_, over, _ = env.step(action)
    assert over.all()
    env.reset(seed=9, options={"reset_mask": np.array([False, True])})
    _, reward, _, over, _ = env.step(action)
    assert reward[0] == 0.0
    assert not over.any()
