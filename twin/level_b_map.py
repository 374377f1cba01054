"""Level B of the radio map: antennas blurred by the spread of departure angles, polarisation loss, fading margin.

The mean of `level_b.py` without chance: median spreads of TR 38.901 tables 7.5-6 to 7.5-9 for the state of each pixel's
line of sight. Whoever is indoors is seen through the same map: the twin knows a user's building, the map does not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .angular_spread import DepartureLaw, departure_law, lg_zsd, zenith_offset_deg
from .level_b import MAX_ASD_DEG, MAX_ZSD_DEG, blurred_gain_db, fading_margin_db, polarisation_loss_db
from .types import F64, Bool

Antenna = Callable[[F64, F64], F64]  # gain in dBi over zenith and azimuth in degrees
RAYLEIGH_DB = -np.inf  # K-factor: the margin of links without a line of sight is asked of all
_AT_ONCE = 4096  # pixels, so that the points around them fit the cache
_STEP_DB = 1.0 / 64.0
_MOST_MARGIN_DB = 3.0
_HALVINGS = 30


@dataclass(frozen=True)
class Aim:
    """How a site sees the pixels; arrays are (P,)."""

    law: str  # TR 38.901 scenario
    bs_m: float
    ut_m: float
    los: Bool
    d2d_m: F64
    zenith_deg: F64
    azimuth_deg: F64

    def rows(self, index: np.ndarray) -> Aim:
        """Select pixels."""
        d2d_m, zenith_deg, azimuth_deg = (a[index] for a in (self.d2d_m, self.zenith_deg, self.azimuth_deg))
        return Aim(self.law, self.bs_m, self.ut_m, self.los[index], d2d_m, zenith_deg, azimuth_deg)


def spread_gain_db(antenna: Antenna, aim: Aim, fc_ghz: float) -> F64:
    """Return the mean gain of an antenna over the departure rays of each link, less the polarisation loss, (P,) dB.

    Raises:
        ValueError: if the law has no angular spread: it is not UMa, UMi or RMa.
    """
    gain = np.empty(aim.los.shape)
    for state, here in (("los", aim.los), ("nlos", ~aim.los)):
        law = departure_law(aim.law, state, fc_ghz)
        pixels = np.flatnonzero(here)
        for start in range(0, len(pixels), _AT_ONCE):
            some = pixels[start : start + _AT_ONCE]
            gain[some] = _blurred_db(antenna, aim.rows(some), law, fc_ghz) - _polarisation_db(law)
    return gain


def _blurred_db(antenna: Antenna, aim: Aim, law: DepartureLaw, fc_ghz: float) -> F64:
    lg_mean, _ = lg_zsd(aim.law, aim.los, aim.d2d_m, np.asarray(aim.ut_m), aim.bs_m)
    asd_deg = min(10.0 ** law.lg_asd[0], MAX_ASD_DEG)
    zsd_deg = np.minimum(10.0**lg_mean, MAX_ZSD_DEG)
    offset = zenith_offset_deg(aim.law, aim.los, aim.d2d_m, np.asarray(aim.ut_m), fc_ghz)
    return blurred_gain_db(antenna, aim.zenith_deg + offset, aim.azimuth_deg, asd_deg, zsd_deg)


def _polarisation_db(law: DepartureLaw) -> float:
    """Return the loss at mean cross-polarisation; of a direct ray nothing is turned back by scattering."""
    scattered_db = 0.0 if law.k_db is None else 10.0 * np.log10(1.0 + 10.0 ** (0.1 * law.k_db[0]))
    return float(polarisation_loss_db(law.xpr_db[0] + scattered_db))


def faded_thresholds(sinr: F64) -> F64:
    """Return the mean SINR (linear) at which a fading link carries what a steady one does at ``sinr``; same shape.

    The margin of Rayleigh fading (`level_b.fading_margin_db`) is added to the CQI thresholds instead of being taken
    from every SINR: signal and interference stay what the map says, and the kernel is the same. Rounded to 1/64 dB.
    """
    steady_db = 10.0 * np.log10(sinr)
    low, high = steady_db, steady_db + _MOST_MARGIN_DB
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        short = middle - fading_margin_db(middle, RAYLEIGH_DB) < steady_db
        low, high = np.where(short, middle, low), np.where(short, high, middle)
    return 10.0 ** (0.1 * np.round(high / _STEP_DB) * _STEP_DB)
