"""Kernel part 1c: what users of services ask for in a step, drawn from the laws of their packets.

Every law has the mean that the hour and the area ask for: they set the rate of files and of bursts, and how many
terminals are busy.
"""

from __future__ import annotations

import numpy as np

from .compiled import inlined
from .exponential import to_unit64
from .layout import ParamArrays, Scratch, StateArrays
from .maths import draw, to_normal

FILES, SESSIONS, BURSTS = range(3)  # kinds of laws
KIND, UNIT, RATE, SPREAD = range(4)  # columns of ``ParamArrays.service``
# FILES: Mbit of a file, files/s at full activity. SESSIONS: Mbit/s of a busy terminal, terminals, deviation of the
# former over a step. BURSTS: Mbit of one, bursts/s at full activity, s that one lasts.
MEMBER, BUSY, COUNT, WIGGLE, CAUSE, CAUSE_AT = range(80, 86)  # purposes of the random streams
FEW = 16.0  # Poisson numbers of a larger mean are drawn as normal ones
_MOST_FILES = 100
_SQUARINGS = 6


@inlined
def exp_of_minus(x: float) -> float:
    """Return exp(-x) for x from 0 to ``FEW``: a series for a 64th of it, squared six times."""
    y, result = -x / 64.0, 1.0
    for k in range(10, 0, -1):
        result = 1.0 + result * y / k
    for _ in range(_SQUARINGS):
        result = result * result
    return result


@inlined
def poisson(mean: float, bits: np.uint64) -> float:
    """Return a Poisson number, by inversion; beyond ``FEW`` a normal one of the same mean and variance."""
    if mean > FEW:
        return mean + np.sqrt(mean) * np.float64(to_normal(bits))
    chance, mass = to_unit64(bits), exp_of_minus(mean)
    below, count = mass, 0.0
    while chance > below and count < _MOST_FILES:
        count += 1.0
        mass *= mean / count
        below += mass
    return count


@inlined
def busy_terminals(terminals: float, activity: float, chance: float) -> float:
    """Return a binomial number by inversion: how many terminals are busy."""
    if activity >= 1.0:
        return terminals
    mass, odds = 1.0, activity / (1.0 - activity)
    for _ in range(int(terminals)):
        mass *= 1.0 - activity
    below, count = mass, 0.0
    while chance > below and count < terminals:
        mass *= odds * (terminals - count) / (count + 1.0)
        count += 1.0
        below += mass
    return count


@inlined
def share_reported(x: float) -> float:
    """Return the share of devices that reported by x of a burst: the Beta(3, 4) distribution (TR 37.868 6.1.1)."""
    x = min(max(x, 0.0), 1.0)
    y = 1.0 - x
    return x * x * x * (20.0 * y * y * y + 15.0 * x * y * y + 6.0 * x * x * y + x * x * x)


@inlined
def burst_mbit(p: ParamArrays, s: StateArrays, b: int, u: int, law: np.ndarray, activity: float) -> float:
    """Return what devices report in this step, of bursts caused in it and in those before at the present activity."""
    length, causes = law[SPREAD] / p.step_s, activity * law[RATE] * p.step_s
    total = 0.0
    for ago in range(int(np.ceil(length)) + 1):
        step = s.step[b] - ago
        for k in range(int(poisson(causes, draw(s.key[b], step, u, CAUSE)))):
            since = np.float64(ago) - to_unit64(draw(s.key[b], step, u + k * p.crowd_first, CAUSE_AT))
            total += share_reported((since + 1.0) / length) - share_reported(since / length)
    return law[UNIT] * total


@inlined
def offer_services(p: ParamArrays, s: StateArrays, b: int, w: Scratch) -> None:
    """Replace the mean that each resident asks for by what its service makes of it in this step."""
    for u in range(p.crowd_first):
        law = p.service[s.user_service[b, u]]
        activity = np.float64(w.offered[u]) / p.service_mbps
        if law[KIND] == FILES:
            files = poisson(activity * law[RATE] * p.step_s, draw(s.key[b], s.step[b], u, COUNT))
            mbps = law[UNIT] * files / p.step_s
        elif law[KIND] == SESSIONS:
            leg = (s.step[b] + u) // p.session_steps
            busy = busy_terminals(law[RATE], activity, to_unit64(draw(s.key[b], leg, u, BUSY)))
            mbps = busy * law[UNIT]
            if law[SPREAD] > 0.0:
                z = np.float64(to_normal(draw(s.key[b], s.step[b], u, WIGGLE)))
                mbps += np.sqrt(busy) * law[SPREAD] * z
        else:
            mbps = burst_mbit(p, s, b, u, law, activity) / p.step_s
        w.offered[u] = np.float32(max(mbps, 0.0))
