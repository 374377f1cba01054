"""Time as an argument: the only module of the package that reads the machine's clocks."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """What safety and the operating loop may know of time."""

    def utc(self) -> datetime:
        """Wall time, always with the UTC time zone."""
        ...

    def monotonic_s(self) -> float:
        """Seconds that never run backwards; only differences mean something."""
        ...


class SystemClock:
    """The clocks of this machine."""

    def utc(self) -> datetime:
        """Wall time of this machine in UTC."""
        return datetime.now(UTC)

    def monotonic_s(self) -> float:
        """Monotonic seconds of this machine."""
        return time.monotonic()


class SimulatedClock:
    """A clock that moves only when told to; wall and monotonic time can be made to disagree."""

    def __init__(self, start: datetime) -> None:
        self._utc = require_utc(start, "start")
        self._monotonic_s = 0.0

    def utc(self) -> datetime:
        """Simulated wall time."""
        return self._utc

    def monotonic_s(self) -> float:
        """Simulated seconds since construction."""
        return self._monotonic_s

    def advance(self, seconds: float) -> None:
        """Let both clocks run for `seconds` (>= 0, finite)."""
        if not 0.0 <= seconds < float("inf"):
            raise ValueError(
                f"advance takes seconds >= 0, got {seconds!r}; to set the wall clock use step_wall"
            )
        self._utc += timedelta(seconds=seconds)
        self._monotonic_s += seconds

    def step_wall(self, seconds: float) -> None:
        """Set the wall clock forward or back, as a faulty time server would; monotonic time is untouched."""
        self._utc += timedelta(seconds=seconds)


def require_utc(moment: datetime, field: str) -> datetime:
    """The moment in UTC; ValueError naming `field` when it carries no time zone."""
    if moment.utcoffset() is None:
        raise ValueError(f"{field} is {moment!r} without a time zone; pass datetime(..., tzinfo=UTC)")
    return moment.astimezone(UTC)
