"""Timing cases side by side: every round runs each of them once, so that a busy moment hits all alike."""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("ranrein", "numba", "numpy")


@dataclass(frozen=True)
class Spent:
    """Time that some work took, s."""

    wall_s: float
    cpu_s: float  # of all threads of the process that worked


@dataclass(frozen=True)
class Case:
    """Something to be timed."""

    name: str
    work: Callable[[], Spent]  # does one round and says what it took
    amount: float  # units of work in a round, such as UE-steps


@dataclass(frozen=True)
class Best:
    """The least time of a case over all rounds, per unit of work."""

    name: str
    wall_s: float
    cpu_s: float


@dataclass(frozen=True)
class Ratio:
    """How many times as fast one case is as another, and what it should be."""

    name: str
    value: float
    target: float | None = None

    @property
    def verdict(self) -> str:
        """Say whether the target is met."""
        return "" if self.target is None else "met" if self.value >= self.target else "MISSED"


def timed(function: Callable[[], object], calls: int = 1) -> Callable[[], Spent]:
    """Turn a function into work of so many calls; one call comes first, uncounted, because it may compile."""
    function()

    def work() -> Spent:
        wall_s, cpu_s = time.perf_counter(), time.process_time()
        for _ in range(calls):
            function()
        return Spent(time.perf_counter() - wall_s, time.process_time() - cpu_s)

    return work


def measure(cases: Sequence[Case], rounds: int) -> dict[str, Best]:
    """Run every case once per round and keep its best."""
    best = {case.name: Best(case.name, float("inf"), float("inf")) for case in cases}
    for _ in range(rounds):
        for case in cases:
            spent, old = case.work(), best[case.name]
            best[case.name] = Best(
                case.name,
                min(old.wall_s, spent.wall_s / case.amount),
                min(old.cpu_s, spent.cpu_s / case.amount),
            )
    return best


def machine() -> dict[str, str | int]:
    """Say what was measured on."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    found: dict[str, str | int] = {
        "cpu": names[0] if names else platform.machine(),
        "cores": os.cpu_count() or 0,
        "python": platform.python_version(),
    }
    return found | {name: version(name) for name in PACKAGES}


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return rows as text, columns aligned."""
    cells = [tuple(str(cell) for cell in row) for row in (header, *rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    return "\n".join(
        "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in cells
    )


def timing_rows(best: dict[str, Best], unit: str) -> str:
    """Return the times of all cases as a table."""
    header = (f"ns per {unit}", "wall", "CPU", f"million {unit}s per CPU second")
    rows = [
        (b.name, f"{1e9 * b.wall_s:.3f}", f"{1e9 * b.cpu_s:.3f}", f"{1e-6 / b.cpu_s:.3f}")
        for b in best.values()
    ]
    return table(header, rows)


def ratio_rows(ratios: Sequence[Ratio]) -> str:
    """Return ratios, targets and verdicts as a table."""
    rows = [
        (r.name, f"{r.value:.2f}", "" if r.target is None else f">= {r.target:g}", r.verdict) for r in ratios
    ]
    return table(("ratio", "measured", "target", ""), rows)


def report(out: Path, best: dict[str, Best], unit: str, ratios: Sequence[Ratio]) -> None:
    """Show times per unit of work and ratios, and write both as JSON."""
    sys.stdout.write(f"{timing_rows(best, unit)}\n\n{ratio_rows(ratios)}\n")
    judged = [{**asdict(r), "verdict": r.verdict} for r in ratios]
    times = {name: asdict(b) for name, b in best.items()}
    write(out, {"unit": unit, "seconds_per_unit": times, "ratios": judged})


def write(out: Path, found: dict[str, object]) -> None:
    """Write what was found, with the machine, as JSON."""
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps({"machine": machine(), **found}, indent=2) + "\n", encoding="utf-8")


def arguments(name: str, description: str | None, rounds: int) -> ArgumentParser:
    """Return a parser with the options that every measurement has."""
    parser = ArgumentParser(prog=f"python -m benchmarks.{name}", description=description)
    parser.add_argument("--rounds", type=int, default=rounds, help="rounds over all cases; the best counts")
    out = Path("runs/benchmarks") / f"{name}.json"
    parser.add_argument("--out", type=Path, default=out, help="where the figures go, as JSON")
    return parser
