"""Radio link failure and its causes under the names of TS 28.552: too early, too late, to the wrong cell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .checks import positive, within
from .types import I64

TOO_EARLY = "HO.IntraSys.TooEarly"
TOO_LATE = "HO.IntraSys.TooLate"
TO_WRONG_CELL = "HO.IntraSys.ToWrongCell"
"""Counters of TS 28.552 clause 5.1.1.25.1, by the causes of TS 38.300 clause 15.5.2."""


@dataclass(frozen=True)
class RadioLinkMonitor:
    """Thresholds, counters and timer of radio link monitoring (TS 38.331 clause 5.3.10, TS 38.133 clause 8.1).

    Out of sync below `qout_db` (a hypothetical control channel fails 10 % of the time), in sync above `qin_db`
    (2 %). ValueError unless qin lies above qout and counts and times are positive.
    """

    qout_db: float = -8.0
    qin_db: float = -6.0
    n310: int = 1
    n311: int = 1
    t310_s: float = 1.0

    def __post_init__(self) -> None:
        for name in ("qout_db", "qin_db"):
            within(f"RadioLinkMonitor.{name}", getattr(self, name), -np.inf)
        if not (self.qout_db < self.qin_db):
            raise ValueError(f"qin_db = {self.qin_db} is not above qout_db = {self.qout_db}: raise it")
        for name in ("n310", "n311", "t310_s"):
            positive(f"RadioLinkMonitor.{name}", getattr(self, name))

    def failures(self, sinr_db: ArrayLike, sample_s: float = 0.2) -> I64:
        """Return the samples at which the radio link fails, (F,).

        N310 out-of-sync samples in a row start T310, N311 in-sync samples in a row stop it; where it runs out the
        link fails, and monitoring begins anew. A NaN is out of sync.

        Args:
            sinr_db: (T,) of the serving cell.
            sample_s: time between samples.
        """
        sinr, period = np.asarray(sinr_db, np.float64), float(positive("sample_s", sample_s))
        failed: list[int] = []
        out = inside = 0
        running = -1  # sample at which T310 started
        for n, value in enumerate(sinr):
            out = out + 1 if not (value >= self.qout_db) else 0
            inside = inside + 1 if value > self.qin_db else 0
            if running < 0 and out >= self.n310:
                running = n
            elif running >= 0 and inside >= self.n311:
                running = -1
            if running >= 0 and (n - running) * period >= self.t310_s - 1e-9:
                failed.append(n)
                out, inside, running = 0, 0, -1
        return np.array(failed, dtype=np.int64)


@dataclass(frozen=True)
class Failure:
    """A lost connection: when it broke, in which cell, and in which cell it came back (-1: nowhere)."""

    time_s: float
    cell: int
    returned_to: int


def failure_cause(
    failure: Failure, last_handover: tuple[float, int, int] | None, store_s: float = 2.0
) -> str | None:
    """Return the counter that a failure belongs to, or None where mobility is not to blame.

    A failure is judged by where the terminal comes back (TS 38.300 clause 15.5.2.1):

    - too late: no recent handover, back in another cell;
    - too early: shortly after a handover, back in the source;
    - to the wrong cell: shortly after a handover, back in neither source nor target.

    A failure after which the terminal comes back where it was, or not at all, is a hole in the coverage.

    Args:
        failure: the failure.
        last_handover: (time in s, source, target) of the last handover before it, None if there was none.
        store_s: how long a handover counts as recent, Tstore_UE_cntxt.

    Raises:
        ValueError: on a handover after the failure.
    """
    positive("store_s", store_s)
    if failure.returned_to in (-1, failure.cell):
        return None
    if last_handover is None:
        return TOO_LATE
    at_s, source, target = last_handover
    if not (at_s <= failure.time_s):
        raise ValueError(
            f"handover at {at_s:g} s is after the failure at {failure.time_s:g} s: give the one before"
        )
    if failure.time_s - at_s > store_s:
        return TOO_LATE
    return TOO_EARLY if failure.returned_to == source and source != target else TO_WRONG_CELL
