"""The yardsticks of ``benchmarks/`` beside the figures of `ranrein bench`, in one run, from a checkout."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ranrein.agents.run_folder import write_json

FOLDER = Path("benchmarks")  # of a checkout; it is not installed
NAMES = ("against_c", "against_crrm", "threads", "startup", "memory")

Row = tuple[str, float, str]  # what, value, unit or target and verdict


class YardstickError(RuntimeError):
    """The yardsticks cannot be run from here."""


def require_checkout() -> None:
    """Raise YardstickError where there are no yardsticks."""
    if not (FOLDER / "runner.py").is_file():
        raise YardstickError(
            f"no {FOLDER}/ in {Path.cwd()}: run this in the root of a checkout, or set yardsticks=false"
        )


def run_yardsticks(crrm_python: str | None, progress: Callable[[float, str], None]) -> list[Row]:
    """Run every measurement in a process of its own and return its rows; what cannot run says why."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        for done, name in enumerate(NAMES):
            progress(done / len(NAMES), name)
            out = Path(folder) / f"{name}.json"
            more = ["--python", crrm_python] if name == "against_crrm" and crrm_python else []
            command = [sys.executable, "-m", f"{FOLDER}.{name}", "--out", str(out), *more]
            ended = subprocess.run(command, capture_output=True, text=True, check=False)
            if ended.returncode == 0:
                rows += rows_of(name, json.loads(out.read_text(encoding="utf-8")))
            else:
                rows.append((f"{name}: {_last_line(ended.stderr)}", float("nan"), "not measured"))
    return rows


def rows_of(name: str, found: dict[str, Any]) -> list[Row]:
    """Return what a measurement wrote as rows."""
    if name == "memory":
        return [(key, float(value), "bytes") for key, value in found["bytes"].items()]
    if name == "startup":
        target = f"s, warm cache; below {found['target_s']:g}"
        return [
            (f"start-up to the first step: {key}", t["wall_s"], target) for key, t in found["warm"].items()
        ]
    return [(r["name"], r["value"], _judged(r)) for r in found["ratios"]]


def add_to(path: Path, rows: list[Row]) -> None:
    """Add rows to the JSON of a run; what was not measured is null."""
    found = json.loads(path.read_text(encoding="utf-8"))
    listed = [{"name": n, "value": v if math.isfinite(v) else None, "unit": u} for n, v, u in rows]
    write_json(path, found | {"yardsticks": listed})


def _judged(ratio: dict[str, Any]) -> str:
    target = "" if ratio["target"] is None else f"; at least {ratio['target']:g}: {ratio['verdict']}"
    return f"times as fast{target}"


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else "no word why"
