"""Controllers of cell offsets that a RAN engineer would respect."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..twin.params import Params
from ..twin.types import I64
from .traffic_steering import LARGEST_STEP, OFFSETS_DB
from .window import Window

PLANNED = int(np.searchsorted(OFFSETS_DB, 0))


def choices_now(window: Window) -> I64:
    """Return the choices in force, (B, C)."""
    return np.searchsorted(OFFSETS_DB, window.precedent.command.offset_db).astype(np.int64)


@dataclass
class NoSteering:
    """Every cell keeps its planned offset."""

    name: str = "no offsets"

    def begin(self, params: Params, n: int) -> None:
        """Nothing to remember."""

    def actions(self, params: Params, window: Window) -> I64:
        """Ask for the planned offsets."""
        return np.full((window.kpis.n_replicas, params.n_cells), PLANNED, np.int64)


@dataclass
class LoadBalancing:
    """Mobility load balancing (TS 28.313): a cell that is fuller than the mean of all sends users away.

    The offset of a cell goes down one choice while its load is above ``least_load`` % and more than ``band`` % above
    the mean, but not below ``lowest_db``; that of every other cell goes back to the plan.
    """

    band: float = 5.0
    least_load: float = 10.0
    lowest_db: float = -6.0
    name: str = "load balancing"

    def begin(self, params: Params, n: int) -> None:
        """Nothing to remember."""

    def actions(self, params: Params, window: Window) -> I64:
        """Compare every cell with the mean."""
        load, now = window.kpis.prb_tot_dl, choices_now(window)
        is_full = (load > load.mean(axis=1, keepdims=True) + self.band) & (load > self.least_load)
        lowest = np.searchsorted(OFFSETS_DB, self.lowest_db)
        home = now + np.clip(PLANNED - now, -LARGEST_STEP, LARGEST_STEP)
        return np.where(is_full, np.maximum(now - LARGEST_STEP, lowest), home)


def steering_candidates() -> list[LoadBalancing]:
    """List the parameter settings that the rule is tuned over."""
    return [
        LoadBalancing(band, least, lowest)
        for band in (5.0, 10.0, 15.0, 25.0)
        for least in (10.0, 30.0, 50.0)
        for lowest in (-3.0, -6.0)
    ]
