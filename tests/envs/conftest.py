"""Networks and control problems that every environment test runs on."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from ranrein.envs.catalogue import load_scenario
from ranrein.envs.registry import TASKS, make_task
from ranrein.envs.task import Task
from ranrein.twin.params import Params

SCENARIOS = ("tiny", "urban")


@cache
def params_named(name: str) -> Params:
    return Params.of(load_scenario(name))


def short_day(params: Params, periods: int) -> Params:
    """The same network with an episode of a few control periods."""
    timing = params.scenario.timing
    timing = replace(timing, episode_s=periods * timing.control_period_s)
    return replace(params, scenario=replace(params.scenario, timing=timing))


@pytest.fixture(scope="session", params=TASKS)
def task_id(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="session")
def task(task_id: str) -> Task:
    return make_task(task_id)


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


@pytest.fixture(scope="session")
def short(params: Params) -> Params:
    """An episode of twelve control periods."""
    return short_day(params, 12)
