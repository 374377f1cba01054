"""T0: does the report make sense? A report that does not is not acted upon."""

from __future__ import annotations

import numpy as np

from ..twin.carrier import N_CARRIER_STATES
from ..twin.kpis import PER_CELL, Kpis
from ..twin.types import F64, I8
from .decision import Reason

MAX_AGE_PERIODS = 2
PRB_LIMIT = 100.0 + 1e-3  # %
_SIGNED_FREE = [name for name in PER_CELL if name not in ("carrier_state", "waking")]
MAX_VALUE = 1e9  # of any counter in its unit; more is a unit error


def judge_report(kpis: Kpis, last_time_s: F64) -> I8:
    """Return a ``Reason`` per network, (B,); NONE where the report can be used.

    A value is refused when it is not finite, negative, beyond any physical value, an unknown carrier state, older than
    two periods, or when the report's clock does not advance. Written so that NaN refuses.
    """
    values = np.stack([getattr(kpis, name).astype(np.float64) for name in _SIGNED_FREE], axis=2)
    finite = (
        np.all(np.isfinite(values), axis=(1, 2)) & np.isfinite(kpis.time_s) & np.isfinite(kpis.site_power)
    )
    exists = (kpis.carrier_state >= 0) & (kpis.carrier_state < N_CARRIER_STATES)
    in_range = np.all((values >= 0) & (values <= MAX_VALUE), axis=(1, 2)) & np.all(exists, axis=1)
    in_range &= np.all(kpis.prb_tot_dl <= PRB_LIMIT, axis=1)
    in_range &= (kpis.site_power >= 0) & (kpis.site_power <= MAX_VALUE) & (kpis.time_s <= MAX_VALUE)
    fresh = np.all(kpis.age_s <= MAX_AGE_PERIODS * kpis.granularity_s, axis=1)
    advancing = kpis.time_s > last_time_s
    reason = np.zeros(kpis.n_replicas, np.int8)
    for sound, why in (
        (advancing, Reason.REPORT_OUT_OF_ORDER),
        (fresh, Reason.REPORT_STALE),
        (in_range, Reason.REPORT_OUT_OF_RANGE),
        (finite, Reason.REPORT_NOT_FINITE),
    ):
        reason[~sound] = why
    return reason
