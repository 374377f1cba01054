"""The simulated network: one replica of the twin's code with parameters and randomness of its own.

What controls it sees reports and read-backs only, as it would see of a real network.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np

from ..twin.advance import advance
from ..twin.carrier import N_CARRIER_STATES, CarrierState
from ..twin.command import Command
from ..twin.kernels.layout import SurgeField
from ..twin.kpis import Kpis
from ..twin.params import Params
from ..twin.reporting import ReportHistory, report
from ..twin.state import begin, gather_crowd, open_period
from .actuator_faults import WRITE_FAULTS, ActuatorFaults, distort
from .protocol import (
    CARRIER_STATE,
    CONTROLLER,
    Change,
    NetworkUnavailable,
    ObjectState,
    Patch,
    Receipt,
    UnknownObject,
    VersionConflict,
)

INJECTED_SLOT = 1  # of the surge table; slot 0 belongs to the scenario's law
_KEPT_RECEIPTS = 10_000


class MovableClock(Protocol):
    """The clock of a simulated network: it moves when the network does."""

    def advance(self, seconds: float) -> None:
        """Let the clock run."""
        ...


class SimulatedNetwork:
    """A network to control, in simulated time; implements `Network`.

    Args:
        params: the plant; a reality gap makes them differ from the twin's.
        seed: names the plant's random streams.
        clock: moved by `wait`.
        episode: another day of the same seed.
    """

    def __init__(self, params: Params, seed: int, clock: MovableClock, episode: int = 0) -> None:
        self._params, self._clock = params, clock
        self._names = tuple(cell.name for cell in params.cells)
        factory = ObjectState(int(CarrierState.ACTIVE), 0, "factory")
        self._objects = dict.fromkeys(self._names, factory)
        self._receipts: dict[str, tuple[Patch, Receipt]] = {}
        self._faults = ActuatorFaults()
        self._state = begin(params, np.array([seed], np.int64), np.array([episode], np.int64))
        self._history = ReportHistory.empty()
        self._steps_in_period = 0
        self._state.arrays.step[:] = -self._steps_per_period  # so that the first period ends at midnight
        self._move(self._steps_per_period)

    @property
    def cells(self) -> tuple[str, ...]:
        """Object ids of the cells, in the order of the arrays in `Kpis`."""
        return self._names

    def observe(self) -> Kpis:
        """Return the latest report; there always is one, because construction runs a warm-up period."""
        return self._report.copy()

    def read(self, objects: Sequence[str]) -> Mapping[str, ObjectState]:
        """Read objects back; UnknownObject names those that do not exist."""
        self._strike("unreachable")
        self._require_known(objects)
        return {name: self._objects[name] for name in objects}

    def apply(self, patch: Patch, idempotency_key: str) -> Receipt:
        """Apply a patch as `Network.apply` says, except for the faults that were injected."""
        if idempotency_key in self._receipts:
            return self._repeat(patch, idempotency_key)
        self._require_applicable(patch)
        fault = self._strike(*WRITE_FAULTS)
        for change in distort(fault, patch.changes, self._names):
            self._set(change.object_id, change.value, CONTROLLER)
        receipt = Receipt(idempotency_key, tuple(change.object_id for change in patch.changes), False)
        self._keep(patch, receipt)
        if fault == "timeout_but_applied":
            raise NetworkUnavailable("no answer from the network; read back or repeat with the same key")
        return receipt

    def edit(self, object_id: str, value: int, who: str) -> None:
        """Write an object as a person would, past the gate."""
        self._require_known([object_id])
        _require_state(object_id, value)
        self._set(object_id, value, who)

    def inject(self, faults: ActuatorFaults) -> None:
        """Make the next calls fail; replaces the faults that are left."""
        self._faults = faults

    def inject_surge(
        self, venue: int, onset_in_s: float, ramp_s: float, hold_s: float, peak_mbps: float
    ) -> None:
        """Send a crowd to a venue of the scenario; replaces the one injected before."""
        venues = len(self._params.scenario.surge.venues)
        if not 0 <= venue < venues:
            raise ValueError(f"venue={venue}; the scenario has venues 0..{venues - 1}")
        for name, value in {"onset_in_s": onset_in_s, "hold_s": hold_s, "peak_mbps": peak_mbps}.items():
            if not 0 <= value < math.inf:
                raise ValueError(f"{name}={value}; give a finite number of 0 or more")
        if not 0 < ramp_s < math.inf:
            raise ValueError(f"ramp_s={ramp_s}; give a positive, finite number")
        surge = self._state.arrays.surge[0, INJECTED_SLOT]
        surge[SurgeField.ONSET_S] = self._now_s + onset_in_s
        surge[SurgeField.RAMP_S], surge[SurgeField.HOLD_S] = ramp_s, hold_s
        surge[SurgeField.PEAK_MBPS], surge[SurgeField.VENUE] = peak_mbps, venue
        gather_crowd(self._params, self._state, np.array([0]), INJECTED_SLOT)

    def wait(self, seconds: float) -> None:
        """Let time pass under the configured states, with one report at the end of each control period.

        Raises:
            ValueError: if `seconds` is not a whole number of twin steps.
        """
        step_s = self._params.scenario.timing.twin_step_s
        if not 0 <= seconds < math.inf or not math.isclose(seconds / step_s, round(seconds / step_s)):
            raise ValueError(f"seconds={seconds} is not a whole number of twin steps of {step_s} s")
        left = round(seconds / step_s)
        while left > 0:
            steps = min(left, self._steps_per_period - self._steps_in_period)
            self._move(steps)
            self._clock.advance(steps * step_s)
            left -= steps

    def measured(self) -> Kpis:
        """Return the true measurement of the last whole period; for reports after the fact only."""
        return self._history.truth.copy()

    @property
    def _steps_per_period(self) -> int:
        return self._params.scenario.timing.steps_per_period

    @property
    def _now_s(self) -> float:
        return float(self._state.arrays.step[0]) * self._params.scenario.timing.twin_step_s

    def _move(self, steps: int) -> None:
        if self._steps_in_period == 0:
            open_period(self._state)
        configured = Command.of([self._objects[name].value for name in self._names])
        advance(self._params, self._state, configured, steps)
        self._steps_in_period = (self._steps_in_period + steps) % self._steps_per_period
        if self._steps_in_period == 0:
            self._report = report(self._params, self._state, self._history)

    def _set(self, object_id: str, value: int, who: str) -> None:
        self._objects[object_id] = ObjectState(value, self._objects[object_id].version + 1, who)

    def _strike(self, *kinds: str) -> str:
        fault = self._faults.next_of(*kinds)
        self._faults = self._faults.less(fault)
        if fault == "unreachable":
            raise NetworkUnavailable("no answer from the network; try again")
        return fault

    def _repeat(self, patch: Patch, key: str) -> Receipt:
        known, receipt = self._receipts[key]
        if known != patch:
            raise ValueError(f"idempotency_key={key!r} belongs to another patch; a new patch needs a new key")
        return replace(receipt, repeated=True)

    def _keep(self, patch: Patch, receipt: Receipt) -> None:
        self._receipts[receipt.key] = (patch, receipt)
        if len(self._receipts) > _KEPT_RECEIPTS:
            del self._receipts[next(iter(self._receipts))]

    def _require_known(self, objects: Sequence[str]) -> None:
        unknown = [name for name in objects if name not in self._objects]
        if unknown:
            raise UnknownObject(
                f"{unknown[0]!r} is no object of this network; it has {', '.join(self._names)}"
            )

    def _require_applicable(self, patch: Patch) -> None:
        self._require_known([change.object_id for change in patch.changes])
        for change in patch.changes:
            self._require_change(change)

    def _require_change(self, change: Change) -> None:
        if change.attribute != CARRIER_STATE:
            raise UnknownObject(f"{change.object_id}.{change.attribute} is not writable; use {CARRIER_STATE}")
        _require_state(change.object_id, change.value)
        found = self._objects[change.object_id]
        if found.version != change.expected_version:
            raise VersionConflict(
                f"{change.object_id} has version {found.version} (by {found.last_writer}), "
                f"expected {change.expected_version}; read it again"
            )


def _require_state(object_id: str, value: int) -> None:
    if not 0 <= value < N_CARRIER_STATES:
        raise ValueError(f"{object_id}.{CARRIER_STATE}={value} is outside 0..{N_CARRIER_STATES - 1}")
