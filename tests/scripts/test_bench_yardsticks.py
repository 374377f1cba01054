"""`ranrein bench yardsticks=true`: every row of `benchmarks/` comes into the table, and what cannot run says why."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from ranrein.scripts import bench_yardsticks
from ranrein.scripts.bench_yardsticks import YardstickError, add_to, require_checkout, rows_of, run_yardsticks

ROOT = Path(__file__).resolve().parents[2]


def test_the_yardsticks_need_a_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(YardstickError, match="run this in the root of a checkout"):
        require_checkout()
    monkeypatch.chdir(ROOT)
    require_checkout()


def test_a_measurement_runs_and_one_that_cannot_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(bench_yardsticks, "NAMES", ("memory", "against_crrm"))
    seen: list[str] = []
    rows = run_yardsticks("/nowhere/python", lambda share, note: seen.append(note))
    assert seen == ["memory", "against_crrm"]
    values = {name: value for name, value, _ in rows}
    assert values["state per replica, counted"] > 10_000
    why, value, unit = rows[-1]
    assert "/nowhere/python" in why
    assert math.isnan(value)
    assert unit == "not measured"


def test_ratios_say_whether_their_target_is_met() -> None:
    ratio = {"name": "twin over C", "value": 1.2, "target": 0.6, "verdict": "met"}
    free = {"name": "both cores free", "value": 2.0, "target": None, "verdict": ""}
    assert rows_of("against_c", {"ratios": [ratio, free]}) == [
        ("twin over C", 1.2, "times as fast; at least 0.6: met"),
        ("both cores free", 2.0, "times as fast"),
    ]
    warm = {"twin": {"wall_s": 0.7, "cpu_s": 0.6}}
    assert rows_of("startup", {"warm": warm, "target_s": 1.0}) == [
        ("start-up to the first step: twin", 0.7, "s, warm cache; below 1")
    ]


def test_the_json_of_the_run_holds_the_yardsticks_too(tmp_path: Path) -> None:
    path = tmp_path / "bench.json"
    path.write_text(json.dumps({"figures": []}))
    add_to(path, [("a", 1.5, "s"), ("b: no compiler", math.nan, "not measured")])
    found = json.loads(path.read_text())
    assert [row["value"] for row in found["yardsticks"]] == [1.5, None]
    assert found["figures"] == []
