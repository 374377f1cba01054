"""What a carrier draws in every state under every SSB period: rows of W and J for the kernels.

``power_model`` of a carrier names the model. "tr38864": the relative units of TR 38.864 clause 5.1 for its
``power_category`` and ``reference_set``, times ``watts_per_unit``. "earth": the watts of Auer et al. 2011 for one
sector of its ``earth_station``, times ``watts_per_unit``; 1 gives the paper's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .earth import SECTORS, earth_station
from .power import (
    DEPTHS,
    SSB_BURST_SYMBOLS,
    WattScale,
    burst_ms,
    idle_power_rel,
    power_levels,
    relative_power_dl,
    ssb_prb_ratio,
    transition,
    watt_scale,
)
from .scenario import Carrier

MUTED_SHARE = 0.5  # of the transceivers


@dataclass(frozen=True)
class PowerRow:
    """One value per carrier state, of one SSB period or, side by side, of several."""

    idle_w: tuple[float, ...]  # without traffic
    slope_w: tuple[float, ...]  # added by full load
    transition_j: tuple[float, ...]  # additional energy to enter and leave a state


def power_row(carrier: Carrier, periods_ms: Sequence[float]) -> PowerRow:
    """Return the row of a carrier: all states of the first SSB period, then those of the next.

    Raises:
        ValueError: if a period does not hold a burst of SSB, or ``idle_share`` is below that of the model.
    """
    if carrier.power_model == "earth":
        rows = [_earth_row(carrier, period_ms) for period_ms in periods_ms]
    else:
        scale = _scale(carrier, periods_ms[0])
        rows = [_study_row(carrier, period_ms, scale) for period_ms in periods_ms]
    return PowerRow(
        sum((row.idle_w for row in rows), ()),
        sum((row.slope_w for row in rows), ()),
        sum((row.transition_j for row in rows), ()),
    )


def deepest_between_bursts(category: int, reference_set: int, period_ms: float) -> str:
    """Return the deepest sleep whose transition fits between two SSB bursts (TR 38.864 clause 5.1).

    It is also the thriftiest: every transition time is longer than the gap at which its energy is earned back.
    Raises ValueError when the period does not even hold the burst.
    """
    gap_ms = period_ms - burst_ms(reference_set)
    for depth in reversed(DEPTHS):
        if gap_ms >= 1e3 * transition(category, depth)[0]:
            return depth
    raise ValueError(
        f"an SSB period of {period_ms:g} ms does not hold the burst of {burst_ms(reference_set):g} ms of reference "
        f"set {reference_set}: choose a longer one"
    )


def _loads(carrier: Carrier, period_ms: float) -> tuple[float, float, float]:
    """Return the relative power without traffic, and what full load adds with all and with half the transceivers.

    Data symbols take the place of micro sleep during the downlink share.
    """
    category, ref, share = carrier.power_category, carrier.reference_set, carrier.dl_share
    idle = idle_power_rel(category, ref, "micro", ssb_period_ms=period_ms)
    full = relative_power_dl(category, ref, 1.0, 1.0, 1.0, "single")
    muted = relative_power_dl(category, ref, MUTED_SHARE, 1.0, 1.0, "single")
    return idle, float(full - idle) * share, float(muted - idle) * share


def _scale(carrier: Carrier, period_ms: float) -> WattScale:
    """Return W of relative power; an ``idle_share`` of the full power moves W from the slope to a fixed part."""
    if carrier.idle_share == 0.0:
        return WattScale(0.0, carrier.watts_per_unit)
    idle, added, _ = _loads(carrier, period_ms)
    full = idle + added
    if not (carrier.idle_share >= idle / full):
        raise ValueError(
            f"carrier.idle_share={carrier.idle_share:g} is below {idle / full:.3f}, which category "
            f"{carrier.power_category}, reference set {carrier.reference_set} of TR 38.864 gives by itself: "
            "give more, or 0 for that"
        )
    return watt_scale(carrier.watts_per_unit * full, carrier.idle_share, full, idle)


def _study_row(carrier: Carrier, period_ms: float, scale: WattScale) -> PowerRow:
    """SSB bursts apart, the deepest permitted sleep (TR 38.864 clause 5.1, transitions of table 5.1-4)."""
    category, ref = carrier.power_category, carrier.reference_set
    micro, full, muted = _loads(carrier, period_ms)
    depth = deepest_between_bursts(category, ref, period_ms)
    light = idle_power_rel(category, ref, depth, ssb_period_ms=period_ms)
    idle = (micro, micro, micro, light, power_levels(category, ref).deep)
    u = scale.watts_per_unit
    return PowerRow(
        tuple(scale.fixed_w + units * u for units in idle),
        (full * u, muted * u, 0.0, 0.0, 0.0),
        (0.0, 0.0, 0.0, *(transition(category, each)[1] * 1e-3 * u for each in (depth, "deep"))),
    )


def _earth_row(carrier: Carrier, period_ms: float) -> PowerRow:
    """Chains are awake or asleep (Auer et al. 2011): light sleep wakes them for each SSB burst; changes are free."""
    station, ref = earth_station(carrier.earth_station), carrier.reference_set
    deepest_between_bursts(carrier.power_category, ref, period_ms)
    u = carrier.watts_per_unit / SECTORS[carrier.earth_station]
    awake, asleep, full = (float(station.power_w(load, off)) for load, off in ((0, 0), (0, 1), (1, 0)))
    burst_frac = burst_ms(ref, SSB_BURST_SYMBOLS) / period_ms
    burst = float(station.power_w(ssb_prb_ratio(ref)))
    light = asleep + burst_frac * (burst - asleep)
    half = asleep + MUTED_SHARE * (awake - asleep)
    slope = (full - awake) * carrier.dl_share * u
    return PowerRow(
        (awake * u, half * u, awake * u, light * u, asleep * u),
        (slope, slope * MUTED_SHARE, 0.0, 0.0, 0.0),
        (0.0,) * 5,
    )
