"""How long a fresh process takes to its first step: with an empty cache of kernels, then with a warm one."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time

from .runner import arguments, table, write

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


def first_step_s(code: str, cache: str) -> float:
    """Return the seconds from the start of a process to the end of its first step."""
    started_s = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "NUMBA_CACHE_DIR": cache})
    return time.perf_counter() - started_s


def main() -> None:
    """Measure and report."""
    options = arguments("startup", __doc__, rounds=10).parse_args()
    with tempfile.TemporaryDirectory() as cache:
        cold = {name: first_step_s(code, cache) for name, code in FIRST_STEPS.items()}
        warm = dict.fromkeys(FIRST_STEPS, float("inf"))
        for _ in range(options.rounds):
            warm = {name: min(warm[name], first_step_s(code, cache)) for name, code in FIRST_STEPS.items()}
    rows = [
        (name, f"{cold[name]:.2f}", f"{warm[name]:.2f}", "met" if warm[name] < TARGET_S else "MISSED")
        for name in FIRST_STEPS
    ]
    sys.stdout.write(table(("s to the first step of", "cold", "warm", f"below {TARGET_S:g}"), rows) + "\n")
    write(options.out, {"cold_s": cold, "warm_s": warm, "target_s": TARGET_S})


if __name__ == "__main__":
    main()
