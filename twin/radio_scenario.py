"""Radio scenarios of TR 38.901: their names, shadowing and clutter constants and permitted input ranges."""

from __future__ import annotations

import difflib
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .types import F64

FC_RANGE_GHZ = (0.5, 100.0)
BS_HEIGHT_RANGE_M = (1.5, 150.0)
UT_HEIGHT_RANGE_M = (1.0, 150.0)
DISTANCE_RANGE_M = (0.0, 1e6)


@dataclass(frozen=True)
class Spread:
    """Log-normal shadowing of one link state."""

    sigma_db: float
    d_cor_m: float


@dataclass(frozen=True)
class Shadowing:
    """Shadowing of one scenario, TR 38.901 tables 7.4.1-1, 7.5-6 (d_cor) and 7.6.3.1-2 (LOS state).

    `o2i` is None where no outdoor-to-indoor link exists; the LOS deviation beyond the breakpoint differs in
    RMa only.
    """

    los: Spread
    nlos: Spread
    o2i: Spread | None
    los_sigma_beyond_breakpoint_db: float
    los_state_d_cor_m: float


@dataclass(frozen=True)
class Clutter:
    """What stands in a factory hall (TR 38.901 table 7.2-4); ValueError where a value is impossible."""

    density_frac: float  # r, share of the floor that is covered, sparse below 0.4
    size_m: float  # d_clutter
    height_m: float  # h_c, effective

    def __post_init__(self) -> None:
        for name, value in (("size_m", self.size_m), ("height_m", self.height_m)):
            if not (0.0 < value < math.inf):
                raise ValueError(f"clutter {name} = {value:g} is not a positive length: give metres above 0")
        if not (0.0 < self.density_frac < 1.0):
            raise ValueError(
                f"clutter density_frac = {self.density_frac:g} is outside (0, 1): give the covered share, "
                "such as 0.2, or use InF-HH for a clear view"
            )

    @property
    def los_state_d_cor_m(self) -> float:
        """Return the correlation distance of the LOS state, d_clutter / 2 (table 7.6.3.1-2)."""
        return self.size_m / 2.0


DENSE_FROM_FRAC = 0.4  # table 7.2-4: clutter is dense from 40 % of the floor
_SPARSE, _DENSE = Clutter(0.2, 10.0, 2.0), Clutter(0.6, 2.0, 6.0)
CLUTTER = {  # calibration halls of table 7.8-7; InF-HH needs none
    "InF-SL": _SPARSE,
    "InF-DL": _DENSE,
    "InF-SH": _SPARSE,
    "InF-DH": _DENSE,
}

_INDOOR = Shadowing(Spread(3.0, 10.0), Spread(8.03, 6.0), None, 3.0, 10.0)


def _factory(nlos_sigma_db: float, los_state_d_cor_m: float) -> Shadowing:
    return Shadowing(Spread(4.3, 10.0), Spread(nlos_sigma_db, 10.0), None, 4.3, los_state_d_cor_m)


SHADOWING = {
    "UMa": Shadowing(Spread(4.0, 37.0), Spread(6.0, 50.0), Spread(7.0, 7.0), 4.0, 50.0),
    "UMi-SC": Shadowing(Spread(4.0, 10.0), Spread(7.82, 13.0), Spread(7.0, 7.0), 4.0, 50.0),
    "RMa": Shadowing(Spread(4.0, 37.0), Spread(8.0, 120.0), Spread(8.0, 120.0), 6.0, 60.0),
    "InH-open": _INDOOR,
    "InH-mixed": _INDOOR,
    "InH-Office": _INDOOR,
    "InF-SL": _factory(5.7, _SPARSE.los_state_d_cor_m),
    "InF-DL": _factory(7.2, _DENSE.los_state_d_cor_m),
    "InF-SH": _factory(5.9, _SPARSE.los_state_d_cor_m),
    "InF-DH": _factory(4.0, _DENSE.los_state_d_cor_m),
    "InF-HH": _factory(4.3, 10.0),  # always in sight: the NLOS and LOS-state values are never asked for
}

_ALIASES = {
    "uma": "UMa",
    "umi": "UMi-SC",
    "umisc": "UMi-SC",
    "umistreetcanyon": "UMi-SC",
    "rma": "RMa",
    "inh": "InH-Office",
    "inhoffice": "InH-Office",
    "inhopen": "InH-open",
    "inhopenoffice": "InH-open",
    "indooropenoffice": "InH-open",
    "inhmixed": "InH-mixed",
    "inhmixedoffice": "InH-mixed",
    "indoormixedoffice": "InH-mixed",
    "infsl": "InF-SL",
    "infdl": "InF-DL",
    "infsh": "InF-SH",
    "infdh": "InF-DH",
    "infhh": "InF-HH",
}


def canonical(scenario: str) -> str:
    """Return the one spelling of a scenario used inside the twin.

    Case, spaces, hyphens and underscores do not matter: "UMi", "umi-sc" and "UMi-Street Canyon" are one
    scenario. Raises ValueError naming the nearest valid scenario when the name is unknown.
    """
    key = "".join(letter for letter in scenario.lower() if letter.isalnum())
    if key in _ALIASES:
        return _ALIASES[key]
    nearest = difflib.get_close_matches(key, _ALIASES, n=1, cutoff=0.0)
    hint = f'did you mean "{_ALIASES[nearest[0]]}"? ' if nearest else ""
    raise ValueError(f'unknown radio scenario "{scenario}": {hint}valid scenarios are {", ".join(SHADOWING)}')


def shadowing(scenario: str) -> Shadowing:
    """Return the shadowing constants of a scenario (TR 38.901 tables 7.4.1-1, 7.5-6, 7.6.3.1-2)."""
    return SHADOWING[canonical(scenario)]


def checked(name: str, values: ArrayLike, limits: tuple[float, float]) -> F64:
    """Return values as float64, or raise ValueError naming the first outside the closed range (or NaN)."""
    array = np.asarray(values, dtype=np.float64)
    inside = (array >= limits[0]) & (array <= limits[1])
    if not np.all(inside):
        worst = float(array[~inside].flat[0])
        raise ValueError(
            f"{name} = {worst:g} is outside [{limits[0]:g}, {limits[1]:g}]: give a value in this range"
        )
    return array
