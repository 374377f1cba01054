"""What every controlled network offers: measurements, versioned objects to read back, one way to write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from ..twin.kpis import Kpis

CARRIER_STATE = "carrierState"  # attribute of an NRCellDU (TS 28.541); its value is a CarrierState
CONTROLLER = "ranrein"  # last_writer of everything that was written through `Network.apply`


class NetworkError(Exception):
    """Base of everything a network may answer instead of what was asked."""


class VersionConflict(NetworkError):
    """Compare-and-set failed: somebody wrote the object since it was read. Nothing was applied."""


class UnknownObject(NetworkError):
    """No such object, or no such writable attribute. Nothing of the patch was applied."""


class NetworkUnavailable(NetworkError):
    """No answer. Whether a patch was applied is unknown: read back, or repeat with the same key."""


@dataclass(frozen=True)
class ObjectState:
    """The attribute of one object, as read back; the version grows with every write by anybody."""

    value: int
    version: int
    last_writer: str


@dataclass(frozen=True)
class Change:
    """Set one attribute, provided that the object still has the expected version."""

    object_id: str
    attribute: str
    value: int
    expected_version: int


@dataclass(frozen=True)
class Patch:
    """Changes that are checked together and applied together.

    Raises:
        ValueError: if an object is named twice.
    """

    changes: tuple[Change, ...]

    def __post_init__(self) -> None:
        names = [change.object_id for change in self.changes]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"changes name {', '.join(twice)} more than once; give one change per object")


@dataclass(frozen=True)
class Receipt:
    """What the network says it did with a patch; only a read-back shows what it really did."""

    key: str
    applied: tuple[str, ...]  # object ids
    repeated: bool  # the key was known: this is the answer of then, and nothing was done now


class Network(Protocol):
    """A controlled network; every call may raise NetworkUnavailable."""

    def observe(self) -> Kpis:
        """Return the latest report, B = 1; NetworkUnavailable before the first one."""
        ...

    def read(self, objects: Sequence[str]) -> Mapping[str, ObjectState]:
        """Read objects back; UnknownObject names the first that does not exist."""
        ...

    def apply(self, patch: Patch, idempotency_key: str) -> Receipt:
        """Apply a patch if every version is as expected; repeating a key repeats the receipt, not the effect.

        Raises:
            VersionConflict: if an object was written since; nothing is applied.
            UnknownObject: if an object or attribute does not exist; nothing is applied.
        """
        ...
