"""The SB3 adapter: what a learner is told about episodes, and which ones it trains on."""

from __future__ import annotations

import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

from ranrein.agents.sb3_vec import TwinVecEnv
from ranrein.agents.seeds import Domain, domain_of
from ranrein.envs.energy_saving import EnergySaving
from ranrein.envs.vector import TwinVectorEnv
from ranrein.twin.params import Params

N = 4
PERIODS = 288


@pytest.fixture
def adapter(params: Params, task: EnergySaving) -> TwinVecEnv:
    return TwinVecEnv(TwinVectorEnv(task, params, N))


def roll(adapter: TwinVecEnv, periods: int) -> list[tuple]:
    rng = np.random.default_rng(0)
    return [adapter.step(rng.integers(0, 5, (N, 4))) for _ in range(periods)]


def test_training_uses_seeds_of_the_training_domain_only(adapter: TwinVecEnv) -> None:
    assert {domain_of(seed) for seed in adapter.seed(3)} == {Domain.TRAIN}
    assert adapter.seed(3) != adapter.seed(4)


def test_another_attempt_trains_on_other_episodes(params: Params, task: EnergySaving) -> None:
    first, second = (TwinVecEnv(TwinVectorEnv(task, params, N), attempt) for attempt in (0, 1))
    assert not set(first.seed(0)) & set(second.seed(0))


def test_replicas_begin_at_different_times_of_day(adapter: TwinVecEnv) -> None:
    adapter.reset()
    assert len(set(adapter.env.window.kpis.hour)) == N


def test_rewards_are_float32_and_most_infos_empty(adapter: TwinVecEnv) -> None:
    adapter.reset()
    observations, rewards, dones, infos = roll(adapter, 1)[0]
    assert observations.dtype == rewards.dtype == np.float32
    assert not dones.any()
    assert infos == [{}] * N


def test_end_of_an_episode_is_a_time_limit_with_its_last_observation(adapter: TwinVecEnv) -> None:
    adapter.reset()
    for observations, _, dones, infos in roll(adapter, PERIODS):
        for row in np.flatnonzero(dones):
            assert infos[row]["TimeLimit.truncated"] is True
            assert infos[row]["terminal_observation"].shape == observations[row].shape
            assert not np.array_equal(infos[row]["terminal_observation"], observations[row])


def test_only_whole_episodes_are_reported_and_sum_up_their_rewards(adapter: TwinVecEnv) -> None:
    adapter.reset()
    steps = roll(adapter, 2 * PERIODS)
    ended = [t for t, (_, _, dones, _) in enumerate(steps) if dones[0]]
    assert len(ended) == 2
    assert "episode" not in steps[ended[0]][3][0]
    episode = steps[ended[1]][3][0]["episode"]
    rewards = [float(step[1][0]) for step in steps[ended[0] + 1 : ended[1] + 1]]
    assert episode["l"] == PERIODS
    assert episode["r"] == pytest.approx(sum(rewards), rel=1e-5)


def test_reward_terms_add_up_to_the_return(adapter: TwinVecEnv, task: EnergySaving) -> None:
    adapter.reset()
    sums = next(i["sums"] for _, _, _, infos in roll(adapter, 2 * PERIODS) for i in infos if "sums" in i)
    weighted = sum(weight * sums[f"reward/{name}"] for name, weight in task.weights.items())
    assert weighted / sum(task.weights.values()) == pytest.approx(sums["return"])
    assert 10 < sums["energy_kwh"] < 100


def test_masks_come_one_row_per_replica(adapter: TwinVecEnv) -> None:
    adapter.reset()
    masks = np.stack(adapter.env_method("action_masks"))
    assert masks.shape == (N, 20)
    assert masks.dtype == np.bool_


def test_setting_an_attribute_of_one_replica_is_refused(adapter: TwinVecEnv) -> None:
    with pytest.raises(NotImplementedError, match="task"):
        adapter.set_attr("task", None)


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.DISABLED])
def test_a_batch_that_begins_episodes_in_another_way_is_refused(
    params: Params, task: EnergySaving, mode: AutoresetMode
) -> None:
    with pytest.raises(ValueError, match=f"autoreset_mode='{mode.value}'.* needs 'SameStep'"):
        TwinVecEnv(TwinVectorEnv(task, params, N, mode))
