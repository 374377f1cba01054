"""Kernel part 6: cells that fail, are noticed, and work again after repair and boot, whatever is commanded.

A cell has a radio unit of its own; the causes that take a whole site or several down have their place at the first cell
of these. Whether a unit fails in a step, how long its repair takes and when it is noticed are functions of (key, step,
unit). A unit that ages draws its whole life when the one before ends.
"""

from __future__ import annotations

import numpy as np

from .compiled import inlined
from .exponential import raised, to_exponential, to_unit64
from .layout import ParamArrays, StateArrays
from .maths import draw, to_unit

RADIO_UNIT, SITE_POWER, SITE_TRANSPORT = range(3)
N_CAUSES = 3  # of a cell and its site; those that sites have in common follow
LEFT_S, UNNOTICED_S = (
    0,
    1,
)  # columns of an outage: until it is repaired (0: in working order), until it is noticed
WORKS, FAILED, DISABLED = 0, 1, 2  # values of `down`; DISABLED has been noticed

FAIL, REPAIR, DETECT, START = range(48, 52)  # purposes of the random streams
AGE = 80  # of the first life
RESIDUAL = 64  # added to the purpose of an interval for the part that is left of it
LEAST_DRAW = np.float64(1e-12)  # of an exponential number before it is raised to a power
_DEEP_SLEEP = 4
_ZERO = np.float32(0.0)


@inlined
def _drawn(s: StateArrays, b: int, unit: int, purpose: int, power: np.float64) -> np.float64:
    """Draw a Weibull number of scale 1 and shape 1 / ``power``."""
    found = to_exponential(draw(s.key[b], s.step[b], unit, purpose))
    return found if power == 1.0 else raised(max(found, LEAST_DRAW), power)


@inlined
def _fails(p: ParamArrays, s: StateArrays, b: int, cause: int, c: int) -> bool:
    """Tell whether a unit in working order fails in this step; one that ages has its time, which passes."""
    unit = cause * s.down.shape[1] + c
    if p.life_power[cause] == 1.0:
        return to_unit64(draw(s.key[b], s.step[b], unit, FAIL)) <= p.fail_prob[cause, c]
    s.life_s[b, cause, c] -= p.step_s
    if s.life_s[b, cause, c] > 0.0:
        return False
    s.life_s[b, cause, c] = p.life_s[cause] * _drawn(s, b, unit, FAIL, p.life_power[cause])
    return True


@inlined
def _pass_time(p: ParamArrays, s: StateArrays, b: int, cause: int, c: int) -> None:
    """Let a unit fail, or its repair go on, for a step."""
    dt, outage = np.float32(p.step_s), s.outage[b, cause, c]
    if outage[0] > _ZERO:
        outage[0] = max(outage[0] - dt, _ZERO)
        outage[1] = max(outage[1] - dt, _ZERO)
        return
    unit = cause * s.down.shape[1] + c
    if _fails(p, s, b, cause, c):
        drawn = np.float32(_drawn(s, b, unit, REPAIR, p.repair_power[cause]))
        spread = np.float32(p.detect_most_s - p.detect_least_s)
        outage[0] = max(p.repair_s[cause] * drawn, dt) + p.wake_delay_s[c, _DEEP_SLEEP]
        outage[1] = np.float32(p.detect_least_s) + spread * to_unit(draw(s.key[b], s.step[b], unit, DETECT))


@inlined
def _condition(p: ParamArrays, s: StateArrays, b: int, c: int) -> int:
    """Return what the causes together make of a cell."""
    found = WORKS
    for cause in range(s.outage.shape[1]):
        place = p.cause_place[cause, c]
        if place >= 0 and s.outage[b, cause, place, 0] > _ZERO:
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


@inlined
def is_cut_off(p: ParamArrays, s: StateArrays, b: int, c: int) -> bool:
    """Tell whether a cell cannot report because the transport behind it is down."""
    for cause in range(p.cuts_off.shape[0]):
        place = p.cause_place[cause, c]
        if p.cuts_off[cause] and place >= 0 and s.outage[b, cause, place, 0] > _ZERO:
            return True
    return False
