"""A telemetry log as series to fit: complete, plausible and in the right units, or an error that names the place.

Short gaps are left out and counted. Longer ones, jumps of the clock, counters that were reset and values in other units
are errors: a fit would believe them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from ...network.telemetry import TelemetryLog, TelemetryRecord, require_granularity
from ...network.telemetry_format import Place
from ...twin.kpis import MEASUREMENTS
from ...twin.params import Params
from ...twin.types import F64, I64, Bool
from ..config import nearest
from ..shadow.log import control_periods_of
from .counters import Counters
from .units import require_units

SECONDS_PER_DAY = 86_400.0
LEAST_DAYS = 4  # two to fit, so that every hour is seen twice, one to set the margins, one to judge
MOST_DRIFT_S = 1.0  # of the clock against the time stamps
COUNTERS = ("volume_dl", "blocked_dl", "handovers")
NOT_NEGATIVE = (
    *COUNTERS,
    "prb_tot_dl",
    "power",
    "active_ue",
    "conn_mean",
    "ue_thp_dl",
    "uncovered_ue",
    "ue_below",
)


@dataclass(frozen=True)
class Series:
    """One log, one record per control period (T periods, C cells)."""

    records: tuple[TelemetryRecord, ...]
    time_s: F64  # (T,), end of the period, s since midnight of the first day
    state: I64  # (T, C), CarrierState in force at the end
    valid: Bool  # (T, C), whether the report arrived
    steady: Bool  # (T, C), valid, and neither waking nor switched within this period or the one before
    load: F64  # (T, C), share of PRBs, 0..1
    mbps: F64  # (T, C), traffic served
    offered_mbps: F64  # (T, C), traffic served and blocked
    power_w: F64  # (T, C)
    gaps: int  # periods that are missing
    holes: tuple[
        tuple[int, int], ...
    ] = ()  # line after a gap, and records of the log that are missing before it

    def rows(self, index: slice) -> Series:
        """Return some periods."""
        cut = {name: getattr(self, name)[index] for name in _ARRAYS}
        return replace(self, records=self.records[index], **cut)


_ARRAYS = ("time_s", "state", "valid", "steady", "load", "mbps", "offered_mbps", "power_w")


@dataclass(frozen=True)
class Parts:
    """A log cut by days: what is fitted is neither what sets the margins nor what judges."""

    fit: Series
    calibrate: Series
    judge: Series


def read_series(log: TelemetryLog, params: Params, most_gap_s: float) -> Series:
    """Read a log of the scenario's network.

    Args:
        log: header checked.
        params: of the scenario; names the cells and bounds what they can carry.
        most_gap_s: longest gap that is left out; a longer one is an error.

    Raises:
        GranularityError: if the log is coarser than the control period, or does not divide it.
        TelemetryError: names file, line, field, value and repair.
    """
    _require_cells(log, params)
    require_granularity(log, params.scenario.timing.control_period_s)
    line, before, counters, holes = 1, None, Counters(params), list[tuple[int, int]]()
    for line, record in enumerate(log, start=2):
        place = Place(log.path, line)
        _require_counts(place, record)
        if before is None:
            before = record
        _require_clock(place, record, before, most_gap_s)
        require_units(place, record, params)
        counters.follow(place, record)
        holes += [(line, record.gap_periods)] if record.gap_periods else []
        before = record
    records = control_periods_of(log, params)
    _require_length(Place(log.path, line), records, params)
    return replace(_series(records), holes=tuple(holes))


def split(series: Series) -> Parts:
    """Cut by days from the end: the last fifth (one day at least) judges, the fifth before sets the margins."""
    last_s = series.time_s[-1]
    held_s = max(1, int((last_s - series.time_s[0]) / SECONDS_PER_DAY) // 5) * SECONDS_PER_DAY
    first, second = (int(np.searchsorted(series.time_s, last_s - k * held_s, side="right")) for k in (2, 1))
    cuts = slice(0, first), slice(first, second), slice(second, None)
    return Parts(*(series.rows(cut) for cut in cuts))


def _series(records: Sequence[TelemetryRecord]) -> Series:
    stack = lambda name: np.concatenate([getattr(r.kpis, name) for r in records]).astype(np.float64)  # noqa: E731
    period_s = records[0].kpis.granularity_s
    state = stack("carrier_state").astype(np.int64)
    valid, waking = stack("valid") > 0, stack("waking") > 0
    settled = valid & ~waking & (np.concatenate([r.command.carrier_state for r in records]) == state)
    joined = np.array([False, *(r.gap_periods == 0 for r in records[1:])])[:, None]
    same = np.concatenate([np.zeros_like(valid[:1]), (state[1:] == state[:-1]) & valid[:-1] & ~waking[:-1]])
    volume, blocked = stack("volume_dl"), stack("blocked_dl")
    return Series(
        records=tuple(records),
        time_s=np.concatenate([r.kpis.time_s for r in records]),
        state=state,
        valid=valid,
        steady=settled & same & joined,
        load=stack("prb_tot_dl") / 100.0,
        mbps=volume / (1000.0 * period_s),
        offered_mbps=(volume + blocked) / (1000.0 * period_s),
        power_w=stack("power"),
        gaps=sum(r.gap_periods for r in records),
    )


def _require_cells(log: TelemetryLog, params: Params) -> None:
    found, wanted, place = list(log.header.cells), [cell.name for cell in params.cells], Place(log.path, 1)
    name = params.scenario.name
    for index, cell in enumerate(found):
        place.need(
            cell in wanted,
            f"cells[{index}]",
            cell,
            f"scenario {name!r} has no such cell; {nearest(cell, wanted)}",
        )
    missing = [cell for cell in wanted if cell not in found]
    place.need(
        not missing, "cells", found, f"scenario {name!r} also has {', '.join(missing)}; log every cell"
    )
    place.need(
        found == wanted, "cells", found, f"give the cells in the scenario's order: {', '.join(wanted)}"
    )


def _require_counts(place: Place, record: TelemetryRecord) -> None:
    """Refuse what only a reset or wrapped counter reports."""
    for field in NOT_NEGATIVE:
        values, name = getattr(record.kpis, field)[0], MEASUREMENTS[field].name
        for cell in np.flatnonzero(~(values >= 0)):
            repair = (
                "the counter was reset or wrapped: write the increase since the reset, or valid=false for this period"
                if field in COUNTERS
                else "write zero or more, or valid=false for this period"
            )
            place.fail(f"kpis.{name}[{cell}]", float(values[cell]), repair)


def _require_clock(place: Place, record: TelemetryRecord, before: TelemetryRecord, most_gap_s: float) -> None:
    time_s, before_s = float(record.kpis.time_s[0]), float(before.kpis.time_s[0])
    missing_s = record.gap_periods * record.kpis.granularity_s
    repair = (
        f"{record.gap_periods} periods ({missing_s / 3600:.3g} h) are missing before it, or the clock jumped ahead: "
        f"fill them from the archive, cut the log here, or accept the gap with most_gap_s={missing_s:.0f}"
    )
    place.need(missing_s <= most_gap_s, "t", time_s, repair)
    drift_s = (record.utc - before.utc).total_seconds() - (time_s - before_s)
    most_s = max(MOST_DRIFT_S, 0.01 * record.kpis.granularity_s)
    way = "ahead" if drift_s > 0 else "back"
    repair = (
        f"the clock jumped {way} by {abs(drift_s):g} s against t; write both from one clock that is not set"
    )
    place.need(abs(drift_s) <= most_s, "utc", _text(record.utc), repair)


def _text(moment: datetime) -> str:
    return moment.isoformat()


def _require_length(place: Place, records: Sequence[TelemetryRecord], params: Params) -> None:
    period_s = params.scenario.timing.control_period_s
    span_s = float(records[-1].kpis.time_s[0] - records[0].kpis.time_s[0]) + period_s if records else 0.0
    wanted = f"a fit needs {LEAST_DAYS} whole days: two to fit, one to set the margins, one to judge"
    wanted += "; `ranrein calibrate --make-sample FILE` writes such a log to try"
    days = math.floor(span_s / SECONDS_PER_DAY * 1000) / 1000
    place.need(
        span_s >= LEAST_DAYS * SECONDS_PER_DAY, "t", f"{days:g} days in {len(records)} periods", wanted
    )
