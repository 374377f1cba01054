"""Where to go back to, and how: snapshots, the choice among them, and the rules of restoring.

Restoring never removes capacity, gives it back before it moves load, and leaves alone what a person edited.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from ..network.protocol import CONTROLLER, Change, ObjectState
from ..twin.carrier import CarrierState
from ..twin.command import Command

RING_CAPACITY = 20
HEALTHY_PERIODS = 3
FACTORY_SAFE = "factory-safe"
BACKUP = "backup"


@dataclass(frozen=True)
class Snapshot:
    """A whole configuration, by object id."""

    time_s: float  # of the clock that is used for all snapshots of a ring
    values: Mapping[str, int]  # CarrierState
    versions: Mapping[str, int]
    source: str  # who or what had made it

    @staticmethod
    def of(time_s: float, objects: Mapping[str, ObjectState], source: str) -> Snapshot:
        """Keep what was read back."""
        values = {name: found.value for name, found in objects.items()}
        return Snapshot(time_s, values, {name: found.version for name, found in objects.items()}, source)

    @staticmethod
    def factory_safe(objects: Mapping[str, ObjectState]) -> Snapshot:
        """Return the configuration in which every carrier serves."""
        values = dict.fromkeys(objects, int(CarrierState.ACTIVE))
        return Snapshot(0.0, values, dict.fromkeys(objects, 0), FACTORY_SAFE)


class SnapshotRing:
    """The last-known-good configurations, newest first, and the factory-safe one, which never drops out."""

    def __init__(
        self, factory_safe: Snapshot, capacity: int = RING_CAPACITY, healthy_periods: int = HEALTHY_PERIODS
    ) -> None:
        """A configuration is good after it was in force for `healthy_periods` (>= 1) without harm."""
        if not (capacity >= 1 and healthy_periods >= 1):
            raise ValueError(
                f"capacity={capacity}, healthy_periods={healthy_periods}; give at least 1 of each"
            )
        self._factory_safe = factory_safe
        self._good: deque[Snapshot] = deque(maxlen=capacity)
        self._needed = healthy_periods
        self._watched: Snapshot | None = None
        self._healthy = 0

    def __iter__(self) -> Iterator[Snapshot]:
        yield from reversed(self._good)
        yield self._factory_safe

    @property
    def last_known_good(self) -> Snapshot:
        """The newest configuration that stayed healthy long enough."""
        return next(iter(self))

    def watch(self, snapshot: Snapshot, is_healthy: bool) -> None:
        """Report the configuration in force and whether its period went well; call once per period.

        A period that is not known to be healthy (anything but True) starts the count again.
        """
        same = self._watched is not None and self._watched.values == snapshot.values
        self._healthy = (self._healthy if same else 0) + 1 if is_healthy is True else 0
        self._watched = snapshot
        if self._healthy >= self._needed:
            self._keep(snapshot)

    def _keep(self, snapshot: Snapshot) -> None:
        if self._good and self._good[-1].values == snapshot.values:
            self._good.pop()
        self._good.append(snapshot)


@dataclass(frozen=True)
class Target:
    """Where to roll back to."""

    command: Command  # (1, C), in the order of the current values
    source: str  # of the snapshot, or "backup"
    snapshot: Snapshot | None  # None for the backup


def choose_target(
    ring: SnapshotRing, current_values: Mapping[str, int], passes: Callable[[Command], bool]
) -> Target:
    """Return the newest snapshot whose restoration passes, else the backup: wake everything.

    Args:
        ring: what was good once.
        current_values: carrier states in force, by object id, in the order of the cells.
        passes: the recoverability check on the present belief; anything but True is a refusal.
    """
    current = Command.of(list(current_values.values()))
    for snapshot in ring:
        wanted = [snapshot.values.get(name, int(CarrierState.ACTIVE)) for name in current_values]
        command = restore_command(current, Command.of(wanted))
        if passes(command) is True:
            return Target(command, snapshot.source, snapshot)
    return Target(Command.all_active(1, len(current_values)), BACKUP, None)


def restore_command(current: Command, target: Command) -> Command:
    """Return the command towards `target` that takes no capacity away: the more awake state of each cell."""
    return Command(np.minimum(current.carrier_state, target.carrier_state))


def capacity_first(changes: tuple[Change, ...], current_values: Mapping[str, int]) -> tuple[Change, ...]:
    """Order changes so that everything that gives capacity comes before anything that takes it away."""
    return tuple(sorted(changes, key=lambda change: change.value > current_values[change.object_id]))


def human_conflicts(
    written: Mapping[str, ObjectState], read_back: Mapping[str, ObjectState]
) -> tuple[str, ...]:
    """Name the objects that somebody else wrote after (or instead of) us; theirs is kept.

    Args:
        written: objects as we meant to leave them.
        read_back: the same objects now.
    """
    return tuple(
        name
        for name, left in written.items()
        if read_back[name].last_writer != CONTROLLER and read_back[name].version >= left.version
    )
