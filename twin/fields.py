"""Spatially correlated random fields on a grid: shadowing (TR 38.901 7.4.4) and the LOS state (7.6.3.1)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from .types import F64

BELOW_ONE = math.nextafter(1.0, 0.0)
PAD_DECORRELATIONS = 6.0  # correlation across the periodic border stays below exp(-6)


def gaussian_field(n_y: int, n_x: int, cell_m: float, d_cor_m: float, seed: int | Sequence[int]) -> F64:
    """Return a standard normal field of shape (n_y, n_x), autocorrelation exp(-d / d_cor) (TR 38.901 7.4.4).

    Multiply by sigma_db for shadowing. FFT circulant embedding on a padded torus; the same seed gives the
    same field. Raises ValueError when a size, the cell or the decorrelation distance (m) is not positive.
    """
    _check_grid(n_y, n_x, cell_m, d_cor_m)
    pad = math.ceil(PAD_DECORRELATIONS * d_cor_m / cell_m)
    shape = (_fft_size(n_y + pad), _fft_size(n_x + pad))
    noise = np.random.Generator(np.random.Philox(np.random.SeedSequence(seed))).standard_normal(shape)
    amplitude = np.sqrt(_spectrum(shape, cell_m, d_cor_m))
    return np.ascontiguousarray(np.fft.irfft2(np.fft.rfft2(noise) * amplitude, s=shape)[:n_y, :n_x])


def uniform_field(n_y: int, n_x: int, cell_m: float, d_cor_m: float, seed: int | Sequence[int]) -> F64:
    """Return a correlated field of shape (n_y, n_x), uniform on [0, 1) at every point (TR 38.901 7.6.3.1).

    A link is in line of sight where the field is below its LOS probability, so the state does not flicker
    along a way. Indoors a pixel may be wider than the correlation distance: its state is then its own.
    """
    return normal_cdf(gaussian_field(n_y, n_x, cell_m, d_cor_m, seed))


def normal_cdf(values: F64) -> F64:
    """Return the standard normal distribution function within 1e-7 (Abramowitz and Stegun 7.1.26).

    It stays below 1, so that a link whose LOS probability is 1 is always in sight.
    """
    x = np.abs(values) / math.sqrt(2.0)
    t = 1.0 / (1.0 + 0.3275911 * x)
    polynomial = t * (
        0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429)))
    )
    tail = 0.5 * polynomial * np.exp(-(x**2))
    return np.clip(np.where(values > 0.0, 1.0 - tail, tail), 0.0, BELOW_ONE)


def _spectrum(shape: tuple[int, int], cell_m: float, d_cor_m: float) -> F64:
    """Eigenvalues of the circulant covariance; tiny negative ones are cut and the unit variance restored."""
    y, x = (cell_m * np.minimum(np.arange(n), n - np.arange(n)) for n in shape)
    covariance = np.exp(-np.hypot(y[:, None], x[None, :]) / d_cor_m)
    full = np.maximum(np.fft.fft2(covariance).real, 0.0)
    return (full / full.mean())[:, : shape[1] // 2 + 1]


def _fft_size(n: int) -> int:
    """Smallest size >= n that is 1, 3 or 5 times a power of two, where the FFT is fast."""
    return min(factor * 2 ** max(0, math.ceil(math.log2(n / factor))) for factor in (1, 3, 5))


def _check_grid(n_y: int, n_x: int, cell_m: float, d_cor_m: float) -> None:
    given = {"n_y": n_y, "n_x": n_x, "cell_m": cell_m, "d_cor_m": d_cor_m}
    for name, value in given.items():
        if not (0 < value < math.inf):
            raise ValueError(f"{name} = {value} is not a positive finite number: a field needs one")
