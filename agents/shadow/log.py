"""A telemetry log made ready for a shadow run: the right cells, one record per control period."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from ...network.telemetry import GranularityError, TelemetryLog, TelemetryRecord, require_granularity
from ...network.telemetry_format import Place
from ...twin.kpis import PER_CELL, Kpis
from ...twin.params import Params
from ...twin.types import F32

_TOTALS = ("volume_dl", "blocked_dl", "handovers")  # add up over time
_LATEST = ("carrier_state", "waking")  # states at the end
_JITTER = 0.01  # of a period that a time stamp may be off the grid


def records_of(log: TelemetryLog, params: Params) -> list[TelemetryRecord]:
    """Return one record per control period of the network; ``gap_periods`` counts missing control periods.

    Raises:
        GranularityError: if the log is coarser than the control period, or does not divide it.
        TelemetryError: if the log is of other cells, holds no two adjacent periods, or cannot be used.
    """
    period_s = params.scenario.timing.control_period_s
    require_granularity(log, period_s)
    _require_cells(log, params)
    records = control_periods_of(log, params)
    adjacent = any(record.gap_periods == 0 for record in records[1:])
    repair = f"a shadow run compares adjacent control periods of {period_s:g} s; give at least two"
    Place(log.path, len(records) + 1).need(adjacent, "t", f"{len(records)} control periods", repair)
    return records


def control_periods_of(log: TelemetryLog, params: Params) -> list[TelemetryRecord]:
    """Return one record per control period; the cells are the caller's to check.

    Raises:
        GranularityError: if the log is coarser than the control period, or does not divide it.
        TelemetryError: if a record cannot be used.
    """
    period_s = params.scenario.timing.control_period_s
    require_granularity(log, period_s)
    ratio = period_s / log.header.granularity_s
    if not math.isclose(ratio, round(ratio)):
        raise GranularityError(
            f"{log.path}: granularity_s is {log.header.granularity_s:g} s, which does not divide the control "
            f"period of {period_s:g} s; collect at {period_s:g} s"
        )
    return list(log) if round(ratio) == 1 else list(_control_periods(log, round(ratio)))


def _require_cells(log: TelemetryLog, params: Params) -> None:
    wanted = [cell.name for cell in params.cells]
    repair = f"scenario {params.scenario.name!r} has {', '.join(wanted)}; name the scenario of this network"
    Place(log.path, 1).need(list(log.header.cells) == wanted, "cells", list(log.header.cells), repair)


def _control_periods(log: TelemetryLog, ratio: int) -> Iterator[TelemetryRecord]:
    """Join each ``ratio`` adjacent records that end on the control grid; incomplete ones are left out."""
    period_s, bunch, before_s = ratio * log.header.granularity_s, list[TelemetryRecord](), None
    for record in log:
        bunch = [record] if record.gap_periods else [*bunch, record]
        time_s = float(record.kpis.time_s[0])
        if abs(time_s / period_s - round(time_s / period_s)) * ratio > _JITTER:
            continue
        if len(bunch) >= ratio:
            missing = 0 if before_s is None else round((time_s - before_s) / period_s) - 1
            yield _joined(bunch[-ratio:], period_s, missing)
            before_s = time_s
        bunch = []


def _joined(bunch: Sequence[TelemetryRecord], period_s: float, gap_periods: int) -> TelemetryRecord:
    """Put adjacent records together; the command that counts is the last one."""
    parts, last = [record.kpis for record in bunch], bunch[-1]
    active = np.stack([part.active_ue for part in parts])
    values = {name: _over_time(name, parts) for name in PER_CELL if name not in _LATEST}
    values["ue_thp_dl"] = _weighted(np.stack([part.ue_thp_dl for part in parts]), active)
    kpis = replace(
        last.kpis,
        granularity_s=period_s,
        age_s=np.max([part.age_s for part in parts], axis=0),
        valid=np.all([part.valid for part in parts], axis=0),
        **values,
    )
    return replace(last, kpis=kpis, gap_periods=gap_periods)


def _over_time(name: str, parts: Sequence[Kpis]) -> F32:
    stacked = np.stack([getattr(part, name) for part in parts])
    return (stacked.sum(axis=0) if name in _TOTALS else stacked.mean(axis=0)).astype(np.float32)


def _weighted(values: F32, weights: F32) -> F32:
    """Average (T, 1, C) values over time, weighted; 0 where nothing weighs."""
    total = weights.sum(axis=0)
    mean = np.divide((values * weights).sum(axis=0), total, out=np.zeros_like(total), where=total > 0)
    return mean.astype(np.float32)
