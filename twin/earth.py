"""The EARTH power model, the alternative to TR 38.864: watts of whole base stations.

P = N_TRX (P0 + delta_p P_out), 0 < P_out <= P_max, and N_TRX P_sleep at no output. Source: Auer et al., "How Much
Energy Is Needed to Run a Wireless Network?", IEEE Wireless Communications 18(5), 2011, table 2 (10 MHz LTE, 2x2).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .checks import fraction, positive, row_of
from .types import F64, Bool


@dataclass(frozen=True)
class EarthStation:
    """One row of the table; ValueError where a value is not positive or sleep takes more than no load."""

    n_trx: int  # transceiver chains, sectors times antennas
    p_max_w: float  # output of one chain at full load
    p0_w: float  # consumption of one chain at the least output
    delta_p: float  # slope, W consumed per W sent
    p_sleep_w: float  # consumption of one sleeping chain

    def __post_init__(self) -> None:
        for name in ("n_trx", "p_max_w", "p0_w", "delta_p", "p_sleep_w"):
            positive(f"EarthStation.{name}", getattr(self, name))
        if not (self.p_sleep_w <= self.p0_w):
            raise ValueError(
                f"EarthStation.p_sleep_w = {self.p_sleep_w:g} is above p0_w = {self.p0_w:g}: sleep must not cost more"
            )

    def power_w(self, load_frac: ArrayLike, asleep: ArrayLike | Bool = False) -> F64:
        """Return the consumption in W; the load in [0, 1] is the share of the largest output.

        Awake at no load the station takes N_TRX P0; `asleep` stations take N_TRX P_sleep whatever their load.
        """
        load = fraction("load_frac", load_frac)
        awake_w = self.p0_w + self.delta_p * self.p_max_w * load
        return self.n_trx * np.where(asleep, self.p_sleep_w, awake_w)


SECTORS = {"macro": 3, "rrh": 3, "micro": 1, "pico": 1, "femto": 1}
"""Sectors of each kind, with two antennas each: its N_TRX is their product."""

EARTH = {
    "macro": EarthStation(6, 20.0, 130.0, 4.7, 75.0),
    "rrh": EarthStation(6, 20.0, 84.0, 2.8, 56.0),
    "micro": EarthStation(2, 6.3, 56.0, 2.6, 39.0),
    "pico": EarthStation(2, 0.13, 6.8, 4.0, 4.3),
    "femto": EarthStation(2, 0.05, 4.8, 8.0, 2.9),
}


def earth_station(kind: str) -> EarthStation:
    """Return a station of the table; ValueError naming the nearest kind on an unknown one."""
    return row_of("EARTH station", kind, EARTH)
