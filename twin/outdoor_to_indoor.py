"""Building penetration of TR 38.901 clause 7.4.3: wall loss, its spread and the indoor part of the path."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .radio_scenario import FC_RANGE_GHZ, checked
from .types import F64

INDOOR_LOSS_DB_PER_M = 0.5
WALL_SIGMA_DB = {"low": 4.4, "high": 6.5}  # sigma_P of table 7.4.3-2
MAX_INDOOR_DISTANCE_M = {"UMa": 25.0, "UMi-SC": 25.0, "RMa": 10.0}
IRR_GLASS_DB = {"rel17": (23.0, 0.3), "rel19": (25.4, 0.11)}  # offset, slope per GHz; table 7.4.3-1


def o2i_wall_loss_db(kind: str, fc_ghz: ArrayLike, release: str = "rel17") -> F64:
    """Return the loss PL_tw through an external wall in dB (TR 38.901 tables 7.4.3-1 and 7.4.3-2).

    `kind` is "low" (30 % standard glass) or "high" (70 % infrared-reflecting glass), `release` "rel17" (the
    glass of Rel-14 to Rel-17) or "rel19". Indoor path and random spread are not included. Raises ValueError
    on another kind, release or a frequency out of range.
    """
    _require("kind", kind, tuple(WALL_SIGMA_DB))
    _require("release", release, tuple(IRR_GLASS_DB))
    f = checked("fc_ghz", fc_ghz, FC_RANGE_GHZ)
    concrete = _transmission(5.0 + 4.0 * f)
    if kind == "low":
        return 5.0 - 10.0 * np.log10(0.3 * _transmission(2.0 + 0.2 * f) + 0.7 * concrete)
    offset, slope = IRR_GLASS_DB[release]
    return 5.0 - 10.0 * np.log10(0.7 * _transmission(offset + slope * f) + 0.3 * concrete)


def _transmission(loss_db: F64) -> F64:
    return 10.0 ** (-loss_db / 10.0)


def _require(name: str, value: str, valid: tuple[str, ...]) -> None:
    if value not in valid:
        raise ValueError(f'{name} "{value}" is unknown: use one of {", ".join(valid)}')
