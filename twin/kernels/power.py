"""Kernel part 3: carrier states, their transitions and their energy (TR 38.864 5.1)."""

from __future__ import annotations

import numpy as np

from .compiled import inlined
from .layout import ParamArrays, Settings, StateArrays
from .slices import admit_slices, release_slices

_ZERO = np.float32(0.0)
_ACTIVE = 0
_ENERGY = 8
_STATES = 5


@inlined
def obey(p: ParamArrays, s: StateArrays, b: int, wanted: Settings) -> None:
    """Take beams, offsets and slices over, and start the transition of every cell whose commanded state changes.

    Leaving a state for a shallower one takes the wake-up delay of the state that is left; a cell that is
    still waking keeps the longer of the two delays. Going deeper is immediate, but ends a boot only where
    waking from the new state would take at least as long again. Half of the additional transition energy is
    spent on each way (TR 38.864 table 5.1-4 gives the sum); a new SSB period changes the sleep between bursts, and
    costs that of both if it is another depth.
    """
    for c in range(s.carrier.shape[1]):
        s.beam[b, c], s.shift_db[b, c] = wanted.beam[b, c], wanted.offset_db[b, c]
        old, new = s.carrier[b, c], wanted.states[b, c]
        left, entered = old + _STATES * s.ssb_period[b, c], new + _STATES * wanted.ssb_period[b, c]
        s.ssb_period[b, c] = wanted.ssb_period[b, c]
        if left == entered:
            continue
        if new < old:
            s.wake_left_s[b, c] = max(s.wake_left_s[b, c], p.wake_delay_s[c, left])
        elif new > old and s.wake_left_s[b, c] <= p.wake_delay_s[c, entered]:
            s.wake_left_s[b, c] = _ZERO
        if new != old or p.transition_j[c, left] != p.transition_j[c, entered]:
            both_ways_j = np.float64(p.transition_j[c, left]) + np.float64(p.transition_j[c, entered])
            s.cell_sum[b, c, _ENERGY] += 0.5 * both_ways_j
        s.carrier[b, c] = new
    if s.slot_kind.shape[1] > 0 and s.step[b] % p.sample_steps == 0:
        release_slices(p, s, b)
        admit_slices(p, s, b, wanted)


@inlined
def spend(p: ParamArrays, s: StateArrays, b: int) -> None:
    """Integrate power over one step; a waking carrier draws what an idle active one draws.

    A failed cell keeps its supply and draws what an idle one of its commanded state does: no failure is a saving.
    """
    dt = np.float32(p.step_s)
    for c in range(s.load.shape[1]):
        first = _STATES * s.ssb_period[b, c]
        state = first + s.carrier[b, c]
        if s.wake_left_s[b, c] > _ZERO:
            power = p.idle_w[c, first + _ACTIVE]
            s.wake_left_s[b, c] = max(s.wake_left_s[b, c] - dt, _ZERO)
        else:
            power = p.idle_w[c, state] + s.load[b, c] * p.slope_w[c, state]
        s.cell_sum[b, c, _ENERGY] += np.float64(power) * p.step_s
