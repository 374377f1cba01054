"""Block error rate of NR code blocks: thresholds, slope, choice of scheme, and one HARQ retransmission.

The threshold is Shannon's limit of the rate plus a loss that shrinks with the block: a + b R + c / sqrt(n) + d / n dB,
n bits in a block, as the normal approximation of Polyanskiy, Poor and Verdu (IEEE Trans. Inf. Theory 56, 2010)
suggests. The numbers below are a fit of ours to the 10 % points of the AWGN link-level curves of Sionna (Apache-2.0),
340 points up to 256QAM, blocks of 24 to 2000 bits; on the 265 of MCS tables 1 to 3 it is within 0.46 dB, 0.22 dB root
mean square. Those points are read from curves with about 1 dB between samples and are no smoother. The slope
fits the 50 % and 1 % points; below 1 % it is an extrapolation that knows no error floor.

Link-level curves of different codes differ by about 3 dB: `implementation_loss_db` is 0 for Sionna's receiver and
about 3 for the tables of 5G-LENA.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import ArrayLike

from .checks import within
from .mcs import MCS_TABLES, Mcs, mcs
from .types import F64

TARGET_BLER = {1: 0.1, 2: 0.1, 3: 1e-5}  # of the CQI table of the same number, TS 38.214 clause 5.2.2.1
_Z_10 = 1.2815515655446004  # Q(z) = 0.1
_LOSS = {  # modulation order -> a, b, c, d of the loss in dB
    2: (0.44, 0.48, 8.98, 14.24),
    4: (1.27, -0.68, 16.21, -19.93),
    6: (1.13, 0.32, 28.97, -72.49),
    8: (1.64, -0.04, 33.39, -90.42),
}
_WIDTH = {
    2: (0.16, 6.91),
    4: (0.19, 7.55),
    6: (0.24, 8.72),
    8: (0.29, 9.86),
}  # sigma = first + second / sqrt(n)
CODE_BLOCK_RANGE = (24, 8448)  # bits; TS 38.212 clause 5.2.2, base graph 1

_erfc: Callable[[F64], F64] = np.vectorize(math.erfc, otypes=[np.float64])


def threshold_db(scheme: Mcs, code_block_bits: int, implementation_loss_db: float = 0.0) -> float:
    """Return the SNR in dB at which 10 % of the code blocks fail.

    The rate is that of whole symbols: a block of 24 bits at 256QAM takes 4 or 5 of them, whatever the table
    says. Raises ValueError on a block outside 24..8448 bits, an unknown order or a loss that is not finite.
    """
    block = float(within("code_block_bits", code_block_bits, *CODE_BLOCK_RANGE))
    loss = float(within("implementation_loss_db", implementation_loss_db, -math.inf))
    order = scheme.modulation_order
    if order not in _LOSS:
        raise ValueError(f"modulation order {order} has no error curve: use one of {sorted(_LOSS)}")
    symbols = math.ceil(block / scheme.efficiency - 1e-9)
    rate = block / (order * symbols)
    a, b, c, d = _LOSS[order]
    limit_db = 10.0 * math.log10(2.0 ** (order * rate) - 1.0)
    return limit_db + a + b * rate + c / math.sqrt(block) + d / block + loss


def sigma_db(scheme: Mcs, code_block_bits: int) -> float:
    """Return the width of the waterfall: the standard deviation in dB of its Gaussian form."""
    floor, spread = _WIDTH[scheme.modulation_order]
    return floor + spread / math.sqrt(code_block_bits)


def bler(snr_db: ArrayLike, scheme: Mcs, code_block_bits: int, implementation_loss_db: float = 0.0) -> F64:
    """Return the share of failed blocks Q((SNR - s50) / sigma), 0.1 at `threshold_db`; 1 where the SNR is NaN."""
    sigma = sigma_db(scheme, code_block_bits)
    median = threshold_db(scheme, code_block_bits, implementation_loss_db) - _Z_10 * sigma
    snr = np.asarray(snr_db, dtype=np.float64)
    failed = 0.5 * _erfc((np.where(np.isnan(snr), -np.inf, snr) - median) / (sigma * math.sqrt(2.0)))
    return np.asarray(failed)


def snr_for_bler_db(
    scheme: Mcs, code_block_bits: int, target_bler: float, implementation_loss_db: float = 0.0
) -> float:
    """Return the SNR in dB at which the given share of blocks fails, the inverse of `bler`."""
    if not (0.0 < target_bler < 1.0):
        raise ValueError(f"target_bler = {target_bler} is no error rate: give a value in (0, 1), such as 0.1")
    fails = partial(bler, scheme=scheme, code_block_bits=code_block_bits)
    low, high = -100.0, 100.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if float(fails(middle)) > target_bler else (low, middle)
    return high + float(within("implementation_loss_db", implementation_loss_db, -math.inf))


def mcs_index(
    snr_db: ArrayLike,
    table: int,
    code_block_bits: int = 2000,
    target_bler: float | None = None,
    implementation_loss_db: float = 0.0,
) -> np.ndarray:
    """Return the scheme of the highest efficiency that keeps the target error rate, -1 where none does.

    The target is that of the CQI table of the same number unless one is given: 0.1, or 1e-5 for table 3.
    """
    target = TARGET_BLER.get(table, 0.1) if target_bler is None else target_bler
    needed = [
        snr_for_bler_db(mcs(table, index), code_block_bits, target, implementation_loss_db)
        for index in range(len(MCS_TABLES.get(table, (0,))))
    ]
    snr = np.asarray(snr_db, dtype=np.float64)
    holds = snr[..., None] >= np.array(needed)
    efficiency = np.array([mcs(table, index).efficiency for index in range(len(needed))])
    best = np.where(holds, efficiency, -1.0).argmax(axis=-1)
    return np.where(holds.any(axis=-1), best, -1)


def harq_efficiency(
    snr_db: ArrayLike, scheme: Mcs, code_block_bits: int, implementation_loss_db: float = 0.0
) -> tuple[F64, F64]:
    """Return the expected efficiency in bit/s/Hz with one Chase-combined retransmission, and the residual BLER.

    The second attempt doubles the SNR, so both fail with the error rate at twice the SNR (never more than the
    first alone). Renewal reward: SE (1 - residual) / (1 + first) (Caire and Tuninetti, IEEE Trans. Inf. Theory 47,
    2001).
    """
    snr = np.asarray(snr_db, dtype=np.float64)
    first = bler(snr, scheme, code_block_bits, implementation_loss_db)
    combined = bler(snr + 10.0 * math.log10(2.0), scheme, code_block_bits, implementation_loss_db)
    residual = np.minimum(first, combined)
    return scheme.efficiency * (1.0 - residual) / (1.0 + first), residual
