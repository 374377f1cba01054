"""Simulate a loss system exactly: B replicas, answered one request at a time or from an admission table."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..kernels.loss import (
    NOBODY,
    LossArrays,
    LossParams,
    answer_requests,
    await_requests,
    follow_table,
    schedule_first,
)
from ..seeding import make_keys
from ..types import F64, I32, I64, Bool, Rows
from .states import checked_table, table_strides
from .system import LossSystem


@dataclass(frozen=True)
class LossState:
    """Present condition of B replicas; the arrays are changed in place by the functions of this module."""

    system: LossSystem
    arrays: LossArrays

    @property
    def n_replicas(self) -> int:
        """Number of replicas B."""
        return self.arrays.key.shape[0]

    @property
    def request(self) -> I32:
        """Class that waits for an answer, (B,); NOBODY (-1) where none does."""
        return self.arrays.request

    @property
    def occupied(self) -> I64:
        """Units in use, (B,)."""
        return self.arrays.held @ self.system.units

    @property
    def reward(self) -> F64:
        """Rewards less penalties since the sums began, (B,)."""
        refused = self.arrays.offered - self.arrays.admitted
        return self.arrays.admitted @ self.system.rewards - refused @ self.system.penalties

    @property
    def gain(self) -> F64:
        """Average reward per second since the sums began, (B,); NaN before time has passed."""
        return _ratio(self.reward, self.arrays.elapsed_s)

    @property
    def blocking(self) -> F64:
        """Share of answered requests that were refused, (B, K); NaN where there were none."""
        return _ratio(self.arrays.offered - self.arrays.admitted, self.arrays.offered)

    @property
    def mean_units(self) -> F64:
        """Units in use, averaged over time, (B,); NaN before time has passed."""
        return _ratio(self.arrays.unit_s, self.arrays.elapsed_s)

    def copy(self) -> LossState:
        """Take a snapshot; moving it later gives the same bits as moving the original now."""
        return LossState(self.system, LossArrays._make(array.copy() for array in self.arrays))

    def view(self, start: int, stop: int) -> LossState:
        """Return replicas start..stop as a view: moving it moves this state."""
        return LossState(self.system, LossArrays._make(array[start:stop] for array in self.arrays))

    def assign(self, index: Rows, other: LossState) -> None:
        """Overwrite some replicas with those of ``other``."""
        for mine, theirs in zip(self.arrays, other.arrays, strict=True):
            mine[index] = theirs


def _ratio(part: np.ndarray, whole: np.ndarray) -> F64:
    return np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole > 0)


def params_of(system: LossSystem) -> LossParams:
    """Lay a loss system out for the kernels."""
    return LossParams(system.capacity, system.units, system.arrival_rates, system.service_rates)


def begin_loss(system: LossSystem, seed: I64, episode: I64, held: I64 | None = None) -> LossState:
    """Start one replica for each (seed, episode); its history is the same in any batch.

    Args:
        system: the loss system.
        seed: (B,) non-negative int64.
        episode: (B,) int64.
        held: (B, K) admissions in service at first; None is empty.

    Raises:
        ValueError: if ``held`` has another shape, is negative or does not fit.
    """
    n, k = len(seed), system.n_classes
    first = np.zeros((n, k), np.int64) if held is None else np.array(held, np.int64)
    if first.shape != (n, k) or np.any(first < 0) or np.any(first @ system.units > system.capacity):
        raise ValueError(
            f"held {first.shape} must be ({n}, {k}) admissions, 0 or more, within capacity={system.capacity}"
        )
    arrays = LossArrays(
        key=make_keys(seed, episode),
        event=np.zeros(n, np.int64),
        time_s=np.zeros(n),
        next_s=np.zeros(n),
        request=np.full(n, NOBODY, np.int32),
        held=first,
        offered=np.zeros((n, k), np.int64),
        admitted=np.zeros((n, k), np.int64),
        elapsed_s=np.zeros(n),
        unit_s=np.zeros(n),
    )
    schedule_first(params_of(system), arrays)
    return LossState(system, arrays)


def await_request(state: LossState, until_s: float = math.inf) -> None:
    """Move every replica to its next request, or to ``until_s`` if that comes first, in place.

    A replica that already has a request at its door stays there until it is answered.

    Raises:
        ValueError: if ``until_s`` is not a number.
    """
    await_requests(params_of(state.system), state.arrays, _time("until_s", until_s))


def answer_request(state: LossState, admit: Bool) -> None:
    """Admit or refuse the request at each replica's door, in place; time does not pass.

    What does not fit is refused and counted so; where nobody waits the answer is ignored.

    Raises:
        ValueError: if ``admit`` is not (B,) bool.
    """
    if admit.shape != (state.n_replicas,) or admit.dtype != np.bool_:
        raise ValueError(f"admit is {admit.dtype} {admit.shape}; give bool ({state.n_replicas},)")
    answer_requests(params_of(state.system), state.arrays, np.ascontiguousarray(admit))


def run_table(state: LossState, table: Bool, until_s: float) -> None:
    """Move every replica to ``until_s`` in place, answering all requests from an admission table.

    Args:
        state: B replicas.
        table: (*shape, K), as ``states.py`` describes.
        until_s: finite; replicas that are past it already stay.

    Raises:
        ValueError: if the table is not one of this system, or ``until_s`` is not finite.
    """
    if not math.isfinite(until_s):
        raise ValueError(f"until_s={until_s} must be finite: the run would never end")
    flat = np.ascontiguousarray(checked_table(state.system, table)).reshape(-1, state.system.n_classes)
    strides = table_strides(state.system)
    follow_table(params_of(state.system), state.arrays, flat, strides, float(until_s))


def _time(name: str, value: float) -> float:
    if math.isnan(value):
        raise ValueError(f"{name}={value} is not a time: give seconds, or math.inf to wait for every request")
    return float(value)


def clear_sums(state: LossState) -> None:
    """Begin the sums anew, in place, as after a warm-up; time and admissions in service stay."""
    for sums in (state.arrays.offered, state.arrays.admitted, state.arrays.elapsed_s, state.arrays.unit_s):
        sums.fill(0)
