"""What the gate says and what it writes down: outcomes, the pending change, records in the audit log."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from ..network.protocol import Change
from .audit import AuditLog, AuditUnavailable
from .change_set import ChangeSet, Json

INTENT, VERIFIED, REVERTING, FAULT = "gate_intent", "gate_verified", "gate_reverting", "gate_fault"
CONFIRMED, REVERTED, ABORTED = "gate_confirmed", "gate_reverted", "gate_aborted"
REFUSED, NOTHING = "gate_refused", "gate_nothing"
FINAL = (CONFIRMED, REVERTED, ABORTED)
_LOG = logging.getLogger(__name__)


class Status(StrEnum):
    """How a call to the gate ended."""

    NOTHING_TO_DO = "NOTHING_TO_DO"
    PENDING = "PENDING"  # applied and verified; confirm it or it is undone
    CONFIRMED = "CONFIRMED"
    REFUSED = "REFUSED"  # nothing was written
    REVERTED = "REVERTED"  # what had been written was undone
    CONFLICT = "CONFLICT"  # somebody else wrote the same objects; theirs is kept, ours is undone
    FAULT = "FAULT"  # could not be undone yet; `tick` keeps trying


@dataclass(frozen=True)
class Outcome:
    """Result of a call, and why."""

    status: Status
    key: str = ""
    changes: tuple[Change, ...] = ()
    reason: str = ""


@dataclass(frozen=True)
class Pending:
    """A change that is neither confirmed nor undone."""

    change_set: ChangeSet
    deadline_s: float  # monotonic
    reason: str
    owes_restore: bool = False  # undoing it began and is not finished

    @property
    def key(self) -> str:
        """Name of the change, for `confirm`."""
        return self.change_set.key


class Journal:
    """The gate's side of the audit log."""

    def __init__(self, audit: AuditLog) -> None:
        self._audit = audit

    def write(self, kind: str, body: Mapping[str, object]) -> None:
        """Write a record that must be on disk before anything else happens; AuditUnavailable if it is not."""
        self._audit.append(kind, "gate", "service", body)

    def note(self, kind: str, body: Mapping[str, object]) -> None:
        """Write a record that must not stop a refusal or the return to safety when the log is broken."""
        try:
            self.write(kind, body)
        except AuditUnavailable:
            _LOG.exception("not recorded: %s %s", kind, body)


def unfinished(records: Iterable[Json]) -> ChangeSet | None:
    """Return the last change that was intended and has no final record."""
    left: Json | None = None
    for record in records:
        if record["kind"] == INTENT:
            left = record["body"]
        elif record["kind"] in FINAL and left is not None and record["body"]["key"] == left["key"]:
            left = None
    return None if left is None else ChangeSet.from_json(left)
