"""What the management system knows of slices: who asks, who is served, and whether promises are kept."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .kernels.judge import LEAST_COST, Verdict
from .kernels.slices import ASKED, BLOCKED, DELAY, HOLD_S, KEPT, KIND, OFFERED, SERVED
from .params import Params
from .slicing import SECONDS_PER_HOUR, Tier
from .state import State
from .types import F32, F64, I8, I32, Bool, Rows


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
    arrays = state.arrays
    sums, request = arrays.slot_sum, arrays.request
    served = arrays.slot_kind >= 0
    waiting = request[:, :, KIND] >= 0
    return SliceReport(
        request_kind=request[:, :, KIND].astype(np.int8),
        request_area=np.where(waiting, area_at(params, request[:, :, 1], request[:, :, 2]), -1).astype(
            np.int32
        ),
        request_hours=np.where(waiting, request[:, :, HOLD_S] / np.float32(SECONDS_PER_HOUR), np.float32(0)),
        answer=arrays.answer.copy(),
        kind=arrays.slot_kind.copy(),
        tier=np.where(served, arrays.slot_tier, np.int8(0)),
        area=np.where(served, area_at(params, arrays.slot_xy[:, :, 0], arrays.slot_xy[:, :, 1]), -1).astype(
            np.int32
        ),
        left_hours=np.where(served, arrays.slot_left_s / np.float32(SECONDS_PER_HOUR), np.float32(0)),
        active_s=sums[:, :, ASKED].copy(),
        kept_s=sums[:, :, KEPT].copy(),
        served_mbit=sums[:, :, SERVED].copy(),
        blocked_mbit=sums[:, :, BLOCKED].copy(),
        offered_mbit=sums[:, :, OFFERED].copy(),
        queued_mbit=waiting_mbit(params, state),
        delay_ms=_per_mbit(1e3 * sums[:, :, DELAY], sums[:, :, SERVED]),
    )


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
    least = np.array([kind.availability for kind in params.scenario.slicing.types])
    served = report.kind >= 0
    return served & ~(report.kept_share >= least[np.maximum(report.kind, 0)])


def slice_margin(params: Params, report: SliceReport) -> F64:
    """Return h of the promises to tenants, (B,); safe where h >= 0: the limit less the share that is broken."""
    served = (report.kind >= 0).sum(axis=1)
    share = broken_promises(params, report).sum(axis=1) / np.maximum(served, 1)
    return params.scenario.slicing.max_broken_frac - share


def with_slices(params: Params, verdict: Verdict, report: SliceReport) -> Verdict:
    """Return the verdict with one constraint more: the share of served slices whose promise was broken.

    The share counts slices of the period as a whole, one that admits none keeps its promise.
    """
    limit, margin = params.scenario.slicing.max_broken_frac, slice_margin(params, report)
    cost = np.where(margin >= 0, 0.0, np.clip(-margin / (1 - limit), LEAST_COST, 1.0))
    return Verdict(
        margin=np.concatenate([verdict.margin, margin[:, None]], axis=1),
        cost=np.concatenate([verdict.cost, cost[:, None]], axis=1),
        unsafe=verdict.unsafe | ~(margin >= 0),
    )


def earnings(params: Params, report: SliceReport) -> tuple[F64, F64]:
    """Return revenue and penalties of the control period, (B,) each."""
    types = params.scenario.slicing.types
    hours = params.scenario.timing.control_period_s / SECONDS_PER_HOUR
    kind, served = np.maximum(report.kind, 0), report.kind >= 0
    full = np.array([kind.revenue_per_hour for kind in types])
    reduced = full * np.array([kind.reduced_revenue for kind in types])
    rate = np.where(report.tier == Tier.REDUCED, reduced[kind], full[kind])
    penalty = np.array([kind.penalty_per_hour for kind in types])[kind]
    broken = broken_promises(params, report)
    return (rate * served).sum(axis=1) * hours, (penalty * broken).sum(axis=1) * hours


def area_at(params: Params, x_m: F32, y_m: F32) -> I32:
    """Return the area of the pixel at each place."""
    arrays = params.arrays
    column = np.clip((x_m / arrays.pixel_m).astype(np.int64), 0, arrays.n_x - 1)
    row = np.clip((y_m / arrays.pixel_m).astype(np.int64), 0, arrays.n_y - 1)
    return arrays.pixel_area[row * arrays.n_x + column]
