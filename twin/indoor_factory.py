"""Line of sight through the clutter of a factory hall: InF of TR 38.901 table 7.4.2-1."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from .radio_scenario import BS_HEIGHT_RANGE_M, CLUTTER, DENSE_FROM_FRAC, Clutter, checked
from .types import F64

ABOVE_THE_CLUTTER = ("InF-SH", "InF-DH")  # the station is higher than what stands in the hall
DENSE = ("InF-DL", "InF-DH")


def factory_los_probability(
    name: str, d2d_m: F64, h_ut_m: F64, h_bs_m: ArrayLike | None, clutter: Clutter | None
) -> F64:
    """Return exp(-d2D / k_subsce), or 1 in InF-HH; arrays broadcast.

    `name` is a canonical InF scenario; `clutter` None is the hall of table 7.8-7. Raises ValueError when the
    clutter has the wrong density for the scenario, or when the heights of InF-SH or InF-DH are missing or
    not in the order terminal, clutter, station.
    """
    if name == "InF-HH":
        return np.ones_like(d2d_m)
    hall = CLUTTER[name] if clutter is None else clutter
    _require_density(name, hall)
    scale_m = -hall.size_m / math.log1p(-hall.density_frac)
    if name in ABOVE_THE_CLUTTER:
        return np.exp(-d2d_m / (scale_m * _over_the_clutter(name, h_ut_m, h_bs_m, hall)))
    return np.exp(-d2d_m / scale_m)


def _over_the_clutter(name: str, h_ut_m: F64, h_bs_m: ArrayLike | None, hall: Clutter) -> F64:
    """How many times farther a station above the clutter sees: (h_BS - h_UT) / (h_c - h_UT)."""
    if h_bs_m is None:
        raise ValueError(f"{name} needs the station height: pass h_bs_m")
    station_m = checked("h_bs_m", h_bs_m, BS_HEIGHT_RANGE_M)
    if not np.all(h_ut_m < hall.height_m):
        worst = float(np.max(h_ut_m))
        raise ValueError(f"h_ut_m = {worst:g} is not below the {hall.height_m:g} m clutter: use InF-HH")
    if not np.all(station_m > hall.height_m):
        low = name.replace("H", "L")
        worst = float(np.min(station_m))
        raise ValueError(f"h_bs_m = {worst:g} is not above the {hall.height_m:g} m clutter: use {low}")
    return (station_m - h_ut_m) / (hall.height_m - h_ut_m)


def _require_density(name: str, hall: Clutter) -> None:
    if (hall.density_frac >= DENSE_FROM_FRAC) != (name in DENSE):
        other = name.translate(str.maketrans("SD", "DS"))
        raise ValueError(
            f"clutter density_frac = {hall.density_frac:g} does not belong to {name}: use {other} "
            f"(dense is {DENSE_FROM_FRAC:g} and above)"
        )
