"""A number of a scenario that cannot be is answered in one line that names file, field and value; nothing is run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest

from ranrein.envs.registry import register
from ranrein.scripts.exit_codes import ExitCode
from ranrein.scripts.main import main

SITES = [
    {"id": "a", "x_m": 100.0, "y_m": 100.0, "propagation": "UMa"},
    {"id": "b", "x_m": 400.0, "y_m": 300.0, "propagation": "InH"},
]
LARGE = "1e400"  # JSON that Python reads as infinite
BAD: dict[str, tuple[dict[str, Any], str]] = {
    "no correlation": ({"load": {"noise_correlation_s": 0}}, "load.noise_correlation_s=0.0"),
    "noise below zero": ({"load": {"noise_sigma": -1}}, "load.noise_sigma=-1.0"),
    "an endless period": ({"timing": {"control_period_s": LARGE}}, "timing.control_period_s=inf"),
    "a user in the ground": ({"users": {"height_m": 0.5}}, "users.height_m=0.5"),
    "more users than memory": ({"users": {"resident": 10**12}}, "users.resident=1000000000000"),
    "percent": ({"users": {"indoor_share": 60}}, "users.indoor_share=60.0"),
    "an SSB period that is none": ({"sleep": {"ssb_period_ms": 0.5}}, "sleep.ssb_period_ms = 0.5"),
    "a seed that is none": ({"radio_seed": -3}, "radio_seed=-3"),
    "level B of a room": ({"fidelity": "B"}, "site 'b', propagation='InH', fidelity=\"B\""),
    "atoms": ({"width_m": 500.0, "pixel_m": 0.001}, "pixel_m=0.001"),
    "a map that fills memory": (
        {"width_m": 2e5, "pixel_m": 1.0},
        "pixel_m=1.0 makes 200,000 x 200,000 pixels",
    ),
    "half of the Earth": ({"width_m": 1e9, "pixel_m": 10.0}, "width_m=1000000000.0"),
    "an offset that is none": ({"handover": {"offset_db": 1e9}}, "handover.offset_db=1000000000.0"),
    "a venue off the Earth": ({"surge": {"venues": [[1e9, 0]]}}, "surge.venues[0][0]=1000000000.0"),
    "a silent week": ({"load": {"profile": [[0, 0]]}}, "load.profile is zero everywhere"),
    "terminals too few": (
        {"traffic": {"services": [{"name": "voip", "share": 1.0}]}},
        "traffic.services: at full load a user asks for",
    ),
}


def _inventory(folder: Path, sites: list[dict[str, Any]], scenario: dict[str, Any]) -> Path:
    path = folder / "town.json"
    data = {"schema": "ranrein-inventory/1", "sites": sites, "scenario": scenario}
    path.write_text(json.dumps(data).replace(f'"{LARGE}"', LARGE))
    return path


@pytest.mark.parametrize("case", BAD)
def test_an_overlay_that_cannot_be_is_refused_in_one_line(
    case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    overlay, named = BAD[case]
    path = _inventory(tmp_path, SITES, overlay)
    few = ["episodes=1", "bound=false", "baselines=always_on", f"out={tmp_path / 'out'}"]
    assert main(["evaluate", f"scenario=inventory:{path}", *few]) == ExitCode.USAGE
    (told,) = [line for line in capsys.readouterr().err.splitlines() if named in line]
    assert told.startswith((f"{path}:1: ", "ranrein evaluate: "))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("verb", ["evaluate", "train", "collect"])
def test_a_network_where_nobody_may_sleep_is_refused(
    verb: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    path = _inventory(tmp_path, [SITES[1]], {})
    assert main([verb, f"scenario=inventory:{path}"]) == ExitCode.USAGE
    told = "scenario 'town' leaves EnergySaving nothing to choose: take another, or give it carriers"
    assert told in capsys.readouterr().err
    register()
    for make in (gym.make, gym.make_vec):
        with pytest.raises(ValueError, match=told):
            make("ranrein/EnergySaving-v0", scenario=f"inventory:{path}")
    assert [one.name for one in tmp_path.iterdir()] == ["town.json"]
