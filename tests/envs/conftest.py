"""Networks and control problems that every environment test runs on."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from ranrein.envs.catalogue import load_scenario, scenario_names
from ranrein.envs.registry import TASKS, VARIANTS, make_task
from ranrein.envs.variants import varied
from ranrein.envs.world import WorldTask
from ranrein.envs.worlds import AnyTask, network_of
from ranrein.twin.params import Params

SCENARIOS = ("tiny", "urban")
USUAL = (
    *SCENARIOS,
    "private_factory",
)  # of problems that name none; the last with SSB periods to choose from
HARD = (("faults", "telemetry"), ("reality_gap",))  # variants that every problem is checked on
Problem = tuple[str, str, str | None]


def problems() -> list[Problem]:
    """Every control problem and variant of one, with every scenario it is tested on."""
    kinds = [(name, None) for name in TASKS]
    kinds += [(name, variant) for name, variants in VARIANTS.items() for variant in variants]
    made = [(name, variant, make_task(name, None, variant)) for name, variant in kinds]
    return [
        (name, scenario, variant)
        for name, variant, task in made
        for scenario in getattr(task, "scenarios", USUAL)
    ]


def on_twin() -> list[Problem]:
    """Those whose scenario is one of the twin, which has harder variants."""
    return [problem for problem in problems() if problem[1] in scenario_names()]


def shipped() -> list[tuple[str, str]]:
    """Every problem with all of its scenarios; one that names none runs on whatever others do not claim.

    Variants of a problem have the same bound, which their own tests search.
    """
    made = [task() for task in TASKS.values()]
    made += [make_task(name, None, variant) for name, variants in VARIANTS.items() for variant in variants]
    claimed = {name for task in made for name in getattr(task, "scenarios", ())}
    free = [name for name in scenario_names() if name not in claimed]
    return [(task, name) for task, kind in TASKS.items() for name in getattr(kind(), "scenarios", free)]


def name_of(parts: tuple[str | None, ...]) -> str:
    return "-".join(part for part in parts if part is not None)


@cache
def params_named(name: str, *variants: str) -> Params:
    scenario = load_scenario(name)
    return Params.of(varied(scenario, list(variants)) if variants else scenario)


def short_day(params: Params, periods: int) -> Params:
    """The same network with an episode of a few control periods."""
    timing = params.scenario.timing
    timing = replace(timing, episode_s=periods * timing.control_period_s)
    return replace(params, scenario=replace(params.scenario, timing=timing))


@cache
def network_named(task_id: str, scenario: str, variant: str | None = None) -> Any:
    task = make_task(task_id, None, variant)
    return network_of(task, scenario) if isinstance(task, WorldTask) else params_named(scenario)


def asking(variant: str | None) -> dict[str, bool]:
    """The arguments that ask for a variant of a problem."""
    return {} if variant is None else {variant: True}


def shortened(network: Any, decisions: int) -> Any:
    """The same network with an episode of a few decisions."""
    if isinstance(network, Params):
        return short_day(network, decisions)
    return replace(network, episode_requests=decisions)


@pytest.fixture(scope="session", params=problems(), ids=name_of)
def problem(request: pytest.FixtureRequest) -> Problem:
    return request.param


@pytest.fixture(scope="session")
def task_id(problem: tuple[str, str, str | None]) -> str:
    return problem[0]


@pytest.fixture(scope="session")
def asked(problem: Problem) -> dict[str, bool]:
    return asking(problem[2])


@pytest.fixture(scope="session")
def task(problem: Problem) -> AnyTask:
    return make_task(problem[0], None, problem[2])


@pytest.fixture(scope="session")
def network(problem: Problem) -> Any:
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
