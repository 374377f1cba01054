"""What the management system knows of slices: who asks, who is served, and whether promises are kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .kernels.judge import Verdict
from .kernels.slice_view import read_door, read_slots, settle_rows
from .kernels.slices import ASKED, BLOCKED, DELAY, KEPT, OFFERED, SERVED
from .params import Params
from .slicing import SECONDS_PER_HOUR
from .state import State
from .types import F32, F64, I8, I32, Bool, Rows


class Money(NamedTuple):
    """What slices brought in a control period."""

    revenue: F64  # (B,)
    penalty: F64  # (B,)


@dataclass(frozen=True)
class SliceReport:
    """The requests that wait, and the slices of the control period that just ended, per replica (B).

    R places at the door, N slots; -1 stands for nobody.
    """

    request_kind: I8  # (B, R), type
    request_area: I32  # (B, R), area of its centre
    request_hours: F32  # (B, R), how long it wants to stay
    answer: I8  # (B, R), what became of the requests before (``Answer``)
    kind: I8  # (B, N), type
    tier: I8  # (B, N), ``Tier``
    area: I32  # (B, N), area of its centre
    left_hours: F32  # (B, N)
    active_s: F64  # (B, N), active users x s
    kept_s: F64  # (B, N), the same with the promise kept
    served_mbit: F64  # (B, N)
    blocked_mbit: F64  # (B, N), lost; with what waited for a slice that ended when the period began
    offered_mbit: F64  # (B, N), that arrived
    queued_mbit: F64  # (B, N), that waits at the end
    delay_ms: F64  # (B, N), mean of what was served, air and buffer and backhaul; 0 where nothing was

    @property
    def n_replicas(self) -> int:
        """Number of replicas B."""
        return len(self.kind)

    @property
    def kept_share(self) -> F64:
        """Share of the active users' time with the promise kept, (B, N); 1 where nobody was active."""
        return np.divide(self.kept_s, self.active_s, out=np.ones_like(self.kept_s), where=self.active_s > 0)

    def put(self, rows: Rows, other: SliceReport) -> None:
        """Overwrite some replicas with those of ``other``."""
        for name, values in vars(self).items():
            values[rows] = getattr(other, name)

    def rows(self, index: Rows) -> SliceReport:
        """Copy some replicas."""
        return SliceReport(**{name: values[index].copy() for name, values in vars(self).items()})


def report_slices(params: Params, state: State) -> SliceReport:
    """Read the slices of the control period that just ended, and the requests that wait at its end."""
    arrays, doors, slots = state.arrays, state.arrays.request.shape[:2], state.arrays.slot_kind.shape
    sums = np.moveaxis(arrays.slot_sum, 2, 0).copy()
    found = SliceReport(
        request_kind=np.empty(doors, np.int8),
        request_area=np.empty(doors, np.int32),
        request_hours=np.empty(doors, np.float32),
        answer=arrays.answer.copy(),
        kind=arrays.slot_kind.copy(),
        tier=np.empty(slots, np.int8),
        area=np.empty(slots, np.int32),
        left_hours=np.empty(slots, np.float32),
        active_s=sums[ASKED],
        kept_s=sums[KEPT],
        served_mbit=sums[SERVED],
        blocked_mbit=sums[BLOCKED],
        offered_mbit=sums[OFFERED],
        queued_mbit=waiting_mbit(params, state),
        delay_ms=_per_mbit(1e3 * sums[DELAY], sums[SERVED]),
    )
    grid = params.arrays.pixel_area, params.arrays.n_x, params.arrays.pixel_m
    read_door(arrays.request, grid, found.request_kind, found.request_area, found.request_hours)
    held = arrays.slot_kind, arrays.slot_tier, arrays.slot_xy, arrays.slot_left_s
    read_slots(held, grid, found.tier, found.area, found.left_hours)
    return found


def waiting_mbit(params: Params, state: State) -> F64:
    """Return what waits for the users of each slot, (B, N)."""
    (n, slots), queue = state.arrays.slot_kind.shape, state.arrays.queue
    if queue.shape[1] == 0:
        return np.zeros((n, slots))
    return queue[:, params.arrays.slice_first :].reshape(n, slots, -1).sum(axis=2)


def _per_mbit(total: F64, mbit: F64) -> F64:
    return np.divide(total, mbit, out=np.zeros_like(total), where=mbit > 0)


def broken_promises(params: Params, report: SliceReport) -> Bool:
    """Tell which slices had their promise broken in the period, (B, N)."""
    least = params.scenario.slicing.columns["availability"][np.maximum(report.kind, 0)]
    return (report.kind >= 0) & ~(report.kept_share >= least)


def slice_margin(params: Params, report: SliceReport) -> F64:
    """Return h of the promises to tenants, (B,); safe where h >= 0: the limit less the share that is broken."""
    return _settled(params, report)[0]


def settle(params: Params, verdict: Verdict, report: SliceReport) -> tuple[Verdict, Money]:
    """Return the verdict with one constraint more, and the money: promises are looked at once for both.

    The constraint is the share of served slices whose promise was broken. It counts slices of the period as a whole,
    one that admits none keeps its promise.
    """
    margin, cost, money = _settled(params, report)
    judged = Verdict(
        margin=np.concatenate([verdict.margin, margin[:, None]], axis=1),
        cost=np.concatenate([verdict.cost, cost[:, None]], axis=1),
        unsafe=verdict.unsafe | ~(margin >= 0),
    )
    return judged, money


def earnings(params: Params, report: SliceReport) -> Money:
    """Return revenue and penalties of the control period."""
    return _settled(params, report)[2]


def _settled(params: Params, report: SliceReport) -> tuple[F64, F64, Money]:
    """Return margin and cost of the promises, (B,) each, and the money."""
    slicing, hours = params.scenario.slicing, params.scenario.timing.control_period_s / SECONDS_PER_HOUR
    margin, cost, due = *np.empty((2, report.n_replicas)), np.empty((2, *report.kind.shape))
    slots = report.kind, report.tier, report.active_s, report.kept_s
    settle_rows(slots, slicing.terms, slicing.max_broken_frac, margin, cost, due)
    revenue, penalty = due.sum(axis=2) * hours
    return margin, cost, Money(revenue, penalty)


def area_at(params: Params, xy_m: F32) -> I32:
    """Return the area of the pixel at each place, (...); places are (..., 2)."""
    arrays = params.arrays
    pixel = np.maximum((xy_m / arrays.pixel_m).astype(np.int64), 0)
    column, row = np.minimum(pixel[..., 0], arrays.n_x - 1), np.minimum(pixel[..., 1], arrays.n_y - 1)
    return arrays.pixel_area.take(row * arrays.n_x + column)
