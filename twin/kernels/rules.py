"""The static rules applied to every replica; the formulas behind `rules.project` and `Precedent.then`."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..types import I8, I32
from .compiled import inlined, kernel
from .layout import Settings

_ACTIVE = np.int8(0)


class RuleArrays(NamedTuple):
    """The table of `rules.Rules`."""

    never_sleep: I32  # (n,), cells
    max_new_sleeps: int
    min_dwell_periods: int


class OrderArrays(NamedTuple):
    """What is commanded, against what was."""

    before: I8  # (B, C), acknowledged states
    dwell: I32  # (B, C), control periods since they changed
    wanted: Settings  # (B, C); its states are replaced by the nearest legal ones


@inlined
def project_replica(rules: RuleArrays, order: OrderArrays, b: int) -> None:
    """Replace the states wanted of replica b by the nearest legal ones; see `rules.project`."""
    before, states = order.before[b], order.wanted.states[b]
    for c in range(states.shape[0]):
        if states[c] > before[c] and order.dwell[b, c] < rules.min_dwell_periods:
            states[c] = before[c]
    for i in range(rules.never_sleep.shape[0]):
        states[rules.never_sleep[i]] = _ACTIVE
    deeper = 0
    for c in range(states.shape[0]):
        if states[c] > before[c]:
            deeper += 1
            if deeper > rules.max_new_sleeps:
                states[c] = before[c]


@inlined
def dwell_replica(order: OrderArrays, b: int, longer: np.ndarray) -> None:
    """Write how long replica b's states have stood after one more period."""
    for c in range(longer.shape[1]):
        kept = order.wanted.states[b, c] == order.before[b, c]
        longer[b, c] = order.dwell[b, c] + np.int32(1) if kept else np.int32(1)


@kernel
def project_replicas(rules: RuleArrays, order: OrderArrays) -> None:
    """Replace the wanted states of every replica by the nearest legal ones."""
    for b in range(order.wanted.states.shape[0]):
        project_replica(rules, order, b)


@kernel
def dwell_replicas(order: OrderArrays, longer: np.ndarray) -> None:
    """Write the dwell (B, C) after one more period."""
    for b in range(longer.shape[0]):
        dwell_replica(order, b, longer)


@kernel
def spread_rows(choices: np.ndarray, cells: np.ndarray, n_choices: int, states: np.ndarray) -> bool:
    """Write choices (B, n) of some cells into states (B, C); False for one outside 0..n_choices - 1."""
    for b in range(choices.shape[0]):
        for i in range(cells.shape[0]):
            if not 0 <= choices[b, i] < n_choices:
                return False
            states[b, cells[i]] = np.int8(choices[b, i])
    return True


@kernel
def outside_rows(choices: np.ndarray, n_choices: np.ndarray) -> bool:
    """Tell whether any choice (B, n) is outside 0..n_choices - 1, which is (n,)."""
    for b in range(choices.shape[0]):
        for i in range(n_choices.shape[0]):
            if not 0 <= choices[b, i] < n_choices[i]:
                return True
    return False


@kernel
def holds_other(values: np.ndarray, low: int, high: int) -> bool:
    """Tell whether any of the values (B, C) is outside low..high."""
    for b in range(values.shape[0]):
        for c in range(values.shape[1]):
            if not low <= values[b, c] <= high:
                return True
    return False
