"""Books of traffic: what every cell was offered, served, kept waiting and dropped, in whole units that add up."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .kernels.layout import COUNTED_MBIT, CellSum
from .state import State
from .types import I64

_MOST_MBIT = 2.0**63 * COUNTED_MBIT
_COLUMNS = CellSum.OFFERED, CellSum.VOLUME, CellSum.BLOCKED


class Books(NamedTuple):
    """Traffic of a control period at every cell, in units of ``COUNTED_MBIT``, without users of slices.

    A user is booked at the cell that serves it in a step, or that it hears best if none does. Integers add up over
    cells, replicas and periods without rounding.
    """

    offered: I64  # (B, C)
    served: I64  # (B, C)
    dropped: I64  # (B, C)

    @property
    def queued(self) -> I64:
        """What buffers of a cell's users hold more than before, (B, C): neither served nor dropped; 0 without them."""
        return self.offered - self.served - self.dropped


def read_books(state: State) -> Books:
    """Return the books since the period was opened.

    Raises:
        OverflowError: if a volume does not fit an int64, 2^36 Mbit of a cell in a period.
    """
    sums = state.arrays.cell_sum[:, :, _COLUMNS]
    if not np.all(np.abs(sums) < _MOST_MBIT):
        raise OverflowError(
            f"the books of a cell stand at {np.abs(sums).max():g} Mbit and hold less than {_MOST_MBIT:g}: "
            "open a new period earlier"
        )
    offered, served, dropped = np.moveaxis((sums / COUNTED_MBIT).astype(np.int64), 2, 0)
    return Books(offered, served, dropped)
