"""What a measured load series cannot be: a running total, two units in one column, a spike, a meter that stands still.

Certain faults are fatal; what may be true of a real network, such as a silent night, is told and used as it stands.
The limits lie far from what measured cells do (Barcelona, ten minutes: half of all changes are falls, a day's median
is at most 24 times its neighbour's even in a faulty uplink column, no value is above 6 times the highest per cent).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from ..twin.types import F64, I64, Bool

SECONDS_PER_HOUR, SECONDS_PER_DAY = 3600.0, 86_400.0
LEAST_FALLS = 0.1  # of the changes of a day; a running total falls once per reset
SPIKE, ODD = 100.0, 10.0  # times what 99 % of the lines stay below
UNIT_STEP, LEVEL_STEP = 64.0, 5.0  # between the medians of the days before and after
NEAR_END_STEP = 500.0  # where less than half a day is left on one side
_SUDDEN = {UNIT_STEP: 16.0, LEVEL_STEP: 3.0}  # between the two lines themselves
LONG_SLOTS, LONG_S = 6, 7200.0  # of one value
TOLD = 5  # places of a kind that are named
_LEAST_WINDOW = 6  # lines on each side of a step


@dataclass(frozen=True)
class SiteSeries:
    """The lines of one site, n of them."""

    site: str  # "" where the file has one series
    field: str  # name of the column
    line: I64  # (n,)
    time_s: F64  # (n,), local, ascending
    load: F64  # (n,), not negative
    step_s: float  # regular distance; some may be missing
    said: tuple[str, ...]  # (n,), the time as it is written

    @property
    def of(self) -> str:
        """Return which site a message speaks of."""
        return f" of site {self.site!r}" if self.site else ""

    def value(self, at: int) -> str:
        """Return a value for a message."""
        return f"{self.field} = {self.load[at]:.6g}{self.of}"


@dataclass(frozen=True)
class Finding:
    """Something odd in a file."""

    line: int
    what: str
    repair: str
    is_fatal: bool = False


def findings(series: SiteSeries) -> tuple[Finding, ...]:
    """Return what is odd, fatal things first."""
    kinds: tuple[Callable[[SiteSeries], Iterator[Finding]], ...] = (_totals, _steps, _spikes, _still, _holes)
    found = [finding for kind in kinds for finding in _few(list(kind(series)))]
    return tuple(sorted(found, key=lambda f: not f.is_fatal))


def _few(found: list[Finding]) -> list[Finding]:
    """Keep as many as somebody reads; the last one says how many more there are."""
    if len(found) <= TOLD or any(finding.is_fatal for finding in found):
        return found
    last = found[TOLD]
    what = f"{last.what}, and {len(found) - TOLD - 1} more places like it"
    return [*found[:TOLD], Finding(last.line, what, last.repair)]


def _totals(series: SiteSeries) -> Iterator[Finding]:
    """Find the first day that hardly ever falls."""
    change = np.diff(series.load)
    slots = max(2, round(SECONDS_PER_DAY / series.step_s) - 1)
    for first in range(0, max(1, len(change) - slots + 1), max(1, slots // 4)):
        day = change[first : first + slots]
        moved = int((day != 0).sum())
        if moved < 0.8 * slots or (day < 0).sum() > LEAST_FALLS * moved:
            continue
        falls = np.concatenate([[-1], np.flatnonzero(change < 0), [len(change)]])
        here = (falls[:-1] < first + slots) & (falls[1:] >= first)
        run = int(np.argmax(np.where(here, np.diff(falls), 0)))  # the longest rise that touches this day
        begin, at = int(falls[run]) + 1, min(int(falls[run + 1]) + 1, len(change))
        is_reset = bool(falls[run + 1] < len(change))
        fell = "falls for the first time" if is_reset else "ends a series that only rises"
        what = f"{series.value(at)} {fell} since line {series.line[begin]}: a running total"
        repair = (
            "write what was counted in each slot, the difference of neighbours, and from zero after a reset"
        )
        yield Finding(int(series.line[at]), what + (" and its reset" if is_reset else ""), repair, True)
        return


def _steps(series: SiteSeries) -> Iterator[Finding]:
    """Find the largest lasting step of the level."""
    rows = np.flatnonzero(series.load > 0)
    level, day = np.log(series.load[rows]), round(SECONDS_PER_DAY / series.step_s)
    sudden = np.diff(level, prepend=level[:1])
    largest, at = 0.0, 0
    for row in np.flatnonzero(np.abs(sudden) >= math.log(_SUDDEN[LEVEL_STEP])):
        before, after = level[max(0, row - day) : row], level[row : row + day]
        step = float(np.median(after) - np.median(before)) if len(before) else 0.0
        short = min(len(before), len(after))
        enough = short >= day // 2 or (short >= _LEAST_WINDOW and abs(step) >= math.log(NEAR_END_STEP))
        if enough and step * sudden[row] > 0 and abs(step) > abs(largest):
            largest, at = step, int(row)
    factor, jump = math.exp(abs(largest)), math.exp(abs(float(sudden[at]))) if len(level) else 1.0
    fatal = factor >= UNIT_STEP and jump >= _SUDDEN[UNIT_STEP]
    if fatal or factor >= LEVEL_STEP:
        way = "higher" if largest > 0 else "lower"
        what = f"{series.value(int(rows[at]))} begins a level {factor:.3g} times {way} than the day before"
        repair = "write one unit in all lines" if fatal else "used as it stands: check that the unit is one"
        yield Finding(int(series.line[rows[at]]), what, repair, fatal)


def _spikes(series: SiteSeries) -> Iterator[Finding]:
    """Find values far above all but one in a hundred."""
    rest = np.sort(series.load)[::-1][math.ceil(0.01 * len(series.load)) :]
    usual = float(rest[0]) if len(rest) else 0.0
    for at in np.flatnonzero(series.load > ODD * usual) if usual > 0 else ():
        fatal = bool(series.load[at] > SPIKE * usual)
        what = f"{series.value(int(at))} is {series.load[at] / usual:.3g} times what 99 % of the lines stay below"
        repair = "leave out the line of a faulty measurement" if fatal else "used as it stands: check it"
        yield Finding(int(series.line[at]), what, repair, fatal)


def _still(series: SiteSeries) -> Iterator[Finding]:
    """Find long runs of one value: a day of zeros is no measurement."""
    for first, last in _runs(np.diff(series.load) == 0):
        slots = last - first + 1
        long_s = slots * series.step_s
        if slots < LONG_SLOTS or long_s < LONG_S:
            continue
        fatal = bool(series.load[first] == 0 and long_s >= SECONDS_PER_DAY)
        what = (
            f"{series.value(first)} stays until line {series.line[last]}, {long_s / SECONDS_PER_HOUR:.3g} h"
        )
        repair = "where nothing was measured, leave out the lines"
        yield Finding(
            int(series.line[first]), what, repair if fatal else f"used as it stands: {repair}", fatal
        )


def _holes(series: SiteSeries) -> Iterator[Finding]:
    """Find what is missing."""
    missing = np.rint(np.diff(series.time_s) / series.step_s).astype(np.int64) - 1
    for at in np.flatnonzero(missing > 0) + 1:
        slots = int(missing[at - 1])
        what = (
            f"{series.said[at]}{series.of}: {slots} slots ({slots * series.step_s / SECONDS_PER_HOUR:.3g} h) "
        )
        what += f"are missing after line {series.line[at - 1]}, or the clock was set ahead"
        repair = "interpolated" if slots == 1 else "days with more than single missing slots are left out"
        yield Finding(int(series.line[at]), what, repair)


def _runs(same: Bool) -> Iterator[tuple[int, int]]:
    """Yield first and last index of each run whose neighbours are the same."""
    edge = np.diff(np.concatenate([[0], same.astype(np.int64), [0]]))
    yield from zip(np.flatnonzero(edge == 1).tolist(), np.flatnonzero(edge == -1).tolist(), strict=True)
