"""Grids of DFT beams of the Type I single-panel codebook (TS 38.214 clause 5.2.2.2.1) and their array gain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .antenna import FLOOR_POWER, SECTOR_ELEMENT, Element, element_gain_db
from .types import F64

C128 = NDArray[np.complex128]

OVERSAMPLING = {  # (N1, N2) -> (O1, O2) for 8, 16 and 32 CSI-RS ports, table 5.2.2.2.1-2
    (2, 2): (4, 4),
    (4, 1): (4, 1),
    (4, 2): (4, 4),
    (8, 1): (4, 1),
    (4, 4): (4, 4),
    (8, 2): (4, 4),
    (16, 1): (4, 1),
}
CO_PHASES = 4  # i2 of a rank-1 report: the two polarisations differ by multiples of 90 degrees


@dataclass(frozen=True)
class Panel:
    """Ports of a dual-polarised panel: `n1` in a row, `n2` in a column, per polarisation.

    ValueError for a size that the standard does not list.
    """

    n1: int
    n2: int

    def __post_init__(self) -> None:
        if (self.n1, self.n2) not in OVERSAMPLING:
            known = ", ".join(f"({n1}, {n2})" for n1, n2 in OVERSAMPLING)
            raise ValueError(f"no Type I panel of (N1, N2) = ({self.n1}, {self.n2}): use one of {known}")

    @property
    def oversampling(self) -> tuple[int, int]:
        """Return (O1, O2): beams per orthogonal beam, in a row and in a column."""
        return OVERSAMPLING[self.n1, self.n2]

    @property
    def n_ports(self) -> int:
        """Return the CSI-RS ports of both polarisations."""
        return 2 * self.n1 * self.n2

    @property
    def shape(self) -> tuple[int, int]:
        """Return (O1 N1, O2 N2), how many beams there are across and down."""
        o1, o2 = self.oversampling
        return o1 * self.n1, o2 * self.n2


def dft_beam(index: ArrayLike, n: int, oversampling: int) -> C128:
    """Return w_m = exp(j 2 pi m l / (O N)) / sqrt(N) of beam `index` l, shape (..., n), of unit norm.

    The index counts modulo O N. Raises ValueError unless n and the oversampling are at least 1.
    """
    if not (n >= 1 and oversampling >= 1):
        raise ValueError(f"n = {n}, oversampling = {oversampling}: a DFT beam needs at least 1 of each")
    turns = np.asarray(index, dtype=np.float64)[..., None] * np.arange(n) / (oversampling * n)
    return np.exp(2j * np.pi * turns) / np.sqrt(n)


def grid_of_beams(panel: Panel) -> C128:
    """Return every beam v_{l,m} of one polarisation, shape (O1 N1, O2 N2, N1 N2), of unit norm.

    Ports count down the column first, as u_m does within v_{l,m} of clause 5.2.2.2.1.
    """
    (across, down), (o1, o2) = panel.shape, panel.oversampling
    row, column = dft_beam(np.arange(across), panel.n1, o1), dft_beam(np.arange(down), panel.n2, o2)
    beams = row[:, None, :, None] * column[None, :, None, :]
    return beams.reshape(across, down, panel.n1 * panel.n2)


def rank_1_precoder(panel: Panel, beam: tuple[int, int], co_phase: int) -> C128:
    """Return the rank-1 precoder (v, j^n v) / sqrt 2 of both polarisations, shape (n_ports,), of unit norm.

    `beam` is (l, m), `co_phase` n in 0..3. Raises ValueError on an index outside the codebook.
    """
    across, down = panel.shape
    if not (0 <= beam[0] < across and 0 <= beam[1] < down and 0 <= co_phase < CO_PHASES):
        raise ValueError(
            f"beam {beam}, co_phase {co_phase} is not in the codebook: give l < {across}, m < {down}, "
            f"n < {CO_PHASES}"
        )
    v = grid_of_beams(panel)[beam]
    return np.concatenate((v, 1j**co_phase * v)) / np.sqrt(2.0)


def beam_direction(index: ArrayLike, n: int, oversampling: int, spacing_wavelengths: float = 0.5) -> F64:
    """Return the direction cosine in which a DFT beam peaks: sin(zenith) sin(azimuth) of a row.

    Of a column it is cos(zenith). NaN for a beam that no direction reaches (spacing below half a wavelength).
    """
    turns = np.asarray(index, dtype=np.float64) / (oversampling * n)
    folded = np.mod(turns + 0.5, 1.0) - 0.5
    cosine = folded / spacing_wavelengths
    return np.where(np.abs(cosine) <= 1.0, cosine, np.nan)


def beam_gain_db(
    weights: C128,
    panel: Panel,
    theta_deg: ArrayLike,
    phi_deg: ArrayLike,
    spacing_wavelengths: tuple[float, float] = (0.5, 0.5),
    element: Element = SECTOR_ELEMENT,
) -> F64:
    """Return the gain in dBi of one polarisation's `weights` (N1 N2,) toward directions; angles broadcast.

    Element times |a^H w|^2, which is 8 + 10 lg(N1 N2) dBi at the broadside of a matched beam. `theta_deg` is the
    zenith angle, `phi_deg` the azimuth from the boresight, the spacings (across, down) are in wavelengths.
    """
    theta, phi = np.broadcast_arrays(
        np.deg2rad(np.asarray(theta_deg, dtype=np.float64)), np.deg2rad(np.asarray(phi_deg, dtype=np.float64))
    )
    across = spacing_wavelengths[0] * (np.sin(theta) * np.sin(phi))[..., None] * np.arange(panel.n1)
    down = spacing_wavelengths[1] * np.cos(theta)[..., None] * np.arange(panel.n2)
    steering = np.exp(-2j * np.pi * (across[..., :, None] + down[..., None, :]))
    power = np.abs(steering.reshape(*theta.shape, -1) @ weights) ** 2
    array_db = 10.0 * np.log10(np.maximum(power, FLOOR_POWER))
    return element_gain_db(theta_deg, phi_deg, element) + array_db
