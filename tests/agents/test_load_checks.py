"""Load series that cannot be true: each fault names its line, and measured cells pass."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from ranrein.agents.load_checks import TOLD
from ranrein.agents.load_file import LoadFileError, read_load_days, read_load_file
from ranrein.twin.types import F64

Change = Callable[[F64], F64]
MONDAY = datetime(2024, 5, 6)
DAYS, SLOTS = 3, 144


def cell(seed: int = 1) -> F64:
    """Three days of a cell in steps of ten minutes."""
    rng = np.random.default_rng(seed)
    day = 10 + 8 * np.sin(2 * np.pi * np.arange(DAYS * SLOTS) / SLOTS)
    return day * np.exp(0.2 * rng.normal(size=DAYS * SLOTS))


def write(folder: Path, loads: Iterable[float], left_out: Iterable[int] = (), minutes: int = 10) -> Path:
    gone, path = set(left_out), folder / "load.csv"
    rows = (
        f"{MONDAY + timedelta(minutes=minutes * n)},{x:.12g}" for n, x in enumerate(loads) if n not in gone
    )
    path.write_text("time,load\n" + "\n".join(rows) + "\n")
    return path


def total(reset: int) -> Change:
    """Return a counter that begins anew in one slot."""
    return lambda x: np.concatenate([np.cumsum(x[:reset]), np.cumsum(x[reset:])])


def times(factor: float, first: int, last: int | None = None) -> Change:
    return lambda x: np.concatenate([x[:first], factor * x[first:last], x[last:] if last else []])


FATAL: dict[str, tuple[Change, str]] = {
    "running total": (
        total(200),
        r"line 202: .*falls for the first time since line 2: a running total and its reset",
    ),
    "total by day": (lambda x: x.reshape(3, 144).cumsum(axis=1).ravel(), r"line 146: .*a running total"),
    "total, no reset": (np.cumsum, "line 433: .*ends a series that only rises since line 2"),
    "total half way": (
        lambda x: np.concatenate([x[:216], np.cumsum(x[216:])]),
        r"line 433: .*only rises since line 2\d\d: a running total; write what was",
    ),
    "unit switch": (
        times(1000.0, 216),
        "line 218: .*begins a level .* times higher .*write one unit in all lines",
    ),
    "unit back": (times(0.01, 216), "line 218: .*times lower than the day before; write one unit"),
    "spike": (times(1e9, 50, 51), "line 52: .*times what 99 % of the lines stay below; leave out the line"),
    "a silent day": (
        times(0.0, 144, 300),
        "line 146: load = 0 stays until line 301, 26 h; where nothing was measured",
    ),
}


@pytest.mark.parametrize("case", FATAL)
def test_what_cannot_be_a_load_is_refused_with_its_line(case: str, tmp_path: Path) -> None:
    change, words = FATAL[case]
    with pytest.raises(LoadFileError, match=rf"load\.csv, {words}"):
        read_load_file(write(tmp_path, change(cell())))


ODD: dict[str, tuple[Change, str]] = {
    "ten silent hours": (
        times(0.0, 200, 260),
        "line 202: load = 0 stays until line 261, 10 h; used as it stands",
    ),
    "a frozen value": (
        lambda x: np.where((np.arange(len(x)) // 30) == 7, 9.0, x),
        "line 212: load = 9 stays until",
    ),
    "a new level": (
        times(12.0, 216),
        "line 218: .*begins a level .*used as it stands: check that the unit is one",
    ),
    "a high value": (
        times(40.0, 50, 51),
        "line 52: .*99 % of the lines stay below; used as it stands: check it",
    ),
}


@pytest.mark.parametrize("case", ODD)
def test_what_may_be_true_is_told_with_its_line(
    case: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    change, words = ODD[case]
    with caplog.at_level(logging.WARNING):
        assert len(read_load_file(write(tmp_path, change(cell())))) == DAYS
    notes = [record.getMessage() for record in caplog.records]
    assert len(notes) == 1
    assert re.search(words, notes[0]), notes


def test_gaps_and_days_left_out_are_named(tmp_path: Path) -> None:
    notes = read_load_days(write(tmp_path, cell(), [30, *range(150, 170)])).notes
    assert "line 32: time = '2024-05-06 05:10:00': 1 slots (0.167 h) are missing after line 31" in notes[0]
    assert "line 151: time = '2024-05-07 04:20:00': 20 slots (3.33 h)" in notes[1]
    assert "or the clock was set ahead" in notes[1]
    assert notes[2].endswith("lines 145 to 268: a day with 20 of 144 slots missing; left out")
    assert len(notes) == 3


def test_a_file_without_a_complete_day_names_the_first_gap(tmp_path: Path) -> None:
    gone = [144 * day + slot for day in range(DAYS) for slot in (5, 6, 7)]
    with pytest.raises(LoadFileError, match=r"none of 3 days is complete.*missing before line 7"):
        read_load_file(write(tmp_path, cell(), gone))


def test_many_places_of_a_kind_are_counted(tmp_path: Path) -> None:
    notes = read_load_days(write(tmp_path, cell(), range(3, 60, 9))).notes
    holes = [note for note in notes if "are missing after" in note]
    assert len(holes) == TOLD + 1
    assert "and 1 more places like it" in holes[-1]


def test_hourly_and_noise_free_series_pass(tmp_path: Path) -> None:
    smooth = 1.0 + 0.9 * np.sin(2 * np.pi * np.arange(72) / 24)
    assert read_load_days(write(tmp_path, smooth, minutes=60)).notes == ()
    assert all(read_load_days(write(tmp_path, cell(seed))).notes == () for seed in range(5))


@pytest.mark.parametrize(
    "column", ["dl_mbps", "ul_mbps", "rnti_count", "rb_down", "rb_up", "mcs_down", "mcs_up"]
)
def test_every_measured_column_loads(column: str, reference_data: Path) -> None:
    days = read_load_days(reference_data / "traffic" / "barcelona_lte_10min.csv", column)
    assert (len(days.rows), days.left_out, days.interpolated) == (33, 4, 0)
    odd = [note for note in days.notes if "left out" not in note]
    assert all("begins a level" in note for note in odd)
    assert len(odd) == (2 if column in ("ul_mbps", "rb_up") else 0)


@pytest.mark.parametrize("column", ["mean", "std", "10%", "50%", "95%"])
def test_every_column_of_the_typical_day_loads(column: str, reference_data: Path) -> None:
    days = read_load_days(reference_data / "traffic" / "itu_5g_load_by_hour.csv", column)
    assert (len(days.rows), days.notes) == (1, ())
