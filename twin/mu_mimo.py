"""Multi-user MIMO: what layers cost each other, and the spectral efficiency of a cell that sends several at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .checks import within
from .link import DEFAULT_ALPHA, cqi_efficiency
from .types import F64, I64

MAX_LAYERS = 12  # orthogonal DM-RS ports of type 2 with two symbols, TS 38.211 table 7.4.1.1.2-2
TOP_EFFICIENCY = float(cqi_efficiency(2)[-1])  # 256QAM, bit/s/Hz and layer


def zf_gain(layers: ArrayLike, n_txru: int) -> F64:
    """Return the share (N - L + 1) / N of the array gain that zero-forcing leaves to each of L layers.

    Exact for N transceivers and independent Rayleigh channels; where the channels of a sector are alike, N is the
    smaller number of directions they span. Raises ValueError unless 1 <= L <= min(N, 12).
    """
    count = np.asarray(layers)
    most = min(n_txru, MAX_LAYERS)
    if not np.all((count >= 1) & (count <= most)):
        raise ValueError(f"layers = {layers}: give 1 to {most} for {n_txru} transceivers")
    return (n_txru - count + 1.0) / n_txru


def zf_loss_db(layers: ArrayLike, n_txru: int) -> F64:
    """Return the zero-forcing loss -10 lg((N - L + 1) / N) of every layer in dB. ValueError as `zf_gain`."""
    return -10.0 * np.log10(zf_gain(layers, n_txru))


def layer_sinr(sinr_alone: ArrayLike, layers: ArrayLike, n_txru: int, csi_error: float = 0.0) -> F64:
    """Return the linear SINR of each of L layers of equal power; arrays broadcast.

    `sinr_alone` is the linear SINR of one layer with all power and the whole array gain. The share `csi_error` of a
    layer's energy goes astray, (L - 1) / (N - 1) of it to the others (Jindal 2006, equation 16): with errors, more
    power no longer helps. Raises ValueError as `zf_gain`, on an SINR that is negative or not finite, or unless
    0 <= csi_error < 1.
    """
    if not (0.0 <= csi_error < 1.0):
        raise ValueError(f"csi_error = {csi_error} is not a share: give 0 for ideal reports, below 1")
    alone, count = within("sinr_alone", sinr_alone, 0.0), np.asarray(layers)
    wanted = (1.0 - csi_error) * alone * zf_gain(layers, n_txru) / count
    astray = csi_error * alone * (count - 1.0) / (count * max(n_txru - 1, 1))
    return wanted / (1.0 + astray)


def mu_efficiency(sinr_alone: ArrayLike, layers: ArrayLike, n_txru: int, csi_error: float = 0.0) -> F64:
    """Return the bits per resource element of a cell that sends L layers to terminals of equal SINR.

    L times the attenuated Shannon law of `link`, up to 256QAM. ValueError as `layer_sinr`.
    """
    return np.asarray(layers) * shannon_efficiency(layer_sinr(sinr_alone, layers, n_txru, csi_error))


def shannon_efficiency(sinr: ArrayLike) -> F64:
    """Return alpha log2(1 + SINR) in bit/s/Hz for a linear SINR, at most that of 256QAM."""
    return np.minimum(DEFAULT_ALPHA * np.log2(1.0 + np.asarray(sinr, dtype=np.float64)), TOP_EFFICIENCY)


def best_layers(sinr_alone: ArrayLike, n_txru: int, csi_error: float = 0.0, most: int = MAX_LAYERS) -> I64:
    """Return the number of layers, 1 to `most`, that carries most; the shape is that of `sinr_alone`."""
    counts = np.arange(1, min(most, n_txru) + 1)
    alone = np.asarray(sinr_alone, dtype=np.float64)[..., None]
    return counts[np.argmax(mu_efficiency(alone, counts, n_txru, csi_error), axis=-1)]
