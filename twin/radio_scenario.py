"""Radio scenarios of TR 38.901: their names, shadowing constants and permitted input ranges."""

from __future__ import annotations

import difflib
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


_INDOOR = Shadowing(Spread(3.0, 10.0), Spread(8.03, 6.0), None, 3.0, 10.0)

SHADOWING = {
    "UMa": Shadowing(Spread(4.0, 37.0), Spread(6.0, 50.0), Spread(7.0, 7.0), 4.0, 50.0),
    "UMi-SC": Shadowing(Spread(4.0, 10.0), Spread(7.82, 13.0), Spread(7.0, 7.0), 4.0, 50.0),
    "RMa": Shadowing(Spread(4.0, 37.0), Spread(8.0, 120.0), Spread(8.0, 120.0), 6.0, 60.0),
    "InH-open": _INDOOR,
    "InH-mixed": _INDOOR,
    "InH-Office": _INDOOR,
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
