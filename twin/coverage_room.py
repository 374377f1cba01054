"""How much traffic coverage cells can carry, as a multiple of what the rules' figures are meant for."""

from __future__ import annotations

import numpy as np

from .kernels.layout import GAIN_STEP_DB, ParamArrays
from .link import N_PRB, usable_bandwidth_hz
from .types import F32, F64, I32

USUAL_MBPS = np.float32(
    usable_bandwidth_hz(N_PRB[20, 15], 15) * 2 / 1e6
)  # per bit/s/Hz: 20 MHz FDD, two layers
USUAL_EFFICIENCY = 4  # bit/s/Hz of sites without near neighbours
NEIGHBOUR_LOAD = 0.3  # of the other coverage cells, assumption
OBSTRUCTION_DB = 8.0  # buildings between street and users, assumption


def coverage_scale(arrays: ParamArrays, coverage: I32) -> F64:
    """Return what the coverage cell of each area carries as a multiple of a usual one, (G,).

    It is the rate per bit/s/Hz over that of a 20 MHz FDD carrier with two layers, times the whole bit/s/Hz, from one to
    four, over four: the harmonic mean over the area's pixels at a moderate load of the other coverage cells.

    Args:
        arrays: the network.
        coverage: (G,), the coverage cell of each area.
    """
    efficiency = np.clip(np.round(mean_efficiency(arrays, coverage)), 1, USUAL_EFFICIENCY) / USUAL_EFFICIENCY
    return arrays.rate_mbps[coverage, 0] / USUAL_MBPS * efficiency


def mean_efficiency(arrays: ParamArrays, coverage: I32) -> F64:
    """Return the harmonic mean over each area's pixels of the coverage cell's bit/s/Hz, (G,).

    The lowest CQI counts where there is none.
    """
    area, pixels = arrays.pixel_area, np.arange(len(arrays.pixel_area))
    heard_mw = _heard_mw(arrays, coverage)
    layers = arrays.layer[coverage]
    total_mw = np.stack([heard_mw[:, layers == k].sum(axis=1) for k in range(layers.max() + 1)], axis=1)
    own_mw = heard_mw[pixels, area]
    others_mw = NEIGHBOUR_LOAD * (total_mw[pixels, layers[area]] - own_mw)
    sinr = own_mw / (others_mw + arrays.noise_mw[coverage][area])
    cqi = np.maximum(np.searchsorted(arrays.cqi_sinr, sinr, side="right"), 1)
    efficiency = np.cumsum(arrays.cqi_gain)[cqi - 1]
    n_areas = len(coverage)
    n_pixels = np.bincount(area, minlength=n_areas)
    return np.maximum(n_pixels, 1) / np.maximum(np.bincount(area, 1 / efficiency, minlength=n_areas), 1e-9)


def _heard_mw(arrays: ParamArrays, coverage: I32) -> F32:
    planned = arrays.gain[:, arrays.first_column[coverage]] * np.float32(GAIN_STEP_DB)
    dbm = arrays.tx_dbm[coverage] + planned - OBSTRUCTION_DB
    return (10 ** (dbm / 10)).astype(np.float32)
