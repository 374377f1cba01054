"""What the management system knows of slices: who asks, who is served, and whether promises are kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .kernels.judge import LEAST_COST, Verdict
from .kernels.slices import ASKED, BLOCKED, CENTRE_X, CENTRE_Y, HOLD_S, KEPT, KIND, SERVED
from .params import Params
from .slicing import SECONDS_PER_HOUR, Tier
from .state import State
from .types import F32, F64, I8, I32, I64, Bool, Rows


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
    blocked_mbit: F64  # (B, N)

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
    arrays = state.arrays
    sums, request = np.moveaxis(arrays.slot_sum, 2, 0).copy(), arrays.request
    served = arrays.slot_kind >= 0
    waiting, places = request[:, :, KIND] >= 0, request.shape[1]
    centre = np.concatenate([request[:, :, CENTRE_X : CENTRE_Y + 1], arrays.slot_xy], axis=1)
    known = np.concatenate([waiting, served], axis=1)
    area = np.where(known, area_at(params, centre), np.int32(-1))
    return SliceReport(
        request_kind=request[:, :, KIND].astype(np.int8),
        request_area=area[:, :places],
        request_hours=np.where(waiting, request[:, :, HOLD_S] / np.float32(SECONDS_PER_HOUR), np.float32(0)),
        answer=arrays.answer.copy(),
        kind=arrays.slot_kind.copy(),
        tier=np.where(served, arrays.slot_tier, np.int8(0)),
        area=area[:, places:],
        left_hours=np.where(served, arrays.slot_left_s / np.float32(SECONDS_PER_HOUR), np.float32(0)),
        active_s=sums[ASKED],
        kept_s=sums[KEPT],
        served_mbit=sums[SERVED],
        blocked_mbit=sums[BLOCKED],
    )


def broken_promises(params: Params, report: SliceReport) -> Bool:
    """Tell which slices had their promise broken in the period, (B, N)."""
    least = params.scenario.slicing.columns["availability"].take(_types(report))
    return (report.kind >= 0) & ~(report.kept_share >= least)


def slice_margin(params: Params, report: SliceReport) -> F64:
    """Return h of the promises to tenants, (B,); safe where h >= 0: the limit less the share that is broken."""
    return _margin(params, report, broken_promises(params, report))


def settle(params: Params, verdict: Verdict, report: SliceReport) -> tuple[Verdict, Money]:
    """Return the verdict with one constraint more, and the money: promises are looked at once for both.

    The constraint is the share of served slices whose promise was broken. It counts slices of the period as a whole,
    one that admits none keeps its promise.
    """
    broken = broken_promises(params, report)
    limit, margin = params.scenario.slicing.max_broken_frac, _margin(params, report, broken)
    kept = margin >= 0
    cost = np.where(kept, 0.0, np.minimum(np.maximum(-margin / (1 - limit), LEAST_COST), 1.0))
    judged = Verdict(
        margin=np.concatenate([verdict.margin, margin[:, None]], axis=1),
        cost=np.concatenate([verdict.cost, cost[:, None]], axis=1),
        unsafe=verdict.unsafe | ~kept,
    )
    return judged, _earnings(params, report, broken)


def earnings(params: Params, report: SliceReport) -> Money:
    """Return revenue and penalties of the control period."""
    return _earnings(params, report, broken_promises(params, report))


def _types(report: SliceReport) -> I64:
    """Return the type of every slot as an index, (B, N); that of a free one means nothing."""
    return np.maximum(report.kind, np.int8(0)).astype(np.intp)


def _margin(params: Params, report: SliceReport, broken: Bool) -> F64:
    served = (report.kind >= 0).sum(axis=1)
    return params.scenario.slicing.max_broken_frac - broken.sum(axis=1) / np.maximum(served, 1)


def _earnings(params: Params, report: SliceReport, broken: Bool) -> Money:
    of_type, kind = params.scenario.slicing.columns, _types(report)
    hours = params.scenario.timing.control_period_s / SECONDS_PER_HOUR
    part = np.where(report.tier == Tier.REDUCED, of_type["reduced_revenue"].take(kind), 1.0)
    part *= report.kind >= 0
    revenue, penalty = of_type["revenue_per_hour"].take(kind), of_type["penalty_per_hour"].take(kind)
    return Money((revenue * part).sum(axis=1) * hours, (penalty * broken).sum(axis=1) * hours)


def area_at(params: Params, xy_m: F32) -> I32:
    """Return the area of the pixel at each place, (...); places are (..., 2)."""
    arrays = params.arrays
    pixel = np.maximum((xy_m / arrays.pixel_m).astype(np.int64), 0)
    column, row = np.minimum(pixel[..., 0], arrays.n_x - 1), np.minimum(pixel[..., 1], arrays.n_y - 1)
    return arrays.pixel_area.take(row * arrays.n_x + column)
