"""Penetration of TR 38.901 clause 7.4.3: walls by release, the indoor part of the path, cars."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike

from .radio_scenario import FC_RANGE_GHZ, canonical, checked
from .types import F64

INDOOR_LOSS_DB_PER_M = 0.5
WALL_SIGMA_DB = {"low": 4.4, "high": 6.5, "legacy": 0.0}  # sigma_P of tables 7.4.3-2 and 7.4.3-3
MAX_INDOOR_DISTANCE_M = {"UMa": 25.0, "UMi-SC": 25.0, "RMa": 10.0}
IRR_GLASS_DB = {"rel17": (23.0, 0.3), "rel19": (25.4, 0.11)}  # offset, slope per GHz; table 7.4.3-1
LEGACY_WALL_DB = 20.0  # table 7.4.3-3
LEGACY_BELOW_GHZ = 6.0
CAR_LOSS_DB = {"plain": 9.0, "metallised": 20.0}  # mean over vehicles, clause 7.4.3.2
CAR_SIGMA_DB = 5.0


def o2i_wall_loss_db(kind: str, fc_ghz: ArrayLike, release: str = "rel17") -> F64:
    """Return the loss PL_tw through an external wall in dB (TR 38.901 tables 7.4.3-1 to 7.4.3-3).

    `kind` is "low" (30 % standard glass), "high" (70 % infrared-reflecting glass) or "legacy" (the one wall
    of TR 36.873, below 6 GHz), `release` "rel17" (the glass of Rel-14 to Rel-17) or "rel19". Indoor path and
    random spread are not included. Raises ValueError on another kind, release or a frequency out of range.
    """
    _require("kind", kind, tuple(WALL_SIGMA_DB))
    _require("release", release, tuple(IRR_GLASS_DB))
    f = checked("fc_ghz", fc_ghz, FC_RANGE_GHZ)
    if kind == "legacy":
        return _legacy_wall_db(f)
    concrete = _transmission(5.0 + 4.0 * f)
    if kind == "low":
        return 5.0 - 10.0 * np.log10(0.3 * _transmission(2.0 + 0.2 * f) + 0.7 * concrete)
    offset, slope = IRR_GLASS_DB[release]
    return 5.0 - 10.0 * np.log10(0.7 * _transmission(offset + slope * f) + 0.3 * concrete)


def building_loss_db(
    kind: str, fc_ghz: ArrayLike, indoor_m: ArrayLike, normal: ArrayLike, release: str = "rel17"
) -> F64:
    """Return what a building adds to the path loss in dB, PL_tw + 0.5 d_2D-in + sigma_P z (equation 7.4-2).

    Arrays broadcast; `indoor_m` is d_2D-in, `normal` the standard normal number z of the terminal. Raises
    ValueError as `o2i_wall_loss_db` does.
    """
    wall_db = o2i_wall_loss_db(kind, fc_ghz, release)
    return wall_db + INDOOR_LOSS_DB_PER_M * np.asarray(indoor_m) + WALL_SIGMA_DB[kind] * np.asarray(normal)


def deepest_indoor_m(laws: Iterable[str]) -> float:
    """Return how deep a user may stand in a building, in metres (TR 38.901 clause 7.4.3.1).

    A user stands in one building whatever site it hears: among several laws the deepest counts. Laws of rooms have no
    buildings to enter; alone they count as those of towns.
    """
    depths = [MAX_INDOOR_DISTANCE_M.get(canonical(law), 0.0) for law in laws]
    return max(depths) or MAX_INDOOR_DISTANCE_M["UMa"]


def car_loss_db(windows: str, normal: ArrayLike) -> F64:
    """Return the loss into a car in dB (TR 38.901 equation 7.4-4), from 0.6 to 60 GHz.

    `windows` is "plain" or "metallised", `normal` the standard normal number of the terminal, any shape.
    """
    _require("windows", windows, tuple(CAR_LOSS_DB))
    return CAR_LOSS_DB[windows] + CAR_SIGMA_DB * np.asarray(normal, dtype=np.float64)


def _legacy_wall_db(fc_ghz: F64) -> F64:
    if not np.all(fc_ghz < LEGACY_BELOW_GHZ):
        worst = float(np.max(fc_ghz))
        raise ValueError(f'fc_ghz = {worst:g} is too high for the "legacy" wall: use "low" or "high"')
    return np.full_like(fc_ghz, LEGACY_WALL_DB)


def _transmission(loss_db: F64) -> F64:
    return 10.0 ** (-loss_db / 10.0)


def _require(name: str, value: str, valid: tuple[str, ...]) -> None:
    if value not in valid:
        raise ValueError(f'{name} "{value}" is unknown: use one of {", ".join(valid)}')
