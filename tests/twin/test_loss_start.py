"""How a loss system begins: the compiled walk against the same walk in numpy, all replicas turn by turn."""

from __future__ import annotations

import numpy as np
import pytest

from ranrein.twin.loss.erlang import occupancy
from ranrein.twin.loss.start import SteadyStart
from ranrein.twin.loss.system import LossSystem
from ranrein.twin.seeding import bits, make_keys
from ranrein.twin.types import F64, I64, U64

START = 66  # the purpose of these random streams
SYSTEMS = {
    "three classes": LossSystem.of(24, [1, 3, 8], [0.3, 0.06, 0.02], [0.03, 0.02, 0.02], [1, 1, 1]),
    "the last never asks": LossSystem.of(7, [1, 2, 5], [2.0, 1.5, 0.0], [1.0, 0.5, 1.0], [1, 1, 1]),
    "the first never asks": LossSystem.of(9, [1, 2], [0.0, 6.0], [1.0, 1.0], [1, 1]),
    "one unit": LossSystem.of(1, [1], [0.2], [1.0], [1]),
    "hundreds of units": LossSystem.of(500, [1, 7], [400.0, 3.0], [1.0, 0.1], [1, 1]),
}


def uniform(keys: U64, turn: int) -> F64:
    step = np.full(len(keys), turn, np.int64)
    return (bits(keys, step, np.zeros_like(step), START) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def walked(system: LossSystem, keys: U64) -> I64:
    """Draw the units in use, then take away one admission after the other."""
    load, units = system.offered_erlang, system.units
    q = occupancy(system.capacity, units, load)
    held = np.zeros((len(keys), system.n_classes), np.int64)
    left = np.searchsorted(np.cumsum(q), uniform(keys, 0), side="right").clip(max=system.capacity)
    turn = 1
    while (rows := np.flatnonzero(left)).size:
        at = left[rows][:, None]
        reached = np.cumsum(load * units * np.where(at >= units, q[np.maximum(at - units, 0)], 0.0), axis=1)
        sums = np.where(reached >= reached[:, -1:], np.inf, reached / reached[:, -1:])
        chosen = (uniform(keys[rows], turn)[:, None] >= sums).sum(axis=1)
        held[rows, chosen] += 1
        left[rows] -= units[chosen]
        turn += 1
    return held


def after_request(system: LossSystem, keys: U64) -> I64:
    """Answer one request to what was drawn: it is admitted if it fits."""
    held, pace = walked(system, keys), np.cumsum(system.arrival_rates)
    request = np.searchsorted(pace, uniform(keys, system.capacity + 1) * pace[-1], side="right")
    fits = system.units[request] <= system.capacity - held @ system.units
    held[np.arange(len(held)), request] += fits
    return held


@pytest.mark.parametrize("name", SYSTEMS)
def test_the_compiled_walk_is_the_walk_in_numpy_to_the_last_one(name: str) -> None:
    system, start = SYSTEMS[name], SteadyStart(SYSTEMS[name])
    seeds, episodes = np.arange(4000, dtype=np.int64), np.arange(4000, dtype=np.int64) % 3
    keys = make_keys(seeds, episodes)
    assert np.array_equal(start.steady(keys), walked(system, keys))
    assert np.array_equal(start(seeds, episodes), after_request(system, keys))
