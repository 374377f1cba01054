"""Logs that must not be fitted: each error names file, line, field, value and repair."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ranrein.agents.fit.report import gap_row
from ranrein.agents.fit.series import Series, read_series, split
from ranrein.agents.sample_log import write_sample_log
from ranrein.envs.baselines import LoadThreshold
from ranrein.envs.catalogue import load_scenario
from ranrein.network.telemetry import GranularityError, TelemetryError, read_log
from ranrein.twin.params import Params

Json = dict[str, Any]
LINE = 200  # that is spoilt; the header is line 1
PRB, VOLUME, POWER, BLOCKED = "RRU.PrbTotDl", "DRB.PdcpSduVolumeDL", "PEE.AvgPower", "DRB.BlockedVolumeDL"


@pytest.fixture(scope="module")
def params() -> Params:
    return Params.of(load_scenario("tiny"))


@pytest.fixture(scope="module")
def lines(params: Params, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Four days of the scenario `tiny`."""
    path = tmp_path_factory.mktemp("log") / "good.jsonl"
    write_sample_log(path, params, 4.0, 0, LoadThreshold())
    return path.read_text().splitlines(keepends=True)


def read(lines: list[str], params: Params, folder: Path, most_gap_s: float = 3600.0) -> Series:
    path = folder / "log.jsonl"
    path.write_text("".join(lines))
    return read_series(read_log(path), params, most_gap_s)


def spoilt(
    lines: list[str], change: Callable[[Json], None], first: int = LINE, last: int = LINE
) -> list[str]:
    """Change the lines first..last, counted from 1."""
    found = list(lines)
    for number in range(first, last + 1):
        record = json.loads(found[number - 1])
        change(record)
        found[number - 1] = json.dumps(record) + "\n"
    return found


def set_kpi(name: str, cell: int, value: object) -> Callable[[Json], None]:
    def change(record: Json) -> None:
        record["kpis"][name][cell] = value

    return change


def scale_kpi(name: str, factor: float) -> Callable[[Json], None]:
    def change(record: Json) -> None:
        record["kpis"][name] = [factor * value for value in record["kpis"][name]]

    return change


def move_utc(seconds: float) -> Callable[[Json], None]:
    def change(record: Json) -> None:
        record["utc"] = (datetime.fromisoformat(record["utc"]) + timedelta(seconds=seconds)).isoformat()

    return change


def move_t(seconds: float) -> Callable[[Json], None]:
    def change(record: Json) -> None:
        record["t"] += seconds

    return change


def message(lines: list[str], params: Params, folder: Path) -> str:
    with pytest.raises(TelemetryError) as caught:
        read(lines, params, folder)
    return str(caught.value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (set_kpi(VOLUME, 1, -5e6), [f"line {LINE}, kpis.{VOLUME}[1]", "-5000000.0", "reset or wrapped"]),
        (set_kpi(BLOCKED, 0, -1.0), [f"line {LINE}, kpis.{BLOCKED}[0]", "-1.0", "reset or wrapped"]),
        (set_kpi(VOLUME, 1, 4e9), [f"line {LINE}, kpis.{VOLUME}[1]", "not a running total"]),
        (set_kpi(VOLUME, 0, 0.0), [f"line {LINE}, kpis.{VOLUME}[0]", "0.0", "reset or stands still"]),
        (scale_kpi(VOLUME, 0.001), [f"line {LINE}, kpis.{VOLUME}[0]", "another unit? write kbit"]),
        (set_kpi(PRB, 0, -1.0), [f"line {LINE}, kpis.{PRB}[0]", "-1.0", "zero or more"]),
        (set_kpi(PRB, 0, 180.0), [f"line {LINE}, kpis.{PRB}[0]", "180.0", "percent"]),
        (set_kpi(VOLUME, 0, float("nan")), [f"line {LINE}, kpis.{VOLUME}[0]", "NaN", "finite number"]),
        (scale_kpi(PRB, 0.01), [f"line {LINE}, kpis.{PRB}[0]", "a share of 1? write percent"]),
        (scale_kpi(POWER, 0.001), [f"line {LINE}, kpis.{POWER}[0]", "write watts"]),
        (move_utc(3600.0), [f"line {LINE}, utc", "jumped ahead by 3600 s against t"]),
        (move_utc(-3600.0), [f"line {LINE}, utc", "jumped back by 3600 s against t"]),
        (move_t(-3600.0), [f"line {LINE}, t", "sort by time"]),
        (move_t(-300.0), [f"line {LINE}, t", "drop repeats"]),
        (move_t(86_400.0), [f"line {LINE}, t", "jumped ahead", "most_gap_s=86400"]),
        (move_t(37.0), [f"line {LINE}, t", "use whole periods"]),
    ],
)
def test_a_value_that_cannot_be_true_is_named(
    change: Callable[[Json], None], words: list[str], lines: list[str], params: Params, tmp_path: Path
) -> None:
    text = message(spoilt(lines, change), params, tmp_path)
    assert text.startswith(str(tmp_path / "log.jsonl"))
    assert all(word in text for word in words), text


def test_volume_in_larger_units_is_named_after_a_day(
    lines: list[str], params: Params, tmp_path: Path
) -> None:
    text = message(spoilt(lines, scale_kpi(VOLUME, 1 / 8), 2, len(lines)), params, tmp_path)
    assert "line 289, kpis.DRB.PdcpSduVolumeDL: found" in text
    assert "from line 2 on the cells' PRBs carry 8 times as much" in text
    assert "a kByte is 8" in text


def steady(lines: list[str]) -> int:
    """Return the first of ten lines over which the first cell's load moves little."""
    loads = np.array([json.loads(line)["kpis"][PRB][0] for line in lines[1:]])
    return (
        next(n for n in range(len(loads)) if 10 < loads[n : n + 10].max() < 1.15 * loads[n : n + 10].min())
        + 2
    )


def test_a_counter_that_stands_still_while_the_other_moves_is_named(
    lines: list[str], params: Params, tmp_path: Path
) -> None:
    first = steady(lines)
    for name, other, share in ((VOLUME, "PRB load", 0.6), (PRB, "volume", 1.2)):
        still = set_kpi(name, 0, share * json.loads(lines[first - 1])["kpis"][name][0])
        text = message(spoilt(lines, still, first, first + 9), params, tmp_path)
        assert f"kpis.{name}[0]" in text
        assert f"the same value in 7 periods in which the {other} moved" in text
        assert f"line {first + 6}" in text
        few = spoilt(lines, still, first, first + 5)
        assert len(read(few, params, tmp_path).records) == len(lines) - 1


def test_a_long_gap_is_an_error_unless_it_is_accepted(
    lines: list[str], params: Params, tmp_path: Path
) -> None:
    cut = [*lines[:100], *lines[130:]]
    text = message(cut, params, tmp_path)
    assert "line 101, t" in text
    assert "30 periods (2.5 h) are missing" in text
    assert read(cut, params, tmp_path, most_gap_s=9000.0).gaps == 30


def test_a_short_gap_is_left_out_and_counted(lines: list[str], params: Params, tmp_path: Path) -> None:
    series = read([*lines[:100], *lines[103:]], params, tmp_path)
    assert series.gaps == 3
    assert series.holes == ((101, 3),)
    assert gap_row(series) == ("periods", "3 missing and left out (3 before line 101)")
    assert not series.steady[99].any()


def test_a_lost_report_is_no_error_whatever_it_holds(
    lines: list[str], params: Params, tmp_path: Path
) -> None:
    def lose(record: Json) -> None:
        record["valid"] = [False, False]
        record["kpis"][PRB] = [180.0, 180.0]

    series = read(spoilt(lines, lose), params, tmp_path)
    assert not series.valid[LINE - 2].any()
    assert not series.steady[LINE - 2 : LINE].any()


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (
            ["mast-0-n3", "mast-0-n87"],
            "cells[1]: found 'mast-0-n87'; scenario 'tiny' has no such cell; did you mean",
        ),
        (["mast-0-n78", "mast-0-n3"], "give the cells in the scenario's order: mast-0-n3, mast-0-n78"),
        (["mast-0-n3"], "scenario 'tiny' also has mast-0-n78; log every cell"),
    ],
)
def test_cells_of_another_network_are_named(
    cells: list[str], words: str, lines: list[str], params: Params, tmp_path: Path
) -> None:
    header = json.loads(lines[0]) | {"cells": cells}
    assert words in message([json.dumps(header) + "\n", *lines[1:]], params, tmp_path)


@pytest.mark.parametrize(
    ("kept", "words"), [(0, "the file is empty"), (1, "0 days in 0"), (500, "1.73"), (2, "0.003")]
)
def test_too_short_a_log_is_named(
    kept: int, words: str, lines: list[str], params: Params, tmp_path: Path
) -> None:
    text = message(lines[:kept], params, tmp_path)
    assert words in text
    assert kept == 0 or ("a fit needs 4 whole days" in text and "calibrate --make-sample" in text)


def test_a_coarse_log_is_refused(lines: list[str], params: Params, tmp_path: Path) -> None:
    header = json.loads(lines[0]) | {"granularity_s": 900.0}
    with pytest.raises(GranularityError, match="900 s"):
        read([json.dumps(header) + "\n", *lines[1:2]], params, tmp_path)


def test_what_is_fitted_is_neither_what_sets_margins_nor_what_judges(
    lines: list[str], params: Params, tmp_path: Path
) -> None:
    parts = split(read(lines, params, tmp_path))
    times = [part.time_s for part in (parts.fit, parts.calibrate, parts.judge)]
    assert [len(t) for t in times] == [577, 288, 288]
    assert len(np.unique(np.concatenate(times))) == 1153
    assert times[0][-1] < times[1][0]
    assert times[1][-1] < times[2][0]
