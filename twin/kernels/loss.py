"""The loss system event by event, exactly: one compiled call moves all replicas.

The time of the next event is drawn as soon as the last one is over, from the rates of the state it left, so a
history does not depend on where calls cut it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..types import F64, I32, I64, U64, Bool
from .compiled import inlined, kernel
from .exponential import to_exponential, to_unit64
from .maths import draw

NOBODY = -1  # no request is at the door
_WAIT, _WHICH = 64, 65  # purposes of the random streams, apart from those of the radio twin


class LossParams(NamedTuple):
    """What does not change, over K classes."""

    capacity: int
    units: I64  # (K,)
    arrival_rate: F64  # (K,), per second
    service_rate: F64  # (K,), per second and admission


class LossArrays(NamedTuple):
    """What changes; one row per replica."""

    key: U64  # (B,), names the random streams
    event: I64  # (B,), events since the beginning
    time_s: F64  # (B,), now
    next_s: F64  # (B,), when the next event comes
    request: I32  # (B,), class at the door, or NOBODY
    held: I64  # (B, K), admissions in service
    offered: I64  # (B, K), requests that were answered
    admitted: I64  # (B, K), those that were admitted
    elapsed_s: F64  # (B,), over which the sums run
    unit_s: F64  # (B,), units in use x s


@inlined
def _rate(p: LossParams, s: LossArrays, b: int) -> float:
    """Return the events per second in the present state."""
    total = 0.0
    for k in range(p.units.shape[0]):
        total += p.arrival_rate[k] + np.float64(s.held[b, k]) * p.service_rate[k]
    return total


@inlined
def _schedule(p: LossParams, s: LossArrays, b: int) -> None:
    """Draw when the next event comes."""
    s.event[b] += 1
    s.next_s[b] = s.time_s[b] + to_exponential(draw(s.key[b], s.event[b], 0, _WAIT)) / _rate(p, s, b)


@inlined
def _pass_time(p: LossParams, s: LossArrays, b: int, until_s: float) -> None:
    """Move the clock on, during which nothing happens."""
    used = np.int64(0)
    for k in range(p.units.shape[0]):
        used += s.held[b, k] * p.units[k]
    span = until_s - s.time_s[b]
    s.unit_s[b] += span * np.float64(used)
    s.elapsed_s[b] += span
    s.time_s[b] = until_s


@inlined
def _which(p: LossParams, s: LossArrays, b: int) -> int:
    """Draw which event it is: k for a request of class k, K + k for a departure."""
    n = p.units.shape[0]
    left = to_unit64(draw(s.key[b], s.event[b], 0, _WHICH)) * _rate(p, s, b)
    found = 0
    for i in range(2 * n):
        k = i if i < n else i - n
        rate = p.arrival_rate[k] if i < n else np.float64(s.held[b, k]) * p.service_rate[k]
        if rate > 0.0 and left > 0.0:  # the last possible event is kept if rounding leaves a rest
            found = i
        left -= rate
    return found


@inlined
def step_event(p: LossParams, s: LossArrays, b: int) -> None:
    """Let the next event happen: a departure at once, a request goes to the door."""
    _pass_time(p, s, b, s.next_s[b])
    n = p.units.shape[0]
    event = _which(p, s, b)
    if event < n:
        s.request[b] = np.int32(event)
    else:
        s.held[b, event - n] -= 1
        _schedule(p, s, b)


@inlined
def answer(p: LossParams, s: LossArrays, b: int, admit: bool) -> None:
    """Answer the request at the door; what does not fit is refused whatever the answer."""
    k = s.request[b]
    free = p.capacity
    for i in range(p.units.shape[0]):
        free -= s.held[b, i] * p.units[i]
    s.offered[b, k] += 1
    if admit and p.units[k] <= free:
        s.held[b, k] += 1
        s.admitted[b, k] += 1
    s.request[b] = NOBODY
    _schedule(p, s, b)


@inlined
def _place(s: LossArrays, b: int, stride: I64) -> np.int64:
    place = np.int64(0)
    for k in range(stride.shape[0]):
        place += s.held[b, k] * stride[k]
    return place


@kernel
def schedule_first(p: LossParams, s: LossArrays) -> None:
    """Draw every replica's first event."""
    for b in range(s.key.shape[0]):
        _schedule(p, s, b)


@kernel
def answer_requests(p: LossParams, s: LossArrays, admit: Bool) -> None:
    """Answer the request at each replica's door, ``admit`` (B,); replicas without one stay as they are."""
    for b in range(s.key.shape[0]):
        if s.request[b] != NOBODY:
            answer(p, s, b, admit[b])


@kernel
def await_requests(p: LossParams, s: LossArrays, until_s: float) -> None:
    """Move every replica to its next request, or to ``until_s`` if that comes first."""
    for b in range(s.key.shape[0]):
        while s.request[b] == NOBODY and s.next_s[b] <= until_s:
            step_event(p, s, b)
        if s.request[b] == NOBODY and s.time_s[b] < until_s:
            _pass_time(p, s, b, until_s)


@kernel
def follow_table(p: LossParams, s: LossArrays, table: Bool, stride: I64, until_s: float) -> None:
    """Move every replica to ``until_s``, answering from ``table``, (places, K); an admission is ``stride`` on."""
    for b in range(s.key.shape[0]):
        while True:
            if s.request[b] != NOBODY:
                answer(p, s, b, table[_place(s, b, stride), s.request[b]])
            elif s.next_s[b] <= until_s:
                step_event(p, s, b)
            else:
                break
        if s.time_s[b] < until_s:
            _pass_time(p, s, b, until_s)
