"""Base-station power model of TR 38.864 V18.1.0 clause 5.1, in its relative units (deep sleep = 1)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .link import N_PRB
from .radio_scenario import checked
from .types import F64

LOAD_INDEPENDENT_SHARE = (
    0.4  # A of clause 5.1: part of the active power that does not scale with the resources
)
DUAL_EFFICIENCY = 0.76  # eta of the dual mode below half power
SSB_PRBS = 20
SSB_SYMBOLS = 4
SSB_PER_SLOT = 2
SSB_BURST_SYMBOLS = 32  # 8 beams
SYMBOLS_PER_SLOT = 14
DEPTHS = ("micro", "light", "deep")


@dataclass(frozen=True)
class PowerLevels:
    """One row of table 5.1-1: power P1 to P5 of a base station, relative units."""

    deep: float
    light: float
    micro: float
    downlink: float
    uplink: float

    def idle(self, depth: str) -> float:
        """Return the power of a sleep state."""
        return {"micro": self.micro, "light": self.light, "deep": self.deep}[depth]


POWER_LEVELS = {
    (1, 1): PowerLevels(1.0, 25.0, 55.0, 280.0, 110.0),
    (1, 2): PowerLevels(1.0, 25.0, 50.0, 200.0, 90.0),
    (1, 3): PowerLevels(1.0, 25.0, 38.0, 152.0, 80.0),
    (2, 1): PowerLevels(1.0, 2.1, 5.5, 32.0, 6.5),
    (2, 2): PowerLevels(1.0, 2.1, 5.0, 26.0, 5.8),
    (2, 3): PowerLevels(1.0, 2.1, 3.0, 17.6, 4.2),
}
"""Relative power by (base-station category, reference set); TR 38.864 clause 5.1."""

TRANSITIONS = {
    (1, "deep"): (0.050, 1000.0),
    (1, "light"): (0.006, 90.0),
    (1, "micro"): (0.0, 0.0),
    (2, "deep"): (10.0, 17000.0),
    (2, "light"): (0.640, 1088.0),
    (2, "micro"): (0.0, 0.0),
}
"""Total transition time (s) and additional energy (relative power x ms), down and up together."""

_CARRIERS = {1: (100, 30), 2: (20, 15), 3: (100, 120)}  # reference set -> MHz, kHz


def power_levels(category: int, reference_set: int) -> PowerLevels:
    """Return P1 to P5 of a base station.

    Raises ValueError unless the category is 1 or 2 and the reference set 1, 2 or 3.
    """
    if (category, reference_set) not in POWER_LEVELS:
        raise ValueError(
            f"category {category}, reference set {reference_set} is not in TR 38.864: "
            "use category 1 or 2 and set 1, 2 or 3"
        )
    return POWER_LEVELS[category, reference_set]


def relative_power_dl(
    category: int,
    reference_set: int,
    s_a: ArrayLike,
    s_f: ArrayLike,
    s_p: ArrayLike,
    eta_mode: str = "single",
) -> F64:
    """Return the downlink power in relative units (TR 38.864 clause 5.1); the ratios broadcast.

    P = P3 + s_a (P4 - P3) [A + (1 - A) s_f s_p / eta], A = 0.4, with the ratios in [0, 1] of active
    transceivers `s_a`, resource blocks `s_f` and power spectral density `s_p`. eta is 1, or in `eta_mode`
    "dual" 0.76 where s_f s_p < 0.5. Raises ValueError on an unknown station or mode and on a ratio out of
    range.
    """
    levels = power_levels(category, reference_set)
    active = checked("s_a", s_a, (0.0, 1.0))
    output = checked("s_f", s_f, (0.0, 1.0)) * checked("s_p", s_p, (0.0, 1.0))
    share = LOAD_INDEPENDENT_SHARE + (1.0 - LOAD_INDEPENDENT_SHARE) * output / _eta(output, eta_mode)
    return np.asarray(levels.micro + active * (levels.downlink - levels.micro) * share)


def _eta(output: F64, eta_mode: str) -> F64:
    if eta_mode not in ("single", "dual"):
        raise ValueError(f'eta_mode "{eta_mode}" is unknown: use "single" or "dual"')
    return np.where((output < 0.5) & (eta_mode == "dual"), DUAL_EFFICIENCY, 1.0)


def relative_power_ul(category: int, reference_set: int, s_a: ArrayLike) -> F64:
    """Return the uplink power P3 + s_a (P5 - P3) in relative units (TR 38.864 5.1); `s_a` in [0, 1]."""
    levels = power_levels(category, reference_set)
    return np.asarray(levels.micro + checked("s_a", s_a, (0.0, 1.0)) * (levels.uplink - levels.micro))


def transition(category: int, state: str) -> tuple[float, float]:
    """Return the total transition time (s) and additional energy (relative power x ms) of a sleep state.

    Both cover the way down and up.

    `state` is "micro", "light" or "deep". Raises ValueError on another state or category.
    """
    if (category, state) not in TRANSITIONS:
        raise ValueError(
            f'category {category} has no sleep state "{state}": use category 1 or 2 and {", ".join(DEPTHS)}'
        )
    return TRANSITIONS[category, state]


def break_even_gap_s(category: int, reference_set: int, deeper: str, shallower: str) -> float:
    """Return the idle gap in seconds above which the deeper of two sleep states costs less energy.

    (extra transition energy) / (saved power). The gap must also hold the transition time, see `transition`.
    Raises ValueError when `deeper` does not lie below `shallower`.
    """
    levels = power_levels(category, reference_set)
    extra_rel_ms = transition(category, deeper)[1] - transition(category, shallower)[1]
    saved = levels.idle(shallower) - levels.idle(deeper)
    if not (saved > 0.0):
        raise ValueError(f'"{deeper}" is not deeper than "{shallower}": the order is {" < ".join(DEPTHS)}')
    return 1e-3 * extra_rel_ms / saved


def ssb_prb_ratio(reference_set: int) -> float:
    """Return the share of the resource blocks of a reference carrier that an SSB takes."""
    return SSB_PRBS / N_PRB[_CARRIERS[reference_set]]


def _ssb_ms(reference_set: int, ssb_symbols: int) -> float:
    return ssb_symbols * (15.0 / (SYMBOLS_PER_SLOT * _CARRIERS[reference_set][1]))


def burst_ms(reference_set: int, ssb_symbols: int = SSB_BURST_SYMBOLS) -> float:
    """Return the time in ms of the slots that hold a burst of SSB (2 SSB of 4 symbols per 14-symbol slot)."""
    return _ssb_ms(reference_set, ssb_symbols) * SYMBOLS_PER_SLOT / (SSB_SYMBOLS * SSB_PER_SLOT)


def idle_power_rel(
    category: int,
    reference_set: int,
    depth: str,
    ssb_symbols_per_burst: int = SSB_BURST_SYMBOLS,
    ssb_period_ms: float = 20.0,
    s_f_ssb: float | None = None,
) -> float:
    """Return the mean relative power of a cell that sends only SSB bursts and sleeps to `depth` between them.

    mean = [T_ssb P_ssb + (T_burst - T_ssb) P3 + (T - T_burst) P_depth + E_depth] / T, where T is the SSB
    period, T_ssb the time of the SSB symbols (4 per SSB), T_burst the slots that hold them (2 SSB per
    14-symbol slot; micro sleep between symbols), P_ssb the downlink power at s_f = 20 PRB of the carrier
    (or `s_f_ssb`) with all transceivers and single efficiency, P_depth the power of the sleep state and
    E_depth its transition energy, paid once per burst. Raises ValueError when the gap between bursts is
    shorter than the transition time, and on a count of symbols that is none.
    """
    if not (0 <= ssb_symbols_per_burst == ssb_symbols_per_burst // 1):
        raise ValueError(
            f"ssb_symbols_per_burst = {ssb_symbols_per_burst} is no count: give {SSB_SYMBOLS} for each SSB beam"
        )
    levels = power_levels(category, reference_set)
    prb_ratio = ssb_prb_ratio(reference_set) if s_f_ssb is None else s_f_ssb
    ssb_ms = _ssb_ms(reference_set, ssb_symbols_per_burst)
    slots_ms = burst_ms(reference_set, ssb_symbols_per_burst)
    transition_s, transition_rel_ms = transition(category, depth)
    gap_ms = ssb_period_ms - slots_ms
    if not (gap_ms >= 1e3 * transition_s):
        raise ValueError(
            f"{gap_ms:g} ms between SSB bursts cannot hold the {1e3 * transition_s:g} ms transition to "
            f"{depth} sleep: choose a longer SSB period or a shallower state"
        )
    ssb_power = float(relative_power_dl(category, reference_set, 1.0, prb_ratio, 1.0))
    burst_rel_ms = ssb_ms * ssb_power + (slots_ms - ssb_ms) * levels.micro
    return (burst_rel_ms + gap_ms * levels.idle(depth) + transition_rel_ms) / ssb_period_ms


@dataclass(frozen=True)
class WattScale:
    """Watts of a unit: `fixed_w` + `watts_per_unit` times its relative power (TR 38.864 gives no watts)."""

    fixed_w: float
    watts_per_unit: float

    def watts(self, relative: ArrayLike) -> F64:
        """Return the power in watts of a relative power of 0 or more."""
        return self.fixed_w + self.watts_per_unit * checked("relative", relative, (0.0, np.inf))


def watt_scale(full_w: float, idle_share: float, full_rel: float, idle_rel: float) -> WattScale:
    """Return the scale that draws `full_w` at relative power `full_rel` and `idle_share` of it at `idle_rel`.

    Args:
        full_w: measured power at full load, W.
        idle_share: measured zero-load share P0 / Pmax; 0.25 to 0.61 by product in the ITU 2023 data.
        full_rel: relative power at full load, P4 for all resources.
        idle_rel: relative power of the idle unit while it was measured, such as `idle_power_rel`.

    Raises:
        ValueError: where no fixed power of 0 or more and no positive watts per unit fit.
    """
    slope_w = full_w * (1.0 - idle_share) / (full_rel - idle_rel) if full_rel > idle_rel else np.nan
    fixed_w = full_w - slope_w * full_rel
    if not (full_w > 0.0 and idle_rel >= 0.0 and slope_w > 0.0 and fixed_w >= -1e-9 * full_w):
        raise ValueError(
            f"full_w = {full_w:g}, idle_share = {idle_share:g}, full_rel = {full_rel:g}, idle_rel = {idle_rel:g}: "
            "give positive watts, full_rel above idle_rel and an idle share from idle_rel / full_rel to below 1"
        )
    return WattScale(max(fixed_w, 0.0), slope_w)
