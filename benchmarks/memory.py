"""What a replica costs in memory, counted from its shapes and measured where it is allocated."""

from __future__ import annotations

import sys
import tracemalloc
from collections.abc import Callable

from ranrein.envs.registry import make_task
from ranrein.envs.vector import TwinVectorEnv
from ranrein.twin.kernels.layout import N_CELL_SUMS, N_LINK_SAMPLES, N_SURGE_FIELDS, N_SURGES, make_scratch
from ranrein.twin.params import Params

from .network import network, started
from .runner import arguments, table, write

TASK = "ranrein/EnergySaving-v0"
FEW, MANY = 8, 136


def replica_bytes(n_cells: int, n_users: int, n_layers: int, n_areas: int) -> int:
    """Return the size of one replica's state without slices and failures: linear in cells and users."""
    user = (
        4 * 7 + 4 * n_layers
    )  # place, weight, server before and now, two times; building loss on each frequency
    cell = (
        5 + 4 * 2 + 8 * (N_CELL_SUMS + N_LINK_SAMPLES)
    )  # what is commanded, failure, wake-up and load; sums of the period
    rest = 8 + 8 + 4 + 8 + 8 + 4 * N_SURGES * N_SURGE_FIELDS  # key, step, day, two sums; surges
    return user * n_users + cell * n_cells + 8 * n_areas + rest


def scratch_bytes(params: Params) -> int:
    """Return the size of the working space of one call, which all its replicas share."""
    return sum(array.nbytes for array in make_scratch(started(params, 1).arrays))


def map_bytes(params: Params) -> int:
    """Return the size of the maps, which everything that uses these parameters shares."""
    maps = params.arrays.gain, params.arrays.pixel_area, params.arrays.ssb_beam
    return sum(array.nbytes for array in maps)


def measured_bytes(build: Callable[[int], object]) -> tuple[float, float]:
    """Return what one more replica keeps, and takes while it is built, of what ``build`` allocates for a number."""
    kept, peak = zip(*(_traced(build, n) for n in (FEW, MANY)), strict=True)
    return (kept[1] - kept[0]) / (MANY - FEW), (peak[1] - peak[0]) / (MANY - FEW)


def _traced(build: Callable[[int], object], n: int) -> tuple[int, int]:
    build(n)  # what is loaded or compiled once does not count
    tracemalloc.start()
    built = build(n)
    found = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del built
    return found


def environment(params: Params, n: int) -> TwinVectorEnv:
    """Return an environment with n replicas that has taken a step."""
    env = TwinVectorEnv(make_task(TASK), params, n)
    env.reset(seed=0)
    env.step(env.action_space.sample())
    return env


def main() -> None:
    """Measure and report."""
    options = arguments("memory", __doc__, rounds=1).parse_args()
    params = Params.of(network())
    n_layers = started(params, 1).arrays.indoor_db.shape[1]
    kept, peak = measured_bytes(lambda n: started(params, n))
    env_kept, env_peak = measured_bytes(lambda n: environment(params, n))
    found = {
        "state per replica, counted": replica_bytes(params.n_cells, params.n_users, n_layers, params.n_areas),
        "state per replica, kept": round(kept),
        "state per replica, while it is drawn": round(peak),
        "environment per replica, kept": round(env_kept),
        "environment per replica, at most": round(env_peak),
        "working space per thread": scratch_bytes(params),
        "maps, shared": map_bytes(params),
    }
    sys.stdout.write(
        table(("memory", "bytes"), [(name, f"{value:,}") for name, value in found.items()]) + "\n"
    )
    write(options.out, {"bytes": found})


if __name__ == "__main__":
    main()
