"""Who asked for which mode, who consented, and what the loop may do now."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from ..safety.audit import AuditUnavailable
from ..safety.files import replace as replace_file
from ..safety.guards import Approval, Facts, binding_approvals
from ..safety.lifecycle import Mode, Outcome, Trigger, mode_at_start, next_mode
from ..twin.canonical import canonical_bytes, digest_of

Answer = dict[str, object]
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class ModeRequest:
    """A wish for a mode, waiting for the people it needs."""

    id: str  # digest of exactly this request
    target: Mode
    reason: str
    approvals: tuple[Approval, ...]


@dataclass
class ModeKeeper:
    """Holds the loop's mode; it changes through the table of ``safety.lifecycle`` alone.

    Without an audit record nobody goes up; a stop, a step down and what the loop does by itself wait for no record.

    Args:
        path: where the mode is kept across restarts.
        record: writes an audit record (kind, actor, role, body).
        mode: the present one.
    """

    path: Path
    record: Callable[[str, str, str, Mapping[str, object]], object]
    mode: Mode
    version: int = 0
    since_period: int = 0
    waiting: dict[str, ModeRequest] = field(default_factory=dict)
    saved: int = -1  # version that is on disk

    def ask(self, person: str, role: str, target: str, reason: str, facts: Facts, now: datetime) -> Answer:
        """Ask for a mode in somebody's name; an upward step may wait for a second person."""
        if target not in list(Mode):
            return {"granted": False, "refusals": [f"unknown mode {target!r}; use one of {', '.join(Mode)}"]}
        wanted = Mode(target)
        name = digest_of({"from": self.mode, "to": wanted, "version": self.version, "reason": reason})[:12]
        request = self.waiting.get(name, ModeRequest(name, wanted, reason, ()))
        return self._answered(request, person, role, facts, now)

    def approve(self, person: str, role: str, name: str, facts: Facts, now: datetime) -> Answer:
        """Consent to a waiting request."""
        request = self.waiting.get(name)
        if request is None:
            self._note("mode_refused", person, role, {"request": name, "refusals": ["no such request"]})
            why = f"no request {name!r} is waiting; it was decided or the mode changed"
            return {"granted": False, "refusals": [why]}
        return self._answered(request, person, role, facts, now)

    def by_itself(self, target: Mode, reason: str, facts: Facts) -> bool:
        """Change mode automatically; False when the table does not allow it. Waits for no record."""
        outcome = next_mode(self.mode, target, facts, (), Trigger.AUTOMATIC)
        if outcome.granted:
            self._note("mode_changed", "loop", "service", self._move(Mode(outcome.value), reason, ["loop"]))
        else:
            refusals = list(outcome.refusals)
            self._note("mode_refused", "loop", "service", {"reason": reason, "refusals": refusals})
        return outcome.granted

    def _answered(self, request: ModeRequest, person: str, role: str, facts: Facts, now: datetime) -> Answer:
        try:
            return self._consent(request, person, role, facts, now)
        except AuditUnavailable as error:
            self.waiting.pop(request.id, None)
            return {"granted": False, "refusals": [f"no audit, no way up: {error}"]}

    def _consent(self, request: ModeRequest, person: str, role: str, facts: Facts, now: datetime) -> Answer:
        given = Approval(person, role, request.id, now)
        others = tuple(a for a in request.approvals if a.person != person)
        request = replace(request, approvals=(*others, given))
        facts = replace(facts, reason=request.reason)
        binding = binding_approvals(request.approvals, request.id, now)
        outcome = next_mode(self.mode, request.target, facts, binding)
        if outcome.granted:
            self._settle(Mode(outcome.value), person, role, request.reason, [a.person for a in binding])
            return {"granted": True, "mode": str(self.mode)}
        return self._refuse(request, outcome, person, role)

    def _refuse(self, request: ModeRequest, outcome: Outcome, person: str, role: str) -> Answer:
        """Keep a request that lacks nothing but people; refuse any other."""
        lacking = [text for text in outcome.refusals if not text.startswith("approvals:")]
        self.record("mode_refused" if lacking else "mode_requested", person, role,
                    {"from": self.mode, "to": request.target, "request": request.id, "reason": request.reason,
                     "refusals": list(outcome.refusals)})  # fmt: skip
        if lacking:
            self.waiting.pop(request.id, None)
            return {"granted": False, "refusals": list(outcome.refusals)}
        self.waiting[request.id] = request
        return {"granted": False, "pending": request.id, "refusals": list(outcome.refusals)}

    def _settle(self, target: Mode, person: str, role: str, reason: str, people: list[str]) -> None:
        """Change mode in people's name; AuditUnavailable, changing nothing, for a way up without a record."""
        if target.rank > self.mode.rank:
            self.record("mode_changed", person, role, self._change(target, reason, people))
            self._move(target, reason, people)
        else:
            self._note("mode_changed", person, role, self._move(target, reason, people))

    def _change(self, target: Mode, reason: str, people: list[str]) -> dict[str, object]:
        return {"from": self.mode, "to": target, "reason": reason, "people": people}

    def _move(self, target: Mode, reason: str, people: list[str]) -> dict[str, object]:
        """Take the mode and return what the record says of it."""
        change = self._change(target, reason, people)
        self.mode = target
        self.version += 1
        self.waiting.clear()
        self.keep()
        return change

    def _note(self, kind: str, actor: str, role: str, body: Mapping[str, object]) -> None:
        """Write a record that must not stop a refusal or a step down."""
        try:
            self.record(kind, actor, role, body)
        except AuditUnavailable as error:
            logger.error("not recorded (%s): %s by %s, %s: %s", error, kind, actor, role, dict(body))

    def keep(self) -> None:
        """Keep the mode for a restart, unless it is kept; what fails now is tried again at the next call."""
        if self.saved == self.version:
            return
        try:
            self.save()
        except OSError as error:
            logger.error("mode %s is not kept in %s: %s", self.mode, self.path, error)

    def save(self) -> None:
        """Keep the mode for a restart; OSError when that cannot be done."""
        replace_file(self.path, canonical_bytes({"mode": self.mode, "version": self.version}))
        self.saved = self.version


def stored_mode(path: Path) -> Mode:
    """Return the mode a starting loop may have: the stored one, never above ADVISORY."""
    text = path.read_text(encoding="utf-8") if path.exists() else None
    return mode_at_start(None if text is None else _mode_in(text))


def _mode_in(text: str) -> str:
    """Read the mode of a state file; an unreadable one is an unknown mode, which starts in FAULT."""
    parts = text.split('"mode":"')
    return parts[1].split('"')[0] if len(parts) == 2 else ""
