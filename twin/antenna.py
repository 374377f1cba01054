"""Base-station antenna gain: one element of TR 38.901 table 7.3-1 and a tilted column of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .checks import within
from .types import F64

FLOOR_POWER = 1e-12  # keeps an exact null of the array factor finite


@dataclass(frozen=True)
class Element:
    """Radiation pattern of one antenna element, the same beamwidth and side-lobe floor in both planes."""

    max_gain_dbi: float
    beamwidth_deg: float  # between the half-power directions
    max_attenuation_db: float


SECTOR_ELEMENT = Element(8.0, 65.0, 30.0)  # UMa, UMi and RMa, table 7.3-1
INDOOR_ELEMENT = Element(5.0, 90.0, 25.0)  # ceiling panels of offices and halls


def element_gain_db(theta_deg: ArrayLike, phi_deg: ArrayLike, element: Element = SECTOR_ELEMENT) -> F64:
    """Return the gain in dBi of one antenna element (TR 38.901 table 7.3-1); angles broadcast.

    `theta_deg` is the zenith angle (90 is the horizon, larger points down), `phi_deg` the azimuth from the
    boresight; any azimuth is folded into [-180, 180). Raises ValueError on an angle that is not finite.
    """
    phi = np.mod(within("phi_deg", phi_deg, -np.inf) + 180.0, 360.0) - 180.0
    vertical = _attenuation_db(within("theta_deg", theta_deg, -np.inf) - 90.0, element)
    both = vertical + _attenuation_db(phi, element)
    return element.max_gain_dbi - np.minimum(both, element.max_attenuation_db)


def _attenuation_db(angle_deg: F64, element: Element) -> F64:
    return np.minimum(12.0 * (angle_deg / element.beamwidth_deg) ** 2, element.max_attenuation_db)


def column_gain_db(
    theta_deg: ArrayLike,
    tilt_deg: ArrayLike,
    n_elements: int,
    spacing_wavelengths: float = 0.5,
) -> F64:
    """Return the array gain in dB of a vertical column steered to zenith angle `tilt_deg` (TR 38.901 7.3).

    10 lg(|sum_m exp(j 2 pi d (m-1) (cos theta - cos tilt))|^2 / M): 10 lg M at the tilt. Exact nulls are
    floored at -120 dB. Raises ValueError when the column has no element, or on an angle that is not finite.
    """
    if not (n_elements >= 1):
        raise ValueError(f"n_elements = {n_elements} is not a column: give at least 1")
    theta_rad, tilt_rad = (
        np.deg2rad(within(name, angle, -np.inf))
        for name, angle in (("theta_deg", theta_deg), ("tilt_deg", tilt_deg))
    )
    difference = np.cos(theta_rad) - np.cos(tilt_rad)
    phase = 2.0 * np.pi * spacing_wavelengths * np.asarray(difference)[..., None] * np.arange(n_elements)
    power = np.abs(np.exp(1j * phase).sum(axis=-1)) ** 2 / n_elements
    return 10.0 * np.log10(np.maximum(power, FLOOR_POWER))


def sector_gain_db(theta_deg: ArrayLike, phi_deg: ArrayLike, tilt_deg: ArrayLike, n_elements: int) -> F64:
    """Return the gain in dBi of a sector panel: an 8 dBi element times its half-wavelength column."""
    return element_gain_db(theta_deg, phi_deg) + column_gain_db(theta_deg, tilt_deg, n_elements)


def array_power(turns: ArrayLike, n_elements: int) -> F64:
    """Return |sum_m exp(j 2 pi m turns)|^2 / n, the array factor of n elements that lag `turns` each.

    The closed form of the sum in `column_gain_db`, n where the elements agree. Raises ValueError when n < 1.
    """
    if not (n_elements >= 1):
        raise ValueError(f"n_elements = {n_elements} is not an array: give at least 1")
    half = np.pi * np.asarray(turns, dtype=np.float64)
    sine = np.sin(half)
    aligned = np.abs(sine) < 1e-7
    ratio = np.sin(n_elements * half) / np.where(aligned, 1.0, sine)
    return np.where(aligned, float(n_elements), ratio**2 / n_elements)
