"""`ranrein evaluate`: behind the shield too, if asked, and honest about load that the twin cannot foresee."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from ranrein.agents.bundle import bundle_digest
from ranrein.scripts import evaluate
from ranrein.scripts.exit_codes import ExitCode
from ranrein.twin.carrier import CarrierState

FEW = ("scenario=tiny", "episodes=2", "baselines=none", "bound=false", "shielded=true")


@pytest.fixture(scope="module")
def sleeper(tmp_path_factory: pytest.TempPathFactory, constant_policy: Callable[[Path, int], None]) -> Path:
    """A run whose policy lets its one capacity carrier sleep for ever."""
    folder = tmp_path_factory.mktemp("sleeper")
    constant_policy(folder / "policy", CarrierState.DEEP_SLEEP)
    return folder


def test_a_policy_is_also_judged_behind_the_shield(
    sleeper: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate.main([f"policy={sleeper}", f"out={tmp_path}", *FEW]) == ExitCode.OK
    assert "changed by" in capsys.readouterr().out
    bare, shielded = json.loads((tmp_path / "results.json").read_text())["rows"]
    assert shielded["controller"] == f"{bare['controller']}, shielded"
    assert bare["intervention"] is None
    assert 0 < shielded["intervention"]["mean"] <= 1
    assert shielded["energy_kwh"]["mean"] != bare["energy_kwh"]["mean"]
    assert shielded["cost"]["mean"] <= bare["cost"]["mean"]
    assert (tmp_path / "comparison.png").exists()


def test_results_go_beside_the_policy_and_never_into_it(
    tmp_path: Path, constant_policy: Callable[[Path, int], None], capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = tmp_path / "run" / "policy"
    constant_policy(bundle, 0)
    digest, few = bundle_digest(bundle), [*FEW[:-1], "plots=false"]
    for given in (bundle, bundle.parent):
        assert evaluate.main([f"policy={given}", *few]) == ExitCode.OK
        results = bundle.parent / "evaluation" / "results.json"
        assert f"written to {results.parent}" in capsys.readouterr().out
        results.unlink()
    for inside in (bundle, bundle / "new" / "place"):
        assert evaluate.main([f"policy={bundle}", f"out={inside}", *few]) == ExitCode.USAGE
        assert f"out='{inside}' lies in the bundle" in capsys.readouterr().err
    assert bundle_digest(bundle) == digest


def test_load_that_the_twin_cannot_foresee_has_no_shield(
    sleeper: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wild = tmp_path / "wild.csv"
    lines = (  # jumps at other times in every day: the twin knows the days, but not which of them it is
        f"2024-04-0{day} {slot // 6:02d}:{slot % 6}0:00,{30 if slot % 6 == day - 1 else 1}\n"
        for day in range(1, 7)
        for slot in range(144)
    )
    wild.write_text("time,load\n" + "".join(lines))
    code = evaluate.main([f"policy={sleeper}", f"out={tmp_path}", f"load_file={wild}", *FEW])
    assert code == ExitCode.NOT_READY
    message = capsys.readouterr().err
    assert "demand outgrows the belief by a factor of" in message
    assert "average the load file over longer slots" in message
    assert not (tmp_path / "results.json").exists()


def test_a_policy_of_another_problem_is_told_how_that_is_named(
    sleeper: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    few = [f"out={tmp_path}", "episodes=1", "bound=false"]
    assert evaluate.main([f"policy={sleeper}", "env=traffic_steering", *few]) == ExitCode.USAGE
    assert "running is 'ranrein/TrafficSteering-v0'; give env=energy_saving" in capsys.readouterr().err


def test_an_unknown_baseline_is_told_every_choice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for wrong, hint in (("alll", "did you mean 'all'?"), ("x", "all, always on, ")):
        assert evaluate.main(["scenario=tiny", f"baselines={wrong}", f"out={tmp_path}"]) == ExitCode.USAGE
        assert hint in capsys.readouterr().err


def test_a_word_without_a_value_is_told_how_a_setting_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate.main(["episodes"]) == ExitCode.USAGE
    assert "'episodes' is no setting; write key=value" in capsys.readouterr().err


def test_a_network_that_the_bound_is_not_proven_for_is_said_to_be_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate.main(["scenario=quotas", "episodes=1", f"out={tmp_path}"]) == ExitCode.USAGE
    assert "load.buffer_s=10: ask for no bound (bound=false)" in "".join(capsys.readouterr())
