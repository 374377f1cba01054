"""Many deciders, one network: PettingZoo finds nothing to complain about, and the bits are those of the single one."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

pytest.importorskip("pettingzoo", reason="needs an extra: pip install 'ranrein[multiagent]'")

with warnings.catch_warnings():  # its tests import a game in a way that it has deprecated itself
    warnings.simplefilter("ignore", DeprecationWarning)
    from pettingzoo.test import parallel_api_test, parallel_seed_test

from ranrein.envs.catalogue import UnknownNameError, load_scenario
from ranrein.envs.multi_agent import TwinParallelEnv, parallel_env
from ranrein.envs.registry import TASKS, make_env, make_task
from ranrein.envs.world import WorldTask
from ranrein.twin.params import Params
from ranrein.twin.scenario import Sector

from .conftest import params_named, short_day

PERIODS = 6


def splits(name: str) -> bool:
    """Whether every choice of a problem is about one cell."""
    if isinstance(make_task(name), WorldTask):
        return False
    try:
        parallel_env(name, params_named("urban"))
    except ValueError:
        return False
    return True


SPLIT = [name for name in TASKS if splits(name)]


@pytest.fixture(scope="module")
def hours() -> Params:
    return short_day(params_named("urban"), PERIODS)


@pytest.fixture(params=["cell", "site"])
def make(request: pytest.FixtureRequest, hours: Params) -> Callable[..., TwinParallelEnv]:
    return lambda name="ranrein/EnergySaving-v0": parallel_env(name, hours, agents=request.param)


def seeded(team: TwinParallelEnv, seed: int = 3) -> TwinParallelEnv:
    """The same team, whose spaces draw the same actions in every run."""
    for number, agent in enumerate(team.possible_agents):
        team.action_space(agent).seed(seed + number)
    return team


def test_energy_saving_splits_by_cell() -> None:
    assert "ranrein/EnergySaving-v0" in SPLIT


@pytest.mark.parametrize("name", SPLIT)
def test_pettingzoo_finds_nothing_to_complain_about(make: Callable[..., TwinParallelEnv], name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        parallel_api_test(make(name), num_cycles=2 * PERIODS)
        parallel_seed_test(lambda: make(name), num_cycles=2 * PERIODS)


@pytest.mark.parametrize("name", SPLIT)
def test_the_same_joint_action_gives_the_bits_of_the_single_environment(
    make: Callable[..., TwinParallelEnv], hours: Params, name: str
) -> None:
    team, single = seeded(make(name)), make_env(name, hours)
    team.reset(seed=5)
    observation, _ = single.reset(seed=5)
    for period in range(PERIODS):
        assert team.state().tobytes() == observation.tobytes()
        actions = {agent: team.action_space(agent).sample() for agent in team.agents}
        observation, reward, _, truncated, info = single.step(team.joint(actions))
        seen, rewards, ends, cuts, told = team.step(actions)
        assert set(rewards.values()) == {reward}
        assert np.mean(list(rewards.values())) == pytest.approx(reward, rel=1e-15)
        assert set(cuts.values()) == {truncated} == {period == PERIODS - 1}
        assert not any(ends.values())
        assert all(one["cost"] == info["cost"] for one in told.values())
        assert all(set(own.tolist()) <= set(observation.tolist()) for own in seen.values())
    assert team.agents == []


def test_every_choice_of_an_agent_is_about_its_own_cell(
    make: Callable[..., TwinParallelEnv], hours: Params
) -> None:
    team, asleep = make(), []
    for agent in team.possible_agents:
        quiet = {name: np.zeros_like(team.action_space(name).sample()) for name in team.possible_agents}
        for element in range(quiet[agent].size):
            team.reset(seed=4)
            chosen = quiet[agent].copy().reshape(-1)
            chosen[element] = 2
            *_, infos = team.step({**quiet, agent: chosen.reshape(quiet[agent].shape)[()]})
            asleep += [(agent, c) for c in np.flatnonzero(infos[agent]["command"])]
    assert [cell for _, cell in asleep] == hours.capacity_cells.tolist()
    assert all(agent in hours.cells[cell].name for agent, cell in asleep)


def test_cells_see_themselves_and_what_carries_them_and_the_clock(hours: Params) -> None:
    team, task = parallel_env("ranrein/EnergySaving-v0", hours), make_task("ranrein/EnergySaving-v0")
    names = [f"{f.name} {element}".strip() for f in task.features for element in f.elements(hours)]
    share = team._shares["plaza-0-n78s"]
    seen = [names[i] for i in share.elements]
    assert seen[0] == "load of plaza-0-n78s"
    assert "state of plaza-0-n78s=DEEP_SLEEP" in seen
    assert "load of macro-0-n28" in seen
    assert seen[-1] == "time of day cosine"
    assert not [name for name in seen if "macro-1" in name or "n78=" in name]
    sizes = {team.observation_space(agent).shape for agent in team.possible_agents}
    assert len(sizes) == 1, "capacity cells can share one network"


def test_sites_decide_for_all_their_cells(hours: Params) -> None:
    team = parallel_env("ranrein/EnergySaving-v0", hours, agents="site")
    assert team.possible_agents == ["macro", "plaza"]
    assert team.action_space("macro") == gym.spaces.MultiDiscrete([5, 5, 5])
    assert team.action_space("plaza") == gym.spaces.Discrete(5)


def test_masks_are_those_of_the_single_environment_and_can_be_sampled(
    make: Callable[..., TwinParallelEnv], hours: Params
) -> None:
    team, single = seeded(make()), make_env("ranrein/EnergySaving-v0", hours)
    _, infos = team.reset(seed=1)
    single.reset(seed=1)
    forbidden = 0
    for _ in range(PERIODS):
        masks = [np.concatenate(np.atleast_2d(infos[agent]["action_mask"])) for agent in team.agents]
        assert np.array_equal(np.concatenate(masks), single.action_masks())
        forbidden += int(np.sum(~single.action_masks()))
        actions = {a: team.action_space(a).sample(infos[a]["action_mask"]) for a in team.agents}
        single.step(team.joint(actions))
        *_, infos = team.step(actions)
    assert forbidden > 0


def test_a_wrong_joint_action_changes_nothing(make: Callable[..., TwinParallelEnv]) -> None:
    team, untouched = seeded(make()), make()
    for each in (team, untouched):
        each.reset(seed=2)
    good: dict[str, Any] = {agent: team.action_space(agent).sample() for agent in team.agents}
    first = team.possible_agents[0]
    for wrong in ({**good, "moon": 0}, {k: v for k, v in good.items() if k != first}, {**good, first: 9}):
        with pytest.raises(ValueError, match=f"moon|{first}"):
            team.step(wrong)
    assert team.step(good)[1] == untouched.step(good)[1]


def test_before_a_reset_and_after_the_end_nobody_is_alive(make: Callable[..., TwinParallelEnv]) -> None:
    team = make()
    with pytest.raises(gym.error.ResetNeeded):
        team.state()
    with pytest.raises(gym.error.ResetNeeded):
        team.step({})


def test_names_are_answered_with_the_nearest(hours: Params) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'site'"):
        parallel_env("ranrein/EnergySaving-v0", hours, agents="sites")
    with pytest.raises(ValueError, match="SliceAdmission has choices that are not about a cell"):
        parallel_env("ranrein/SliceAdmission-v0", "loss_system")


def test_a_network_with_nothing_to_choose_is_refused() -> None:
    scenario = load_scenario("tiny")
    site = replace(scenario.sites[0], sectors=(Sector(0.0, ("n3",)),))
    with pytest.raises(ValueError, match="scenario 'tiny' leaves EnergySaving nothing to choose"):
        parallel_env("ranrein/EnergySaving-v0", replace(scenario, sites=(site,)))


def test_a_choice_about_no_cell_is_refused(hours: Params, monkeypatch: pytest.MonkeyPatch) -> None:
    task = make_task("ranrein/EnergySaving-v0")
    everywhere = type("Everywhere", (type(task),), {
        "action_space": lambda self, params: gym.spaces.MultiDiscrete([5]),
        "decode": lambda self, params, actions, precedent: type(task).decode(
            self, params, np.repeat(actions, len(params.capacity_cells), axis=1), precedent),
    })  # fmt: skip
    monkeypatch.setitem(TASKS, "test/Everywhere-v0", everywhere)
    with pytest.raises(
        ValueError, match="element 0 of the action of Everywhere is not about exactly one cell"
    ):
        parallel_env("test/Everywhere-v0", hours)
