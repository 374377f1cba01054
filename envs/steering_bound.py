"""The bound of traffic steering."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..twin.params import Params
from ..twin.types import F64, I8, I64
from .settings_bound import SettingsBound, best_periods, every_setting, summed
from .task import weighted
from .traffic_steering import OFFSETS_DB, TrafficSteering


def steering_bound(
    params: Params, task: TrafficSteering, seeds: I64, progress: Callable[[float], None] | None = None
) -> SettingsBound:
    """Return the hindsight bound of traffic steering for the episodes of ``seeds``.

    Claim: no controller, whatever it knows of the future, returns more than ``episode_return``.

    Proof. In each period some joint choice of offsets is in force. Event A3 compares cells, so that one dB more for
    all of them changes nothing: the joint choices whose least offset is the least there is stand for all. By
    ``best_periods`` the throughput of a choice is at most, and the load of every cell at least, what is told for
    it; the terms grow with the first and fall with the second; ``loyalty`` is at most 1. The best choice of every
    period, changed at will, is at least as good.

    Raises:
        ValueError: see ``every_setting`` and ``best_periods``.
    """
    offsets = unlike_offsets(params.n_cells)
    best = best_periods(params, np.zeros_like(offsets), offsets, seeds)

    def reward(mbps: F64, load: F64) -> F64:
        terms = task.quality(mbps, load.max(axis=-1))
        return weighted(terms | {"loyalty": np.ones_like(mbps)}, task.weights).max(axis=1)

    rewards = (reward(each.throughput_mbps, each.load) for each in best)
    return summed(rewards, len(seeds), params.scenario.timing.periods_per_episode, progress)


def unlike_offsets(n_cells: int) -> I8:
    """List the joint choices of offsets that differ by more than a common shift, (K, C) dB."""
    every = every_setting([OFFSETS_DB.tolist()] * n_cells)
    return every[every.min(axis=1) == OFFSETS_DB.min()]
