"""The lines of a load file: which column is what, and what stands in a line."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from .config import ConfigError, nearest
from .load_checks import SiteSeries

COMMAS = "separate fields with commas and write decimals with a point"
OTHER_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}
LOAD, TIME, HOUR, SITE = "load", "time", "hour", "site"
HOURS_PER_DAY = 24
SECONDS_PER_HOUR = 3600

_EPOCH = datetime(1970, 1, 1)


class LoadFileError(ConfigError):
    """A load file that cannot be used; the message names file, line, field, value and repair."""


@dataclass(frozen=True)
class Point:
    """One line of a load file."""

    line: int
    site: str
    said: str  # field and value of the time, for messages
    time_s: float  # local, since 1970-01-01 or, for a typical day, since midnight
    load: float


@dataclass(frozen=True)
class Table:
    """Which column is what."""

    path: Path
    header: list[str]
    load: str
    clock: str  # "time" or "hour"

    def point(self, line: int, cells: Sequence[str]) -> Point:
        """Return what a line says."""
        if len(cells) != len(self.header):
            _require_commas(self.path, line, cells)
            what = f"{len(cells)} fields where the header has {len(self.header)}"
            raise line_error(self.path, line, what, COMMAS)
        fields = dict(zip(self.header, (cell.strip() for cell in cells), strict=True))
        clock = fields[self.clock]
        said, time_s = f"{self.clock} = {clock!r}", self.time_s(line, clock)
        return Point(line, fields.get(SITE, ""), said, time_s, self.number(line, fields[self.load]))

    def time_s(self, line: int, text: str) -> float:
        """Return local seconds; an offset from UTC is dropped, since load follows the local clock."""
        if self.clock == HOUR:
            if not text.isdecimal() or int(text) >= HOURS_PER_DAY:
                raise line_error(self.path, line, f"hour = {text!r} is no hour of day", "write 0 to 23")
            return float(int(text) * SECONDS_PER_HOUR)
        try:
            return (datetime.fromisoformat(text).replace(tzinfo=None) - _EPOCH).total_seconds()
        except ValueError as error:
            repair = "write ISO 8601, such as 2024-05-01 13:10:00"
            raise line_error(self.path, line, f"time = {text!r} is no time", repair) from error

    def number(self, line: int, text: str) -> float:
        """Return a load, finite and not negative."""
        repair = "write zero or more, or leave out the line of a moment without a measurement"
        try:
            value = float(text)
        except ValueError as error:
            raise line_error(self.path, line, f"{self.load} = {text!r} is no number", repair) from error
        if not math.isfinite(value) or not value >= 0:
            fault = "is negative" if math.isfinite(value) else "is not finite"
            raise line_error(self.path, line, f"{self.load} = {text!r} {fault}", repair)
        return value


def table_of(path: Path, header: list[str], load: str) -> Table:
    """Return the columns of a header; ``load`` names that of the load."""
    clock = TIME if TIME in header else HOUR
    if clock not in header:
        _require_commas(path, 1, header)
        raise line_error(
            path, 1, f"columns {header} lack 'time' and 'hour'", "name the column of the times 'time'"
        )
    if load not in header:
        hint = f"choose one with load_column=NAME ({nearest(load, header)})"
        raise line_error(path, 1, f"columns {header} lack {load!r}", hint)
    twice = [name for name in (clock, load, SITE) if header.count(name) > 1]
    if twice:
        raise line_error(path, 1, f"column {twice[0]!r} stands there twice", "keep one of them")
    return Table(path, header, load, clock)


def _require_commas(path: Path, line: int, cells: Sequence[str]) -> None:
    """Refuse a line that another sign separates, as spreadsheets write it where decimals have a comma."""
    for sign, name in OTHER_SEPARATORS.items():
        if sign in cells[0]:
            what = f"{','.join(cells)!r} is separated by {name} ({sign!r})"
            raise line_error(path, line, what, COMMAS)


def site_series(table: Table, points: list[Point], step_s: float) -> SiteSeries:
    """Return the lines of one site as a series."""
    return SiteSeries(
        site=points[0].site,
        field=table.load,
        line=np.array([point.line for point in points]),
        time_s=np.array([point.time_s for point in points]),
        load=np.array([point.load for point in points]),
        step_s=step_s,
        said=tuple(point.said for point in points),
    )


def line_error(path: Path, line: int, what: str, repair: str) -> LoadFileError:
    """Return an error that names file, line, what was found and the repair."""
    return LoadFileError(f"{path}, line {line}: {what}; {repair}")
