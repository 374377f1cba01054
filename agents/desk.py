"""Where people meet the loop: the same calls from the socket, the demo and the tests."""

from __future__ import annotations

import logging

import numpy as np

from ..safety.audit import AuditUnavailable
from ..safety.clock import Clock
from ..safety.lifecycle import Mode
from ..twin.sla import CONSTRAINTS, margins
from .authorisation import Answer
from .loop import ACTING, OperatingLoop
from .loop_parts import number

logger = logging.getLogger(__name__)


class LoopDesk:
    """Implements ``control.LoopHandle`` for an ``OperatingLoop``.

    Args:
        loop: the loop.
        clock: wall clock for approvals.
    """

    def __init__(self, loop: OperatingLoop, clock: Clock) -> None:
        self._loop, self._clock = loop, clock

    def request_mode(self, person: str, role: str, mode: str, reason: str) -> Answer:
        """Ask for another loop mode."""
        keeper = self._loop.parts.keeper
        before = keeper.mode
        answer = keeper.ask(person, role, mode.upper(), reason, self._loop.facts(), self._clock.utc())
        self._moved(before)
        return answer

    def approve(self, person: str, role: str, request_id: str) -> Answer:
        """Consent to a waiting request, as another person."""
        keeper = self._loop.parts.keeper
        before = keeper.mode
        answer = keeper.approve(person, role, request_id, self._loop.facts(), self._clock.utc())
        self._moved(before)
        return answer

    def advise_list(self) -> Answer:
        """Return the open recommendations."""
        period = self._loop.at.period
        return {"recommendations": [made.as_json(period) for made in self._loop.advice.current(period)]}

    def advise_accept(self, person: str, role: str, recommendation_id: str) -> Answer:
        """Carry a recommendation out, if it has not expired and the shield still agrees now."""
        loop, period = self._loop, self._loop.at.period
        made = loop.advice.take(recommendation_id, period)
        if made is None:
            return self._refused(
                person, role, recommendation_id, "it has expired or was replaced; list them again"
            )
        if loop.authority().mode.rank < Mode.ADVISORY.rank:
            return self._refused(person, role, recommendation_id, f"authority is {loop.authority().mode}")
        decision = loop.parts.supervisor.judge_again(made.command)
        if not np.array_equal(decision.applied.carrier_state, made.command.carrier_state):
            return self._refused(person, role, recommendation_id, "the shield no longer agrees with it")
        said = loop.apply(made.command, Mode.ADVISORY, f"recommendation {made.id} accepted by {person}")
        granted = said.startswith("PENDING")
        self._note(
            "advice_accepted" if granted else "advice_refused", person, role, {"id": made.id, "outcome": said}
        )
        return {"granted": granted, "outcome": said, **({} if granted else {"refusals": [said]})}

    def advise_reject(self, person: str, role: str, recommendation_id: str, reason: str) -> Answer:
        """Set a recommendation aside."""
        made = self._loop.advice.take(recommendation_id, self._loop.at.period)
        if made is None:
            return self._refused(person, role, recommendation_id, "it has expired or was replaced")
        self._note("advice_rejected", person, role, {"id": made.id, "reason": reason})
        return {"granted": True}

    def stop(self, person: str, role: str, reason: str) -> Answer:
        """Stop at once; idempotent. On LOCKED it changes nothing."""
        loop = self._loop
        before = loop.mode
        answer = loop.parts.keeper.ask(
            person, role, Mode.SAFE_STOP, reason or "stop", loop.facts(), self._clock.utc()
        )
        if loop.mode is Mode.SAFE_STOP and before is not Mode.SAFE_STOP:
            answer = {**answer, "outcome": loop.wake_all(Mode.SAFE_STOP, f"stop by {person}: {reason}")}
        self._moved(before)
        return answer

    def status(self) -> Answer:
        """Return where the loop stands."""
        loop, latest = self._loop, self._loop.at.latest
        authority = loop.authority()
        answer: Answer = {
            "mode": str(loop.mode),
            "authority": str(authority.mode),
            "limited by": [f"{limit.name}: {limit.reason}" for limit in authority.limits],
            "policy": str(loop.parts.policy_state),
            "period": loop.at.period,
            "shadow decisions": f"{loop.at.shadow_decisions} of {loop.settings.needed_shadow_decisions}",
            "waiting": [f"{r.id}: {r.target} ({r.reason})" for r in loop.parts.keeper.waiting.values()],
        }
        if latest is not None:
            margin = margins(latest.kpis, loop.params.scenario.sla)[0]
            answer["margins"] = {name: number(m, 4) for name, m in zip(CONSTRAINTS, margin, strict=True)}
            answer["power W"] = number(latest.kpis.total_power_w[0], 1)
            answer["outcome"] = latest.outcome
        return answer

    def denied(self, who: str, verb: str, code: str, text: str) -> None:
        """Record a refused request."""
        self._note("request_denied", who, "unproven", {"verb": verb, "code": code, "text": text})

    def _moved(self, before: Mode) -> None:
        """After a change of mode the dwell begins anew; a loop that no longer acts or watches gives capacity back."""
        loop = self._loop
        if loop.mode is before:
            return
        loop.parts.keeper.since_period = loop.at.period
        ended = before in ACTING and loop.mode in (Mode.SHADOW, Mode.ADVISORY)
        if ended or loop.mode is Mode.LOCKED:
            loop.give_back(f"{before} ended: give capacity back")

    def _refused(self, person: str, role: str, name: str, why: str) -> Answer:
        self._note("advice_refused", person, role, {"id": name, "reason": why})
        return {"granted": False, "refusals": [why]}

    def _note(self, kind: str, actor: str, role: str, body: dict[str, object]) -> None:
        """Write a record that must not stop a refusal; what acts was recorded by the gate before it acted."""
        try:
            self._loop.parts.audit.append(kind, actor, role, body)
        except AuditUnavailable as error:
            logger.error("not recorded (%s): %s by %s, %s: %s", error, kind, actor, role, body)
