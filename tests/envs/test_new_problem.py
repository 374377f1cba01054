"""The control problem that `docs/add_a_control_problem.md` builds: taken from the page, and tested as any other."""

from __future__ import annotations

import importlib
import inspect
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from ranrein.agents.comparison import compare
from ranrein.agents.config import EnvConfig, EvaluateConfig
from ranrein.envs.registry import TASKS, make_task, make_vector_env

from .acting import random_actions
from .conftest import params_named, short_day
from .test_every_env import PERIODS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "add_a_control_problem.md"
ID, MODULE = "example/NightSwitch-v0", "night_switch_of_the_docs"
GIVEN = {"task_id", "problem", "asked", "task", "network", "short"}


def properties() -> list[Callable[..., None]]:
    """Every property that needs nothing but the fixtures of a control problem."""
    files = sorted(Path(__file__).parent.glob("test_every_env*.py"))
    modules = [importlib.import_module(f".{file.stem}", __package__) for file in files]
    tests = [each for module in modules for name, each in vars(module).items() if name.startswith("test_")]
    return [each for each in tests if set(inspect.signature(each).parameters) <= GIVEN]


@pytest.fixture(scope="module", autouse=True)
def _registered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Run the page's program, which registers the problem; a module of its own, so that it can be pickled."""
    program = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)[0]
    folder = tmp_path_factory.mktemp("docs")
    (folder / f"{MODULE}.py").write_text(program, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        importlib.import_module(MODULE)
        yield
    for known in (TASKS, gym.registry, sys.modules):
        known.pop(MODULE if known is sys.modules else ID, None)


@pytest.mark.parametrize("scenario", ["tiny", "urban"])
@pytest.mark.parametrize("proves", properties(), ids=lambda each: each.__name__.removeprefix("test_"))
def test_the_example_has_every_property(proves: Callable[..., None], scenario: str) -> None:
    network = params_named(scenario)
    given: dict[str, Any] = {
        "task_id": ID,
        "problem": (ID, scenario, None),
        "asked": {},
        "task": make_task(ID),
        "network": network,
        "short": short_day(network, PERIODS),
    }
    proves(**{name: given[name] for name in inspect.signature(proves).parameters})


def test_the_properties_that_examples_get_wrong_are_among_them() -> None:
    names = {each.__name__ for each in properties()}
    assert {
        "test_masks_agree_with_what_is_obeyed",
        "test_masks_always_leave_a_choice",
        "test_gymnasium_finds_nothing_to_complain_about",
    } <= names


@pytest.mark.parametrize("scenario", ["tiny", "urban"])
def test_every_element_that_the_example_shows_moves_within_a_day(scenario: str) -> None:
    env, rng = make_vector_env(ID, 8, scenario), np.random.default_rng(0)
    seen = [env.reset(seed=0)[0]]
    seen += [env.step(random_actions(env, rng))[0] for _ in range(env.world.periods_per_episode - 1)]
    assert np.ptp(np.concatenate(seen), axis=0).min() > 0


def test_the_page_leaves_a_running_environment() -> None:
    env = sys.modules[MODULE].env
    assert env.unwrapped.__doc__ == "One switch for the whole capacity layer."
    assert env.unwrapped.action_masks().tolist() == [True, True]


def test_it_is_compared_with_the_network_as_it_stands(tmp_path: Path) -> None:
    config = EvaluateConfig(env=EnvConfig(id=ID), scenario="tiny", episodes=2, bound=False, plots=False)
    (row,) = compare(config, tmp_path).rows
    (awake,) = compare(replace(config, env=EnvConfig(), baselines="always_on"), tmp_path).rows
    assert row.controller == "as it stands"
    assert (row.energy_kwh, row.cost) == (awake.energy_kwh, awake.cost)
