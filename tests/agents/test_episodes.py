"""Running controllers over seeds: equal numbers alone, in a batch and from the environment."""

from __future__ import annotations

import numpy as np
import pytest

from ranrein.agents.episodes import Episodes, record_day, run_episodes
from ranrein.agents.seeds import Domain, episode_seeds
from ranrein.envs.baselines import AlwaysOn, LoadThreshold
from ranrein.envs.energy_saving import EnergySaving
from ranrein.envs.vector import TwinEnv
from ranrein.twin.params import Params

SEEDS = episode_seeds(0, Domain.DEMO, 0, 3)


@pytest.fixture(scope="module")
def result(params: Params, task: EnergySaving) -> Episodes:
    return run_episodes(LoadThreshold(), params, task, SEEDS)


def test_one_episode_alone_equals_its_row_of_the_batch(
    result: Episodes, params: Params, task: EnergySaving
) -> None:
    alone = run_episodes(LoadThreshold(), params, task, SEEDS[1:2])
    for name in ("episode_return", "energy_kwh", "cost", "switches"):
        assert getattr(alone, name)[0] == getattr(result, name)[1]


def test_results_are_those_of_the_environment(result: Episodes, params: Params, task: EnergySaving) -> None:
    env, rule = TwinEnv(task, params), LoadThreshold()
    env.reset(seed=SEEDS[0])
    rule.begin(params, 1)
    steps = [env.step(rule.actions(params, env.batch.window)[0]) for _ in range(288)]
    assert steps[-1][3]
    assert sum(step[1] for step in steps) == pytest.approx(result.episode_return[0])
    assert np.mean([step[4]["cost"] for step in steps]) == pytest.approx(result.cost[0])
    assert sum(step[4]["power_w"] for step in steps) * 300 / 3.6e6 == pytest.approx(result.energy_kwh[0])


def test_always_on_never_switches(params: Params, task: EnergySaving) -> None:
    result = run_episodes(AlwaysOn(), params, task, SEEDS)
    assert not result.switches.any()
    assert np.allclose(result.reward_terms["calm"], 1.0)


def test_an_episode_is_violated_when_its_cost_exceeds_the_budget(params: Params) -> None:
    forever = run_episodes(LoadThreshold(), params, EnergySaving(budget=-1.0), SEEDS)
    assert forever.violated_share == 1.0


def test_progress_rises_to_one(params: Params, task: EnergySaving) -> None:
    shares: list[float] = []
    run_episodes(AlwaysOn(), params, task, SEEDS[:1], shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_no_seeds_are_refused(params: Params, task: EnergySaving) -> None:
    with pytest.raises(ValueError, match="no seeds"):
        run_episodes(AlwaysOn(), params, task, [])


def test_recorded_day_is_the_episode_of_its_seed(
    result: Episodes, params: Params, task: EnergySaving
) -> None:
    day = record_day(LoadThreshold(), params, task, SEEDS[0])
    assert day.hour[-1] == 24.0
    assert day.load.shape == day.carrier_state.shape == (288, params.n_cells)
    assert day.power_w.sum() * 300 / 3.6e6 == pytest.approx(result.energy_kwh[0])
