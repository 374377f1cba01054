"""The episode so far as curves: what the reports of every control period said; knows nothing of drawing."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ..twin.carrier import CarrierState
from ..twin.params import Params
from ..twin.slice_report import SliceReport, earnings
from ..twin.slicing import SECONDS_PER_HOUR, Tier
from ..twin.types import F32
from .beam_control import user_efficiency, user_mbps
from .window import Window

_ROUNDING = 1e-6  # of hours


@dataclass
class Trail:
    """One entry per control period that was noted or drawn; begins anew when time goes backwards."""

    hours: list[float] = field(default_factory=list)
    series: dict[str, list[float]] = field(default_factory=dict)

    def add(self, hour: float, values: Mapping[str, float]) -> None:
        """Append the values of a moment; one of the same moment replaces the last."""
        if self.hours and hour < self.hours[-1]:
            self.hours, self.series = [], {}
        keep = bisect_left(self.hours, hour)
        self.hours[keep:] = [hour]
        for name, value in values.items():
            self.series.setdefault(name, [])[keep:] = [value]

    def total(self, name: str, period_h: float) -> float | None:
        """Return what an amount per hour adds up to since the episode began; None where periods are missing."""
        first, last = self.hours[0], self.hours[-1]
        is_whole = first <= _ROUNDING and abs(first + (len(self.hours) - 1) * period_h - last) <= _ROUNDING
        return sum(self.series[name]) * period_h if is_whole else None


def hour_of(window: Window, replica: int = 0) -> float:
    """Return the hour since midnight of the first day."""
    return float(window.kpis.time_s[replica]) / SECONDS_PER_HOUR


def values_of(params: Params, window: Window, replica: int = 0) -> dict[str, float]:
    """Return what the latest report says of the network as a whole, by name; loads are shares in 0..1."""
    kpis = window.kpis if window.kpis.n_replicas == 1 else window.kpis.rows([replica])
    load, has_begun = kpis.prb_tot_dl[0] / np.float32(100.0), kpis.time_s[0] > kpis.age_s[0].max()
    found = {
        "power_w": float(kpis.total_power_w[0]),
        "coverage_load": _mean(load[params.coverage_cells]),
        "capacity_load": _mean(load[params.capacity_cells]),
        "fullest": float(load.max()),
        "mean_load": _mean(load),
        "emptiest": float(load.min()),
        "asleep": float((kpis.carrier_state[0] > CarrierState.TRX_MUTED).sum()),
        "handovers": float(kpis.handovers[0].sum()) if has_begun else math.nan,  # first connections are none
        "ping_pongs": float(kpis.ping_pongs[0].sum()) if has_begun else math.nan,
        "mbps": float(user_mbps(kpis)[0]),
        "efficiency": float(user_efficiency(kpis)[0]),
        "slice_load": _mean(kpis.slice_prb[0]) / 100.0,
    }
    return found if window.slices is None else found | _of_slices(params, window.slices.rows([replica]))


def _of_slices(params: Params, report: SliceReport) -> dict[str, float]:
    money, hours = earnings(params, report), params.scenario.timing.control_period_s / SECONDS_PER_HOUR
    is_served, tier = report.kind[0] >= 0, report.tier[0]
    return {
        "revenue": float(money.revenue[0]) / hours,
        "penalty": float(money.penalty[0]) / hours,
        "in_full": float((is_served & (tier == Tier.FULL)).sum()),
        "reduced": float((is_served & (tier == Tier.REDUCED)).sum()),
    }


def _mean(values: F32) -> float:
    return float(values.mean()) if values.size else 0.0
