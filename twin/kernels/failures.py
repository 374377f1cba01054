"""Kernel part 6: cells that fail, are noticed, and work again after repair and boot, whatever is commanded.

A cell has a radio unit of its own; the causes that take a whole site down have their place at the site's first cell.
Whether a unit fails in a step, how long its repair takes and when it is noticed are functions of (key, step, unit).
"""

from __future__ import annotations

import numpy as np

from .compiled import inlined
from .exponential import to_exponential, to_unit64
from .layout import ParamArrays, StateArrays
from .maths import draw, to_unit

RADIO_UNIT, SITE_POWER, SITE_TRANSPORT = range(3)
N_CAUSES = 3
LEFT_S, UNNOTICED_S = (
    0,
    1,
)  # columns of an outage: until it is repaired (0: in working order), until it is noticed
WORKS, FAILED, DISABLED = 0, 1, 2  # values of `down`; DISABLED has been noticed

FAIL, REPAIR, DETECT, START = range(48, 52)  # purposes of the random streams
_DEEP_SLEEP = 4
_ZERO = np.float32(0.0)


@inlined
def _pass_time(p: ParamArrays, s: StateArrays, b: int, cause: int, c: int) -> None:
    """Let a unit fail, or its repair go on, for a step."""
    dt, outage = np.float32(p.step_s), s.outage[b, cause, c]
    if outage[0] > _ZERO:
        outage[0] = max(outage[0] - dt, _ZERO)
        outage[1] = max(outage[1] - dt, _ZERO)
        return
    unit = cause * s.down.shape[1] + c
    if to_unit64(draw(s.key[b], s.step[b], unit, FAIL)) <= p.fail_prob[cause, c]:
        drawn = np.float32(to_exponential(draw(s.key[b], s.step[b], unit, REPAIR)))
        spread = np.float32(p.detect_most_s - p.detect_least_s)
        outage[0] = max(p.repair_s[cause] * drawn, dt) + p.wake_delay_s[c, _DEEP_SLEEP]
        outage[1] = np.float32(p.detect_least_s) + spread * to_unit(draw(s.key[b], s.step[b], unit, DETECT))


@inlined
def _condition(p: ParamArrays, s: StateArrays, b: int, c: int) -> int:
    """Return what the causes together make of a cell."""
    found = WORKS
    for cause in range(N_CAUSES):
        place = c if cause == RADIO_UNIT else p.first_of_site[c]
        if s.outage[b, cause, place, 0] > _ZERO:
            found = max(found, FAILED if s.outage[b, cause, place, 1] > _ZERO else DISABLED)
    return found


@inlined
def fail_cells(p: ParamArrays, s: StateArrays, b: int) -> None:
    """Let a step pass for all that can fail; every outage ends with a boot as long as that from deep sleep."""
    for cause in range(s.outage.shape[1]):
        for c in range(s.down.shape[1]):
            if p.fail_prob[cause, c] > 0.0:
                _pass_time(p, s, b, cause, c)
    for c in range(s.down.shape[1]):
        s.down[b, c] = np.int8(_condition(p, s, b, c))
