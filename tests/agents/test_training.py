"""Training: what a run leaves behind, how it goes on, and that it stops politely."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ranrein.agents import training
from ranrein.agents.checkpoint import next_attempt, restore_checkpoint, save_checkpoint
from ranrein.agents.config import ConfigError, EnvConfig, TrainConfig
from ranrein.agents.export import ParityError
from ranrein.agents.monitor import Standing
from ranrein.agents.run_folder import RunFolder, resumed
from ranrein.agents.sb3_vec import TwinVecEnv
from ranrein.agents.training import TrainingInterruptedError, build_ppo, rank, train
from ranrein.envs.energy_saving import EnergySaving
from ranrein.envs.vector import TwinVectorEnv
from ranrein.twin.params import Params

ROLLOUT = 8 * 36


@pytest.fixture
def copy(run: Path, tmp_path: Path) -> RunFolder:
    return RunFolder(Path(shutil.copytree(run, tmp_path / "run")))


def curve_steps(run: RunFolder) -> list[int]:
    with run.curve.open(newline="") as file:
        return [int(row["time/total_timesteps"]) for row in csv.DictReader(file)]


def test_run_folder_holds_what_is_promised(run: Path) -> None:
    names = {path.name for path in run.iterdir()}
    assert names >= {
        "config.json",
        "versions.json",
        "progress.csv",
        "tensorboard",
        "checkpoint.zip",
        "policy",
    }
    assert json.loads((run / "versions.json").read_text())["numpy"] == np.__version__


def test_curve_has_every_reward_term_and_cost(run: Path) -> None:
    header = (run / "progress.csv").read_text().splitlines()[0].split(",")
    wanted = {"reward/energy", "reward/service", "reward/calm", "cost/mean", "cost/throughput"}
    assert wanted | {"episode/violated_share", "episode/energy_kwh", "eval/energy_kwh"} <= set(header)


def test_policy_that_is_kept_is_the_best_evaluated(run: Path, tiny_config: TrainConfig) -> None:
    rows = RunFolder(run).read_evaluations()
    best = min(
        (row for row in rows if row["refused"] is None),
        key=lambda row: rank(row, tiny_config.max_violated_share),
    )
    card = json.loads((run / "policy" / "card.json").read_text())
    assert [row["steps"] for row in rows] == [2304, 4608]
    assert card["scores"]["steps"] == best["steps"]


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ((0.0, 30.0, 0.0), (0.0, 31.0, 0.0)),
        ((0.01, 40.0, 0.1), (0.02, 10.0, 0.0)),
        ((0.2, 40.0, 0.1), (0.3, 10.0, 0.1)),
        ((0.2, 40.0, 0.1), (0.2, 10.0, 0.2)),
    ],
)
def test_keeping_the_promise_comes_before_energy(better: tuple, worse: tuple) -> None:
    names = ("violated_share", "energy_kwh", "cost")
    first, second = (dict(zip(names, values, strict=True)) for values in (better, worse))
    assert rank(first, 0.01) < rank(second, 0.01)


def test_resumed_run_goes_on_with_steps_and_curve(copy: RunFolder) -> None:
    before = curve_steps(copy)
    train(resumed(copy.path, 4608 + 2 * ROLLOUT))
    assert curve_steps(copy) == [*before, 4608 + ROLLOUT, 4608 + 2 * ROLLOUT]
    assert [row["steps"] for row in copy.read_evaluations()] == [2304, 4608, 4608 + 2 * ROLLOUT]
    assert next_attempt(copy) == 2


def test_checkpoint_restores_weights_optimiser_and_generators(
    copy: RunFolder, tiny_config: TrainConfig, params: Params, task: EnergySaving
) -> None:
    env = TwinVecEnv(TwinVectorEnv(task, params, tiny_config.agent.n_envs))
    models = [build_ppo(tiny_config.agent, env, seed) for seed in (0, 1)]
    models[0].learn(ROLLOUT)
    save_checkpoint(models[0], copy, attempt=0)
    drawn = np.random.random(3), torch.rand(3)  # noqa: NPY002
    restore_checkpoint(models[1], copy)
    assert models[1].num_timesteps == ROLLOUT
    assert np.array_equal(np.random.random(3), drawn[0])  # noqa: NPY002
    assert torch.equal(torch.rand(3), drawn[1])
    states = [model.policy.optimizer.state_dict()["state"][0]["exp_avg"] for model in models]
    assert torch.equal(states[0], states[1])


def test_interrupt_saves_a_checkpoint_that_can_be_resumed(tiny_config: TrainConfig, tmp_path: Path) -> None:
    def interrupt(now: Standing) -> None:
        if now.steps == 2 * ROLLOUT:
            os.kill(os.getpid(), signal.SIGINT)

    cfg = replace(tiny_config, run_dir=str(tmp_path / "run"))
    with pytest.raises(TrainingInterruptedError, match="go on with resume=") as stopped:
        train(cfg, interrupt)
    assert stopped.value.steps == 2 * ROLLOUT
    assert RunFolder(stopped.value.run).checkpoint.is_file()
    train(resumed(stopped.value.run, 3 * ROLLOUT))


def test_training_twice_gives_the_same_policy(tiny_config: TrainConfig, run: Path, tmp_path: Path) -> None:
    again = train(replace(tiny_config, run_dir=str(tmp_path / "again")))
    assert (again / "eval.jsonl").read_text() == (run / "eval.jsonl").read_text()
    assert (again / "policy" / "policy.onnx").read_bytes() == (run / "policy" / "policy.onnx").read_bytes()


def test_taken_run_folder_is_refused(run: Path, tiny_config: TrainConfig) -> None:
    with pytest.raises(ConfigError, match="is not empty; choose another, or go on with resume="):
        train(replace(tiny_config, run_dir=str(run)))


def test_resuming_what_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is not a training run"):
        resumed(tmp_path)


@pytest.mark.parametrize("weights", [{"energy": 1.0}, {"energy": 0.0, "service": 0.0, "calm": 0.0}])
def test_wrong_reward_weights_are_refused_before_anything_is_written(
    tiny_config: TrainConfig, tmp_path: Path, weights: dict[str, float]
) -> None:
    cfg = replace(tiny_config, env=EnvConfig(weights=weights), run_dir=str(tmp_path / "run"))
    with pytest.raises(ConfigError, match="weight"):
        train(cfg)
    assert not (tmp_path / "run").exists()


def test_policy_that_onnxruntime_answers_unlike_is_refused_and_recorded(
    tiny_config: TrainConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def differ(*_: object) -> str:
        raise ParityError("1 of 1024 actions differ")

    monkeypatch.setattr(training, "write_bundle", differ)
    run = RunFolder(tmp_path / "run")
    with pytest.raises(ParityError, match="no policy could be exported"):
        train(replace(tiny_config, steps=ROLLOUT, run_dir=str(run.path)))
    assert [(row["best"], row["refused"]) for row in run.read_evaluations()] == [
        (False, "1 of 1024 actions differ")
    ]
    assert run.checkpoint.is_file()
