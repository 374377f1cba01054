"""Measured load: a CSV of a network's own traffic becomes the days that a scenario draws from.

The format stands in ``docs/load_file.md``. Gaps are closed only where a single slot is missing; every other
doubt is an error that names file, line, field and value.
"""

from __future__ import annotations

import csv
import logging
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from ..twin.types import F64
from .load_checks import SiteSeries, findings
from .load_table import (
    HOUR,
    HOURS_PER_DAY,
    LOAD,
    SECONDS_PER_HOUR,
    LoadFileError,
    Point,
    Table,
    line_error,
    site_series,
    table_of,
)

Rows = tuple[tuple[float, ...], ...]

COMPLETE_SHARE = 0.95  # of the slots of a day
SECONDS_PER_DAY = HOURS_PER_DAY * SECONDS_PER_HOUR
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class LoadDays:
    """What a load file holds."""

    rows: Rows  # (days, slots), relative: each site has mean 1
    interpolated: int  # slots that were missing one at a time
    left_out: int  # days that were too incomplete
    notes: tuple[str, ...] = ()  # what is odd or left out, with its line and what is done about it


def read_load_file(path: Path, load_column: str | None = None) -> Rows:
    """Return the complete days of a load file as ``Load.profile``, (days, slots), each site with mean 1.

    Args:
        path: CSV with ``time,load`` or ``hour,load`` and, for several sites, ``site``.
        load_column: name of the column with the load; None means ``load``.

    Raises:
        LoadFileError: if the file cannot be used.
    """
    days = read_load_days(path, load_column)
    _tell(path, days)
    return days.rows


def read_load_days(path: Path, load_column: str | None = None) -> LoadDays:
    """Return the complete days of a load file, with the count of what was interpolated and left out.

    Raises:
        LoadFileError: if the file cannot be used.
    """
    return _cut(path, *_read(path, load_column))


def read_load_sites(path: Path, load_column: str | None = None) -> tuple[SiteSeries, ...]:
    """Return the series of a load file, checked like its days.

    Raises:
        LoadFileError: if the file cannot be used, or is a typical day.
    """
    table, sites = _read(path, load_column)
    _tell(path, _cut(path, table, sites))
    if table.clock == HOUR:
        repair = (
            "give a column 'time' and days to judge by, or use it as it is with load_file= of another verb"
        )
        raise line_error(path, 1, "column 'hour' makes one typical day, which no other day can judge", repair)
    return tuple(site_series(table, points, _step_s(path, points)) for points in sites.values())


def _cut(path: Path, table: Table, sites: dict[str, list[Point]]) -> LoadDays:
    if table.clock == HOUR:
        _require_all_hours(path, sites)
    steps = {site: _step_s(path, series) for site, series in sites.items()}
    _require_one_step(path, steps)
    parts = [_days(path, series, steps[site]) for site, series in sites.items()]
    notes = [
        n for site, points in sites.items() for n in _checked(path, site_series(table, points, steps[site]))
    ]
    return replace(_joined(parts), notes=(*notes, *(note for part in parts for note in part.notes)))


def _tell(path: Path, days: LoadDays) -> None:
    for note in days.notes:
        _log.warning("%s", note)
    level = logging.WARNING if days.interpolated or days.left_out else logging.INFO
    text = "%s: %d days of %d slots; %d single missing slots interpolated, %d incomplete days left out"
    _log.log(level, text, path, len(days.rows), len(days.rows[0]), days.interpolated, days.left_out)


def _read(path: Path, load_column: str | None) -> tuple[Table, dict[str, list[Point]]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            table, points = _parse(path, csv.reader(file), load_column)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise LoadFileError(f"{path}: {error}; give a readable CSV file in UTF-8") from error
    sites: dict[str, list[Point]] = {}
    for point in points:
        sites.setdefault(point.site, []).append(point)
    return table, sites


def _checked(path: Path, series: SiteSeries) -> list[str]:
    """Return what is odd but usable; anything else is an error."""
    found = findings(series)
    for finding in found:
        if finding.is_fatal:
            raise line_error(path, finding.line, finding.what, finding.repair)
    return [f"{path}, line {f.line}: {f.what}; {f.repair}" for f in found]


def _parse(path: Path, lines: Iterator[list[str]], load_column: str | None) -> tuple[Table, list[Point]]:
    header = [name.strip() for name in next(lines, [])]
    if not header:
        raise LoadFileError(f"{path} is empty; begin it with the line 'time,load' or 'hour,load'")
    table = table_of(path, header, load_column or LOAD)
    points = [table.point(number, cells) for number, cells in enumerate(lines, start=2) if cells]
    if not points:
        raise LoadFileError(f"{path} has a header and no lines below it; add at least one day")
    return table, points


def _require_all_hours(path: Path, sites: dict[str, list[Point]]) -> None:
    for series in sites.values():
        if len(series) < HOURS_PER_DAY:
            what = f"a typical day{_of(series[0].site)} has {len(series)} of {HOURS_PER_DAY} hours"
            raise line_error(path, series[-1].line, what, "give the hours 0 to 23, one line each")


def _step_s(path: Path, series: list[Point]) -> float:
    """Return the regular distance of a site's lines, after checking order and regularity."""
    _require_ascending(path, series)
    gaps = Counter(later.time_s - earlier.time_s for earlier, later in pairwise(series))
    step = gaps.most_common(1)[0][0] if gaps else float(SECONDS_PER_DAY)
    if SECONDS_PER_DAY % step or step == SECONDS_PER_DAY:
        what = f"{series[-1].said} ends a series{_of(series[0].site)} with a step of {step:g} s"
        repair = "give averages over a part of 24 h that divides it, such as 5, 10, 15 or 60 minutes"
        raise line_error(path, series[-1].line, what, repair)
    for point in series:
        if (point.time_s - series[0].time_s) % step:
            what = f"{point.said} is off the regular step of {step:g} s"
            raise line_error(path, point.line, what, "give all lines the same step")
    return step


def _require_ascending(path: Path, series: list[Point]) -> None:
    for earlier, later in pairwise(series):
        if later.time_s == earlier.time_s:
            what = f"{later.said} stands there twice{_of(later.site)}"
            repair = "keep one line; where the local clock is set back, write UTC"
            raise line_error(path, later.line, what, repair)
        if not later.time_s > earlier.time_s:
            what = f"{later.said} comes after {earlier.said}{_of(later.site)}"
            raise line_error(path, later.line, what, "sort the lines by time")


def _require_one_step(path: Path, steps: dict[str, float]) -> None:
    if len(set(steps.values())) > 1:
        told = ", ".join(f"{site!r} {step:g} s" for site, step in steps.items())
        raise LoadFileError(f"{path}: field time: sites have different steps ({told}); average them to one")


def _days(path: Path, series: list[Point], step: float) -> LoadDays:
    """Cut one site's series into days, relative to the mean of those that are complete."""
    slots = round(SECONDS_PER_DAY / step)
    days: dict[float, F64] = {}
    lines: dict[float, list[int]] = {}
    for point in series:
        day, second = divmod(point.time_s, SECONDS_PER_DAY)
        days.setdefault(day, np.full(slots, np.nan))[int(second // step)] = point.load
        lines.setdefault(day, []).append(point.line)
    complete = [day for day in days.values() if _is_complete(day)]
    if not complete:
        what = f"field time: none of {len(days)} days{_of(series[0].site)} is complete at {step:g} s a slot"
        repair = f"a day needs {100 * COMPLETE_SHARE:.0f} % of its slots and no two missing side by side"
        first = next((b.line for a, b in pairwise(series) if b.time_s - a.time_s > step), None)
        where = f"; the first slot is missing before line {first}" if first else ""
        raise LoadFileError(f"{path}: {what}; {repair}{where}")
    missing = int(sum(np.isnan(day).sum() for day in complete))
    table = np.stack([_filled(day) for day in complete])
    with np.errstate(over="ignore"):
        mean = float(table.mean())
    if not 0 < mean < math.inf:
        what = f"the mean load{_of(series[0].site)} is {mean:g}"
        raise LoadFileError(f"{path}: {what}; give a load above zero that a number can hold")
    rows = tuple(tuple(float(value) for value in row) for row in table / mean)
    short = {day: values for day, values in days.items() if not _is_complete(values)}
    notes = tuple(_left_out(path, lines[day], values) for day, values in short.items())
    return LoadDays(rows, missing, len(short), notes)


def _left_out(path: Path, lines: list[int], day: F64) -> str:
    lost = int(np.isnan(day).sum())
    return f"{path}, lines {lines[0]} to {lines[-1]}: a day with {lost} of {len(day)} slots missing; left out"


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
