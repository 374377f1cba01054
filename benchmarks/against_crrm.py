"""The twin against CRRM 2.0.2, as many cells and moving users on both sides, one thread each, in one run.

CRRM lives in an environment of its own, so that what it needs never meets what we pin:

    python -m venv runs/crrm && runs/crrm/bin/pip install crrm==2.0.2 scipy
    python -m benchmarks.against_crrm --python runs/crrm/bin/python
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import IO, Any, cast

from ranrein.twin.params import Params

from .against_c import TWIN, bind_twin, step_case
from .network import CELLS, USERS, network
from .runner import Best, Case, Ratio, Spent, arguments, measure, report

PEER, PEER_VERSION, TARGET = "CRRM", "2.0.2", 60.0
SECTORS = 3
BATCHES = (1, 8)
PEER_STEPS = 5  # in a round: some 20 ms
PERIODS = 40  # of the twin in a round, over all replicas: as long, so that a round does not measure cold caches only
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class Peer:
    """CRRM in a process of its own, which times itself and waits between rounds."""

    def __init__(self, python: str) -> None:
        command = [
            python,
            str(Path(__file__).with_name("crrm_worker.py")),
            *map(str, (CELLS // SECTORS, SECTORS, USERS)),
        ]
        quiet = {name: "1" for name in ONE_THREAD} | {"MPLBACKEND": "agg"}
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, **quiet}
        )
        self.found: dict[str, Any] = self._answer()

    def work(self) -> Spent:
        """Run a round of steps."""
        asked = cast(IO[str], self._process.stdin)
        asked.write(f"{PEER_STEPS}\n")
        asked.flush()
        return Spent(*self._answer())

    def close(self) -> None:
        """End the process."""
        cast(IO[str], self._process.stdin).close()
        self._process.wait()
        cast(IO[str], self._process.stdout).close()

    def _answer(self) -> Any:  # noqa: ANN401  (what the worker says)
        line = cast(IO[str], self._process.stdout).readline()
        if not line:
            raise SystemExit(
                f"{PEER} did not start: install it with `pip install crrm=={PEER_VERSION} scipy`"
            )
        return json.loads(line)


def ratios(best: dict[str, Best]) -> list[Ratio]:
    """Return the twin's UE-steps per CPU second over CRRM's."""
    peer_s = best[PEER].cpu_s
    return [Ratio(f"twin over {PEER}, B={b}", peer_s / best[f"{TWIN}, B={b}"].cpu_s, TARGET) for b in BATCHES]


def main() -> None:
    """Measure and report."""
    parser = arguments("against_crrm", __doc__, rounds=40)
    parser.add_argument("--python", default=sys.executable, help="a Python that has CRRM")
    options = parser.parse_args()
    params = Params.of(network())
    peer = Peer(options.python)
    if peer.found != {"version": PEER_VERSION, "cells": params.n_cells, "users": USERS}:
        raise SystemExit(f"not what is to be compared: {peer.found}")
    cases = [step_case(TWIN, bind_twin, params, b, PERIODS // b) for b in BATCHES]
    best = measure([*cases, Case(PEER, peer.work, USERS * PEER_STEPS)], options.rounds)
    peer.close()
    report(options.out, best, "UE-step", ratios(best))


if __name__ == "__main__":
    main()
