"""The demo: its settings, its drills and what its exit code says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest

from ranrein.agents import demo
from ranrein.agents.calibrate import CalibrationError
from ranrein.agents.certify import ShieldNotReadyError
from ranrein.agents.config import ConfigError, from_mapping
from ranrein.agents.demo import change_one_byte, flipped_margins
from ranrein.agents.demo_config import DRILLS, MARK, DemoConfig, check_places
from ranrein.envs.baselines import LoadThreshold
from ranrein.safety.selftest import self_test
from ranrein.safety.shield import Shield
from ranrein.scripts.demo import main
from ranrein.scripts.exit_codes import ExitCode
from ranrein.twin.params import Params


def test_an_unknown_drill_is_refused_naming_the_valid_ones() -> None:
    with pytest.raises(ConfigError, match=r"^drill='margin'; use one of none, margin_sign"):
        from_mapping(DemoConfig, {"drill": "margin", "base": "runs/demo"})


@pytest.mark.parametrize("drill", [name for name in DRILLS if name != "none"])
def test_a_drill_needs_the_demo_it_starts_from(drill: str) -> None:
    with pytest.raises(ConfigError, match="base=runs/demo"):
        from_mapping(DemoConfig, {"drill": drill})


def test_a_base_without_a_drill_is_refused() -> None:
    with pytest.raises(ConfigError, match="drill=none"):
        from_mapping(DemoConfig, {"base": "runs/demo"})


def test_a_folder_that_no_demo_made_is_never_emptied(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = tmp_path / "results.csv"
    mine.write_text("years of work")
    assert main([f"out={tmp_path}"]) == ExitCode.USAGE
    assert "holds what no demo made" in capsys.readouterr().err.replace("\n", " ")
    assert mine.read_text() == "years of work"
    (tmp_path / MARK).touch()
    check_places(DemoConfig(out=str(tmp_path)))


def test_a_drill_of_an_unfinished_demo_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "policy").mkdir()
    drill = ["drill=no_surge", f"base={tmp_path}", f"out={tmp_path / 'drill'}"]
    assert main(drill) == ExitCode.USAGE
    assert "lacks certificate.json" in capsys.readouterr().err.replace("\n", " ")


def test_the_training_of_the_demo_has_its_own_folder_and_seed() -> None:
    training = DemoConfig(out="somewhere", seed=3).training(LoadThreshold())
    assert training.run_dir == "somewhere/training"
    assert training.seed == 3


@pytest.mark.parametrize("problem", [CalibrationError("too wild"), ShieldNotReadyError("too blind")])
def test_a_demo_without_a_shield_says_why(
    tmp_path: Path, problem: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(demo, "look_at_problem", Mock(side_effect=problem))
    assert main([f"out={tmp_path / 'demo'}", "scenario=tiny"]) == ExitCode.NOT_READY
    assert f"shield not ready: {problem}" in capsys.readouterr().err


def test_exactly_one_byte_changes(tmp_path: Path) -> None:
    path = tmp_path / "certificate.json"
    path.write_bytes(b"0123456789")
    change_one_byte(path)
    changed = np.frombuffer(path.read_bytes(), np.uint8) != np.frombuffer(b"0123456789", np.uint8)
    assert changed.sum() == 1


def test_a_shield_with_flipped_margins_is_not_ready(params: Params) -> None:
    shield = Shield.of(params, 1.5)
    assert self_test(shield).ready
    assert not self_test(replace(shield, margin_of=flipped_margins)).ready
