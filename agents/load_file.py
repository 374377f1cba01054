"""Measured load: a CSV of a network's own traffic becomes the days that a scenario draws from.

The format stands in ``docs/load_file.md``. Gaps are closed only where a single slot is missing; every other
doubt is an error that names file, line, field and value.
"""

from __future__ import annotations

import csv
import logging
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import numpy as np

from ..twin.types import F64
from .config import ConfigError, nearest

Rows = tuple[tuple[float, ...], ...]

LOAD, TIME, HOUR, SITE = "load", "time", "hour", "site"
COMPLETE_SHARE = 0.95  # of the slots of a day
HOURS_PER_DAY = 24
SECONDS_PER_HOUR = 3600
SECONDS_PER_DAY = HOURS_PER_DAY * SECONDS_PER_HOUR

_EPOCH = datetime(1970, 1, 1)
_log = logging.getLogger(__name__)


class LoadFileError(ConfigError):
    """A load file that cannot be used; the message names file, line, field, value and repair."""


@dataclass(frozen=True)
class LoadDays:
    """What a load file holds."""

    rows: Rows  # (days, slots), relative: each site has mean 1
    interpolated: int  # slots that were missing one at a time
    left_out: int  # days that were too incomplete


@dataclass(frozen=True)
class _Point:
    """One line of a load file."""

    line: int
    site: str
    said: str  # field and value of the time, for messages
    time_s: float  # local, since 1970-01-01 or, for a typical day, since midnight
    load: float


@dataclass(frozen=True)
class _Table:
    """Which column is what."""

    path: Path
    header: list[str]
    load: str
    clock: str  # "time" or "hour"

    def point(self, line: int, cells: Sequence[str]) -> _Point:
        if len(cells) != len(self.header):
            what = f"{len(cells)} fields where the header has {len(self.header)}"
            repair = "separate fields with commas and write decimals with a point"
            raise _error(self.path, line, what, repair)
        fields = dict(zip(self.header, (cell.strip() for cell in cells), strict=True))
        clock = fields[self.clock]
        said, time_s = f"{self.clock} = {clock!r}", self.time_s(line, clock)
        return _Point(line, fields.get(SITE, ""), said, time_s, self.number(line, fields[self.load]))

    def time_s(self, line: int, text: str) -> float:
        """Return local seconds; an offset from UTC is dropped, since load follows the local clock."""
        if self.clock == HOUR:
            if not text.isdecimal() or int(text) >= HOURS_PER_DAY:
                raise _error(self.path, line, f"hour = {text!r} is no hour of day", "write 0 to 23")
            return float(int(text) * SECONDS_PER_HOUR)
        try:
            return (datetime.fromisoformat(text).replace(tzinfo=None) - _EPOCH).total_seconds()
        except ValueError as error:
            repair = "write ISO 8601, such as 2024-05-01 13:10:00"
            raise _error(self.path, line, f"time = {text!r} is no time", repair) from error

    def number(self, line: int, text: str) -> float:
        repair = "write zero or more, or leave out the line of a moment without a measurement"
        try:
            value = float(text)
        except ValueError as error:
            raise _error(self.path, line, f"{self.load} = {text!r} is no number", repair) from error
        if not math.isfinite(value) or not value >= 0:
            fault = "is negative" if math.isfinite(value) else "is not finite"
            raise _error(self.path, line, f"{self.load} = {text!r} {fault}", repair)
        return value


def read_load_file(path: Path, load_column: str | None = None) -> Rows:
    """Return the complete days of a load file as ``Load.profile``, (days, slots), each site with mean 1.

    Args:
        path: CSV with ``time,load`` or ``hour,load`` and, for several sites, ``site``.
        load_column: name of the column with the load; None means ``load``.

    Raises:
        LoadFileError: if the file cannot be used.
    """
    days = read_load_days(path, load_column)
    level = logging.WARNING if days.interpolated or days.left_out else logging.INFO
    text = "%s: %d days of %d slots; %d single missing slots interpolated, %d incomplete days left out"
    _log.log(level, text, path, len(days.rows), len(days.rows[0]), days.interpolated, days.left_out)
    return days.rows


def read_load_days(path: Path, load_column: str | None = None) -> LoadDays:
    """Return the complete days of a load file, with the count of what was interpolated and left out.

    Raises:
        LoadFileError: if the file cannot be used.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            table, points = _parse(path, csv.reader(file), load_column)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise LoadFileError(f"{path}: {error}; give a readable CSV file in UTF-8") from error
    sites = {site: [p for p in points if p.site == site] for site in dict.fromkeys(p.site for p in points)}
    if table.clock == HOUR:
        _require_all_hours(path, sites)
    steps = {site: _step_s(path, series) for site, series in sites.items()}
    _require_one_step(path, steps)
    return _joined([_days(path, series, steps[site]) for site, series in sites.items()])


def _parse(path: Path, lines: Iterator[list[str]], load_column: str | None) -> tuple[_Table, list[_Point]]:
    header = [name.strip() for name in next(lines, [])]
    if not header:
        raise LoadFileError(f"{path} is empty; begin it with the line 'time,load' or 'hour,load'")
    table = _table(path, header, load_column or LOAD)
    points = [table.point(number, cells) for number, cells in enumerate(lines, start=2) if cells]
    if not points:
        raise LoadFileError(f"{path} has a header and no lines below it; add at least one day")
    return table, points


def _table(path: Path, header: list[str], load: str) -> _Table:
    clock = TIME if TIME in header else HOUR
    if clock not in header:
        raise _error(
            path, 1, f"columns {header} lack 'time' and 'hour'", "name the column of the times 'time'"
        )
    if load not in header:
        hint = f"choose one with load_column=NAME ({nearest(load, header)})"
        raise _error(path, 1, f"columns {header} lack {load!r}", hint)
    twice = [name for name in (clock, load, SITE) if header.count(name) > 1]
    if twice:
        raise _error(path, 1, f"column {twice[0]!r} stands there twice", "keep one of them")
    return _Table(path, header, load, clock)


def _require_all_hours(path: Path, sites: dict[str, list[_Point]]) -> None:
    for series in sites.values():
        if len(series) < HOURS_PER_DAY:
            what = f"a typical day{_of(series[0].site)} has {len(series)} of {HOURS_PER_DAY} hours"
            raise _error(path, series[-1].line, what, "give the hours 0 to 23, one line each")


def _step_s(path: Path, series: list[_Point]) -> float:
    """Return the regular distance of a site's lines, after checking order and regularity."""
    _require_ascending(path, series)
    gaps = Counter(later.time_s - earlier.time_s for earlier, later in pairwise(series))
    step = gaps.most_common(1)[0][0] if gaps else float(SECONDS_PER_DAY)
    if SECONDS_PER_DAY % step or step == SECONDS_PER_DAY:
        what = f"{series[-1].said} ends a series{_of(series[0].site)} with a step of {step:g} s"
        repair = "give averages over a part of 24 h that divides it, such as 5, 10, 15 or 60 minutes"
        raise _error(path, series[-1].line, what, repair)
    for point in series:
        if (point.time_s - series[0].time_s) % step:
            what = f"{point.said} is off the regular step of {step:g} s"
            raise _error(path, point.line, what, "give all lines the same step")
    return step


def _require_ascending(path: Path, series: list[_Point]) -> None:
    for earlier, later in pairwise(series):
        if later.time_s == earlier.time_s:
            what = f"{later.said} stands there twice{_of(later.site)}"
            repair = "keep one line; where the local clock is set back, write UTC"
            raise _error(path, later.line, what, repair)
        if not later.time_s > earlier.time_s:
            what = f"{later.said} comes after {earlier.said}{_of(later.site)}"
            raise _error(path, later.line, what, "sort the lines by time")


def _require_one_step(path: Path, steps: dict[str, float]) -> None:
    if len(set(steps.values())) > 1:
        told = ", ".join(f"{site!r} {step:g} s" for site, step in steps.items())
        raise LoadFileError(f"{path}: field time: sites have different steps ({told}); average them to one")


def _days(path: Path, series: list[_Point], step: float) -> LoadDays:
    """Cut one site's series into days, relative to the mean of those that are complete."""
    slots = round(SECONDS_PER_DAY / step)
    days: dict[float, F64] = {}
    for point in series:
        day, second = divmod(point.time_s, SECONDS_PER_DAY)
        if day not in days:
            days[day] = np.full(slots, np.nan)
        days[day][int(second // step)] = point.load
    complete = [day for day in days.values() if _is_complete(day)]
    if not complete:
        what = f"field time: none of {len(days)} days{_of(series[0].site)} is complete at {step:g} s a slot"
        repair = f"a day needs {100 * COMPLETE_SHARE:.0f} % of its slots and no two missing side by side"
        raise LoadFileError(f"{path}: {what}; {repair}")
    missing = int(sum(np.isnan(day).sum() for day in complete))
    table = np.stack([_filled(day) for day in complete])
    with np.errstate(over="ignore"):
        mean = float(table.mean())
    if not 0 < mean < math.inf:
        what = f"the mean load{_of(series[0].site)} is {mean:g}"
        raise LoadFileError(f"{path}: {what}; give a load above zero that a number can hold")
    rows = tuple(tuple(float(value) for value in row) for row in table / mean)
    return LoadDays(rows, missing, len(days) - len(complete))


def _is_complete(day: F64) -> bool:
    """Tell whether enough is there and nothing is missing but single slots."""
    missing = np.isnan(day)
    return bool(missing.mean() <= 1 - COMPLETE_SHARE and not np.any(missing[1:] & missing[:-1]))


def _filled(day: F64) -> F64:
    """Interpolate missing slots; at midnight the neighbour's value stands."""
    slots, known = np.arange(len(day)), ~np.isnan(day)
    return np.interp(slots, slots[known], day[known])


def _joined(parts: list[LoadDays]) -> LoadDays:
    return LoadDays(
        rows=tuple(row for part in parts for row in part.rows),
        interpolated=sum(part.interpolated for part in parts),
        left_out=sum(part.left_out for part in parts),
    )


def _of(site: str) -> str:
    return f" of site {site!r}" if site else ""


def _error(path: Path, line: int, what: str, repair: str) -> LoadFileError:
    return LoadFileError(f"{path}, line {line}: {what}; {repair}")
