"""Warm start on every control problem: which rule is meant, how well it is learnt, and that its rules are kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ranrein.agents import teachers
from ranrein.agents.bundle import load_bundle
from ranrein.agents.config import ConfigError, EnvConfig, PpoConfig, TrainConfig
from ranrein.agents.evaluate import Setting
from ranrein.agents.problem import any_problem_of
from ranrein.agents.run_folder import RunFolder
from ranrein.agents.sb3_vec import TwinVecEnv
from ranrein.agents.seeds import Domain, domain_of
from ranrein.agents.teachers import best_rule, teacher_of, tuning_days
from ranrein.agents.training import build_ppo, train
from ranrein.agents.tuning import FEW, MANY
from ranrein.agents.warm_start import demonstrate, imitate
from ranrein.envs.baselines import AlwaysOn, Greedy, LoadThreshold
from ranrein.envs.beam_baselines import BeamGreedy
from ranrein.envs.controller import Controller
from ranrein.envs.vector import TwinVectorEnv

N = 24
STEERING = ("ranrein/TrafficSteering-v0", "steering")
JOINT = ("ranrein/JointControl-v0", "joint")
SLICES = ("ranrein/SliceAdmission-v0", "slices")
LOSS = ("ranrein/SliceAdmission-v0", "loss_system")
ENERGY = ("ranrein/EnergySaving-v0", "urban")


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    """As in training; several threads on a busy machine wait for each other."""
    torch.set_num_threads(1)


def setting(problem: str, scenario: str) -> Setting:
    task, params = any_problem_of(EnvConfig(problem), scenario)
    return Setting(params, task, tuning_days(0))


def named(problem: tuple[str, str], rule: str, **settings: float) -> Controller:
    return teacher_of(rule, settings, setting(*problem), 0.01)


def wrong(choices: Any, wanted: Any) -> float:
    """Return the share of decisions that differ."""
    return float(np.mean(choices != wanted))


def constant(wanted: Any) -> Any:
    """Return the decisions of whoever always takes the commonest choice, (A,)."""
    return np.array([np.bincount(column).argmax() for column in wanted.T])


@pytest.mark.parametrize(
    ("problem", "rule", "epochs"),
    [
        (STEERING, "load balancing", 40),
        (("ranrein/BeamControl-v0", "arena"), BeamGreedy(10.0, 20.0, 3.0), 20),
        (JOINT, "tuned together", 30),
        (SLICES, "trunk reservation", 20),
        (("ranrein/SliceAdmission-v0", "quotas"), "revenue_density", 20),
        (LOSS, "trunk reservation", 2),
        (LOSS, "revenue density", 2),
    ],
)
def test_the_imitation_decides_as_the_rule_does(
    problem: tuple[str, str], rule: str | Controller, epochs: int
) -> None:
    teacher = named(problem, rule) if isinstance(rule, str) else rule
    at = setting(*problem)
    agent = PpoConfig(n_envs=N, n_steps=16, batch_size=64)
    model = build_ppo(agent, TwinVecEnv(TwinVectorEnv(at.task, at.params, N)), 0)
    shown, other = (demonstrate(TwinVectorEnv(at.task, at.params, N), teacher, 0.9, seed) for seed in (0, 1))
    imitate(model, shown, seed=0, epochs=epochs)
    choices, _ = model.predict(other.observations, deterministic=True)
    assert wrong(choices, other.choices) < 0.1
    assert wrong(choices, other.choices) < 0.7 * wrong(constant(other.choices), other.choices)


@pytest.mark.parametrize(
    ("problem", "name", "settings", "words"),
    [
        (STEERING, "load balncing", {}, "unknown rule 'load balncing'; did you mean 'load balancing'"),
        (STEERING, "bset", {}, "did you mean 'best'"),
        (STEERING, "load balancing", {"least_lod": 3.0}, "load balancing 'least_lod'; did you mean 'least_load'"),
        (STEERING, "load balancing", {"name": 3.0}, "unknown setting"),
        (STEERING, "best", {"band": 3.0}, "tunes the settings itself"),
        (JOINT, "tuned_togther", {}, "did you mean 'tuned together'"),
        (JOINT, "tuned together", {"band": 3.0}, "it has none"),
        (SLICES, "load threshold", {}, "valid: best, complete sharing"),
        (LOSS, "exact optimum", {}, "unknown rule 'exact optimum'"),
    ],
)  # fmt: skip
def test_an_unknown_rule_or_setting_names_the_nearest(
    problem: tuple[str, str], name: str, settings: dict[str, float], words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        named(problem, name, **settings)


def test_a_problem_without_rules_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(teachers, "rules_of", lambda _setting: [])
    for name in ("best", "load balancing"):
        with pytest.raises(ConfigError, match="SliceAdmission has no rule that can be imitated"):
            named(LOSS, name)


def test_settings_change_the_rule() -> None:
    assert named(STEERING, "load_balancing", band=7.0).band == 7.0  # type: ignore[attr-defined]
    assert named(SLICES, "trunk reservation", slots=4.0).slots == 4.0  # type: ignore[attr-defined]
    assert named(ENERGY, "load threshold", wake_load=40.0) == LoadThreshold(wake_load=40.0)


def test_rules_are_tuned_on_selection_days() -> None:
    days = tuning_days(0)
    assert {domain_of(day) for day in days} == {Domain.SELECT}
    assert len(set(days)) == FEW + MANY


def test_the_best_rule_keeps_the_budget() -> None:
    at = setting(*ENERGY)
    days = replace(at, seeds=[*at.seeds[:FEW], *at.seeds[-8:]])
    rules = [AlwaysOn(), Greedy(), LoadThreshold()]
    assert best_rule(rules, days, 0.01) == LoadThreshold()
    assert best_rule(rules, days, 1.0) == Greedy()


def test_the_best_rule_of_a_problem_without_energy_returns_most() -> None:
    at = setting(*STEERING)
    days = replace(at, seeds=[*at.seeds[:FEW], *at.seeds[-8:]])
    none, some = named(STEERING, "no offsets"), named(STEERING, "load balancing")
    assert best_rule([none, some], days, 0.01) is some
    assert best_rule([some, none], days, 0.01) is some


def test_a_bundle_answers_like_the_rule_it_began_with_and_within_the_masks(tmp_path: Path) -> None:
    agent = PpoConfig(n_envs=8, n_steps=36, batch_size=144, n_epochs=1, learning_rate=1e-6)
    config = TrainConfig(
        env=EnvConfig(STEERING[0]), agent=agent, scenario=STEERING[1], steps=288, eval_every=288, eval_episodes=4,
        run_dir=str(tmp_path / "run"), warm_start="load balancing", warm_start_episodes=4 * N, warm_start_epochs=40,
    )  # fmt: skip
    run = train(config)
    assert RunFolder(run).read_evaluations()[0]["steps"] == 0
    at, rule = setting(*STEERING), named(STEERING, "load balancing")
    policy, env = load_bundle(run, at.params, STEERING[0]), TwinVectorEnv(at.task, at.params, 8)
    env.reset(seed=5)
    asked, wanted = [], []
    for _ in range(env.world.periods_per_episode - 1):
        asked.append(policy.actions(env.params, env.window))
        wanted.append(rule.actions(env.params, env.window))
        allowed = env.action_masks().reshape(*asked[-1].shape, -1)
        assert np.take_along_axis(allowed, asked[-1][..., None], axis=2).all()
        env.step(asked[-1])
    assert wrong(np.concatenate(asked), np.concatenate(wanted)) < 0.1
