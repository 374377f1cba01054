"""The typed request to the network: the only thing a controller can ask for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .carrier import N_CARRIER_STATES, CarrierState
from .kernels.rules import holds_other, spread_rows
from .types import I8, I32, I64

_STATE_TYPE = np.dtype(np.int8)


@dataclass(frozen=True)
class Command:
    """Requested power state of every cell of every replica.

    Raises:
        ValueError: if the array is not int8 of two dimensions or holds an unknown state.
    """

    carrier_state: I8  # (B, C), CarrierState

    def __post_init__(self) -> None:
        states = self.carrier_state
        if states.dtype != _STATE_TYPE or states.ndim != 2:
            raise ValueError(
                f"carrier_state must be int8 of shape (replicas, cells), got {states.dtype} {states.shape}; "
                "build it with Command.of(...)"
            )
        if holds_other(states, N_CARRIER_STATES):
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

    @staticmethod
    def of_cells(n_cells: int, cells: I32, choices: I64) -> Command:
        """Ask for states (B, n) of some cells; the others stay active.

        Args:
            n_cells: C.
            cells: (n,) indices.
            choices: (B, n), CarrierState.
        """
        states = np.zeros((len(choices), n_cells), np.int8)
        if not spread_rows(choices, cells, N_CARRIER_STATES, states):
            raise ValueError(f"choices hold values outside 0..{N_CARRIER_STATES - 1}: {np.unique(choices)}")
        return Command(states)

    def rows(self, index: object) -> Command:
        """Select replicas with any numpy index that keeps the array two-dimensional."""
        return Command(np.ascontiguousarray(self.carrier_state[index]))  # type: ignore[index]
