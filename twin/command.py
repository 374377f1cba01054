"""The typed request to the network: the only thing a controller can ask for."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .carrier import N_CARRIER_STATES, CarrierState
from .kernels.layout import Settings
from .kernels.rules import holds_other, spread_rows
from .slicing import Tier
from .types import I8, I32, I64

LARGEST_OFFSET_DB = 24  # Q-OffsetRange of TS 38.331
_BYTE = np.dtype(np.int8)


def _as_planned() -> I8:
    return np.zeros((0, 0), np.int8)


@dataclass(frozen=True)
class Command:
    """Requested state of every cell of every replica.

    Raises:
        ValueError: if an array is not int8 of shape (replicas, cells), or holds an unknown state, a negative beam or
            SSB period, or an offset beyond 24 dB.
    """

    carrier_state: I8  # (B, C), CarrierState
    # what is left out is as planned: pattern, offset and SSB period; every request for a slice refused
    beam: I8 = field(default_factory=_as_planned)  # (B, C), broadcast pattern of the cell
    offset_db: I8 = field(default_factory=_as_planned)  # (B, C), on top of the planned individual offset
    admit: I8 = field(default_factory=_as_planned)  # (B, R), ``Tier`` for every request for a slice
    ssb_period: I8 = field(default_factory=_as_planned)  # (B, C), which of ``Sleep.periods_ms``

    def __post_init__(self) -> None:
        states = self.carrier_state
        if states.dtype != _BYTE or states.ndim != 2:
            raise ValueError(
                f"carrier_state must be int8 of shape (replicas, cells), got {states.dtype} {states.shape}; "
                "build it with Command.of(...)"
            )
        if holds_other(states, 0, N_CARRIER_STATES - 1):
            raise ValueError(
                f"carrier_state holds values outside 0..{N_CARRIER_STATES - 1}: {np.unique(states)}"
            )
        self._fill("beam", 0, 127)
        self._fill("offset_db", -LARGEST_OFFSET_DB, LARGEST_OFFSET_DB)
        self._fill("ssb_period", 0, 127)
        self._check_answers()

    def _check_answers(self) -> None:
        answers, n = self.admit, len(self.carrier_state)
        if answers.shape == (0, 0):
            object.__setattr__(self, "admit", np.zeros((n, 0), np.int8))
        elif answers.dtype != _BYTE or answers.ndim != 2 or len(answers) != n:
            raise ValueError(
                f"admit must be int8 of shape ({n}, requests), got {answers.dtype} {answers.shape}"
            )
        elif holds_other(answers, 0, len(Tier) - 1):
            raise ValueError(f"admit holds values outside 0..{len(Tier) - 1}: {np.unique(answers)}")

    def _fill(self, name: str, low: int, high: int) -> None:
        values, shape = getattr(self, name), self.carrier_state.shape
        if values.shape == (0, 0):
            object.__setattr__(self, name, np.zeros(shape, np.int8))
        elif values.dtype != _BYTE or values.shape != shape:
            raise ValueError(f"{name} must be int8 of shape {shape}, got {values.dtype} {values.shape}")
        elif holds_other(values, low, high):
            raise ValueError(f"{name} holds values outside {low}..{high}: {np.unique(values)}")

    @property
    def settings(self) -> Settings:
        """The arrays as kernels read them."""
        return Settings(*(np.ascontiguousarray(array) for array in self._arrays))

    @property
    def _arrays(self) -> tuple[I8, I8, I8, I8, I8]:
        return self.carrier_state, self.beam, self.offset_db, self.admit, self.ssb_period

    @property
    def is_planned(self) -> bool:
        """Tell whether nothing but carrier states is asked for: all else as planned, no slice admitted."""
        return not any(np.any(array) for array in self._arrays[1:])

    @staticmethod
    def obeyed(settings: Settings) -> Command:
        """Wrap what the kernel made of a command that was checked; the arrays are shared."""
        command = object.__new__(Command)
        names = ("carrier_state", "beam", "offset_db", "admit", "ssb_period")
        command.__dict__.update(zip(names, settings, strict=True))
        return command

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
        """Every carrier serves as planned: the factory-safe configuration."""
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
        """Select replicas with any numpy index that keeps the arrays two-dimensional."""
        return Command(*(np.ascontiguousarray(array[index]) for array in self._arrays))  # type: ignore[index]
