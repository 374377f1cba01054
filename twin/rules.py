"""Static rules over commands, as one plain-data table: what no controller may ever ask for.

The shield masks and projects with these, the environments derive their action masks from them.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from functools import cached_property

import numpy as np

from .carrier import N_CARRIER_STATES, CarrierState
from .command import Command
from .kernels.layout import Settings
from .kernels.rules import OrderArrays, RuleArrays, dwell_replicas, project_replicas
from .params import Params
from .types import I32, Bool

CELLS_PER_NEW_SLEEP = 6  # capacity cells of which one may go deeper in a control period, two at least
_LONG_AGO = 1_000_000  # control periods


@dataclass(frozen=True)
class Rules:
    """The table; plain numbers, so that a gate without numpy can read it too."""

    never_sleep: tuple[int, ...]  # cells of the coverage layer
    max_new_sleeps: int  # cells that may go deeper in one control period
    min_dwell_periods: int  # periods a cell keeps its state before it may go deeper

    @cached_property
    def arrays(self) -> RuleArrays:
        """The table as kernels read it."""
        never_sleep = np.array(self.never_sleep, dtype=np.int32)
        return RuleArrays(never_sleep, self.max_new_sleeps, self.min_dwell_periods)

    def as_table(self) -> dict[str, object]:
        """Return the rules as JSON-ready data."""
        return asdict(self)

    @staticmethod
    def of(params: Params) -> Rules:
        """Derive the table of a network."""
        return Rules(
            never_sleep=tuple(int(c) for c in params.coverage_cells),
            max_new_sleeps=max(2, len(params.capacity_cells) // CELLS_PER_NEW_SLEEP),
            min_dwell_periods=3,
        )


@dataclass(frozen=True)
class Precedent:
    """What the rules compare a command with: the last acknowledged one and how long each cell has kept it."""

    command: Command
    dwell: I32  # (B, C), control periods since the cell's state last changed

    @staticmethod
    def fresh(n_replicas: int, n_cells: int) -> Precedent:
        """Everything awake since long ago."""
        return Precedent(
            Command.all_active(n_replicas, n_cells), np.full((n_replicas, n_cells), _LONG_AGO, dtype=np.int32)
        )

    def renewed(self, rows: np.ndarray) -> Precedent:
        """Return the precedent with some replicas fresh again."""
        settings, dwell = tuple(array.copy() for array in self.command.settings), self.dwell.copy()
        for array in settings:
            array[rows] = 0
        dwell[rows] = _LONG_AGO
        return Precedent(Command(*settings), dwell)

    def order(self, wanted: Settings) -> OrderArrays:
        """Return what is wanted now, (B, C), beside what was."""
        return OrderArrays(self.command.carrier_state, self.dwell, wanted)

    def then(self, command: Command) -> Precedent:
        """Return the precedent after one more period under ``command``."""
        longer = np.empty(self.dwell.shape, np.int32)
        dwell_replicas(self.order(command.settings), longer)
        return Precedent(command, longer)


def allowed_states(rules: Rules, precedent: Precedent) -> Bool:
    """Return which state each cell may take, (B, C, N_CARRIER_STATES). Waking up is always allowed."""
    before = precedent.command.carrier_state[:, :, None]
    states = np.arange(N_CARRIER_STATES, dtype=np.int8)
    rested = precedent.dwell[:, :, None] >= rules.min_dwell_periods
    allowed = (states <= before) | rested
    allowed[:, rules.arrays.never_sleep, 1:] = False
    return allowed


def violations(rules: Rules, precedent: Precedent, proposed: Command) -> dict[str, Bool]:
    """Name the rules that each replica's proposal breaks, each (B,)."""
    before, after = precedent.command.carrier_state, proposed.carrier_state
    deeper = after > before
    sleeping_coverage = np.zeros(len(after), np.bool_)
    for cell in rules.never_sleep:
        sleeping_coverage |= after[:, cell] != CarrierState.ACTIVE
    return {
        "coverage layer never sleeps": sleeping_coverage,
        "too many cells go to sleep at once": deeper.sum(axis=1) > rules.max_new_sleeps,
        "cell changed too recently": np.any(deeper & (precedent.dwell < rules.min_dwell_periods), axis=1),
    }


def is_illegal(rules: Rules, precedent: Precedent, proposed: Command) -> Bool:
    """Tell which replicas' proposals break any rule, (B,)."""
    return np.any(np.stack(list(violations(rules, precedent, proposed).values())), axis=0)


def project(rules: Rules, precedent: Precedent, proposed: Command) -> Command:
    """Return the nearest legal command: cells that may not take the proposed state keep the one they have.

    When too many cells would go deeper, the first ones in cell order do and the rest wait. The result is
    always legal.
    """
    states = proposed.carrier_state.copy()
    project_replicas(rules.arrays, precedent.order(proposed.settings._replace(states=states)))
    return replace(proposed, carrier_state=states)
