"""Keywords of the loss system: what is refused, with what words, and what a scenario may be."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ranrein.envs.catalogue import UnknownNameError
from ranrein.envs.loss_scenario import DEFAULTS, LARGEST_CAPACITY, LossScenario
from ranrein.envs.registry import make_env, make_vector_env
from ranrein.twin.loss.system import LossSystem

ID = "ranrein/SliceAdmission-v0"
GOOD = {"capacity": 10, "units": [1, 2], "arrival_rates": [1, 1], "service_rates": [1, 1], "rewards": [1, 1]}


@pytest.mark.parametrize(("change", "message"), [
    ({"units": [1, 2, 3]}, "one value per class to each of"),
    ({"arrival_rates": [1.0]}, "one value per class to each of"),
    ({"units": 3}, "units=3: give a list"),
    ({"units": [[1, 2]]}, "give a list with one number per class"),
    ({"units": [1.5, 2]}, r"units=\[1.5, 2\]: give whole numbers"),
    ({"units": [1, float("nan")]}, "units=.*nan.*: give whole numbers"),
    ({"units": [0, 2]}, "units=0 must be at least 1"),
    ({"units": []}, "one value per class"),
    ({"units": [1, 11]}, "units=11 never fit into capacity=10"),
    ({"capacity": 1}, "units=2 never fit into capacity=1"),
    ({"capacity": -3}, "capacity=-3"),
    ({"capacity": LARGEST_CAPACITY + 1}, "capacity=100001 is above 100000 units: .*count capacity and units"),
    ({"capacity": 2.5}, "capacity=2.5: give a whole number"),
    ({"capacity": "ten"}, "capacity='ten': give a whole number"),
    ({"arrival_rates": [1.0, -1.0]}, "arrival_rate_per_s=-1.0 must be finite and not negative"),
    ({"arrival_rates": [0.0, 0.0]}, "nothing ever asks"),
    ({"arrival_rates": ["many", 1]}, "arrival_rates=.*give a list"),
    ({"service_rates": [1.0, 0.0]}, "service_rates=.*must be finite and positive"),
    ({"service_rates": [float("inf"), 1.0]}, "service_rates=.*must be finite and positive"),
    ({"rewards": [float("nan"), 1.0]}, "reward=nan must be finite"),
    ({"rewards": [0.0, 0.0]}, "there is nothing to earn"),
    ({"penalties": [-1.0, 0.0]}, "penalty=-1.0"),
    ({"penalties": [1.0]}, "one value per class to each of"),
    ({"episode_requests": 0}, "episode_requests=0 must be at least 1"),
    ({"episode_requests": 1.5}, "episode_requests=1.5: give a whole number"),
])  # fmt: skip
def test_settings_out_of_range_are_refused_by_name(change: dict[str, Any], message: str) -> None:
    for make in (make_env, make_vector_env):
        with pytest.raises(ValueError, match=message):
            make(ID, **(GOOD | change))


def test_unknown_settings_and_scenarios_are_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'capacity'"):
        make_env(ID, capcity=3)
    with pytest.raises(UnknownNameError, match="did you mean 'loss_system'"):
        make_env(ID, scenario="loss_systm")
    with pytest.raises(TypeError, match="scenario is a int; give a name"):
        make_env(ID, scenario=3)
    with pytest.raises(UnknownNameError, match="did you mean"):
        make_env("ranrein/EnergySaving-v0", capacity=3)


def test_what_is_left_out_or_none_is_the_default() -> None:
    every = make_env(ID).batch.params
    assert make_env(ID, **dict.fromkeys(DEFAULTS)).batch.params == every
    assert make_env(ID, scenario="loss_system", capacity=30).batch.params.system.capacity == 30
    assert make_env(ID, episode_requests=7).batch.params.system == every.system


def test_numbers_may_come_as_arrays_lists_or_whole_floats() -> None:
    arrays = {name: np.asarray(value) for name, value in GOOD.items()}
    whole = GOOD | {"capacity": 10.0, "units": (1.0, 2.0)}
    assert make_env(ID, **GOOD).batch.params == make_env(ID, **arrays).batch.params
    assert make_env(ID, **GOOD).batch.params == make_env(ID, **whole).batch.params


def test_a_ready_system_or_scenario_takes_no_settings() -> None:
    system = LossSystem.of(10, [1, 2], [1, 1], [1, 1], [1, 1])
    assert make_env(ID, scenario=system).batch.params == LossScenario(system)
    with pytest.raises(ValueError, match="given beside a ready scenario"):
        make_env(ID, scenario=LossScenario(system, 5), capacity=3)


def test_one_class_of_one_request_is_a_problem_too() -> None:
    env = make_env(
        ID, capacity=1, units=[1], arrival_rates=[1], service_rates=[1], rewards=[2], episode_requests=1
    )
    env.reset(seed=0)
    _, reward, _, over, info = env.step([1])
    assert over
    assert reward == float(info["revenue"] == 2.0)


def test_the_largest_capacity_there_is_begins_and_runs() -> None:
    env = make_env(ID, capacity=LARGEST_CAPACITY)
    _, info = env.reset(seed=0)
    assert info["in_service"].sum() > 0
    assert env.step(np.array([1]))[4]["costs"]["beyond capacity"] == 0.0
