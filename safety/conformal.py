"""Conformal margin of the look-ahead: by how much demand may outgrow what was believed.

Split conformal prediction (Vovk et al.; Lei et al. 2018): the (1 - eps) quantile, with the finite-sample correction, of
how far realised demand exceeded believed demand over the look-ahead, on episodes used for nothing else.
"""

from __future__ import annotations

import math

import numpy as np

from ..twin.kpis import Kpis
from ..twin.params import Params
from ..twin.sync import area_traffic
from ..twin.types import F64

FLOOR_KBIT = 1e6  # ratios of traffic below this (per area and period) say nothing


def conformal_quantile(scores: F64, eps: float) -> float:
    """Return the smallest score that a new exchangeable one exceeds with probability at most ``eps``.

    Returns infinity when there are too few scores for that level.

    Raises:
        ValueError: if eps is not in (0, 1) or a score is NaN.
    """
    if not 0 < eps < 1:
        raise ValueError(f"eps={eps} is not in (0, 1)")
    if np.any(np.isnan(scores)):
        raise ValueError("a score is NaN; leave failed predictions out on purpose or not at all")
    rank = math.ceil((len(scores) + 1) * (1 - eps))
    return math.inf if rank > len(scores) else float(np.sort(scores)[rank - 1])


def growth_scores(params: Params, believed: Kpis, realised: Kpis) -> F64:
    """Return realised over believed offered traffic, the worst area of each network, (B,)."""
    counted = np.ones_like(believed.valid)
    before = area_traffic(params, believed, counted) + FLOOR_KBIT
    after = area_traffic(params, realised, counted) + FLOOR_KBIT
    return (after / before).max(axis=1)
