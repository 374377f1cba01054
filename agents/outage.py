"""What the loop does while the network does not answer or nothing can be recorded: nothing new."""

from __future__ import annotations

import logging

from ..safety.audit import AuditUnavailable
from ..safety.authority import Authority
from ..safety.lifecycle import Mode
from ..safety.sanity import MAX_AGE_PERIODS
from ..twin.command import Command
from .loop_parts import Cycle, cycle_record, no_decision, no_report
from .reactions import Loop

logger = logging.getLogger(__name__)
PAUSED = (Mode.ADVISORY, Mode.GUARDED, Mode.CLOSED_LOOP)  # the other modes apply nothing new anyway
CALLING_BACK = (Mode.FALLBACK, Mode.SAFE_STOP)  # capacity is given back, nothing else


def why(authority: Authority) -> str:
    """Name what keeps authority where it is."""
    return "; ".join(f"{limit.name}: {limit.reason}" for limit in authority.limits)


def hold(loop: Loop, reason: str) -> str:
    """Apply nothing new until a person has looked; HOLD latches, since only people lead out of it."""
    if loop.mode in PAUSED:
        loop.parts.keeper.by_itself(Mode.HOLD, reason, loop.facts())
        loop.parts.keeper.since_period = loop.at.period
    return f"nothing new is applied: {reason}"


def silent_period(loop: Loop, silence: str) -> Cycle:
    """Live through a period without an answer from the network.

    The belief moves on by prediction, and a change that nobody saw to work runs out. Sleepers stay for as long as a
    report may be old (T0); after that capacity is given back, as soon as the network can be reached.
    """
    logger.error("period %d: the network does not answer: %s", loop.at.period, silence)
    parts, at = loop.parts, loop.at
    outcome = hold(loop, f"the network does not answer: {silence}")
    at.silent_periods += 1
    if at.kpis is not None:
        parts.supervisor.miss()
    parts.gate.tick()
    if loop.mode in CALLING_BACK:
        outcome = loop.wake_all(loop.mode, f"{loop.mode}: give capacity back")
    elif at.silent_periods > MAX_AGE_PERIODS and loop.mode is not Mode.FAULT:
        outcome = loop.give_back(f"{at.silent_periods} periods without a report")
    at.precedent = parts.supervisor.memory.precedent if at.kpis is not None else None
    last = at.precedent.command if at.precedent is not None else Command.all_active(1, loop.params.n_cells)
    return Cycle(
        period=at.period, kpis=no_report(loop.params), acknowledged=last, proposal=None,
        decision=no_decision(loop.params), authority=loop.authority(), mode=loop.mode, outcome=outcome,
        trip=None, silence=silence,
    )  # fmt: skip


def record(loop: Loop, cycle: Cycle) -> None:
    """Record a period, and the advice that ends with it; without a record nothing new is applied."""
    audit, body = loop.parts.audit, cycle_record(loop.params, cycle)
    try:
        audit.append("decision", "loop", "service", body)
        for made in loop.advice.outdated(cycle.period):
            ended = {"id": made.id, "changes": list(made.changes), "reason": "the loop no longer advises it"}
            audit.append("advice_withdrawn", "loop", "service", ended)
    except AuditUnavailable as error:
        loop.advice.open.clear()
        logger.error("period %d is not in the audit log (%s): %s", cycle.period, error, body)
        hold(loop, f"no audit record: {error}")
