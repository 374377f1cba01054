"""One change of the network as plain data: what stood before, what was asked, and what has become of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..network.protocol import CARRIER_STATE, CONTROLLER, Change, ObjectState, Patch
from ..twin.canonical import digest_of
from ..twin.carrier import N_CARRIER_STATES, CarrierState
from .rollback import capacity_first, human_conflicts

Json = Mapping[str, Any]


@dataclass(frozen=True)
class ChangeSet:
    """What one submission changes; `before` holds every cell, so that stray writes are seen too."""

    key: str
    step: int
    before: Mapping[str, ObjectState]
    changes: tuple[Change, ...]  # those that give capacity first

    @property
    def inverse(self) -> dict[str, int]:
        """Values that undo the change without removing capacity, by object id."""
        values = {change.object_id: change.value for change in self.changes}
        return {name: self.before[name].value for name in values if self.before[name].value < values[name]}

    @property
    def intended(self) -> dict[str, ObjectState]:
        """The changed objects as they should stand afterwards."""
        return {
            change.object_id: ObjectState(change.value, change.expected_version + 1, CONTROLLER)
            for change in self.changes
        }

    def patches(self) -> list[Patch]:
        """Return the changes in the order of application: what gives capacity, then what takes it away."""
        deeper = [change for change in self.changes if change.value > self.before[change.object_id].value]
        waking = [change for change in self.changes if change not in deeper]
        return [Patch(tuple(part)) for part in (waking, deeper) if part]

    def mismatches(self, now: Mapping[str, ObjectState], patches: Sequence[Patch]) -> list[str]:
        """Describe every object that is not as it should be after these patches; others may edit others."""
        done = {change.object_id for patch in patches for change in patch.changes}
        intended = self.intended
        found = []
        for name, old in self.before.items():
            wanted = intended[name] if name in done else old
            ours = name in intended or now[name].last_writer == CONTROLLER
            if now[name] != wanted and ours:
                found.append(f"{name} is {_shown(now[name])} instead of {_shown(wanted)}")
        return found

    def conflicts(self, now: Mapping[str, ObjectState]) -> tuple[str, ...]:
        """Name the changed objects that somebody else wrote since; theirs is kept."""
        return human_conflicts(self.intended, now)

    def restoration(self, now: Mapping[str, ObjectState]) -> tuple[Change, ...]:
        """Return what is still to be undone: whatever we wrote, on any object, that took capacity away."""
        ours = (name for name, old in self.before.items() if _written_by_us(old, now[name]))
        targets = {name: min(self.before[name].value, known_state(now[name].value)) for name in ours}
        return tuple(
            Change(name, CARRIER_STATE, value, now[name].version)
            for name, value in targets.items()
            if value != now[name].value
        )

    def is_untouched(self, now: Mapping[str, ObjectState]) -> bool:
        """Tell whether nothing of it has reached the network."""
        return not any(_written_by_us(old, now[name]) for name, old in self.before.items())

    def as_json(self) -> dict[str, object]:
        """Return the set as JSON data, with its inverse."""
        before = {name: [old.value, old.version, old.last_writer] for name, old in self.before.items()}
        return {
            "key": self.key, "step": self.step, "before": before,
            "changes": [changed_json(change) for change in self.changes], "inverse": self.inverse,
        }  # fmt: skip

    @staticmethod
    def from_json(data: Json) -> ChangeSet:
        """Read back what `as_json` wrote."""
        before = {name: ObjectState(*old) for name, old in data["before"].items()}
        changes = tuple(
            Change(row["object"], row["attribute"], row["value"], row["expected_version"])
            for row in data["changes"]
        )
        return ChangeSet(data["key"], data["step"], before, changes)


def changed_json(change: Change) -> dict[str, object]:
    """Return a change as JSON data."""
    return {
        "object": change.object_id, "attribute": change.attribute, "value": change.value,
        "expected_version": change.expected_version,
    }  # fmt: skip


def plan(
    before: Mapping[str, ObjectState], wanted: Mapping[str, int], step: int, identity: Json
) -> ChangeSet:
    """Work out what has to change; the key is the digest of identity (loop, epoch), step and changes."""
    values = {name: old.value for name, old in before.items()}
    changes = tuple(
        Change(name, CARRIER_STATE, wanted[name], old.version)
        for name, old in before.items()
        if wanted[name] != old.value
    )
    ordered = capacity_first(changes, values)
    key = digest_of({**identity, "step": step, "changes": [changed_json(change) for change in ordered]})
    return ChangeSet(key, step, before, ordered)


def _written_by_us(old: ObjectState, now: ObjectState) -> bool:
    return now != old and now.last_writer == CONTROLLER


def known_state(value: int) -> int:
    """Take a value that no carrier knows for deep sleep: it can only be woken from it."""
    return value if 0 <= value < N_CARRIER_STATES else int(CarrierState.DEEP_SLEEP)


def _shown(found: ObjectState) -> str:
    return f"{found.value} (version {found.version} by {found.last_writer})"
