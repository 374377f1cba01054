"""Networks and control problems that every environment test runs on."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from ranrein.envs.catalogue import load_scenario
from ranrein.envs.registry import TASKS, VARIANTS, make_task
from ranrein.envs.world import WorldTask
from ranrein.envs.worlds import AnyTask, network_of
from ranrein.twin.params import Params

SCENARIOS = ("tiny", "urban")  # of the problems that do not name their own
MORE = {"ranrein/EnergySaving-v0": ("private_factory",)}  # with SSB periods to choose from


def problems() -> list[tuple[str, str, str | None]]:
    """Every control problem and variant of one, with every scenario it is tested on."""
    kinds = [(name, None) for name in TASKS]
    kinds += [(name, variant) for name, variants in VARIANTS.items() for variant in variants]
    made = [(name, variant, make_task(name, None, variant)) for name, variant in kinds]
    return [
        (name, scenario, variant)
        for name, variant, task in made
        for scenario in getattr(task, "scenarios", SCENARIOS + MORE.get(name, ()))
    ]


def name_of(problem: tuple[str, str, str | None]) -> str:
    return "-".join(part for part in problem if part is not None)


@cache
def params_named(name: str) -> Params:
    return Params.of(load_scenario(name))


def short_day(params: Params, periods: int) -> Params:
    """The same network with an episode of a few control periods."""
    timing = params.scenario.timing
    timing = replace(timing, episode_s=periods * timing.control_period_s)
    return replace(params, scenario=replace(params.scenario, timing=timing))


@cache
def network_named(task_id: str, scenario: str, variant: str | None = None) -> Any:
    task = make_task(task_id, None, variant)
    return network_of(task, scenario) if isinstance(task, WorldTask) else params_named(scenario)


def shortened(network: Any, decisions: int) -> Any:
    """The same network with an episode of a few decisions."""
    if isinstance(network, Params):
        return short_day(network, decisions)
    return replace(network, episode_requests=decisions)


@pytest.fixture(scope="session", params=problems(), ids=name_of)
def problem(request: pytest.FixtureRequest) -> tuple[str, str, str | None]:
    return request.param


@pytest.fixture(scope="session")
def task_id(problem: tuple[str, str, str | None]) -> str:
    return problem[0]


@pytest.fixture(scope="session")
def asked(problem: tuple[str, str, str | None]) -> dict[str, bool]:
    """The arguments that ask for the variant."""
    return {} if problem[2] is None else {problem[2]: True}


@pytest.fixture(scope="session")
def task(problem: tuple[str, str, str | None]) -> AnyTask:
    return make_task(problem[0], None, problem[2])


@pytest.fixture(scope="session")
def network(problem: tuple[str, str, str | None]) -> Any:
    """What the problem runs on, with its whole episode."""
    return network_named(*problem)


@pytest.fixture(scope="session")
def short(network: Any) -> Any:
    """An episode of twelve decisions."""
    return shortened(network, 12)


@pytest.fixture(scope="session", params=SCENARIOS)
def params(request: pytest.FixtureRequest) -> Params:
    return params_named(request.param)


@pytest.fixture(scope="session")
def urban() -> Params:
    return params_named("urban")


@pytest.fixture(scope="session")
def night(params: Params) -> Params:
    """Two hours from midnight."""
    return short_day(params, 24)
