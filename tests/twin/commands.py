"""Commands drawn at random, in every setting that a network has."""

from __future__ import annotations

import numpy as np

from ranrein.twin.command import LARGEST_OFFSET_DB, Command
from ranrein.twin.params import Params


def random_command(params: Params, n: int, rng: np.random.Generator) -> Command:
    """Draw a command for n replicas; rules may forbid it."""
    shape = (n, params.n_cells)
    return Command(
        (rng.integers(0, 5, shape) * rng.integers(0, 2, shape)).astype(np.int8),
        (rng.integers(0, 100, shape) % params.n_beams).astype(np.int8),
        rng.integers(-LARGEST_OFFSET_DB, LARGEST_OFFSET_DB + 1, shape).astype(np.int8),
        rng.integers(0, 3, (n, params.scenario.slicing.requests)).astype(np.int8),
        (rng.integers(0, 100, shape) % params.n_ssb_periods).astype(np.int8),
    )
