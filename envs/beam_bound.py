"""The bound of beam control."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..twin.params import Params
from ..twin.types import F64, I64
from .beam_control import BeamControl
from .settings_bound import SettingsBound, best_periods, every_setting, summed
from .task import weighted


def beam_bound(
    params: Params, task: BeamControl, seeds: I64, progress: Callable[[float], None] | None = None
) -> SettingsBound:
    """Return the hindsight bound of beam control for the episodes of ``seeds``.

    Claim: no controller, whatever it knows of the future, returns more than ``episode_return``.

    Proof. In each period some joint choice of patterns is in force. By ``best_periods`` its throughput and link are
    at most, and its uncovered share at least, what is told for that choice; the terms grow with the first two and
    fall with the third; ``calm`` is at most 1. The best choice of every period, changed at will, is at least as good.

    Raises:
        ValueError: see ``every_setting`` and ``best_periods``.
    """
    beams = every_setting([range(n) for n in params.n_beams])
    best = best_periods(params, beams, np.zeros_like(beams), seeds)

    def reward(mbps: F64, uncovered: F64, efficiency: F64) -> F64:
        terms = task.quality(params, mbps, uncovered, efficiency)
        return weighted(terms | {"calm": np.ones_like(mbps)}, task.weights).max(axis=1)

    rewards = (reward(each.throughput_mbps, each.uncovered, each.efficiency) for each in best)
    return summed(rewards, len(seeds), params.scenario.timing.periods_per_episode, progress)
