import json
from pathlib import Path

import numpy as np
import pytest

from ranrein.network.protocol import CARRIER_STATE, Change, Patch
from ranrein.network.telemetry import (
    GranularityError,
    TelemetryError,
    TelemetryWriter,
    read_log,
    require_granularity,
)
from ranrein.twin.command import Command
from ranrein.twin.kpis import ARRAYS, MEASUREMENTS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "telemetry.md"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "log.jsonl"


@pytest.fixture
def reported(plant, params, clock, path):
    """Three periods written to a log, and the reports themselves."""
    command = Command.of([0, 4, 0, 0, 0, 0, 0])
    plant.apply(Patch((Change("macro-0-n78", CARRIER_STATE, 4, 0),)), "k")
    reports = []
    with TelemetryWriter(path, params) as writer:
        for propensity in (None, 0.25, 1.0):
            plant.wait(300.0)
            reports.append(plant.observe())
            writer.write(reports[-1], clock.utc(), command, propensity)
    return reports


def rewrite(path, line, change):
    """Change one line of the log; `change` edits its JSON data in place or returns new text."""
    lines = path.read_text().splitlines(keepends=True)
    data = json.loads(lines[line - 1])
    text = change(data)
    lines[line - 1] = text if isinstance(text, str) else json.dumps(data) + "\n"
    path.write_text("".join(lines))


def test_what_is_written_is_read_back_to_the_bit(reported, path):
    records = list(read_log(path))
    for record, kpis in zip(records, reported, strict=True):
        for name in ARRAYS:
            found, wanted = getattr(record.kpis, name), getattr(kpis, name)
            assert found.dtype == wanted.dtype
            assert np.array_equal(found, wanted), name
    assert [record.propensity for record in records] == [None, 0.25, 1.0]
    assert records[0].command.carrier_state.tolist() == [[0, 4, 0, 0, 0, 0, 0]]
    assert [record.utc.minute for record in records] == [5, 10, 15]


def test_the_header_names_network_cells_units_and_clauses(reported, path, plant):
    header = json.loads(path.read_text().splitlines()[0])
    assert (header["schema"], header["network"], header["granularity_s"]) == (
        "ranrein.telemetry/1",
        "urban",
        300.0,
    )
    assert tuple(header["cells"]) == plant.cells
    assert header["measurements"]["prb_tot_dl"]["name"] == "RRU.PrbTotDl"
    assert read_log(path).header.site_power_w == 360.0


@pytest.mark.parametrize("field", MEASUREMENTS)
def test_the_page_lists_every_measurement_with_its_unit(field):
    wanted = MEASUREMENTS[field]
    mark = " *" if wanted.optional else ""
    assert f"| `{field}`{mark} | `{wanted.name}` | {wanted.unit}" in PAGE.read_text(encoding="utf-8")


def test_a_log_can_be_read_more_than_once(reported, path):
    log = read_log(path)
    assert len(list(log)) == len(list(log)) == 3


def test_missing_periods_are_counted(reported, path):
    rewrite(path, 3, lambda data: "")
    assert [record.gap_periods for record in read_log(path)] == [0, 1]


def test_a_log_is_never_overwritten(reported, path, params):
    with pytest.raises(FileExistsError):
        TelemetryWriter(path, params)


def test_a_batch_of_replicas_is_not_written(plant, params, clock, tmp_path):
    with (
        TelemetryWriter(tmp_path / "other", params) as writer,
        pytest.raises(ValueError, match="one replica"),
    ):
        writer.write(plant.observe(), clock.utc(), Command.all_active(2, 7))


def set_in(*keys, value):
    def change(data):
        for key in keys[:-1]:
            data = data[key]
        data[keys[-1]] = value

    return change


PRB = ("kpis", "RRU.PrbTotDl")
BAD = {
    "schema": (1, set_in("schema", value="other/2"), "schema", "reads 'ranrein.telemetry/1'"),
    "unit": (1, set_in("measurements", "power", "unit", value="kW"), "measurements.power.unit", "to 'W'"),
    "name": (
        1,
        set_in("measurements", "power", "name", value="P"),
        "measurements.power.name",
        "PEE.AvgPower",
    ),
    "no cells": (1, set_in("cells", value=[]), "cells", "every cell once"),
    "granularity": (1, set_in("granularity_s", value=0), "granularity_s", "above 0"),
    "missing field": (1, lambda data: data.pop("network") and None, "network", "header lacks it"),
    "bad JSON": (3, lambda data: "{oops}\n", "line", "one JSON object per line"),
    "a list": (3, lambda data: "[1]\n", "line", "one JSON object per line"),
    "cell count": (3, set_in(*PRB, value=[1.0] * 6), "kpis.RRU.PrbTotDl", "7 cells, this has 6"),
    "NaN": (3, set_in(*PRB, 2, value=float("nan")), "kpis.RRU.PrbTotDl[2]", "finite number"),
    "huge": (3, set_in(*PRB, 2, value=10**400), "kpis.RRU.PrbTotDl[2]", "finite number"),
    "text": (3, set_in(*PRB, 2, value="12"), "kpis.RRU.PrbTotDl[2]", "finite number"),
    "truth as number": (3, set_in("valid", 0, value=1), "valid[0]", "true or false"),
    "state": (3, set_in("command", CARRIER_STATE, 1, value=5), "command.carrierState[1]", "0 (active) to 4"),
    "unknown counter": (3, set_in("kpis", "X.Y", value=[0] * 7), "X.Y", "remove it"),
    "same time": (3, set_in("t", value=300.0), "t", "sort by time"),
    "back in time": (3, set_in("t", value=0.0), "t", "sort by time"),
    "off the grid": (3, set_in("t", value=750.0), "t", "whole periods"),
    "local time": (3, set_in("utc", value="2026-03-01T00:10:00"), "utc", "+00:00"),
    "no time": (3, set_in("utc", value="noon"), "utc", "+00:00"),
    "propensity": (3, set_in("propensity", value=0.0), "propensity", "(0, 1]"),
    "missing record field": (3, lambda data: data.pop("age_s") and None, "age_s", "record lacks it"),
    "cut off": (4, lambda data: json.dumps(data)[:40], "line", "delete this last line"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_log_is_refused_with_file_line_field_and_repair(reported, path, case):
    line, change, field, repair = BAD[case]
    rewrite(path, line, change)
    with pytest.raises(TelemetryError) as caught:
        list(read_log(path))
    error = caught.value
    assert (error.path, error.line, error.field) == (path, line, field)
    assert repair in error.repair
    assert str(error).startswith(f"{path}, line {line}, {field}: found ")


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\n"])
def test_a_file_that_is_no_log_is_refused(path, content):
    path.write_bytes(content)
    with pytest.raises(TelemetryError, match="line 1"):
        read_log(path)


def test_a_log_that_ends_after_a_whole_line_is_only_shorter(reported, path):
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:3]))
    assert len(list(read_log(path))) == 2


def test_a_log_coarser_than_the_control_period_is_refused_with_both_numbers(reported, path):
    log = read_log(path)
    require_granularity(log, 300.0)
    require_granularity(log, 900.0)
    with pytest.raises(GranularityError, match=r"granularity_s is 300 s, the control period is 60 s"):
        require_granularity(log, 60.0)


def test_a_log_without_the_optional_measurements_reads_them_as_nothing(reported, path):
    optional = {field: m.name for field, m in MEASUREMENTS.items() if m.optional}
    assert "ping_pongs" in optional
    rewrite(
        path,
        1,
        lambda data: [data["measurements"].pop(field) for field in optional] and json.dumps(data) + "\n",
    )
    for line in (2, 3, 4):
        rewrite(
            path,
            line,
            lambda data: [data["kpis"].pop(n) for n in optional.values()] and json.dumps(data) + "\n",
        )
    for record, kpis in zip(read_log(path), reported, strict=True):
        assert not any(getattr(record.kpis, field).any() for field in optional)
        assert np.array_equal(record.kpis.volume_dl, kpis.volume_dl)
