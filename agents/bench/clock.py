"""The clock of speed measurements."""

from __future__ import annotations

import time

from ...safety.clock import SystemClock


class ProcessorClock(SystemClock):
    """Counts the seconds that this process has computed: what else runs on the machine does not count."""

    def monotonic_s(self) -> float:
        """Return CPU seconds of all threads since the process began."""
        return time.process_time()
