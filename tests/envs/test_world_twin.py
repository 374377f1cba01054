"""The radio twin as a world: what its costs are, and what only it has."""

from __future__ import annotations

import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

from ranrein.envs.energy_saving import EnergySaving
from ranrein.envs.slice_admission import SliceAdmission
from ranrein.envs.vector import TwinVectorEnv
from ranrein.twin.params import Params
from ranrein.twin.sla import CONSTRAINTS, margins


def test_a_constraint_costs_exactly_where_its_margin_is_broken(params: Params) -> None:
    env = TwinVectorEnv(EnergySaving(), params, 16, AutoresetMode.DISABLED)
    env.reset(seed=0)
    broken = np.zeros(len(CONSTRAINTS), np.int64)
    for _ in range(100):  # everything asleep until the morning: promises break
        *_, info = env.step(np.tile(env.single_action_space.nvec - 1, (16, 1)))
        margin = margins(env.simulation._history.truth, params.scenario.sla)
        assert np.array_equal(info["cost"] == 0, np.all(margin >= 0, axis=1))
        for column, name in enumerate(CONSTRAINTS):
            assert np.array_equal(info["costs"][name] == 0, margin[:, column] >= 0)
        broken += (margin < 0).sum(axis=0)
    assert broken.any()


def test_only_the_twin_has_a_simulation_of_a_network(urban: Params) -> None:
    assert TwinVectorEnv(EnergySaving(), urban, 1).simulation.params is urban
    with pytest.raises(AttributeError, match="does not run on the twin"):
        _ = TwinVectorEnv(SliceAdmission()).simulation
