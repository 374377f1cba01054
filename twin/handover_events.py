"""Handovers and radio link failures over time series: event A3, filters, timers, and what went wrong.

Pure functions over measurements of one terminal, as a study of settings needs them; the kernel decides step by step.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .checks import positive, within
from .types import F64, I64, Bool

TIME_TO_TRIGGER_MS = (0, 40, 64, 80, 100, 128, 160, 256, 320, 480, 512, 640, 1024, 1280, 2560, 5120)
"""Permitted values of timeToTrigger, TS 38.331."""


@dataclass(frozen=True)
class A3:
    """Settings of event A3 (TS 38.331 clause 5.5.4.4); ValueError on a value that RRC cannot carry."""

    time_to_trigger_ms: int = 160
    offset_db: float = 2.0
    hysteresis_db: float = 0.0
    filter_k: int = 4  # filterCoefficient, a = 1 / 2^(k/4)

    def __post_init__(self) -> None:
        if self.time_to_trigger_ms not in TIME_TO_TRIGGER_MS:
            near = min(TIME_TO_TRIGGER_MS, key=lambda value: abs(value - self.time_to_trigger_ms))
            raise ValueError(
                f"time_to_trigger_ms = {self.time_to_trigger_ms} is no RRC value: did you mean {near}? "
                f"One of {TIME_TO_TRIGGER_MS}"
            )
        for name, low, high in (("offset_db", -15.0, 15.0), ("hysteresis_db", 0.0, 15.0)):
            value = float(within(f"A3.{name}", getattr(self, name), low, high))
            if 2.0 * value != round(2.0 * value):
                raise ValueError(f"A3.{name} = {value:g} is no multiple of 0.5 dB: round it")
        if self.filter_k not in (*range(10), 11, 13, 15, 17, 19):
            raise ValueError(
                f"A3.filter_k = {self.filter_k} is no filterCoefficient: use 0 to 9, 11, 13, 15, 17, 19"
            )


TR_36_839_PROFILES = (
    A3(480, 3.0, filter_k=4),
    A3(160, 3.0, filter_k=4),
    A3(160, 2.0, filter_k=1),
    A3(80, 1.0, filter_k=1),
    A3(40, -1.0, filter_k=0),
)
"""Settings 1 to 5 of TR 36.839 table 5.3.2: from late and sure to early and hasty."""


def filter_l3(measured_db: ArrayLike, k: int) -> F64:
    """Return F_n = (1 - a) F_(n-1) + a M_n with a = 1 / 2^(k/4), F_0 = M_0 (TS 38.331 clause 5.5.3.2).

    Args:
        measured_db: (T, ...) samples every 200 ms.
        k: filterCoefficient, 0 passes the samples through.
    """
    samples = np.asarray(measured_db, dtype=np.float64)
    weight = 0.5 ** (k / 4.0)
    filtered = samples.copy()
    for n in range(1, len(samples)):
        filtered[n] = (1.0 - weight) * filtered[n - 1] + weight * samples[n]
    return filtered


def entered_a3(
    serving_db: ArrayLike, neighbour_db: ArrayLike, settings: A3, cell_offset_db: float = 0.0
) -> Bool:
    """Return where the entering condition Mn + Ocn - Hys > Mp + Off holds; False where a value is NaN.

    `cell_offset_db` is Ofn + Ocn - Ofp - Ocp of the pair.
    """
    ahead = np.asarray(neighbour_db, np.float64) + cell_offset_db - np.asarray(serving_db, np.float64)
    return ahead > settings.offset_db + settings.hysteresis_db


@dataclass(frozen=True)
class Handovers:
    """Who served a terminal: `serving` (T,) and the samples at which it changed."""

    serving: I64  # (T,) cell, the new one from its sample on
    sample: I64  # (H,) first sample served by the new cell
    source: I64  # (H,)
    target: I64  # (H,)


def handovers(
    rsrp_dbm: ArrayLike, settings: A3, sample_s: float = 0.2, interruption_s: float = 0.090
) -> Handovers:
    """Return the handovers of one terminal over filtered RSRP.

    A neighbour that meets A3 at every sample for the time to trigger is reported; the strongest such one becomes
    the target after preparation and execution, 50 + 40 ms by default (TR 36.839 clause 5.3.2).

    Args:
        rsrp_dbm: (T, C) samples of each cell; NaN is not heard.
        settings: of A3, its L3 filter included.
        sample_s: time between samples.
        interruption_s: between report and service by the target.

    Raises:
        ValueError: on another shape, fewer than two cells or a terminal that hears nothing at first.
    """
    samples = np.asarray(rsrp_dbm, dtype=np.float64)
    if samples.ndim != 2 or samples.shape[1] < 2:
        raise ValueError(f"rsrp_dbm has shape {samples.shape}: give (samples, cells) with two cells or more")
    if not np.any(np.isfinite(samples[0])):
        raise ValueError("rsrp_dbm hears no cell in its first sample: begin where there is coverage")
    period = float(positive("sample_s", sample_s))
    needed = int(np.ceil(1e-3 * settings.time_to_trigger_ms / period - 1e-9))
    late = int(np.ceil(float(within("interruption_s", interruption_s, 0.0)) / period - 1e-9))
    heard = filter_l3(samples, settings.filter_k)
    serving = np.full(len(samples), int(np.nanargmax(heard[0])))
    held, events, n = np.zeros(samples.shape[1], np.int64), list[tuple[int, int, int]](), 0
    while n < len(samples):
        current = int(serving[n])
        meets = entered_a3(heard[n, current], heard[n], settings)
        meets[current] = False
        held = np.where(meets, held + 1, 0)
        ready = held > needed
        if np.any(ready):
            target, at = int(np.argmax(np.where(ready, heard[n], -np.inf))), n + late
            serving[at:], held = target, np.zeros_like(held)
            if at < len(samples):
                events.append((at, current, target))
            n = max(at, n)
        n += 1
    table = np.array(events, dtype=np.int64).reshape(-1, 3)
    return Handovers(serving, table[:, 0], table[:, 1], table[:, 2])


def ping_pongs(found: Handovers, sample_s: float = 0.2, within_s: float = 1.0) -> Bool:
    """Return which handovers went back to the previous cell within a time (TR 36.839 clause 5.1), (H,)."""
    back = np.zeros(len(found.sample), bool)
    quick = np.diff(found.sample) * float(positive("sample_s", sample_s)) <= within_s + 1e-9
    back[1:] = quick & (found.target[1:] == found.source[:-1])
    return back
