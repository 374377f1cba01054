"""The only way out of a state: measurements with age and validity after loss, delay and freezing."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .kernels.maths import REPORT
from .kpis import PER_CELL, Kpis, measure
from .params import Params
from .seeding import unit
from .state import State
from .types import Bool

_LOSS, _FREEZE = 0, 1_000_000  # entity offsets of the two fault streams


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

    def restart(self, rows: np.ndarray, fresh: Kpis) -> None:
        """Forget the past of some replicas: their next reports start from ``fresh``."""
        for kpis in self.pending:
            kpis.put(rows, fresh)
        if self.last is not None:
            self.last.put(rows, fresh)


def report(params: Params, state: State, history: ReportHistory) -> Kpis:
    """Return what the management system receives for the period that just ended.

    A lost value repeats the last one with a growing age and ``valid`` False; a frozen sensor repeats it as if
    it were new; a delay hands over the measurement of some periods ago.
    """
    faults = params.scenario.faults
    history.pending.append(measure(params, state))
    if len(history.pending) > faults.delay_periods + 1:
        history.pending.pop(0)
    arrived = history.pending[0]
    now_s = state.arrays.step * params.scenario.timing.twin_step_s
    age = np.broadcast_to((now_s - arrived.time_s)[:, None], arrived.age_s.shape).astype(np.float32)
    current = replace(arrived.copy(), age_s=age, time_s=np.asarray(now_s, dtype=np.float64))
    history.last = current if history.last is None else _with_faults(params, state, current, history.last)
    return history.last.copy()


def _struck(params: Params, state: State, probability: float, offset: int) -> Bool:
    n, cells = state.arrays.carrier.shape
    if probability <= 0:
        return np.zeros((n, cells), np.bool_)
    entity = np.arange(cells, dtype=np.int64)[None, :] + offset
    return unit(state.arrays.key[:, None], state.arrays.step[:, None], entity, REPORT) < probability


def _with_faults(params: Params, state: State, current: Kpis, last: Kpis) -> Kpis:
    lost = _struck(params, state, params.scenario.faults.loss_prob, _LOSS)
    frozen = _struck(params, state, params.scenario.faults.freeze_prob, _FREEZE) & ~lost
    old = lost | frozen
    values = {name: np.where(old, getattr(last, name), getattr(current, name)) for name in PER_CELL}
    age = np.where(lost, last.age_s + np.float32(current.granularity_s), current.age_s)
    return replace(current, **values, age_s=age.astype(np.float32), valid=~lost)
