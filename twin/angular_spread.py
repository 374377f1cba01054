"""Angular spread on the base-station side: departure constants of TR 38.901 tables 7.5-6 to 7.5-9.

Of the fast-fading model only what decides the gain of a directional station is here: spreads of azimuth and zenith
of departure, number and scaling of clusters, K-factor and cross-polarisation. No delays, no arrival angles.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .radio_scenario import canonical
from .types import F64, Bool

STATES = ("los", "nlos", "o2i")


@dataclass(frozen=True)
class DepartureLaw:
    """Constants of one scenario and link state, table 7.5-6."""

    lg_asd: tuple[float, float]  # mean and deviation of lg(ASD / degree) at the carrier frequency
    n_clusters: int
    delay_scaling: float  # r_tau
    cluster_asd_deg: float  # c_ASD, spread within a cluster
    cluster_shadow_db: float  # zeta
    azimuth_scaling: float  # C_phi^NLOS of table 7.5-2
    zenith_scaling: float  # C_theta^NLOS of table 7.5-4
    xpr_db: tuple[float, float]  # mean and deviation
    k_db: tuple[float, float] | None  # mean and deviation; None without a line of sight


def departure_law(scenario: str, state: str, fc_ghz: float) -> DepartureLaw:
    """Return the constants of UMa, UMi or RMa; below 6 GHz UMa takes those at 6 GHz, UMi below 2 GHz those at 2.

    `state` is "los", "nlos" or "o2i". Raises ValueError on another state or a scenario without outdoor stations.
    """
    laws = _LAWS.get(canonical(scenario))
    if laws is None:
        raise ValueError(f'level B covers {", ".join(_LAWS)}, not "{scenario}"')
    if state not in STATES:
        raise ValueError(f'link state "{state}" is unknown: use one of {", ".join(STATES)}')
    return laws[state](fc_ghz)


def _uma_lg(fc_ghz: float) -> float:
    return float(np.log10(max(fc_ghz, 6.0)))


def _umi_lg(fc_ghz: float) -> float:
    return float(np.log10(1.0 + max(fc_ghz, 2.0)))


def _uma_los(fc_ghz: float) -> DepartureLaw:
    lg_asd = (1.06 + 0.1114 * _uma_lg(fc_ghz), 0.28)
    return DepartureLaw(lg_asd, 12, 2.5, 5.0, 3.0, 1.146, 1.104, (8.0, 4.0), (9.0, 3.5))


def _uma_nlos(fc_ghz: float) -> DepartureLaw:
    lg_asd = (1.5 - 0.1144 * _uma_lg(fc_ghz), 0.28)
    return DepartureLaw(lg_asd, 20, 2.3, 2.0, 3.0, 1.289, 1.178, (7.0, 3.0), None)


def _urban_o2i(fc_ghz: float) -> DepartureLaw:
    return DepartureLaw((1.25, 0.42), 12, 2.2, 5.0, 4.0, 1.146, 1.104, (9.0, 5.0), None)


def _umi_los(fc_ghz: float) -> DepartureLaw:
    lg_asd = (1.21 - 0.05 * _umi_lg(fc_ghz), 0.41)
    return DepartureLaw(lg_asd, 12, 3.0, 3.0, 3.0, 1.146, 1.104, (9.0, 3.0), (9.0, 5.0))


def _umi_nlos(fc_ghz: float) -> DepartureLaw:
    lg_asd = (1.53 - 0.23 * _umi_lg(fc_ghz), 0.33 + 0.11 * _umi_lg(fc_ghz))
    return DepartureLaw(lg_asd, 19, 2.1, 10.0, 3.0, 1.273, 1.184, (8.0, 3.0), None)


def _rma_los(fc_ghz: float) -> DepartureLaw:
    return DepartureLaw((0.90, 0.38), 11, 3.8, 2.0, 3.0, 1.123, 1.031, (12.0, 4.0), (7.0, 4.0))


def _rma_nlos(fc_ghz: float) -> DepartureLaw:
    return DepartureLaw((0.95, 0.45), 10, 1.7, 2.0, 3.0, 1.09, 0.957, (7.0, 3.0), None)


def _rma_o2i(fc_ghz: float) -> DepartureLaw:
    return DepartureLaw((0.67, 0.18), 10, 1.7, 2.0, 3.0, 1.09, 0.957, (7.0, 3.0), None)


_LAWS: dict[str, dict[str, Callable[[float], DepartureLaw]]] = {
    "UMa": {"los": _uma_los, "nlos": _uma_nlos, "o2i": _urban_o2i},
    "UMi-SC": {"los": _umi_los, "nlos": _umi_nlos, "o2i": _urban_o2i},
    "RMa": {"los": _rma_los, "nlos": _rma_nlos, "o2i": _rma_o2i},
}


def lg_zsd(scenario: str, los: Bool, d2d_m: F64, h_ut_m: F64, h_bs_m: float) -> tuple[F64, F64]:
    """Return mean and deviation of lg(ZSD / degree) (tables 7.5-7 to 7.5-9); arrays broadcast.

    `los` is the state of the outdoor part of the link, also for links into buildings.
    """
    km, above_m = d2d_m / 1000.0, h_ut_m - 1.5
    if canonical(scenario) == "UMa":
        sight = np.maximum(-0.5, -2.1 * km - 0.01 * above_m + 0.75)
        blocked = np.maximum(-0.5, -2.1 * km - 0.01 * above_m + 0.9)
        return np.where(los, sight, blocked), np.where(los, 0.40, 0.49)
    if canonical(scenario) == "UMi-SC":
        over_m = h_ut_m - h_bs_m
        sight = np.maximum(-0.21, -14.8 * km + 0.01 * np.abs(over_m) + 0.83)
        blocked = np.maximum(-0.5, -3.1 * km + 0.01 * np.maximum(over_m, 0.0) + 0.2)
        return np.where(los, sight, blocked), np.full(np.shape(blocked), 0.35)
    sight = np.maximum(-1.0, -0.17 * km - 0.01 * above_m + 0.22)
    blocked = np.maximum(-1.0, -0.19 * km - 0.01 * above_m + 0.28)
    return np.where(los, sight, blocked), np.where(los, 0.34, 0.30)


def zenith_offset_deg(scenario: str, los: Bool, d2d_m: F64, h_ut_m: F64, fc_ghz: float) -> F64:
    """Return the offset of the zenith of departure in degrees (tables 7.5-7 to 7.5-9), zero in line of sight.

    Negative offsets raise the rays above the straight line: they pass over roofs.
    """
    if canonical(scenario) == "UMa":
        lg = _uma_lg(fc_ghz)
        height = -0.13 * lg + 2.03 - 0.07 * (h_ut_m - 1.5)
        blocked = (
            7.66 * lg - 5.96 - 10.0 ** ((0.208 * lg - 0.782) * np.log10(np.maximum(25.0, d2d_m)) + height)
        )
    elif canonical(scenario) == "UMi-SC":
        blocked = -(10.0 ** (-1.5 * np.log10(np.maximum(10.0, d2d_m)) + 3.3))
    else:
        blocked = np.rad2deg(np.arctan((35.0 - 3.5) / d2d_m) - np.arctan((35.0 - 1.5) / d2d_m))
    return np.where(los, 0.0, blocked)
