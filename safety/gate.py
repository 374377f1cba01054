"""The gate: the one place from which a network is written to.

Every change runs PREPARE (here), APPLY, VERIFY, PENDING and ends confirmed or undone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from ..network.protocol import Network, NetworkError
from ..twin.command import Command
from ..twin.rules import Rules
from .actuator import Actuator, Objects
from .audit import AuditLog, AuditUnavailable
from .change_set import ChangeSet, Json, plan
from .clock import Clock
from .confirmed_commit import ConfirmedCommit
from .gate_records import NOTHING, REFUSED, Journal, Outcome, Pending, Status
from .gate_rules import (
    History,
    Permit,
    Request,
    command_in_force,
    default_confirm_s,
    fence_problems,
    form_problems,
    is_deeper,
    rule_problems,
)
from .lease import Lease
from .rollback import Snapshot, restore_command

__all__ = ["Gate", "GateSettings", "Outcome", "Pending", "Status"]


@dataclass(frozen=True)
class GateSettings:
    """What is fixed while a gate lives."""

    loop_id: str = "energy-saving"
    actuation_delay_s: float = 300.0  # longest time until a woken cell serves
    lease: Lease | None = None  # when given, a submission must carry its living epoch


class Gate:
    """Writes to one network. Call `recover` before the first submission, and `tick` about every second.

    Args:
        network: the handle; nobody else may write through it.
        rules: static rules of this network.
        audit: no record, no actuation.
        clock: monotonic time for the confirm timer.
        cells: object ids in the order of the commands' columns.
        settings: loop name, delay, lease.
    """

    def __init__(
        self,
        network: Network,
        rules: Rules,
        audit: AuditLog,
        clock: Clock,
        cells: Sequence[str],
        settings: GateSettings = GateSettings(),
    ) -> None:
        self._rules, self._clock, self._cells, self._settings = rules, clock, tuple(cells), settings
        self._actuator, self._journal = Actuator(network, cells), Journal(audit)
        self._history = History(self._cells)
        self._commit = ConfirmedCommit(self._actuator, self._journal, clock, self._history.look)

    @property
    def pending(self) -> Pending | None:
        """The change that is neither confirmed nor undone, if any."""
        return self._commit.pending

    def snapshot(self, source: str) -> Snapshot:
        """Read the whole configuration back; NetworkUnavailable when that fails."""
        return Snapshot.of(self._clock.monotonic_s(), self._actuator.read(), source)

    def submit(
        self,
        command: Command,
        authority_mode: str,
        reason: str,
        confirm_timeout_s: float | None,
        step: int,
        epoch: int | None = None,
    ) -> Outcome:
        """Carry a command out, up to PENDING, or say why not; raises for nothing that is in the request.

        Args:
            command: one replica.
            authority_mode: effective authority of this very moment, a loop mode.
            reason: for the record.
            confirm_timeout_s: until the change undoes itself, at most 600; None for three actuation delays.
            step: number of the control period; never smaller than the one before.
            epoch: fencing token, needed when the gate has a lease.
        """
        default_s = default_confirm_s(self._settings.actuation_delay_s)
        timeout_s = default_s if confirm_timeout_s is None else confirm_timeout_s
        request = Request(command, authority_mode, reason, timeout_s, step, epoch)
        try:
            return self._prepare(request)
        except AuditUnavailable as error:
            return Outcome(Status.REFUSED, reason=f"no audit, no actuation: {error}")
        except NetworkError as error:
            return self._refuse(request, [f"the network could not be read: {error}"])

    def confirm(self, key: str) -> Outcome:
        """Keep the pending change for good; REFUSED, or undone, when its timer has run out."""
        return self._commit.confirm(key)

    def tick(self) -> Outcome | None:
        """Undo what was not confirmed in time or could not be undone before; None when nothing is due."""
        return self._commit.tick()

    def revert(self, reason: str) -> Outcome:
        """Undo the pending change now."""
        return self._commit.restore(reason)

    def recover(self, records: Iterable[Json]) -> Outcome:
        """Finish what a gate that died left behind.

        Where nothing has reached the network, the change is marked aborted; anything else is undone, never
        assumed to be right.

        Args:
            records: all records of the audit log, oldest first (`chain.read_chain` of its bytes).
        """
        return self._commit.recover(records)

    def _prepare(self, request: Request) -> Outcome:
        fenced = fence_problems(request, self._history.step, self._settings.lease)
        if problems := [*form_problems(request, len(self._cells)), *fenced]:
            return self._refuse(request, problems)
        self._history.step = request.step
        now = self._actuator.read()
        self._history.look(now)
        edited = self._history.take_edits()
        if (held := self._repeated(request)) is not None:
            return Outcome(
                Status.PENDING, held.key, held.change_set.changes, "this change is pending already"
            )
        change_set = self._plan(request, now)
        if not change_set.changes:
            self._journal.write(NOTHING, {"step": request.step, **request.described()})
            return Outcome(Status.NOTHING_TO_DO, reason="the network is as requested")
        theirs = [change.object_id for change in change_set.changes if change.object_id in edited]
        if theirs and request.permit is Permit.RULES:
            reason = f"{', '.join(theirs)} edited by others; observe the network and decide again"
            return self._refuse(request, [reason], Status.CONFLICT)
        if problems := [*self._state_problems(request, now)]:
            return self._refuse(request, problems)
        if self.pending is not None:
            return self._supersede(request)
        return self._carry_out(request, change_set)

    def _repeated(self, request: Request) -> Pending | None:
        """Return the pending change if this is the same message again."""
        held = self.pending
        if held is None or held.owes_restore or held.change_set.step != request.step:
            return None
        return held if self._plan(request, held.change_set.before).key == held.key else None

    def _plan(self, request: Request, before: Objects) -> ChangeSet:
        identity = {"loop": self._settings.loop_id, "epoch": request.epoch}
        return plan(before, request.wanted(self._cells), request.step, identity)

    def _state_problems(self, request: Request, now: Objects) -> Iterator[str]:
        yield from rule_problems(request, self._rules, self._history.precedent(now))
        if not is_deeper(request.wanted(self._cells), now):
            return
        if self.pending is not None:
            yield f"change {self.pending.key[:12]} is pending; confirm or revert it first"
        if self._history.deepened_at == request.step:
            yield f"cells were put to sleep in step {request.step} already; wait for the next one"

    def _supersede(self, request: Request) -> Outcome:
        """Give capacity back at once: undo what is pending, then wake what the request wakes beyond that."""
        undone = self._commit.restore("superseded by a request for capacity")
        if undone.status is Status.FAULT:
            return undone
        now = self._actuator.read()
        request = replace(request, command=restore_command(command_in_force(now), request.command))
        change_set = self._plan(request, now)
        return self._carry_out(request, change_set) if change_set.changes else undone

    def _carry_out(self, request: Request, change_set: ChangeSet) -> Outcome:
        if is_deeper(request.wanted(self._cells), change_set.before):
            self._history.deepened_at = request.step
        about = {"loop": self._settings.loop_id, "epoch": request.epoch, **request.described()}
        return self._commit.begin(change_set, request.confirm_timeout_s, request.reason, about)

    def _refuse(self, request: Request, problems: Iterable[str], status: Status = Status.REFUSED) -> Outcome:
        reason = "; ".join(problems)
        self._journal.note(REFUSED, {"reason": reason, "step": repr(request.step), "status": status})
        return Outcome(status, reason=reason)
