"""Constraint margins: h >= 0 is safe. One source for costs, shield, certificate and operators.

Write ``not (h >= 0)``, never ``h < 0``: a value that is not a number is unsafe.
"""

from __future__ import annotations

import numpy as np

from .kpis import Kpis
from .scenario import Sla
from .types import F64, Bool

CONSTRAINTS = ("throughput", "coverage", "blocking")


def _share(part: F64, whole: F64) -> F64:
    """Divide; nothing out of nothing is 0, and what is not a finite number stays none."""
    finite = np.isfinite(part) & np.isfinite(whole)
    return np.divide(part, whole, out=np.where(finite, 0.0, np.nan), where=finite & (whole != 0))


def shares(kpis: Kpis) -> F64:
    """Return the limited shares, (B, 3): users below the guarantee, users not covered, traffic blocked."""
    total = lambda values: values.sum(axis=1, dtype=np.float64)  # noqa: E731
    blocked, served = total(kpis.blocked_dl), total(kpis.volume_dl)
    return np.stack(
        [
            _share(total(kpis.ue_below), total(kpis.active_ue)),
            _share(total(kpis.uncovered_ue), total(kpis.conn_mean)),
            _share(blocked, blocked + served),
        ],
        axis=1,
    )


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
    worst = 1.0 - limits(sla)
    return np.where(margin >= 0, 0.0, np.clip(np.nan_to_num(-margin / worst, nan=1.0), 1e-6, 1.0))
