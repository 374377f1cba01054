"""Link abstraction: CQI tables of TS 38.214, carrier sizes of TS 38.101 and the peak rate of TS 38.306."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .types import F64

DEFAULT_ALPHA = 0.867  # attenuation of Shannon's law at 10 % BLER, CQI tables 1 and 2
MAX_CODE_RATE = 948.0 / 1024.0
SUBCARRIERS_PER_PRB = 12
SYMBOLS_PER_SLOT = 14

_CQI_TABLE_1 = (
    *((2, rate) for rate in (78, 120, 193, 308, 449, 602)),
    *((4, rate) for rate in (378, 490, 616)),
    *((6, rate) for rate in (466, 567, 666, 772, 873, 948)),
)
_CQI_TABLE_2 = (
    *((2, rate) for rate in (78, 193, 449)),
    *((4, rate) for rate in (378, 490, 616)),
    *((6, rate) for rate in (466, 567, 666, 772, 873)),
    *((8, rate) for rate in (711, 797, 885, 948)),
)
_CQI_TABLE_3 = (
    *((2, rate) for rate in (30, 50, 78, 120, 193, 308, 449, 602)),
    *((4, rate) for rate in (378, 490, 616)),
    *((6, rate) for rate in (466, 567, 666, 772)),
)
CQI_TABLES = {1: _CQI_TABLE_1, 2: _CQI_TABLE_2, 3: _CQI_TABLE_3}
"""(modulation order, code rate x 1024) of CQI 1 to 15; TS 38.214 tables 5.2.2.1-2 to 5.2.2.1-4.

Tables 1 and 2 aim at a block error rate of 0.1, table 3 at 1e-5.
"""

_PRB_15_KHZ = {5: 25, 10: 52, 15: 79, 20: 106, 25: 133, 30: 160, 35: 188, 40: 216, 45: 242, 50: 270}
_PRB_30_KHZ = {5: 11, 10: 24, 15: 38, 20: 51, 25: 65, 30: 78, 35: 92, 40: 106, 45: 119, 50: 133}
_PRB_30_KHZ_WIDE = {60: 162, 70: 189, 80: 217, 90: 245, 100: 273}
_PRB_120_KHZ = {50: 32, 100: 66, 200: 132, 400: 264}
N_PRB = {
    **{(mhz, 15): prbs for mhz, prbs in _PRB_15_KHZ.items()},
    **{(mhz, 30): prbs for mhz, prbs in (_PRB_30_KHZ | _PRB_30_KHZ_WIDE).items()},
    **{(mhz, 120): prbs for mhz, prbs in _PRB_120_KHZ.items()},
}
"""Resource blocks by (bandwidth MHz, subcarrier spacing kHz); TS 38.101-1 and -2 table 5.3.2-1."""

_NUMEROLOGY = {15: 0, 30: 1, 60: 2, 120: 3}


def cqi_efficiency(table: int) -> F64:
    """Return the spectral efficiency of CQI 1 to 15 in bit/s/Hz, shape (15,).

    Raises ValueError on a table other than 1, 2 and 3.
    """
    if table not in CQI_TABLES:
        raise ValueError(
            f"CQI table {table} is unknown: use 1 (up to 64QAM), 2 (up to 256QAM) or 3 (64QAM, low error rate)"
        )
    return np.array([order * rate / 1024.0 for order, rate in CQI_TABLES[table]])


def cqi_thresholds(
    table: int, alpha: float = DEFAULT_ALPHA, implementation_loss_db: float = 0.0
) -> tuple[F64, F64]:
    """Return the least linear SINR of CQI 1 to 15 and their efficiency in bit/s/Hz, each of shape (15,).

    Inverse of the attenuated Shannon law: sinr = (2^(efficiency / alpha) - 1) 10^(loss / 10). Raises
    ValueError unless 0 < alpha <= 1 and the loss is finite.
    """
    if not (0.0 < alpha <= 1.0 and np.isfinite(implementation_loss_db)):
        raise ValueError(
            f"alpha = {alpha}, implementation_loss_db = {implementation_loss_db}: "
            "give 0 < alpha <= 1 and a finite loss"
        )
    efficiency = cqi_efficiency(table)
    return (2.0 ** (efficiency / alpha) - 1.0) * 10.0 ** (implementation_loss_db / 10.0), efficiency


def spectral_efficiency(
    sinr_linear: ArrayLike,
    table: int = 2,
    alpha: float = DEFAULT_ALPHA,
    implementation_loss_db: float = 0.0,
) -> F64:
    """Return the efficiency in bit/s/Hz of the highest CQI that the linear SINR carries.

    Zero below CQI 1 and where the SINR is NaN.
    """
    thresholds, efficiency = cqi_thresholds(table, alpha, implementation_loss_db)
    sinr = np.asarray(sinr_linear, dtype=np.float64)
    steps = np.concatenate(([0.0], efficiency))[np.searchsorted(thresholds, sinr, side="right")]
    return np.where(sinr >= thresholds[0], steps, 0.0)


def truncated_shannon(
    sinr_linear: ArrayLike,
    alpha: float = 0.75,
    max_efficiency: float = 7.4063,
    min_sinr_db: float = -10.0,
) -> F64:
    """Return min(alpha log2(1 + SINR), max_efficiency) in bit/s/Hz, zero below `min_sinr_db` and for NaN.

    TR 36.942 annex A.1 with its parameters as arguments (there 0.6, 4.4 and -10 dB for the LTE downlink); the
    default ceiling is CQI 15 of table 2. Raises ValueError on an alpha or ceiling that is not positive.
    """
    if not (0.0 < alpha <= 1.0 and max_efficiency > 0.0):
        raise ValueError(
            f"alpha = {alpha}, max_efficiency = {max_efficiency}: give 0 < alpha <= 1 and a positive ceiling"
        )
    sinr = np.asarray(sinr_linear, dtype=np.float64)
    carries = sinr >= 10.0 ** (min_sinr_db / 10.0)
    return np.minimum(alpha * np.log2(1.0 + np.where(carries, sinr, 0.0)), max_efficiency)


def n_prb(bandwidth_mhz: int, scs_khz: int) -> int:
    """Return the resource blocks of a carrier (TS 38.101-1 and -2 table 5.3.2-1).

    Raises ValueError when there is no such carrier.
    """
    if (bandwidth_mhz, scs_khz) not in N_PRB:
        valid = sorted(mhz for mhz, khz in N_PRB if khz == scs_khz) or "none: use 15, 30 or 120 kHz"
        raise ValueError(
            f"no carrier of {bandwidth_mhz} MHz at {scs_khz} kHz; bandwidths at this spacing: {valid}"
        )
    return N_PRB[bandwidth_mhz, scs_khz]


def usable_bandwidth_hz(n_prb: int, scs_khz: int, overhead: float = 0.14) -> float:
    """Return the data symbols per second and layer: bandwidth less prefix and overhead (TS 38.306 4.1.2).

    Times a spectral efficiency this is a rate in bit/s. Raises ValueError on an unknown subcarrier spacing.
    """
    if scs_khz not in _NUMEROLOGY:
        raise ValueError(f"scs_khz = {scs_khz} is no NR subcarrier spacing: use one of {sorted(_NUMEROLOGY)}")
    if not (0.0 <= overhead < 1.0):
        raise ValueError(f"overhead = {overhead} is not a fraction: give a value in [0, 1)")
    symbols_per_s = 1000.0 * SYMBOLS_PER_SLOT * 2 ** _NUMEROLOGY[scs_khz]
    return SUBCARRIERS_PER_PRB * n_prb * symbols_per_s * (1.0 - overhead)


def peak_rate_mbps(
    n_prb: int, scs_khz: int, layers: int, modulation_order: int, overhead: float = 0.14
) -> float:
    """Return the largest data rate of a carrier in Mbit/s, scaling factor 1 (TS 38.306 clause 4.1.2)."""
    return 1e-6 * layers * modulation_order * MAX_CODE_RATE * usable_bandwidth_hz(n_prb, scs_khz, overhead)
