"""A whole control period in one compiled call: rules, twin steps, measurement, verdict and telemetry faults."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..types import F64, I32, Bool
from .compiled import kernel
from .judge import Verdict, judge_replica, make_verdict
from .layout import ParamArrays, Scratch, StateArrays
from .report import POWER, Readings, make_readings, measure_replica, strike_replica, total_power
from .rules import OrderArrays, RuleArrays, dwell_replica, project_replica
from .step import advance_replica


class PeriodLaw(NamedTuple):
    """What is the same in every control period."""

    rules: RuleArrays
    limits: F64  # (3,), largest allowed shares
    n_steps: int
    loss_prob: float
    freeze_prob: float


class PeriodArrays(NamedTuple):
    """What one control period brings."""

    dwell: I32  # (B, C)
    readings: Readings
    verdict: Verdict
    power_w: F64  # (B,)


class Space(NamedTuple):
    """Working space."""

    scratch: Scratch
    struck: Bool  # (2, B, C), which reports are lost, and which are old


def make_period(n: int, cells: int) -> PeriodArrays:
    """Allocate what a control period writes."""
    return PeriodArrays(
        np.empty((n, cells), np.int32),
        make_readings(n, cells),
        make_verdict(n),
        np.empty(n),
    )


@kernel
def run_period(
    p: ParamArrays, s: StateArrays, law: PeriodLaw, order: OrderArrays, out: PeriodArrays, w: Space
) -> int:
    """Run every replica through a control period under the legal states nearest to the wanted ones.

    Returns:
        how many reports were lost or frozen.
    """
    struck = 0
    for b in range(s.carrier.shape[0]):
        project_replica(law.rules, order, b)
        dwell_replica(order, b, out.dwell)
        s.cell_sum[b] = 0.0
        s.link[b] = 0.0
        s.slot_sum[b] = 0.0
        s.offered_mbit[b] = 0.0
        s.elapsed_s[b] = 0.0
        advance_replica(p, s, b, order.wanted, law.n_steps, w.scratch)
        measure_replica(s, b, p.step_s, p.fixed_w, out.readings)
        judge_replica(out.readings.reals, b, law.limits, out.verdict)
        struck += strike_replica(p, s, b, (law.loss_prob, law.freeze_prob), w.struck)
        out.power_w[b] = total_power(out.readings.reals[POWER], out.readings.site_power, b)
    return struck
