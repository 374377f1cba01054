"""The shipped networks: usable by name, their promises can be kept, and there is energy to be saved."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import cache

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from ranrein.agents.episodes import Episodes, run_episodes
from ranrein.envs.baselines import AlwaysOn, Greedy, LoadThreshold
from ranrein.envs.catalogue import load_scenario, scenario_names
from ranrein.envs.controller import Controller
from ranrein.envs.energy_saving import EnergySaving
from ranrein.twin.params import Params
from ranrein.twin.traffic import ITU_2023_STATION_QUARTILES

from .conftest import params_named

LARGER = ("dense_urban", "private_factory", "rural_leo", "stadium")
SHAPES = {  # cells, capacity cells, areas, users
    "tiny": (2, 1, 1, 16),
    "urban": (7, 4, 3, 96),
    "dense_urban": (114, 57, 57, 600),
    "private_factory": (18, 9, 9, 168),
    "rural_leo": (18, 9, 9, 120),
    "stadium": (18, 11, 7, 296),
}
FEW = {"dense_urban": 4}


CONTROLLERS: dict[str, Callable[[], Controller]] = {
    "always on": AlwaysOn,
    "load threshold": LoadThreshold,
    "reckless": lambda: Greedy(coverage_mbps=160.0),  # takes coverage cells for twice as large as they are
}


@cache
def days(name: str, controller: str) -> Episodes:
    """Some whole days under one controller."""
    days_run = range(FEW.get(name, 12))
    return run_episodes(CONTROLLERS[controller](), params_named(name), EnergySaving(), days_run)


def test_what_is_looked_at_here_is_shipped() -> None:
    assert set(SHAPES) <= set(scenario_names())


@pytest.mark.parametrize("name", SHAPES)
def test_a_network_is_as_large_as_its_page_says(name: str) -> None:
    params = params_named(name)
    assert (params.n_cells, len(params.capacity_cells), params.n_areas, params.n_users) == SHAPES[name]


@pytest.mark.parametrize("name", LARGER)
def test_gymnasium_accepts_it(name: str) -> None:
    env = gym.make("ranrein.envs:ranrein/EnergySaving-v0", scenario=name)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(env.unwrapped, skip_render_check=True)
    decisions = 2 if name == "private_factory" else 1  # of each carrier: the state, and there the SSB period
    assert env.unwrapped.action_space.shape == (decisions * SHAPES[name][1],)


@pytest.mark.parametrize("name", LARGER)
def test_stable_baselines_accepts_it(name: str) -> None:
    checker = pytest.importorskip("stable_baselines3.common.env_checker", reason="needs the extra `train`")
    env = gym.make("ranrein.envs:ranrein/EnergySaving-v0", scenario=name)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        checker.check_env(env.unwrapped, skip_render_check=True)


@pytest.mark.parametrize("name", LARGER)
def test_who_sleeps_nowhere_keeps_every_promise(name: str) -> None:
    awake = days(name, "always on")
    assert np.all(awake.cost == 0)


@pytest.mark.parametrize("name", LARGER)
def test_there_is_energy_to_be_saved_and_greed_is_punished(name: str) -> None:
    awake, rule, greedy = (days(name, controller) for controller in CONTROLLERS)
    assert rule.energy_kwh.mean() < 0.85 * awake.energy_kwh.mean()
    assert greedy.violated.any()
    assert rule.cost.mean() < 0.2 * greedy.cost.mean()


@pytest.mark.parametrize("name", SHAPES)
def test_days_differ_and_sites_are_told_apart(name: str) -> None:
    params = params_named(name)
    assert len({cell.name for cell in params.cells}) == params.n_cells
    assert len(set(days(name, "always on").energy_kwh.round(6))) > 1


def test_the_dense_network_is_that_of_the_study_item() -> None:
    scenario = load_scenario("dense_urban")
    places = np.array([(site.x_m, site.y_m) for site in scenario.sites])
    apart = np.hypot(*(places[:, None] - places[None]).transpose(2, 0, 1)) + np.diag(np.full(19, np.inf))
    assert np.allclose(apart.min(axis=0), 200.0, atol=0.1)
    assert scenario.users.resident == 10 * 57
    assert scenario.load.station_load_quantiles == ITU_2023_STATION_QUARTILES


def test_the_factory_works_five_days_out_of_seven() -> None:
    days_of_week = np.array(load_scenario("private_factory").load.profile)
    assert days_of_week.shape == (7, 24)
    assert np.all(days_of_week[:5] == days_of_week[0])
    assert np.all(days_of_week[5:].max() < days_of_week[:5, 8:20])


def test_the_crowd_of_the_stadium_sits_in_the_bowl() -> None:
    params = params_named("stadium")
    surge, bowl = params.scenario.surge, [s for s in params.scenario.sites if s.name != "macro"]
    assert surge.radius_m < min(np.hypot(s.x_m - 300.0, s.y_m - 300.0) for s in bowl)
    assert surge.venues == ((300.0, 300.0),)


def test_a_large_map_is_worked_out_from_the_scenario_alone() -> None:
    again = Params.of(load_scenario("rural_leo"))
    assert np.array_equal(again.arrays.gain, params_named("rural_leo").arrays.gain)
