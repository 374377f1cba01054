"""The operating loop: one control period at a time, from report to acknowledged change.

Everything that decides leaves one audit record. What may act is asked anew in every period from ``authority``; the only
way to the network is the gate.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import cast

import numpy as np

from ..envs.window import Window
from ..network.protocol import CONTROLLER, NetworkError
from ..safety.audit import AuditUnavailable
from ..safety.authority import Authority, effective
from ..safety.decision import Decision, Reason, Tier
from ..safety.gate import Status
from ..safety.guards import Facts
from ..safety.lifecycle import Mode
from ..safety.rollback import Snapshot
from ..safety.sanity import judge_report
from ..twin.backup import wake_everything
from ..twin.carrier import CarrierState
from ..twin.command import Command
from ..twin.kpis import Kpis
from ..twin.params import Params
from ..twin.rules import Precedent
from .advice import AdviceBox
from .loop_parts import Cycle, LoopParts, LoopSettings, cycle_record
from .reactions import react, roll_back

logger = logging.getLogger(__name__)
ACTING = (Mode.GUARDED, Mode.CLOSED_LOOP)
RESTING = (Mode.SHADOW, Mode.ADVISORY, Mode.HOLD)  # nothing new of ours; what slept before may still sleep
CALLING_BACK = (Mode.FALLBACK, Mode.SAFE_STOP)  # capacity is given back, nothing else


@dataclass
class _Position:
    """Where the loop stands between two periods."""

    period: int = 0
    shadow_decisions: int = 0
    canary_healthy: int = 0
    epoch: int = 0
    kpis: Kpis | None = None
    before: Kpis | None = None
    precedent: Precedent | None = None
    latest: Cycle | None = None


class OperatingLoop:
    """Runs one policy on one network; people reach it through ``LoopDesk``.

    Args:
        parts: what it is made of.
        settings: what was fixed beforehand.
    """

    def __init__(self, parts: LoopParts, settings: LoopSettings) -> None:
        self.parts, self.settings = parts, settings
        self.advice = AdviceBox()
        self.at = _Position(epoch=parts.lease.grant())

    @property
    def params(self) -> Params:
        """The twin."""
        return self.parts.supervisor.shield.params

    @property
    def cells(self) -> tuple[str, ...]:
        """Object ids in the order of the commands' columns."""
        return tuple(cell.name for cell in self.params.cells)

    @property
    def mode(self) -> Mode:
        """The loop mode."""
        return self.parts.keeper.mode

    def cycle(self) -> Cycle:
        """Run one control period: observe, decide, act within the authority of this moment, and record."""
        self.parts.lease.renew(self.at.epoch)
        kpis, acknowledged = self._take_report()
        proposal, decision = self._decide()
        self.parts.watch.note(decision)
        trip = self.parts.watch.trip(decision, self.mode in ACTING)
        if trip is None and self.mode in RESTING and self._left_sleepers():
            trip = self.parts.watch.emergency(decision)
        self._count()
        authority = self.authority()
        outcome = react(self, trip) if trip is not None else self._act(decision, authority)
        self._keep_snapshot()
        cycle = Cycle(
            self.at.period, kpis, acknowledged, proposal, decision, authority, self.mode, outcome, trip
        )
        self._record(cycle)
        self.at.latest, self.at.period = cycle, self.at.period + 1
        return cycle

    def authority(self) -> Authority:
        """Return what may act now; nothing is remembered from the last time."""
        parts = self.parts
        return effective(
            policy_state=parts.policy_state,
            loop_mode=self.mode,
            certificate_valid=not parts.certificate_refusals(),
            lease_alive=parts.lease.alive(self.at.epoch),
            shield_ready=not parts.shield_failures,
            envelope_inside=parts.watch.inside_now,
            twin_fidelity_ok=not parts.watch.drifting.tripped,
            audit_writable=parts.audit.writable(),
            attributes_allowed=True if self.mode is not Mode.GUARDED else bool(self.settings.canary_cells),
        )

    def facts(self) -> Facts:
        """Return what the guards of a mode change may ask."""
        parts, at = self.parts, self.at
        return Facts(
            policy_state=parts.policy_state,
            certificate_valid=not parts.certificate_refusals(),
            shield_ready=not parts.shield_failures,
            shadow_decisions=at.shadow_decisions,
            needed_shadow_decisions=self.settings.needed_shadow_decisions,
            fidelity_ok=not parts.watch.drifting.tripped,
            canary_passed=at.canary_healthy >= self.settings.canary_periods and parts.watch.harmless,
            dwell_ok=at.period - parts.keeper.since_period >= self.settings.dwell_periods,
            in_scope=parts.watch.inside_now,
            twin_synchronised=at.kpis is not None and not np.any(judge_report(at.kpis, np.full(1, -np.inf))),
            trainer=parts.trainer,
            certifier=parts.certifier,
        )

    def apply(self, command: Command, authority: Mode, reason: str) -> str:
        """Hand a command to the gate and return what became of it."""
        parts = self.parts
        outcome = parts.gate.submit(command, authority, reason, None, self.at.period, self.at.epoch)
        if outcome.status is Status.FAULT:
            parts.keeper.by_itself(Mode.FAULT, outcome.reason, self.facts())
        return f"{outcome.status}: {outcome.reason}" if outcome.reason else str(outcome.status)

    def wake_all(self, authority: Mode, reason: str) -> str:
        """Give all capacity back through the gate and keep it so."""
        said = self.apply(wake_everything(self.params, 1), authority, reason)
        self.confirm()
        return said

    def confirm(self) -> None:
        """Confirm the pending change, if there is one."""
        pending = self.parts.gate.pending
        if pending is not None:
            self.parts.gate.confirm(pending.key)

    def in_force(self) -> Command:
        """Read the configuration back from the network."""
        found = self.parts.network.read(self.cells)
        return Command.of([[found[name].value for name in self.cells]])

    def _take_report(self) -> tuple[Kpis, Command]:
        """Take the report of the period that ended and confirm, or let run out, what was in force in it."""
        at, parts = self.at, self.parts
        kpis, acknowledged = parts.network.observe(), self.in_force()
        if at.kpis is None:
            parts.supervisor.start(kpis, acknowledged)
            at.precedent, at.before = parts.supervisor.memory.precedent, kpis
        else:
            parts.watch.look(kpis, parts.supervisor.belief, acknowledged)
            parts.supervisor.learn(kpis, acknowledged)
            at.precedent, at.before = parts.supervisor.memory.precedent, at.kpis
        at.kpis = kpis
        if parts.watch.safe_now:
            self.confirm()
        parts.gate.tick()
        return kpis, acknowledged

    def _decide(self) -> tuple[Command | None, Decision]:
        started = self.parts.clock.monotonic_s()
        try:
            proposal = self._propose()
        except Exception:  # a policy may fail in any way: the plan is applied
            logger.exception("the policy failed; the stored plan is used")
            return None, self.parts.supervisor.plan(Reason.EXCEPTION)
        decision = self.parts.supervisor.decide(proposal)
        late = self.settings.control_deadline_share * self.params.scenario.timing.control_period_s
        if not self.parts.clock.monotonic_s() - started <= late:
            decision = self.parts.supervisor.plan(Reason.DEADLINE)
        return proposal, decision

    def _propose(self) -> Command:
        """Ask the policy; in GUARDED only for the canary cells, the others stay as they are."""
        at = self.at
        precedent, kpis, before = cast(Precedent, at.precedent), cast(Kpis, at.kpis), cast(Kpis, at.before)
        window = Window(kpis, before, precedent)
        wanted = self.parts.task.decode(
            self.params, self.parts.policy.actions(self.params, window), precedent
        )
        if self.mode is not Mode.GUARDED:
            return wanted
        canary = np.array([name in self.settings.canary_cells for name in self.cells])
        return Command(
            np.where(canary, wanted.carrier_state, precedent.command.carrier_state).astype(np.int8)
        )

    def _left_sleepers(self) -> bool:
        """Tell whether a carrier sleeps because we once said so."""
        found = self.parts.network.read(self.cells).values()
        return any(it.last_writer == CONTROLLER and it.value != CarrierState.ACTIVE for it in found)

    def _count(self) -> None:
        at = self.at
        at.shadow_decisions += 1
        healthy = self.mode is Mode.GUARDED and self.parts.watch.safe_now
        at.canary_healthy = (
            at.canary_healthy + 1 if healthy else (at.canary_healthy if self.mode in ACTING else 0)
        )

    def _act(self, decision: Decision, authority: Authority) -> str:
        """Do what the authority of this moment allows with the decision."""
        if authority.mode in ACTING:
            return self.apply(
                decision.applied, authority.mode, f"{Tier(int(decision.tier[0])).name} by the shield"
            )
        if self.mode in ACTING:
            return self._withdraw(authority)
        if authority.mode is Mode.ADVISORY:
            made = self.advice.offer(self.cells, self.in_force(), decision.applied, self.at.period)
            return f"recommended {made.id}" if made is not None else "nothing to recommend"
        if self.mode is Mode.ROLLING_BACK:
            return roll_back(self, "a rollback was interrupted")
        if authority.mode in CALLING_BACK:
            return self.wake_all(authority.mode, f"{authority.mode}: give capacity back")
        return "nothing may be applied"

    def _withdraw(self, authority: Authority) -> str:
        """Authority fell below the mode: give capacity back and step down."""
        why = "; ".join(f"{limit.name}: {limit.reason}" for limit in authority.limits)
        said = self.wake_all(Mode.FALLBACK, f"authority fell to {authority.mode}: {why}")
        self.step_down(f"authority fell to {authority.mode}: {why}")
        return f"withdrawn, {said}"

    def step_down(self, reason: str) -> None:
        """Fall to ADVISORY by itself; the dwell begins anew."""
        self.parts.keeper.by_itself(Mode.ADVISORY, reason, self.facts())
        self.parts.keeper.since_period = self.at.period

    def _keep_snapshot(self) -> None:
        parts = self.parts
        try:
            snapshot = parts.gate.snapshot(f"period {self.at.period}")
        except NetworkError:
            logger.warning("no snapshot this period: the network cannot be read")
            return
        parts.ring.watch(Snapshot(self.at.period, snapshot.values, snapshot.versions, snapshot.source),
                         parts.watch.safe_now)  # fmt: skip

    def _record(self, cycle: Cycle) -> None:
        body = cycle_record(self.params, cycle)
        try:
            self.parts.audit.append("decision", "loop", "service", body)
        except AuditUnavailable as error:
            logger.error(
                "no audit record for period %d: %s; nothing new will be applied", cycle.period, error
            )
