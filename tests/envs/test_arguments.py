"""What an environment is asked for: weights, variants, switches, modes and ids, each checked by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

from ranrein.agents.config import ConfigError, EnvConfig
from ranrein.agents.problem import any_problem_of
from ranrein.envs.catalogue import UnknownNameError
from ranrein.envs.energy_saving import EnergySaving
from ranrein.envs.registry import (
    SWITCHES,
    TASKS,
    VARIANTS,
    make_env,
    make_task,
    make_vector_env,
    own_scenario,
    register,
)
from ranrein.envs.task import Weighting

ENERGY, JOINT, BEAMS = (f"ranrein/{name}-v0" for name in ("EnergySaving", "JointControl", "BeamControl"))
HEADINGS = (
    "Description",
    "Action Space",
    "Observation Space",
    "Rewards",
    "Starting State",
    "Episode End",
    "Arguments",
    "Version History",
)


@pytest.fixture
def _outside() -> Iterator[None]:
    """Forget afterwards what a test registers."""
    before, ids = dict(TASKS), set(gym.registry)
    yield
    TASKS.clear()
    TASKS.update(before)
    for name in set(gym.registry) - ids:
        del gym.registry[name]


BAD_WEIGHTS: dict[str, Callable[[list[str]], Any]] = {
    "infinite": lambda names: dict.fromkeys(names, float("inf")),
    "NaN": lambda names: dict.fromkeys(names, float("nan")),
    "truth": lambda names: dict.fromkeys(names, True),
    "numpy truth": lambda names: dict.fromkeys(names, np.bool_(True)),
    "text": lambda names: dict.fromkeys(names, "1"),
    "none": lambda names: dict.fromkeys(names),
    "negative": lambda names: dict.fromkeys(names, -1.0),
    "zero": lambda names: dict.fromkeys(names, 0.0),
    "beyond floats": lambda names: dict.fromkeys(names, 10**400),
    "a list": lambda names: [1.0] * len(names),
    "a number": lambda names: 1.0,
}


@pytest.mark.parametrize("bad", BAD_WEIGHTS)
@pytest.mark.parametrize("task_id", TASKS)
def test_weights_that_are_none_are_refused_by_name(task_id: str, bad: str) -> None:
    names = list(make_task(task_id).weights)
    weights = BAD_WEIGHTS[bad](names)
    wanted = "no mapping"
    if isinstance(weights, dict):
        wanted = (
            "all zero" if bad == "zero" else f"{names[0]}=.* (is no number|must be non-negative and finite)"
        )
    for make in (lambda: make_env(task_id, weights=weights), lambda: Weighting(weights)):
        with pytest.raises(ValueError, match=f"reward weight.*{wanted}"):
            make()


def test_weights_that_add_up_to_too_much_are_refused_and_numpy_numbers_are_taken() -> None:
    with pytest.raises(ValueError, match="add up to more"):
        Weighting({"one": 1e308, "two": 1e308})
    terms = {"one": 0.25, "two": 0.75}
    assert Weighting({"one": np.float32(1), "two": np.int64(1)})(terms) == 0.5


def test_a_verb_refuses_them_as_a_usage_error() -> None:
    with pytest.raises(ConfigError, match=r"reward weight energy=-1\.0"):
        any_problem_of(EnvConfig(weights={"energy": -1.0, "service": 1.0, "calm": 1.0}), "tiny")


def test_conflicts_are_watched_where_that_is_asked_for() -> None:
    for watches in (False, True):
        env = gym.make(JOINT, watches_conflicts=watches)
        env.reset(seed=0)
        assert ("conflicts" in env.step(env.action_space.sample())[4]) == watches
    assert make_vector_env(JOINT, 2, watches_conflicts=True).task.watches_conflicts


def test_ssb_periods_stay_as_planned_where_that_is_asked_for() -> None:
    sizes = [
        make_env(ENERGY, "private_factory", chooses_ssb_period=chooses).action_space.shape[0]
        for chooses in (True, False)
    ]
    assert sizes[0] == 2 * sizes[1]


@pytest.mark.parametrize(
    ("task_id", "asked", "message"),
    [
        (JOINT, {"watches_conflict": True}, "did you mean 'watches_conflicts'"),
        (ENERGY, {"chooses_ssb_periods": True}, "did you mean 'chooses_ssb_period'"),
        (BEAMS, {"continous": True}, "did you mean 'continuous'"),
        (ENERGY, {"scenrio": "tiny"}, "did you mean 'scenario'"),
        (JOINT, {"watches_conflicts": 1}, "watches_conflicts=1 is neither True nor False"),
        (BEAMS, {"continuous": "yes"}, "continuous='yes' is neither True nor False"),
    ],
)
def test_arguments_that_are_none_are_answered_with_the_nearest(
    task_id: str, asked: dict[str, Any], message: str
) -> None:
    for make in (make_env, make_vector_env):
        with pytest.raises(ValueError, match=message):
            make(task_id, **asked)


def test_every_switch_is_documented_and_a_field_of_its_problem() -> None:
    for task_id, switches in SWITCHES.items():
        task = make_task(task_id)
        for name, usual in switches.items():
            assert getattr(task, name) is usual
            assert f"``{name}``" in (type(task).__doc__ or "")


@pytest.mark.parametrize("mode", [3, "ansi", [], 0.5])
def test_a_render_mode_that_is_none_names_the_valid_ones(mode: Any) -> None:
    with pytest.raises(UnknownNameError, match=r"unknown render mode .*Valid: human, rgb_array"):
        make_env(ENERGY, "tiny", render_mode=mode)


def test_an_autoreset_mode_that_is_none_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="unknown autoreset mode 'Nextstep'; did you mean 'NextStep'"):
        make_vector_env(ENERGY, 2, "tiny", autoreset_mode="Nextstep")  # type: ignore[arg-type]
    with pytest.raises(UnknownNameError, match=r"unknown autoreset mode 3\. Valid: Disabled, NextStep"):
        make_vector_env(ENERGY, 2, "tiny", autoreset_mode=3)  # type: ignore[arg-type]
    named = make_vector_env(ENERGY, 2, "tiny", autoreset_mode="NextStep")  # type: ignore[arg-type]
    assert named.metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP


@pytest.mark.usefixtures("_outside")
def test_a_shipped_id_is_replaced_only_where_that_is_asked_for() -> None:
    class Other(EnergySaving):
        """Another problem."""

    with pytest.raises(ValueError, match="is shipped with Ranrein: choose another id"):
        register({"example/Other-v0": Other, ENERGY: Other})
    assert TASKS[ENERGY] is EnergySaving
    assert "example/Other-v0" not in TASKS
    register({ENERGY: EnergySaving})
    register({ENERGY: Other}, replace=True)
    assert type(make_env(ENERGY, "tiny").batch.task) is Other


@pytest.mark.usefixtures("_outside")
def test_an_id_of_ones_own_may_be_registered_again() -> None:
    for _ in range(2):
        kind = type("Mine", (EnergySaving,), {})
        register({"example/Mine-v0": kind})
        assert type(gym.make("example/Mine-v0", scenario="tiny").unwrapped.batch.task) is kind


@pytest.mark.parametrize("task_id", TASKS)
def test_an_environment_tells_all_about_its_problem(task_id: str) -> None:
    for variant in (None, *VARIANTS.get(task_id, {})):
        asked = {} if variant is None else {variant: True}
        env = gym.make(task_id, **asked).unwrapped
        native = make_vector_env(task_id, 2, **asked)
        for told in (env.__doc__, native.__doc__):
            assert told == type(make_task(task_id, None, variant)).__doc__
            assert all(f"{heading}:" in (told or "") for heading in HEADINGS)


def test_every_id_has_a_scenario_of_its_own() -> None:
    found = {task_id.partition("/")[2].removesuffix("-v0"): own_scenario(task_id) for task_id in TASKS}
    assert found == {
        "EnergySaving": "urban",
        "SliceAdmission": "loss_system",
        "BeamControl": "arena",
        "TrafficSteering": "steering",
        "JointControl": "joint",
    }
