"""The oracle's part on power states and SSB periods: what they cost and whom they serve, in plain numpy."""

from __future__ import annotations

import numpy as np

from ..carrier import N_CARRIER_STATES, CarrierState
from ..command import Command
from ..kernels.layout import CellSum, ParamArrays, StateArrays
from ..types import F32, I32, I64, Bool

NOBODY = -1


def of_state(table: F32, carrier_state: np.ndarray) -> F32:
    """Look up a (C, N_CARRIER_STATES) table, or one side by side per SSB period, for states (B, C)."""
    return table[np.arange(len(table)), carrier_state]


def obey(p: ParamArrays, s: StateArrays, command: Command) -> None:
    """Start transitions; half of a state's additional energy is spent on entering it, half on leaving."""
    s.beam[:], s.shift_db[:] = command.beam, command.offset_db
    old, new, before = s.carrier.copy(), command.carrier_state, _row(s)
    s.carrier[:], s.ssb_period[:] = new, command.ssb_period
    after, left_s = _row(s), s.wake_left_s.copy()
    woken_s = np.maximum(left_s, of_state(p.wake_delay_s, before))
    fallen_s = np.where(left_s > of_state(p.wake_delay_s, after), left_s, 0)
    s.wake_left_s[:] = np.where(new < old, woken_s, np.where(new > old, fallen_s, left_s))
    leave_j, enter_j = (of_state(p.transition_j, row).astype(np.float64) for row in (before, after))
    changes = (new != old) | (leave_j != enter_j)
    s.cell_sum[:, :, CellSum.ENERGY] += np.where(changes, (leave_j + enter_j) / 2, 0.0)


def _row(s: StateArrays) -> np.ndarray:
    """Which column of a (C, N_CARRIER_STATES x SSB periods) table holds for each cell, (B, C)."""
    return s.carrier + N_CARRIER_STATES * s.ssb_period


def spend(p: ParamArrays, s: StateArrays) -> None:
    """Energy of the step; who boots draws what an idle active carrier draws."""
    waking = s.wake_left_s > 0
    row = _row(s)
    running_w = of_state(p.idle_w, row) + s.load * of_state(p.slope_w, row)
    power_w = np.where(waking, of_state(p.idle_w, row - s.carrier + CarrierState.ACTIVE), running_w)
    s.cell_sum[:, :, CellSum.ENERGY] += power_w.astype(np.float64) * p.step_s
    s.wake_left_s[:] = np.maximum(s.wake_left_s - np.float32(p.step_s), 0)


def selected(p: ParamArrays, s: StateArrays, rank: F32, best: I64, lost: Bool) -> I64:
    """Replace the best cell of users who must find one themselves by the best that they can (TS 38.213 4.1)."""
    failed = np.take_along_axis(s.down != 0, np.maximum(s.serving, 0), axis=1)
    alone = lost & ((s.serving == NOBODY) | failed)
    found = np.where((s.ssb_period < p.n_findable)[:, :, None], rank, np.float32(-np.inf))
    return np.where(alone, np.where(np.isfinite(found).any(axis=1), found.argmax(axis=1), NOBODY), best)


def rate_column(s: StateArrays, serving: I32) -> I64:
    """Which column of ``rate_mbps`` holds for each user: active or muted, of the cell's SSB period."""
    column = (s.carrier == CarrierState.TRX_MUTED).astype(np.int64) + 2 * s.ssb_period
    return np.take_along_axis(column, serving, axis=1)
