"""Run a controller over many seeds on a world other than the twin, one whole episode each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..envs.task import Weighting
from ..envs.world import World, WorldTask
from ..twin.types import F64

Sums = dict[str, F64]


def run_in_world(
    controller: Any,  # noqa: ANN401  (a controller of that world)
    network: Any,  # noqa: ANN401
    task: WorldTask,
    seeds: Sequence[int],
    progress: Callable[[float], None],
) -> tuple[Sums, int]:
    """Run the first episode of every seed as one batch.

    Returns:
        Sums over the episode, each (N,): ``return``, ``unsafe``, ``revenue``, ``elapsed_s``, and every cost and reward
        term under ``cost:NAME`` and ``term:NAME``; and the number of decisions.
    """
    world: World = task.world(network, len(seeds))
    world.start(np.asarray(seeds, np.int64), np.zeros(len(seeds), np.int64))
    controller.begin(network, len(seeds))
    weighting, sums = Weighting(task.weights), {}
    periods = world.periods_per_episode
    for period in range(periods):
        world.step(controller.actions(network, world.window))
        info = world.judged()
        _add(sums, "return", weighting(info["reward_terms"]))
        _add(sums, "unsafe", (info["cost"] > 0).astype(np.float64))
        for name in ("revenue", "elapsed_s"):
            _add(sums, name, info[name])
        for prefix, values in (("cost:", info["costs"]), ("term:", info["reward_terms"])):
            for name, value in values.items():
                _add(sums, prefix + name, value)
        progress((period + 1) / periods)
    return sums, periods


def _add(sums: Sums, name: str, values: F64) -> None:
    sums[name] = sums.get(name, 0.0) + values
