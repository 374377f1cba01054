"""Ctrl-C as a request: a loop ends between two control periods, never within a change."""

from __future__ import annotations

import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def ended_by_signal() -> Generator[threading.Event]:
    """Yield an event that the first Ctrl-C or termination sets; the second interrupts. Main thread only."""
    leave = threading.Event()

    def ask(_signal: int, _frame: object) -> None:
        if leave.is_set():
            raise KeyboardInterrupt
        leave.set()

    before = {number: signal.signal(number, ask) for number in SIGNALS}
    try:
        yield leave
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
