"""Progress of long verbs: a bar on a terminal, one log line every ten seconds elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from ranrein.safety.clock import Clock, SystemClock

LOG_EVERY_S = 10.0

Report = Callable[[float, str], None]  # share done, what stands beside it


@contextmanager
def progress(title: str, clock: Clock | None = None) -> Generator[Report]:
    """Show how far something is; the caller reports shares from 0 to 1."""
    if not sys.stderr.isatty():
        yield _lines(title, clock or SystemClock())
        return
    columns = (
        TextColumn(title),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(title, total=1.0, note="")
        yield lambda share, note="": bar.update(task, completed=share, note=note)


def _lines(title: str, clock: Clock) -> Report:
    console, last_s = Console(stderr=True, soft_wrap=True), clock.monotonic_s()

    def report(share: float, note: str = "") -> None:
        nonlocal last_s
        if clock.monotonic_s() - last_s >= LOG_EVERY_S:
            last_s = clock.monotonic_s()
            console.print(f"{title}: {100 * share:.0f} % {note}", markup=False, highlight=False)

    return report
