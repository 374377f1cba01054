"""The typed request to the network: the only thing a controller can ask for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .carrier import N_CARRIER_STATES, CarrierState
from .types import I8


@dataclass(frozen=True)
class Command:
    """Requested power state of every cell of every replica.

    Raises:
        ValueError: if the array is not int8 of two dimensions or holds an unknown state.
    """

    carrier_state: I8  # (B, C), CarrierState

    def __post_init__(self) -> None:
        states = self.carrier_state
        if states.dtype != np.int8 or states.ndim != 2:
            raise ValueError(
                f"carrier_state must be int8 of shape (replicas, cells), got {states.dtype} {states.shape}; "
                "build it with Command.of(...)"
            )
        if states.size and not (0 <= int(states.min()) and int(states.max()) < N_CARRIER_STATES):
            raise ValueError(
                f"carrier_state holds values outside 0..{N_CARRIER_STATES - 1}: {np.unique(states)}"
            )

    @staticmethod
    def of(states: object) -> Command:
        """Build a command from anything array-like; one row means one replica."""
        array = np.asarray(states)
        if not np.issubdtype(array.dtype, np.integer):
            raise ValueError(f"carrier states are integers 0..{N_CARRIER_STATES - 1}, got {array.dtype}")
        if array.size and (array.min() < 0 or array.max() >= N_CARRIER_STATES):
            raise ValueError(
                f"carrier_state holds values outside 0..{N_CARRIER_STATES - 1}: {np.unique(array)}"
            )
        return Command(np.atleast_2d(array).astype(np.int8))

    @staticmethod
    def all_active(n_replicas: int, n_cells: int) -> Command:
        """Every carrier serves: the factory-safe configuration."""
        return Command(np.full((n_replicas, n_cells), CarrierState.ACTIVE, dtype=np.int8))

    def rows(self, index: object) -> Command:
        """Select replicas with any numpy index that keeps the array two-dimensional."""
        return Command(np.ascontiguousarray(self.carrier_state[index]))  # type: ignore[index]
