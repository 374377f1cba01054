"""`ranrein bench`: every case runs and every figure is worked out; how fast it is decides no test."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from ranrein.agents.bench import Case, calls_for, figures, measure, peer_hint
from ranrein.agents.bench_cases import Subject, cases_of
from ranrein.agents.bench_config import BenchConfig
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
    small = ["scenario=tiny", "repeats=1", "seconds=0.001", "batches=[1,2]", "num_envs=2"]
    assert bench.main([f"policy={tiny_run}", f"out={out}", *small]) == ExitCode.OK
    found = json.loads(out.read_text())
    assert all(math.isfinite(figure["value"]) for figure in found["figures"])
    names = {figure["name"] for figure in found["figures"]}
    assert {
        "twin kernel, B=2",
        "environment, vector of 2",
        "shield with look-ahead, B=1",
        "policy, B=2",
    } <= names
    text = capsys.readouterr().out
    assert "million UE-steps/s" in text
    assert ("mobile-env" in text) == (peer_hint() is not None)


def test_every_case_of_the_list_has_a_figure(tiny_run: Path) -> None:
    params = params_of("tiny")
    subject = Subject(params, EnergySaving(), load_bundle(tiny_run, params), (1,), 2)
    times = {case.name: 1e-3 for case in cases_of(subject)} | {"env n=1": 2e-3}
    shown = {(figure.name, figure.unit): figure.value for figure in figures(subject, times)}
    assert shown["environment, single", "steps/s"] == pytest.approx(500.0)
    assert shown["environment, vector of 2", "steps/s"] == pytest.approx(2000.0)
    assert shown["environment, single, outside the kernel", "% of the time"] == pytest.approx(50.0)
    assert shown["twin kernel, B=1", "us per replica-step"] == pytest.approx(50.0)


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


def test_help_shows_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        bench.main(["--help"])
    assert bench.EXAMPLE in capsys.readouterr().out
