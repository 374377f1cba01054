"""What a step tells besides observation and reward."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..twin.kpis import EVERY
from ..twin.params import Params
from ..twin.sla import CONSTRAINTS, SLICES
from ..twin.types import F64
from .simulation import Outcome
from .window import Window

Info = dict[str, Any]


class Shown(NamedTuple):
    """Which settings a network has beside the states of its carriers."""

    patterns: bool  # whether any cell has several broadcast patterns
    periods_ms: F64  # (N,), SSB periods to choose from; empty where there is no choice

    @staticmethod
    def of(params: Params) -> Shown:
        """Look at what a network offers."""
        periods = params.scenario.sleep.periods_ms
        return Shown(
            bool((params.n_beams > 1).any()), np.array(periods if len(periods) > 1 else (), np.float64)
        )


def standing(shown: Shown, window: Window, row: int | slice = EVERY) -> Info:
    """Return the latest report under 3GPP names and what is in force, of one replica or of all."""
    command = window.precedent.command
    settings: Info = {"cell_offset_db": command.offset_db[row].copy()}
    if shown.patterns:
        settings["broadcast_pattern"] = command.beam[row].copy()
    if shown.periods_ms.size:
        settings["ssb_period_ms"] = shown.periods_ms[command.ssb_period[row]]
    return {
        "kpis": window.kpis.named(row),
        "command": command.carrier_state[row].copy(),
        "settings": settings,
    }


def names_of(outcome: Outcome) -> tuple[str, ...]:
    """Return the names of the constraints that a control period was judged by."""
    return CONSTRAINTS if outcome.slices is None else (*CONSTRAINTS, SLICES)


def judged(outcome: Outcome, terms: dict[str, F64]) -> Info:
    """Return costs, reward terms and power of a control period, each (B,)."""
    return {
        "cost": outcome.verdict.unsafe.astype(np.float64),
        "costs": dict(zip(names_of(outcome), outcome.verdict.cost.T, strict=True)),
        "reward_terms": terms,
        "power_w": outcome.power_w,
    }


def judged_alone(outcome: Outcome, terms: dict[str, F64]) -> Info:
    """Return ``judged`` of a batch of one, as numbers."""
    verdict = outcome.verdict
    return {
        "cost": float(verdict.unsafe.item()),
        "costs": dict(zip(names_of(outcome), verdict.cost[0].tolist(), strict=True)),
        "reward_terms": {name: values.item() for name, values in terms.items()},
        "power_w": outcome.power_w.item(),
    }
