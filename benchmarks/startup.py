"""How long a fresh process takes to its first step: with an empty cache of kernels, then with a warm one."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from functools import partial
from typing import IO, cast

from .runner import Best, Case, Spent, arguments, measure, table, write

TARGET_S = 1.0
FIRST_STEPS = {
    "interpreter": "pass",
    "twin": (
        "import numpy as np\n"
        "from ranrein.envs.catalogue import load_scenario\n"
        "from ranrein.twin.advance import advance\n"
        "from ranrein.twin.command import Command\n"
        "from ranrein.twin.params import Params\n"
        "from ranrein.twin.state import begin\n"
        "params = Params.of(load_scenario('urban'))\n"
        "state = begin(params, np.zeros(1, np.int64), np.zeros(1, np.int64))\n"
        "advance(params, state, Command.all_active(1, params.n_cells))\n"
    ),
    "environment": (
        "import gymnasium as gym\n"
        "import ranrein.envs\n"
        "env = gym.make('ranrein/EnergySaving-v0')\n"
        "env.reset(seed=0)\n"
        "env.step(env.action_space.sample())\n"
    ),
}


_TELL = "\nimport time\nprint(time.process_time(), flush=True)\n"


def first_step(code: str, cache: str) -> Spent:
    """Return the time from the start of a process until it has taken its first step; its end is not waited for."""
    environ, started_s = {**os.environ, "NUMBA_CACHE_DIR": cache}, time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-c", code + _TELL], stdout=subprocess.PIPE, env=environ
    ) as process:
        told = cast(IO[bytes], process.stdout).readline()
        wall_s = time.perf_counter() - started_s
    if process.returncode != 0:
        raise subprocess.CalledProcessError(process.returncode, process.args)
    return Spent(wall_s, float(told))


def main() -> None:
    """Measure and report."""
    options = arguments("startup", __doc__, rounds=10).parse_args()
    with tempfile.TemporaryDirectory() as cache:
        cold = {name: first_step(code, cache) for name, code in FIRST_STEPS.items()}
        cases = [Case(name, partial(first_step, code, cache), 1.0) for name, code in FIRST_STEPS.items()]
        warm = measure(cases, options.rounds)
    rows = [
        (name, f"{cold[name].wall_s:.2f}", f"{b.wall_s:.2f}", f"{b.cpu_s:.2f}", verdict(b))
        for name, b in warm.items()
    ]
    header = ("s to the first step of", "cold", "warm", "CPU, warm", f"below {TARGET_S:g}")
    sys.stdout.write(table(header, rows) + "\n")
    found = {"cold": cold, "warm": warm}
    write(
        options.out,
        {key: {name: asdict(t) for name, t in times.items()} for key, times in found.items()}
        | {"target_s": TARGET_S},
    )


def verdict(warm: Best) -> str:
    """Judge by the clock on the wall: that is what a user waits for."""
    return "met" if warm.wall_s < TARGET_S else "MISSED"


if __name__ == "__main__":
    main()
