"""The only way out of a state: measurements with age and validity after loss, delay and freezing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .kernels.report import LOST, N_REALS, OLD, WAKING, Readings, strike_replicas
from .kpis import PER_CELL, Kpis, measure
from .params import Params
from .scenario import Faults
from .state import State
from .types import Bool, Rows


@dataclass
class ReportHistory:
    """What the reporting chain remembers: measurements still under way, and the last report."""

    pending: list[Kpis]
    last: Kpis | None = None

    @staticmethod
    def empty() -> ReportHistory:
        """Return the history of a network that has reported nothing yet."""
        return ReportHistory([])

    @property
    def truth(self) -> Kpis:
        """The newest measurement, before delay, loss and freezing; for rewards, costs and tests only."""
        return self.pending[-1]

    def restart(self, rows: Rows, fresh: Kpis) -> None:
        """Forget the past of some replicas: their next reports start from ``fresh``."""
        self.pending = [_overwritten(kpis, rows, fresh) for kpis in self.pending]
        if self.last is not None:
            self.last = _overwritten(self.last, rows, fresh)


def report(params: Params, state: State, history: ReportHistory) -> Kpis:
    """Return what the management system receives for the period that just ended.

    A lost value repeats the last one with a growing age and ``valid`` False; a frozen sensor repeats it as if
    it were new; a delay hands over the measurement of some periods ago. Where the scenario says so, all reports of a
    site are lost while its transport is down.
    """
    faults = params.scenario.faults
    struck = np.empty((2, *state.arrays.carrier.shape), np.bool_)
    count = strike_replicas(params.arrays, state.arrays, faults.loss_prob, faults.freeze_prob, struck)
    return deliver(faults, history, measure(params, state), struck if count else None)


def deliver(faults: Faults, history: ReportHistory, truth: Kpis, struck: Bool | None) -> Kpis:
    """Return what becomes of a measurement on its way, see ``report``.

    Args:
        faults: how late reports come.
        history: of the reporting chain; ``truth`` is added.
        truth: what was measured.
        struck: (2, B, C), which cells' reports are lost, and which repeat an old value; None for none.
    """
    history.pending.append(truth)
    if len(history.pending) > faults.delay_periods + 1:
        history.pending.pop(0)
    arrived = history.pending[0]
    current = arrived if arrived is truth else _late(arrived, truth)
    if history.last is not None and struck is not None:
        current = _repeated(current, history.last, struck)
    repeats = faults.loss_prob > 0 or faults.freeze_prob > 0 or faults.lost_when_cut_off
    history.last = current.copy() if repeats else current  # who receives the report may change it
    return current


def _overwritten(kpis: Kpis, rows: Rows, fresh: Kpis) -> Kpis:
    """Return a copy with some rows of ``fresh``: whoever holds the old report keeps it."""
    changed = kpis.copy()
    changed.put(rows, fresh)
    return changed


def _late(arrived: Kpis, now: Kpis) -> Kpis:
    """Return the report that is handed over now, with its age."""
    late = arrived.copy()
    late.age_s[:] = (now.time_s - arrived.time_s)[:, None]
    late.time_s[:] = now.time_s
    return late


def _repeated(current: Kpis, last: Kpis, struck: Bool) -> Kpis:
    """Return the report with the last one's values where it is lost or frozen."""
    report, lost, old = current.copy(), struck[LOST], struck[OLD]
    if report.readings is None or last.readings is None:
        for name in PER_CELL:
            np.copyto(getattr(report, name), getattr(last, name), where=old)
    else:
        for mine, theirs in zip(_measured(report.readings), _measured(last.readings), strict=True):
            np.copyto(mine, theirs, where=old)
    np.copyto(report.age_s, last.age_s + np.float32(current.granularity_s), where=lost)
    np.copyto(report.valid, False, where=lost)
    return report


def _measured(readings: Readings) -> tuple[np.ndarray, ...]:
    """Return the arrays of what is measured per cell, (..., B, C) each."""
    return readings.reals[:N_REALS], readings.carrier_state, readings.flags[WAKING]
