"""Path loss and line-of-sight probability of TR 38.901 clauses 7.4.1 and 7.4.2."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .indoor_factory import factory_los_probability
from .radio_scenario import (
    BS_HEIGHT_RANGE_M,
    DISTANCE_RANGE_M,
    FC_RANGE_GHZ,
    UT_HEIGHT_RANGE_M,
    Clutter,
    canonical,
    checked,
    shadowing,
)
from .types import F64, Bool

SPEED_OF_LIGHT_M_S = 3.0e8
ENVIRONMENT_HEIGHT_M = 1.0
RMA_BUILDING_HEIGHT_M = 5.0
RMA_STREET_WIDTH_M = 20.0
MIN_D3D_M = 1.0


@dataclass(frozen=True)
class _Link:
    """Geometry of a link, all fields broadcastable."""

    fc_ghz: F64  # (...)
    d2d_m: F64  # (...)
    h_bs_m: F64  # (...)
    h_ut_m: F64  # (...)

    @property
    def d3d_m(self) -> F64:
        return np.maximum(np.hypot(self.d2d_m, self.h_bs_m - self.h_ut_m), MIN_D3D_M)

    @property
    def breakpoint_m(self) -> F64:
        """Effective breakpoint distance d'BP of table 7.4.1-1 note 1 with h_E = 1 m."""
        effective_m2 = (self.h_bs_m - ENVIRONMENT_HEIGHT_M) * (self.h_ut_m - ENVIRONMENT_HEIGHT_M)
        return 4.0 * effective_m2 * self.fc_ghz * 1e9 / SPEED_OF_LIGHT_M_S

    @property
    def rma_breakpoint_m(self) -> F64:
        """Breakpoint distance d_BP of table 7.4.1-1 note 5."""
        return 2.0 * np.pi * self.h_bs_m * self.h_ut_m * self.fc_ghz * 1e9 / SPEED_OF_LIGHT_M_S


_LinkLoss = Callable[[_Link], F64]


def _link(fc_ghz: ArrayLike, d2d_m: ArrayLike, h_bs_m: ArrayLike, h_ut_m: ArrayLike) -> _Link:
    return _Link(
        checked("fc_ghz", fc_ghz, FC_RANGE_GHZ),
        checked("d2d_m", d2d_m, DISTANCE_RANGE_M),
        checked("h_bs_m", h_bs_m, BS_HEIGHT_RANGE_M),
        checked("h_ut_m", h_ut_m, UT_HEIGHT_RANGE_M),
    )


def path_loss_db(
    scenario: str,
    los: ArrayLike,
    fc_ghz: ArrayLike,
    d2d_m: ArrayLike,
    h_bs_m: ArrayLike,
    h_ut_m: ArrayLike,
) -> F64:
    """Return the path loss in dB (TR 38.901 table 7.4.1-1) of UMa, UMi-SC, RMa, InH or InF; arrays broadcast.

    Effective environment height 1 m, RMa building height 5 m and street width 20 m; the 3-D distance is at
    least 1 m. `los` is boolean. Raises ValueError for an unknown scenario, for a carrier frequency (GHz),
    distance or height (m) out of range, or for a blocked link in InF-HH, which has no NLOS law.
    """
    name = canonical(scenario)
    line_of_sight, non_line_of_sight = _PATH_LOSS[name]
    link = _link(fc_ghz, d2d_m, h_bs_m, h_ut_m)
    in_sight = _states(los)
    if name == "InF-HH" and not np.all(in_sight):
        raise ValueError("InF-HH has no NLOS path loss: pass los=True, or use InF-SH or InF-DH")
    los_db = line_of_sight(link)
    return np.where(in_sight, los_db, np.maximum(los_db, non_line_of_sight(link)))


def shadow_sigma_db(
    scenario: str,
    los: ArrayLike,
    fc_ghz: ArrayLike,
    d2d_m: ArrayLike,
    h_bs_m: ArrayLike,
    h_ut_m: ArrayLike,
) -> F64:
    """Return the shadowing deviation in dB of outdoor or hall links (TR 38.901 table 7.4.1-1); arrays broadcast.

    In RMa it grows from 4 to 6 dB where a line of sight passes the breakpoint; links into buildings take
    `shadowing(scenario).o2i` instead. Raises ValueError as `path_loss_db` does.
    """
    law = shadowing(scenario)
    link = _link(fc_ghz, d2d_m, h_bs_m, h_ut_m)
    beyond = link.d2d_m > link.rma_breakpoint_m  # only the law of RMa has another deviation there
    los_db = np.where(beyond, law.los_sigma_beyond_breakpoint_db, law.los.sigma_db)
    return np.where(_states(los), los_db, law.nlos.sigma_db)


def _states(los: ArrayLike) -> Bool:
    """Refuse what would count as in sight because it is not empty, such as "no" and NaN."""
    states = np.asarray(los)
    if states.dtype.kind != "b":
        raise ValueError(f"los = {los!r} does not say what is in sight: give True or False for each link")
    return states


def _uma_los(link: _Link) -> F64:
    near = 28.0 + 22.0 * np.log10(link.d3d_m) + 20.0 * np.log10(link.fc_ghz)
    far = 28.0 + 40.0 * np.log10(link.d3d_m) + 20.0 * np.log10(link.fc_ghz) - 9.0 * _lg_breakpoint(link)
    return np.where(link.d2d_m <= link.breakpoint_m, near, far)


def _uma_nlos(link: _Link) -> F64:
    distance = 13.54 + 39.08 * np.log10(link.d3d_m)
    return distance + 20.0 * np.log10(link.fc_ghz) - 0.6 * (link.h_ut_m - 1.5)


def _umi_los(link: _Link) -> F64:
    near = 32.4 + 21.0 * np.log10(link.d3d_m) + 20.0 * np.log10(link.fc_ghz)
    far = 32.4 + 40.0 * np.log10(link.d3d_m) + 20.0 * np.log10(link.fc_ghz) - 9.5 * _lg_breakpoint(link)
    return np.where(link.d2d_m <= link.breakpoint_m, near, far)


def _umi_nlos(link: _Link) -> F64:
    distance = 22.4 + 35.3 * np.log10(link.d3d_m)
    return distance + 21.3 * np.log10(link.fc_ghz) - 0.3 * (link.h_ut_m - 1.5)


def _lg_breakpoint(link: _Link) -> F64:
    return np.log10(link.breakpoint_m**2 + (link.h_bs_m - link.h_ut_m) ** 2)


def _rma_los(link: _Link) -> F64:
    breakpoint_m = link.rma_breakpoint_m
    near = _rma_near(link.d3d_m, link.fc_ghz)
    far = _rma_near(breakpoint_m, link.fc_ghz) + 40.0 * np.log10(link.d3d_m / breakpoint_m)
    return np.where(link.d2d_m <= breakpoint_m, near, far)


def _rma_near(distance_m: F64, fc_ghz: F64) -> F64:
    h = RMA_BUILDING_HEIGHT_M
    free_space = 20.0 * np.log10(40.0 * np.pi * distance_m * fc_ghz / 3.0)
    slope = min(0.03 * h**1.72, 10.0) * np.log10(distance_m) - min(0.044 * h**1.72, 14.77)
    return free_space + slope + 0.002 * np.log10(h) * distance_m


def _rma_nlos(link: _Link) -> F64:
    h = RMA_BUILDING_HEIGHT_M
    lg_bs = np.log10(link.h_bs_m)
    street = 161.04 - 7.1 * np.log10(RMA_STREET_WIDTH_M) + 7.5 * np.log10(h)
    mast = -(24.37 - 3.7 * (h / link.h_bs_m) ** 2) * lg_bs
    distance = (43.42 - 3.1 * lg_bs) * (np.log10(link.d3d_m) - 3.0)
    terminal = 3.2 * np.log10(11.75 * link.h_ut_m) ** 2 - 4.97
    return street + mast + distance + 20.0 * np.log10(link.fc_ghz) - terminal


def _inh_los(link: _Link) -> F64:
    return 32.4 + 17.3 * np.log10(link.d3d_m) + 20.0 * np.log10(link.fc_ghz)


def _inh_nlos(link: _Link) -> F64:
    return 17.3 + 38.3 * np.log10(link.d3d_m) + 24.9 * np.log10(link.fc_ghz)


def _inf_los(link: _Link) -> F64:
    return 31.84 + 21.5 * np.log10(link.d3d_m) + 19.0 * np.log10(link.fc_ghz)


def _inf_nlos(offset_db: float, slope_db: float) -> _LinkLoss:
    def loss_db(link: _Link) -> F64:
        return offset_db + slope_db * np.log10(link.d3d_m) + 20.0 * np.log10(link.fc_ghz)

    return loss_db


_inf_sl = _inf_nlos(33.0, 25.5)
_inf_dl_alone = _inf_nlos(18.6, 35.7)


def _inf_dl(link: _Link) -> F64:
    return np.maximum(_inf_dl_alone(link), _inf_sl(link))


_PATH_LOSS: dict[str, tuple[_LinkLoss, _LinkLoss]] = {
    "UMa": (_uma_los, _uma_nlos),
    "UMi-SC": (_umi_los, _umi_nlos),
    "RMa": (_rma_los, _rma_nlos),
    "InH-Office": (_inh_los, _inh_nlos),
    "InH-open": (_inh_los, _inh_nlos),
    "InH-mixed": (_inh_los, _inh_nlos),
    "InF-SL": (_inf_los, _inf_sl),
    "InF-DL": (_inf_los, _inf_dl),
    "InF-SH": (_inf_los, _inf_nlos(32.4, 23.0)),
    "InF-DH": (_inf_los, _inf_nlos(33.63, 21.9)),
    "InF-HH": (_inf_los, _inf_los),
}


def los_probability(
    scenario: str,
    d2d_m: ArrayLike,
    h_ut_m: ArrayLike,
    h_bs_m: ArrayLike | None = None,
    clutter: Clutter | None = None,
) -> F64:
    """Return the line-of-sight probability (TR 38.901 table 7.4.2-1); arrays broadcast.

    `d2d_m` is the outdoor part of the 2-D distance, or the distance in the hall. The terminal height matters
    in UMa, InF-SH and InF-DH, the station height in the latter two, `clutter` in InF (default: table 7.8-7).
    InH-Office is the open office, as in the calibration of clause 7.8. Raises ValueError for an unknown
    scenario, a value out of range, or clutter that is missing its heights or does not belong.
    """
    name = canonical(scenario)
    distance_m, height_m = np.broadcast_arrays(
        checked("d2d_m", d2d_m, DISTANCE_RANGE_M), checked("h_ut_m", h_ut_m, UT_HEIGHT_RANGE_M)
    )
    if name.startswith("InF-"):
        return factory_los_probability(name, distance_m, height_m, h_bs_m, clutter)
    if clutter is not None:
        raise ValueError(f'clutter describes a factory hall, not "{scenario}": leave it out')
    return _LOS_PROBABILITY[name](distance_m, height_m)


def _los_uma(d2d_m: F64, h_ut_m: F64) -> F64:
    d_m = np.maximum(d2d_m, 18.0)
    height = (np.clip(h_ut_m - 13.0, 0.0, None) / 10.0) ** 1.5
    raised = 1.0 + height * 1.25 * (d_m / 100.0) ** 3 * np.exp(-d_m / 150.0)
    return np.where(d2d_m <= 18.0, 1.0, np.minimum(_street(d_m, 63.0) * raised, 1.0))


def _los_umi(d2d_m: F64, h_ut_m: F64) -> F64:
    return _street(np.maximum(d2d_m, 18.0), 36.0)


def _street(d_m: F64, decay_m: float) -> F64:
    return 18.0 / d_m + np.exp(-d_m / decay_m) * (1.0 - 18.0 / d_m)


def _los_rma(d2d_m: F64, h_ut_m: F64) -> F64:
    return np.exp(-np.maximum(d2d_m - 10.0, 0.0) / 1000.0)


def _los_inh_open(d2d_m: F64, h_ut_m: F64) -> F64:
    near = np.exp(-np.maximum(d2d_m - 5.0, 0.0) / 70.8)
    return np.where(d2d_m <= 49.0, near, 0.54 * np.exp(-(d2d_m - 49.0) / 211.7))


def _los_inh_mixed(d2d_m: F64, h_ut_m: F64) -> F64:
    near = np.exp(-np.maximum(d2d_m - 1.2, 0.0) / 4.7)
    return np.where(d2d_m < 6.5, near, 0.32 * np.exp(-(d2d_m - 6.5) / 32.6))


_LOS_PROBABILITY: dict[str, Callable[[F64, F64], F64]] = {
    "UMa": _los_uma,
    "UMi-SC": _los_umi,
    "RMa": _los_rma,
    "InH-Office": _los_inh_open,
    "InH-open": _los_inh_open,
    "InH-mixed": _los_inh_mixed,
}
