"""One change at a time: intended, applied, verified, then confirmed or undone (RFC 6241 section 8.4)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from ..network.protocol import Change, NetworkError
from .actuator import Actuator, Objects
from .audit import AuditUnavailable
from .change_set import ChangeSet, Json, changed_json
from .clock import Clock
from .gate_records import (
    ABORTED,
    CONFIRMED,
    FAULT,
    INTENT,
    REFUSED,
    REVERTED,
    REVERTING,
    VERIFIED,
    Journal,
    Outcome,
    Pending,
    Status,
    unfinished,
)


class ConfirmedCommit:
    """Holds the pending change and its timer.

    Args:
        actuator: the network.
        journal: the intent is on disk before the network hears of it, with its inverse.
        clock: monotonic time.
        look: told every read-back of a finished step.
    """

    def __init__(
        self, actuator: Actuator, journal: Journal, clock: Clock, look: Callable[[Objects], None]
    ) -> None:
        self._actuator, self._journal, self._clock, self._look = actuator, journal, clock, look
        self.pending: Pending | None = None

    def begin(
        self, change_set: ChangeSet, timeout_s: float, reason: str, about: Mapping[str, object]
    ) -> Outcome:
        """Intend, apply and verify; PENDING, or undone.

        Raises:
            AuditUnavailable: if the intent could not be recorded; nothing was written.
        """
        self._journal.write(INTENT, {**change_set.as_json(), **about, "reason": reason})
        self.pending = Pending(change_set, self._clock.monotonic_s() + timeout_s, reason)
        try:
            self._actuator.apply(change_set, self._look)
            self._journal.write(VERIFIED, {"key": change_set.key})
        except (NetworkError, AuditUnavailable) as error:
            return self.restore(f"{type(error).__name__}: {error}")
        return Outcome(Status.PENDING, change_set.key, change_set.changes, reason)

    def confirm(self, key: str) -> Outcome:
        """Keep the pending change for good, if its timer still runs."""
        held = self.pending
        if held is None or held.key != key:
            self._journal.note(REFUSED, {"reason": "confirmation of what is not pending", "key": repr(key)})
            return Outcome(Status.REFUSED, reason=f"{key!r} is not pending; it was undone or never applied")
        if held.owes_restore or not self._clock.monotonic_s() < held.deadline_s:
            return self.restore("the confirmation came too late")
        try:
            self._journal.write(CONFIRMED, {"key": key})
        except AuditUnavailable as error:
            return Outcome(Status.REFUSED, key, reason=f"not confirmed, the timer runs on: {error}")
        self.pending = None
        return Outcome(Status.CONFIRMED, key, held.change_set.changes)

    def tick(self) -> Outcome | None:
        """Undo what was not confirmed in time or could not be undone before; None when nothing is due."""
        held = self.pending
        if held is None:
            return None
        if held.owes_restore:
            return self.restore(held.reason)
        if not self._clock.monotonic_s() < held.deadline_s:
            return self.restore("the confirm timer ran out")
        return None

    def recover(self, records: Iterable[Json]) -> Outcome:
        """Finish what was left behind: aborted if nothing had reached the network, else undone."""
        left = unfinished(records)
        if left is None:
            return Outcome(Status.NOTHING_TO_DO, reason="no change was left unfinished")
        why = "found unconfirmed after a restart"
        self.pending = Pending(left, self._clock.monotonic_s(), why, owes_restore=True)
        try:
            now = self._actuator.read()
        except NetworkError as error:
            return Outcome(Status.FAULT, left.key, left.changes, f"the network could not be read: {error}")
        if left.is_untouched(now) and not left.conflicts(now):
            self._journal.note(ABORTED, {"key": left.key})
            self.pending = None
            return Outcome(Status.NOTHING_TO_DO, left.key, reason="it had not reached the network")
        return self.restore(why)

    def restore(self, reason: str) -> Outcome:
        """Undo the pending change; goes on without the log, because the intent on disk holds the inverse."""
        if self.pending is None:
            return Outcome(Status.NOTHING_TO_DO, reason="nothing is pending")
        held = self.pending = replace(self.pending, reason=reason, owes_restore=True)
        self._journal.note(REVERTING, {"key": held.key, "reason": reason})
        try:
            now, restored = self._actuator.undo(held.change_set)
        except NetworkError as error:
            failure = f"{reason}; undoing it failed: {error}"
            self._journal.note(FAULT, {"key": held.key, "reason": failure})
            return Outcome(Status.FAULT, held.key, held.change_set.changes, failure)
        return self._finish(held, now, restored)

    def _finish(self, held: Pending, now: Objects, restored: tuple[Change, ...]) -> Outcome:
        theirs = list(held.change_set.conflicts(now))
        status = Status.CONFLICT if theirs else Status.REVERTED
        rows = [changed_json(change) for change in restored]
        body = {"key": held.key, "reason": held.reason, "restored": rows, "kept": theirs, "status": status}
        self._journal.note(REVERTED, body)
        self.pending = None
        self._look(now)
        kept = f"; {', '.join(theirs)} written by others, theirs is kept" if theirs else ""
        return Outcome(status, held.key, restored, held.reason + kept)
