"""Ways in which an actuator fails while it says that all is well; for tests and drills."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from .protocol import Change


@dataclass(frozen=True)
class ActuatorFaults:
    """How many of the next calls fail in each way; ways are used up in the order of the fields."""

    ignore: int = 0  # answers OK, does nothing
    half: int = 0  # answers OK, applies the first half of the patch, rounded down
    timeout_but_applied: int = 0  # applies, then does not answer
    wrong_object: int = 0  # answers OK, applies the first change to the next object of the network
    unreachable: int = 0  # reads or writes that get no answer and have no effect

    def __post_init__(self) -> None:
        for field in fields(self):
            if not getattr(self, field.name) >= 0:
                raise ValueError(f"{field.name}={getattr(self, field.name)}; give a count of 0 or more")

    def next_of(self, *kinds: str) -> str:
        """Name the kind that strikes the next call, or "" for none."""
        return next((kind for kind in kinds if getattr(self, kind) > 0), "")

    def less(self, kind: str) -> ActuatorFaults:
        """Return the faults that are left after one of a kind."""
        return replace(self, **{kind: getattr(self, kind) - 1}) if kind else self


WRITE_FAULTS = ("ignore", "half", "timeout_but_applied", "wrong_object", "unreachable")


def distort(kind: str, changes: tuple[Change, ...], objects: tuple[str, ...]) -> tuple[Change, ...]:
    """Return what an actuator with this fault really applies."""
    if kind == "ignore":
        return ()
    if kind == "half":
        return changes[: len(changes) // 2]
    if kind == "wrong_object" and changes:
        place = objects.index(changes[0].object_id)
        stray = replace(changes[0], object_id=objects[(place + 1) % len(objects)])
        return (stray, *(change for change in changes[1:] if change.object_id != stray.object_id))
    return changes
