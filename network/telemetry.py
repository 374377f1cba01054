"""Telemetry logs: one JSON line per granularity period, written by a running network, read for shadow runs.

The format is described in ``docs/telemetry.md``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from ..twin.command import Command
from ..twin.kpis import MEASUREMENTS, Kpis
from ..twin.params import Params
from .protocol import CARRIER_STATE
from .telemetry_format import (
    GranularityError,
    Header,
    Json,
    Place,
    TelemetryError,
    check_record,
    parse_header,
    parse_line,
)

__all__ = [
    "GranularityError",
    "Header",
    "TelemetryError",
    "TelemetryLog",
    "TelemetryRecord",
    "TelemetryWriter",
    "read_log",
    "require_granularity",
]

_DTYPES = {"carrier_state": np.int8, "waking": np.bool_}
_JITTER = 0.01  # of a period that a time stamp may be off the grid


@dataclass(frozen=True)
class TelemetryRecord:
    """One period of a log."""

    kpis: Kpis  # B = 1
    utc: datetime
    command: Command  # (1, C), in force during the period
    propensity: float | None  # probability with which the command was chosen, None when unknown
    gap_periods: int  # periods missing between the record before and this one


class TelemetryWriter:
    """Writes a new log; a context manager.

    Args:
        path: a file that does not exist yet.
        params: names the cells, the granularity and the sites' fixed power.
        network: name of the network; the scenario's by default.

    Raises:
        FileExistsError: a log is never overwritten.
    """

    def __init__(self, path: Path, params: Params, network: str | None = None) -> None:
        scenario = params.scenario
        self.header = Header(
            network=scenario.name if network is None else network,
            cells=tuple(cell.name for cell in params.cells),
            granularity_s=scenario.timing.control_period_s,
            site_power_w=float(params.arrays.fixed_w),
        )
        self._file = path.open("x", encoding="utf-8", newline="\n")
        self._put(self.header.as_json())

    def __enter__(self) -> TelemetryWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def write(self, kpis: Kpis, utc: datetime, command: Command, propensity: float | None = None) -> None:
        """Append the report of one period.

        Raises:
            ValueError: if there is not exactly one replica, or a value is not finite.
        """
        if kpis.n_replicas != 1 or command.carrier_state.shape != kpis.carrier_state.shape:
            raise ValueError(
                f"kpis {kpis.carrier_state.shape} and command {command.carrier_state.shape} must both be "
                f"(1, {len(self.header.cells)}); write one replica per log"
            )
        self._put(
            {
                "t": float(kpis.time_s[0]), "utc": utc.isoformat(),
                "kpis": {m.name: getattr(kpis, field)[0].tolist() for field, m in MEASUREMENTS.items()},
                "age_s": kpis.age_s[0].tolist(), "valid": kpis.valid[0].tolist(),
                "command": {CARRIER_STATE: command.carrier_state[0].tolist()}, "propensity": propensity,
            }
        )  # fmt: skip

    def close(self) -> None:
        """Finish the file."""
        self._file.close()

    def _put(self, data: Json) -> None:
        self._file.write(json.dumps(data, separators=(",", ":"), allow_nan=False) + "\n")
        self._file.flush()


@dataclass(frozen=True)
class TelemetryLog:
    """A log whose header was checked; iterating reads and checks the records one by one."""

    path: Path
    header: Header

    def __iter__(self) -> Iterator[TelemetryRecord]:
        """Read all records from the start; TelemetryError at the first that cannot be used."""
        before: TelemetryRecord | None = None
        with self.path.open(encoding="utf-8", errors="replace", newline="\n") as file:
            for line, text in enumerate(file, start=1):
                if line > 1:
                    before = _parse_record(Place(self.path, line), text, self.header, before)
                    yield before


def read_log(path: Path) -> TelemetryLog:
    """Open a log and check its header.

    Raises:
        TelemetryError: names file, line, field, value and repair.
    """
    with path.open(encoding="utf-8", errors="replace", newline="\n") as file:
        first, place = file.readline(), Place(path, 1)
    place.need(first != "", "line", "", "the file is empty; write the header first")
    return TelemetryLog(path, parse_header(place, parse_line(place, first)))


def require_granularity(log: TelemetryLog, control_period_s: float) -> None:
    """Refuse a log that is coarser than the control period.

    Raises:
        GranularityError: names both numbers.
    """
    if not log.header.granularity_s <= control_period_s:
        raise GranularityError(
            f"{log.path}: granularity_s is {log.header.granularity_s:g} s, the control period is "
            f"{control_period_s:g} s; collect at {control_period_s:g} s or finer, or control more slowly"
        )


def _parse_record(place: Place, text: str, header: Header, before: TelemetryRecord | None) -> TelemetryRecord:
    data = parse_line(place, text)
    check_record(place, data, len(header.cells))
    return TelemetryRecord(
        kpis=_kpis(data, header),
        utc=_utc(place, data["utc"]),
        command=Command.of(data["command"][CARRIER_STATE]),
        propensity=data["propensity"],
        gap_periods=0 if before is None else _gap(place, data["t"], float(before.kpis.time_s[0]), header),
    )


def _kpis(data: Json, header: Header) -> Kpis:
    absent = [0.0] * len(header.cells)  # of an optional measurement
    arrays: dict[str, Any] = {
        field: np.array([data["kpis"].get(m.name, absent)], dtype=_DTYPES.get(field, np.float32))
        for field, m in MEASUREMENTS.items()
    }
    return Kpis(
        time_s=np.array([data["t"]], np.float64),
        granularity_s=header.granularity_s,
        site_power=np.array([header.site_power_w], np.float32),
        age_s=np.array([data["age_s"]], np.float32),
        valid=np.array([data["valid"]], np.bool_),
        **arrays,
    )


def _gap(place: Place, time_s: float, before_s: float, header: Header) -> int:
    """Count missing periods; time must grow, by whole periods."""
    place.need(
        time_s > before_s, "t", time_s, f"the record before is of {before_s}; sort by time, drop repeats"
    )
    periods = (time_s - before_s) / header.granularity_s
    on_grid = round(periods) >= 1 and math.isclose(periods, round(periods), rel_tol=0, abs_tol=_JITTER)
    repair = (
        f"it is {periods:g} periods of {header.granularity_s:g} s after the one before; use whole periods"
    )
    place.need(on_grid, "t", time_s, repair)
    return round(periods) - 1


def _utc(place: Place, value: object) -> datetime:
    repair = "write an ISO 8601 time with the offset +00:00"
    place.need(isinstance(value, str), "utc", value, repair)
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        place.fail("utc", value, repair)
    place.need(moment.utcoffset() == timedelta(0), "utc", value, repair)
    return moment
