"""Exponential effective SINR: one number for a block that saw many SINRs.

Source of the mapping: 3GPP TSG-RAN1 R1-031303 (2003). Its parameter is fitted per scheme; the law below is a fit of
ours, quadratic in the code rate per modulation order, to the values that Sionna (Apache-2.0) publishes for MCS tables
1 and 2: within 1.5 % of each.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from .checks import positive, within
from .mcs import Mcs
from .types import F64

_BETA = {  # modulation order -> coefficients of R^2, R, 1
    2: (0.02, 0.39, 1.55),
    4: (0.22, 7.93, 1.31),
    6: (24.47, 15.73, -1.26),
    8: (-173.61, 577.19, -251.55),
}


def beta(scheme: Mcs) -> float:
    """Return the linear EESM parameter of a scheme; ValueError on an unknown modulation order."""
    if scheme.modulation_order not in _BETA:
        raise ValueError(
            f"modulation order {scheme.modulation_order} has no EESM beta: use one of {sorted(_BETA)}"
        )
    square, linear, constant = _BETA[scheme.modulation_order]
    return (square * scheme.code_rate + linear) * scheme.code_rate + constant


def effective_sinr(sinr_linear: ArrayLike, beta_linear: ArrayLike, axis: int = -1) -> F64:
    """Return -beta ln(mean(exp(-SINR / beta))) over one axis, linear.

    It lies between the least SINR and the mean. The least is taken out of the exponential, so a block of strong
    resource blocks does not underflow to infinity.

    Args:
        sinr_linear: any shape, 0 or more.
        beta_linear: above 0; broadcasts over the remaining axes.
        axis: where the resource blocks are.

    Raises:
        ValueError: on a negative or non-finite SINR or a beta that is not positive.
    """
    sinr = within("sinr_linear", sinr_linear, 0.0)
    scale = positive("beta_linear", beta_linear)
    least = sinr.min(axis=axis)
    excess = (sinr - np.expand_dims(least, axis)) / (
        np.expand_dims(scale, axis) if scale.ndim else float(scale)
    )
    return least - scale * np.log(np.exp(-excess).mean(axis=axis))


def effective_sinr_db(sinr_db: ArrayLike, scheme: Mcs, axis: int = -1) -> F64:
    """Return the effective SINR in dB of a block sent with `scheme`."""
    linear = 10.0 ** (within("sinr_db", sinr_db, -math.inf) / 10.0)
    return 10.0 * np.log10(effective_sinr(linear, beta(scheme), axis))
