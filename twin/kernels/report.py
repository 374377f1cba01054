"""Kernel part 4: from the sums of a control period to what is measured, and what becomes of it on its way."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..types import F32, F64, I8, Bool
from .compiled import inlined, kernel
from .failures import DISABLED as NOTICED
from .failures import is_cut_off
from .layout import N_SSB_BEAMS, ParamArrays, StateArrays
from .maths import REPORT, draw, to_unit

N_REALS = 24  # measurements that are real numbers, in the order of `kpis.MEASUREMENTS`
PRB, THROUGHPUT, BELOW, ACTIVE, CONNECTED, UNCOVERED, VOLUME, BLOCKED, POWER, HANDOVERS = range(10)
PING_PONGS, SLICE_PRB, EFFICIENCY, OUT_OF_SYNC = range(10, 14)
SSB = 14  # the first of N_SSB_BEAMS rows
DISABLED = SSB + N_SSB_BEAMS
LINK_USE = DISABLED + 1
TOO_EARLY = LINK_USE + 1  # the first of three rows
SLICE_DELAY = TOO_EARLY + 3
AGE = N_REALS  # the row behind them: seconds since the value was measured
WAKING, VALID = 0, 1  # rows of the flags
LOST, OLD = 0, 1  # rows of what struck a report
_KBIT = 1000.0  # per Mbit
_TENTH_MS = 1e4  # per s
_PERCENT = np.float32(100.0)
_ZERO = np.float32(0.0)
_ONE = np.float32(1.0)
_FREEZE = 1_000_000  # entity offset of the second fault stream


class Readings(NamedTuple):
    """The arrays of a report."""

    reals: F32  # (N_REALS + 1, B, C), the measurements that are real numbers, then their age in s
    carrier_state: I8  # (B, C)
    flags: Bool  # (2, B, C), waking, valid
    time_s: F64  # (B,)
    site_power: F32  # (B,)


def make_readings(n: int, cells: int) -> Readings:
    """Allocate the arrays of a report."""
    return Readings(
        np.empty((N_REALS + 1, n, cells), np.float32),
        np.empty((n, cells), np.int8),
        np.empty((2, n, cells), np.bool_),
        np.empty(n),
        np.empty(n, np.float32),
    )


@inlined
def _measure_cell(sums: np.ndarray, span: float, reals: np.ndarray, b: int, c: int) -> None:
    active = sums[4]
    reals[PRB, b, c] = np.float32(sums[0] / span) * _PERCENT
    reals[THROUGHPUT, b, c] = np.float32((sums[5] / active if active > 0.0 else 0.0) * _KBIT)
    reals[BELOW, b, c] = np.float32(sums[6] / span)
    reals[ACTIVE, b, c] = np.float32(active / span)
    reals[CONNECTED, b, c] = np.float32(sums[3] / span)
    reals[UNCOVERED, b, c] = np.float32(sums[7] / span)
    reals[VOLUME, b, c] = np.float32(sums[1] * _KBIT)
    reals[BLOCKED, b, c] = np.float32(sums[2] * _KBIT)
    reals[POWER, b, c] = np.float32(sums[8] / span)
    reals[HANDOVERS, b, c] = np.float32(sums[9])
    reals[PING_PONGS, b, c] = np.float32(sums[10])
    reals[SLICE_PRB, b, c] = np.float32(sums[11] / span) * _PERCENT
    reals[LINK_USE, b, c] = np.float32(sums[12] / span) * _PERCENT
    reals[SLICE_DELAY, b, c] = np.float32(sums[14] / sums[13] * _TENTH_MS if sums[13] > 0.0 else 0.0)
    reals[AGE, b, c] = _ZERO


@inlined
def _measure_links(link: np.ndarray, reals: np.ndarray, b: int, c: int) -> None:
    users = 0.0
    for k in range(N_SSB_BEAMS):
        reals[SSB + k, b, c] = np.float32(link[2 + k])
        users += link[2 + k]
    reals[EFFICIENCY, b, c] = np.float32(link[0] / users if users > 0.0 else 0.0)
    reals[OUT_OF_SYNC, b, c] = np.float32(link[1])
    for k in range(3):
        reals[TOO_EARLY + k, b, c] = np.float32(link[2 + N_SSB_BEAMS + k])


@inlined
def measure_replica(s: StateArrays, b: int, step_s: float, fixed_w: float, r: Readings) -> None:
    """Write what replica b measured over the control period that just ended."""
    r.time_s[b] = np.float64(s.step[b]) * step_s
    r.site_power[b] = np.float32(fixed_w)
    for c in range(r.carrier_state.shape[1]):
        r.carrier_state[b, c] = s.carrier[b, c]
        r.flags[WAKING, b, c] = s.wake_left_s[b, c] > _ZERO
        r.flags[VALID, b, c] = True
        _measure_cell(s.cell_sum[b, c], s.elapsed_s[b], r.reals, b, c)
        _measure_links(s.link[b, c], r.reals, b, c)
        r.reals[DISABLED, b, c] = _ONE if s.down[b, c] == NOTICED else _ZERO


@inlined
def _strikes(key: np.uint64, step: int, entity: int, probability: np.float32) -> bool:
    return bool(probability > _ZERO and to_unit(draw(key, step, entity, REPORT)) < probability)


@inlined
def strike_replica(
    p: ParamArrays, s: StateArrays, b: int, probs: tuple[float, float], struck: np.ndarray
) -> int:
    """Draw which cells' reports are lost, and which repeat an old value (lost or frozen); count the latter.

    ``probs`` are those of a loss and of a frozen value; who is cut off loses every report.
    """
    count = 0
    for c in range(struck.shape[2]):
        lost = _strikes(s.key[b], s.step[b], c, np.float32(probs[0])) or is_cut_off(p, s, b, c)
        frozen = _strikes(s.key[b], s.step[b], c + _FREEZE, np.float32(probs[1]))
        struck[LOST, b, c] = lost
        struck[OLD, b, c] = lost or frozen
        count += 1 if lost or frozen else 0
    return count


@inlined
def total_power(power: np.ndarray, site_power: np.ndarray, b: int) -> float:
    """Return the power of replica b's whole network in W, from that of its cells (B, C) and sites (B,)."""
    total = 0.0
    for c in range(power.shape[1]):
        total += np.float64(power[b, c])
    return total + np.float64(site_power[b])


@kernel
def power_rows(power: np.ndarray, site_power: np.ndarray, total: np.ndarray) -> None:
    """Write the power of every replica's network, (B,) W."""
    for b in range(total.shape[0]):
        total[b] = total_power(power, site_power, b)


@kernel
def measure_replicas(s: StateArrays, step_s: float, fixed_w: float, r: Readings) -> None:
    """Write what every replica measured over the control period that just ended."""
    for b in range(s.carrier.shape[0]):
        measure_replica(s, b, step_s, fixed_w, r)


@kernel
def strike_replicas(
    p: ParamArrays, s: StateArrays, loss_prob: float, freeze_prob: float, struck: np.ndarray
) -> int:
    """Draw what happens to the reports of every replica, (2, B, C); see ``strike_replica``."""
    count = 0
    for b in range(s.carrier.shape[0]):
        count += strike_replica(p, s, b, (loss_prob, freeze_prob), struck)
    return count
