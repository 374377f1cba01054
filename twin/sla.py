"""Constraint margins: h >= 0 is safe. One source for costs, shield, certificate and operators.

Write ``not (h >= 0)``, never ``h < 0``: a value that is not a number is unsafe.
"""

from __future__ import annotations

import numpy as np

from .kernels.judge import N_SHARES, cost_rows, share_rows
from .kpis import Kpis
from .scenario import Sla
from .types import F64, Bool

CONSTRAINTS = ("throughput", "coverage", "blocking")
SLICES = "slices"  # a fourth constraint where there are slices, see ``slice_report.py``


def shares(kpis: Kpis) -> F64:
    """Return the limited shares, (B, 3): users below the guarantee, users not covered, traffic blocked.

    Nothing out of nothing is 0; what is not a finite number stays none.
    """
    share = np.empty((kpis.n_replicas, N_SHARES))
    share_rows(kpis.arrays.reals, share)
    return share


def limits(sla: Sla) -> F64:
    """Return the largest allowed shares, (3,), in the order of ``CONSTRAINTS``."""
    return np.array([sla.max_below_frac, sla.max_uncovered_frac, sla.max_blocked_frac])


def margins(kpis: Kpis, sla: Sla) -> F64:
    """Return h of every constraint, (B, 3); safe where h >= 0, NaN where a measurement is not a number."""
    return limits(sla) - shares(kpis)


def is_unsafe(margin: F64) -> Bool:
    """Tell which replicas break any constraint, (B,), from margins (B, 3)."""
    return ~np.all(margin >= 0, axis=1)


def costs(margin: F64, sla: Sla) -> F64:
    """Return how badly constraints are broken, (B, 3) in [0, 1]: 0 when safe, 1 at the worst share or NaN."""
    cost = np.empty(margin.shape)
    cost_rows(margin, limits(sla), cost)
    return cost
