"""`ranrein bench`: every case runs and every figure is worked out; how fast it is decides no test."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from ranrein.agents.bench.bench import Case, calls_for, figures, measure, peer_figures, training_figures
from ranrein.agents.bench.cases import Subject, cases_of, oracle_difference
from ranrein.agents.bench.config import BenchConfig
from ranrein.agents.bench.peer import PEER, SINGLE, VECTOR, peer_hint, peer_scenario
from ranrein.agents.bench.training import TrainingTime
from ranrein.agents.bundle import load_bundle
from ranrein.agents.config import from_mapping
from ranrein.agents.episodes import no_progress
from ranrein.envs.energy_saving import EnergySaving
from ranrein.envs.vector import params_of
from ranrein.scripts import bench
from ranrein.scripts.exit_codes import ExitCode
from ranrein.scripts.hydra_config import compose


class CountingClock:
    """A clock that only the case itself moves."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def monotonic_s(self) -> float:
        return self.now_s

    def spend(self, seconds: float) -> None:
        self.now_s += seconds


def test_a_run_prints_the_table_and_writes_the_json(
    tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "bench.json"
    small = ["scenario=tiny", "repeats=1", "seconds=0.001", "batches=[1,2]", "num_envs=2", "train_envs=8"]
    assert bench.main([f"policy={tiny_run}", f"out={out}", *small]) == ExitCode.OK
    found = json.loads(out.read_text())
    assert all(math.isfinite(figure["value"]) for figure in found["figures"])
    names = {figure["name"] for figure in found["figures"]}
    assert {
        "twin kernel, B=2",
        "ranrein/EnergySaving-v0, vector of 2",
        "ranrein/SliceAdmission-v0 on loss_system, vector of 2",
        "13 cells x 30 users, vector of 2",
        "PPO training with 8 environments, outside kernel and learner",
        "shield with look-ahead, B=1",
        "policy, B=2",
    } <= names
    text = capsys.readouterr().out
    assert "million UE-steps/s" in text
    assert ("pip install mobile-env" in text) == (peer_hint() is not None)
    assert (f"{SINGLE} over mobile-large-central-v0" in names) == (peer_hint() is None)


def test_every_case_of_the_list_has_a_figure(tiny_run: Path) -> None:
    params = params_of("tiny")
    problem = EnergySaving()
    subject = Subject(params, problem, "ranrein/EnergySaving-v0", load_bundle(tiny_run, params), (1,), 2)
    name = subject.task_id
    times = {case.name: 1e-3 for case in cases_of(subject)} | {"env n=1": 2e-3}
    shown = {(figure.name, figure.unit): figure.value for figure in figures(subject, times)}
    assert shown[f"{name}, single", "steps/s"] == pytest.approx(500.0)
    assert shown[f"{name}, vector of 2", "steps/s"] == pytest.approx(2000.0)
    assert shown[f"{name}, single, outside the kernel", "% of the time"] == pytest.approx(50.0)
    assert shown["twin kernel, B=1", "us per replica-step"] == pytest.approx(50.0)


def test_the_comparison_counts_the_thirty_users_both_sides_have() -> None:
    scenario = peer_scenario()
    params = params_of(scenario)
    assert (params.n_cells, scenario.users.resident) == (13, 30)
    assert scenario.timing.steps_per_period == 1
    seconds = {SINGLE: 1e-4, VECTOR: 1e-3, PEER: 1e-2}
    shown = {(figure.name, figure.unit): figure.value for figure in peer_figures(seconds, 50)}
    assert shown[SINGLE, "UE-steps/s"] == pytest.approx(300_000.0)
    assert shown[f"{SINGLE} over mobile-large-central-v0", "times as fast"] == pytest.approx(100.0)
    assert shown[f"{VECTOR} of 50 over mobile-large-central-v0", "times as fast"] == pytest.approx(500.0)
    del seconds[PEER]
    assert {figure.unit for figure in peer_figures(seconds, 50)} == {"UE-steps/s"}


def test_training_time_is_kernel_learner_or_neither() -> None:
    training = TrainingTime(total_s=10.0, env_s=4.0, kernel_s=3.0, steps=1000, peak_bytes=2_000_000_000)
    shown = [(figure.value, figure.unit) for figure in training_figures(BenchConfig(), training)]
    assert shown == [
        (100.0, "steps/s"),
        (30.0, "% of the time"),
        (pytest.approx(10.0), "% of the time"),
        (2.0, "GB"),
    ]


def test_the_kernel_agrees_with_its_oracle_in_numpy() -> None:
    assert 0.0 < oracle_difference(params_of("urban")) < 1e-6


def test_the_best_round_counts() -> None:
    clock, costs = CountingClock(), iter([9.0, 9.0, 4.0, 2.0, 3.0])
    case = Case("case", lambda: clock.spend(next(costs)))
    timings = measure([case], BenchConfig(repeats=3, seconds=1.0), clock, no_progress)
    assert timings["case"].seconds == 2.0


def test_a_round_is_filled_with_calls() -> None:
    clock = CountingClock()
    assert calls_for(lambda: clock.spend(0.01), 0.2, clock) == 16


def test_defaults_are_those_of_the_dataclass() -> None:
    assert from_mapping(BenchConfig, compose("bench")) == BenchConfig()


def test_a_wrong_setting_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.main(["repeat=3"]) == ExitCode.USAGE
    assert "did you mean 'repeats'" in capsys.readouterr().err


def test_a_training_without_whole_batches_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.main(["scenario=tiny", "train_envs=4"]) == ExitCode.USAGE
    told = "ranrein bench: train_envs=4 makes no whole batches; give a multiple of 8"
    assert told in capsys.readouterr().err
    assert bench.main(["train_envs=24", "--show"]) == ExitCode.OK


def test_help_shows_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        bench.main(["--help"])
    assert bench.EXAMPLE in capsys.readouterr().out
