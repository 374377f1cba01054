"""States of a loss system and admission tables over them.

A state is the number of admissions of each class in service, n with sum n_k b_k <= C. Tables are dense over
``LossSystem.shape``, so that ``table[n_0, ..., n_K-1]`` reads as written; places outside the capacity are False.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..types import F64, I32, I64, Bool
from .system import LossSystem

MAX_PLACES = 2**24  # of a dense table; 16 MB per class
NOWHERE = -1


@dataclass(frozen=True)
class LossStates:
    """The S states in lexicographic order, and where an admission or a departure leads."""

    system: LossSystem
    counts: I64  # (S, K), admissions in service
    place: I64  # (S,), index into a dense table made flat
    up: I32  # (S, K), state after an admission, NOWHERE if it does not fit
    down: I32  # (S, K), state after a departure, NOWHERE if there is none

    @staticmethod
    def of(system: LossSystem) -> LossStates:
        """List the states.

        Raises:
            ValueError: if a dense table would have more than ``MAX_PLACES`` places.
        """
        strides = table_strides(system)
        inside = _fits(system)
        place = np.flatnonzero(inside)
        state_at = np.full(inside.size, NOWHERE, np.int32)
        state_at[place] = np.arange(len(place), dtype=np.int32)
        counts = np.stack(np.unravel_index(place, system.shape), axis=1).astype(np.int64)
        can_leave = counts > 0
        can_enter = counts < system.limits
        up = np.where(can_enter, state_at[np.where(can_enter, place[:, None] + strides, 0)], NOWHERE)
        down = np.where(can_leave, state_at[np.where(can_leave, place[:, None] - strides, 0)], NOWHERE)
        return LossStates(system, counts, place, up.astype(np.int32), down.astype(np.int32))

    @property
    def n_states(self) -> int:
        """Number of states S."""
        return len(self.place)

    @property
    def occupied(self) -> I64:
        """Units in use, (S,)."""
        return self.counts @ self.system.units

    @property
    def fits(self) -> Bool:
        """Which requests fit, (S, K)."""
        return self.up != NOWHERE

    def spread(self, values: NDArray[np.generic], outside: object) -> NDArray[np.generic]:
        """Lay values over states, (S, ...), out as a dense table, (*shape, ...)."""
        shape = self.system.shape
        dense = np.full((int(np.prod(shape)), *values.shape[1:]), outside, values.dtype)
        dense[self.place] = values
        return dense.reshape(*shape, *values.shape[1:])

    def gather(self, table: NDArray[np.generic]) -> NDArray[np.generic]:
        """Read a dense table, (*shape, ...), at the states, (S, ...)."""
        return table.reshape(-1, *table.shape[self.system.n_classes :])[self.place]


def table_strides(system: LossSystem) -> I64:
    """Return how far one admission of each class moves in a dense table made flat, (K,).

    Raises:
        ValueError: if the table would have more than ``MAX_PLACES`` places.
    """
    places = 1
    strides: list[int] = []
    for size in reversed(system.shape):
        strides.insert(0, places)
        places *= size
    if places > MAX_PLACES:
        raise ValueError(
            f"a table over capacity={system.capacity} and units={system.units.tolist()} has {places} places, more "
            f"than {MAX_PLACES}: count in coarser units, merge classes, or use erlang.blocking and fluid_gain"
        )
    return np.array(strides, np.int64)


def _fits(system: LossSystem) -> Bool:
    """Tell which places of a dense table are within capacity, flat."""
    used = np.zeros((), np.int64)
    for size, units in zip(system.shape, system.units, strict=True):
        used = used[..., None] + np.arange(size, dtype=np.int64) * units
    return (used <= system.capacity).ravel()


def reservation_table(system: LossSystem, reservation: I64 | tuple[int, ...]) -> Bool:
    """Return the table of trunk reservation, (*shape, K): admit k if t_k units stay free after it.

    All zeros is complete sharing, "accept all"; t_k = C - b_k + 1 never admits class k.

    Raises:
        ValueError: if there is not one whole number >= 0 per class, or the system is too large for a table.
    """
    t = np.asarray(reservation)
    if t.shape != (system.n_classes,) or not np.all((t >= 0) & (t == np.floor(t))):
        raise ValueError(
            f"reservation={t.tolist()}: give {system.n_classes} whole numbers of units, 0 or more"
        )
    states = LossStates.of(system)
    free = system.capacity - states.occupied[:, None]
    return states.spread(free >= system.units + t.astype(np.int64), False).astype(np.bool_)


def accept_all_table(system: LossSystem) -> Bool:
    """Return the table that admits whatever fits, (*shape, K)."""
    return reservation_table(system, (0,) * system.n_classes)


def checked_table(system: LossSystem, table: Bool) -> Bool:
    """Return the table if it is one of this system and admits only what fits.

    Raises:
        ValueError: naming the shape, or the first state where it admits what does not fit.
    """
    shape = (*system.shape, system.n_classes)
    if table.shape != shape or table.dtype != np.bool_:
        raise ValueError(f"the table is {table.dtype} {table.shape}; this system needs bool {shape}")
    wrong = np.argwhere(table & ~accept_all_table(system))
    if len(wrong):
        *state, k = wrong[0].tolist()
        raise ValueError(
            f"the table admits {system.classes[k].name!r} in state {tuple(state)}, where it does not fit: "
            "set it to False there"
        )
    return table


def product_form(states: LossStates) -> F64:
    """Return the distribution over states under complete sharing, (S,).

    pi(n) = prod_k a_k^n_k / n_k! over the normalising sum (Kaufman 1981; Kelly 1991), whatever
    the distribution of holding times.
    """
    log_weight = np.zeros(states.n_states)
    with np.errstate(divide="ignore"):
        for k, load in enumerate(states.system.offered_erlang):
            steps = np.log(load) - np.log(np.arange(1, states.system.limits[k] + 1))
            log_weight += np.concatenate(([0.0], np.cumsum(steps)))[states.counts[:, k]]
    weight = np.exp(log_weight - log_weight.max())
    return weight / weight.sum()
