"""Warm start: the learner begins with what the rule does, and keeps learning from there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ranrein.agents import warm_start as module
from ranrein.agents.config import ConfigError, PpoConfig, TrainConfig
from ranrein.agents.demo_config import DemoConfig
from ranrein.agents.run_folder import RunFolder
from ranrein.agents.sb3_vec import TwinVecEnv
from ranrein.agents.seeds import Domain, domain_of, episode_seeds
from ranrein.agents.training import build_ppo, train
from ranrein.agents.warm_start import ATTEMPT, Demonstration, demonstrate, discounted, imitate
from ranrein.envs.baselines import AlwaysOn, LoadThreshold, rule_named, settings_of
from ranrein.envs.catalogue import UnknownNameError
from ranrein.envs.energy_saving import EnergySaving
from ranrein.envs.vector import TwinVectorEnv
from ranrein.twin.params import Params

N, CELLS_THAT_SLEEP = 32, 4
RULE = LoadThreshold(sleep_load=5.0, candidate_load=27.0, wake_load=45.0, duration_periods=1)


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    """As in training; several threads on a busy machine wait for each other."""
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def shown(params: Params) -> Demonstration:
    return demonstrate(TwinVectorEnv(EnergySaving(), params, N), RULE, 0.92, seed=0)


def fresh(params: Params) -> object:
    agent = PpoConfig(n_envs=N, n_steps=16, batch_size=64, gamma=0.92)
    return build_ppo(agent, TwinVecEnv(TwinVectorEnv(EnergySaving(), params, N)), 0)


def agreement(model: object, shown: Demonstration) -> float:
    choices, _ = model.predict(shown.observations, deterministic=True)
    return float(np.mean(choices == shown.choices))


def test_a_demonstration_is_a_day_of_every_replica(params: Params, shown: Demonstration) -> None:
    n = N * params.scenario.timing.periods_per_episode
    assert shown.observations.shape[0] == n
    assert shown.choices.shape == (n, CELLS_THAT_SLEEP)
    assert shown.returns.shape == (n,)
    assert 0.05 < np.mean(shown.choices == 4) < 0.95


def test_demonstrations_are_the_same_again_and_others_for_another_seed(
    params: Params, shown: Demonstration
) -> None:
    again, other = (
        demonstrate(TwinVectorEnv(EnergySaving(), params, N), RULE, 0.92, seed=seed) for seed in (0, 1)
    )
    assert again.observations.tobytes() == shown.observations.tobytes()
    assert other.observations.tobytes() != shown.observations.tobytes()


def test_demonstrations_use_training_episodes_that_no_learner_sees() -> None:
    mine = set(episode_seeds(0, Domain.TRAIN, ATTEMPT, 64))
    assert {domain_of(seed) for seed in mine} == {Domain.TRAIN}
    assert not mine & {s for attempt in range(8) for s in episode_seeds(0, Domain.TRAIN, attempt, 256)}


def test_returns_are_discounted_sums_that_end_in_a_steady_state() -> None:
    rewards = np.array([[1.0, 0.0], [2.0, 0.0], [3.0, 1.0]])
    assert discounted(rewards, 0.5) == pytest.approx(np.array([[3.5, 0.5], [5.0, 1.0], [6.0, 2.0]]))


def test_the_imitation_does_what_the_rule_does_and_keeps_some_doubt(
    params: Params, shown: Demonstration
) -> None:
    model = fresh(params)
    before = agreement(model, shown)
    imitate(model, shown, seed=0, epochs=10)
    assert before < 0.6
    assert agreement(model, shown) > 0.93
    heads = model.policy.get_distribution(torch.as_tensor(shown.observations)).distribution
    least = min(float(head.probs.detach().mean(dim=0).min()) for head in heads)
    assert least > module.DOUBT / 50  # no choice is given up


def test_the_critic_learns_the_level_of_the_returns(params: Params, shown: Demonstration) -> None:
    model = fresh(params)
    imitate(model, shown, seed=0, epochs=10)
    values = model.policy.predict_values(torch.as_tensor(shown.observations)).detach().numpy()
    assert abs(values.mean() - shown.returns.mean()) < 0.1
    assert shown.returns.mean() > 5


def test_imitating_twice_gives_the_same_weights(params: Params, shown: Demonstration) -> None:
    models = [fresh(params) for _ in range(2)]
    for model in models:
        imitate(model, shown, seed=3, epochs=10)
    first, second = (model.policy.state_dict() for model in models)
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_the_imitation_is_the_first_candidate_of_a_run(tiny_config: TrainConfig, tmp_path: Path) -> None:
    config = replace(tiny_config, run_dir=str(tmp_path / "run"), warm_start="load threshold",
                     warm_start_settings={"wake_load": 40.0}, warm_start_episodes=4, warm_start_epochs=1)  # fmt: skip
    rows = RunFolder(train(config)).read_evaluations()
    assert rows[0]["steps"] == 0
    resumed = replace(config, run_dir=None, resume=str(tmp_path / "run"), steps=config.steps + 2304)
    assert [row["steps"] for row in RunFolder(train(resumed)).read_evaluations()].count(0) == 1


@pytest.mark.parametrize(
    ("name", "settings", "words"),
    [
        ("load treshold", {}, "did you mean 'load threshold'"),
        ("load threshold", {"wake_lod": 3.0}, "did you mean 'wake_load'"),
        ("always on", {"wake_load": 3.0}, "setting of the always on"),
        ("load threshold", {"_quiet": 3.0}, "_quiet"),
        ("load threshold", {"name": 3.0}, "name"),
    ],
)
def test_an_unknown_rule_or_setting_names_the_nearest(
    name: str, settings: dict[str, float], words: str, tiny_config: TrainConfig, tmp_path: Path
) -> None:
    with pytest.raises(UnknownNameError, match=words):
        rule_named(name, settings)
    config = replace(tiny_config, run_dir=str(tmp_path / "r"), warm_start=name, warm_start_settings=settings)
    with pytest.raises(ConfigError, match="warm_start"):
        train(config)


@pytest.mark.parametrize("rule", [AlwaysOn(), RULE, LoadThreshold()])
def test_a_rule_is_rebuilt_from_its_name_and_settings(rule: AlwaysOn | LoadThreshold) -> None:
    assert rule_named(rule.name, settings_of(rule)) == rule


def test_the_learning_rate_falls_in_a_straight_line(params: Params) -> None:
    env = TwinVecEnv(TwinVectorEnv(EnergySaving(), params, N))
    agent = PpoConfig(n_envs=N, n_steps=16, batch_size=64, learning_rate=1e-3, final_learning_rate=1e-4)
    schedule = build_ppo(agent, env, 0).lr_schedule
    assert [schedule(left) for left in (1.0, 0.5, 0.0)] == pytest.approx([1e-3, 5.5e-4, 1e-4])
    steady = build_ppo(replace(agent, final_learning_rate=None), env, 0).lr_schedule
    assert [steady(left) for left in (1.0, 0.0)] == pytest.approx([1e-3, 1e-3])


def test_the_demo_begins_with_the_rule_it_was_given() -> None:
    config = DemoConfig().training(RULE)
    assert rule_named(str(config.warm_start), config.warm_start_settings) == RULE
