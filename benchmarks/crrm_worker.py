"""CRRM's half of the comparison, run by a Python that has CRRM; needs nothing of this project.

Reads one line per request, the number of steps, and answers with their wall and CPU time in seconds.
"""

from __future__ import annotations

import json
import sys
import time
from importlib.metadata import version

import CRRM  # pyright: ignore[reportMissingImports]
import numpy as np

MOVE_M = 10.0  # standard deviation of a move


def main() -> None:
    """Answer requests until there are no more."""
    sites, sectors, users = (int(word) for word in sys.argv[1:4])
    parameters = CRRM.Parameters(
        n_cell_locations=sites,
        n_sectors=sectors,
        n_ues=users,
        distance_scale=500.0,
        pathloss_model_name="UMa",
        LOS=False,
        shadow_fading=True,
        smart_update=False,  # everybody moves: keeping track of who did only costs time
    )
    simulator, rng = CRRM.Simulator(parameters), np.random.default_rng(0)
    everybody = list(range(users))
    found = {
        "version": version("CRRM"),
        "cells": simulator.params.n_cells,
        "users": len(simulator.get_ue_locations()),
    }
    sys.stdout.write(json.dumps(found) + "\n")
    sys.stdout.flush()
    for line in sys.stdin:
        wall_s, cpu_s = time.perf_counter(), time.process_time()
        for _ in range(int(line)):
            simulator.move_ue_locations(everybody, rng.normal(0.0, MOVE_M, (users, 2)))
            simulator.get_UE_throughputs()
        spent = [time.perf_counter() - wall_s, time.process_time() - cpu_s]
        sys.stdout.write(json.dumps(spent) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
