"""The operating loop: one control period at a time, from report to acknowledged change.

Everything that decides leaves one audit record. What may act is asked anew in every period from ``authority``; the only
way to the network is the gate. A network that does not answer and a log that cannot be written end no loop: it holds.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import cast

import numpy as np

from ..envs.window import Window
from ..network.protocol import NetworkError, NetworkUnavailable, ObjectState
from ..safety.authority import Authority, effective
from ..safety.decision import Decision, Reason, Tier
from ..safety.gate import Status
from ..safety.gate_rules import command_in_force
from ..safety.guards import Facts
from ..safety.lifecycle import Mode
from ..safety.watch import EMERGENCIES, Trip
from ..twin.backup import wake_everything
from ..twin.command import Command
from ..twin.kpis import Kpis
from ..twin.params import Params
from ..twin.rules import Precedent
from .advice import AdviceBox
from .loop_parts import Cycle, LoopParts, LoopSettings, Position, checked_actions, makes_sense
from .outage import CALLING_BACK, hold, record, silent_period, why
from .reactions import awake_again, keep_snapshot, left_asleep, react, roll_back

logger = logging.getLogger(__name__)
ACTING = (Mode.GUARDED, Mode.CLOSED_LOOP)
NOTHING_OWED = "nothing of ours sleeps"
RESTING = (Mode.SHADOW, Mode.ADVISORY, Mode.HOLD)  # nothing new of ours; what slept before may still sleep


class OperatingLoop:
    """Runs one policy on one network; people reach it through ``LoopDesk``.

    Args:
        parts: what it is made of.
        settings: what was fixed beforehand.
    """

    def __init__(self, parts: LoopParts, settings: LoopSettings) -> None:
        self.parts, self.settings = parts, settings
        self.advice = AdviceBox()
        self.at = Position(epoch=parts.lease.grant())

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
        """Run one control period: observe, decide, act within the authority of this moment, and record.

        Raises for nothing that the network or the audit log may answer.
        """
        self.parts.lease.renew(self.at.epoch)
        try:
            kpis, found = self._look()
        except NetworkError as error:
            cycle = silent_period(self, str(error))
        else:
            cycle = self._period(kpis, found)
        record(self, cycle)
        self.parts.keeper.keep()
        self.at.latest, self.at.period = cycle, self.at.period + 1
        return cycle

    def _period(self, kpis: Kpis, found: Mapping[str, ObjectState]) -> Cycle:
        """Decide and act on a report."""
        acknowledged = command_in_force(found)
        self._learn(kpis, acknowledged)
        self._begin_acting()
        proposal, decision = self._decide()
        self.parts.watch.note(decision)
        trip = self.parts.watch.trip(decision, self.mode in ACTING)
        if trip is None and self.mode in RESTING and left_asleep(found):
            trip = self.parts.watch.emergency(decision)
        self._count(proposal)
        authority = self.authority()
        try:
            outcome = self._answer(trip, decision, authority)
        except NetworkError as error:
            outcome = hold(self, f"the network does not answer: {error}")
        keep_snapshot(self)
        return Cycle(
            self.at.period, kpis, acknowledged, proposal, decision, authority, self.mode, outcome, trip
        )

    def _answer(self, trip: Trip | None, decision: Decision, authority: Authority) -> str:
        """Answer a trip, give back what is owed, or act; without an audit log, hold."""
        if trip is not None and trip in EMERGENCIES:
            return react(self, trip)
        if authority.mode is Mode.HOLD and self.mode is not Mode.HOLD:
            return hold(self, why(authority))
        if trip is not None:
            return react(self, trip)
        return self.take_over() or self._act(decision, authority)

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
            in_scope=parts.watch.inside_now and not parts.watch.outside.tripped,
            twin_synchronised=at.kpis is not None and at.silent_periods == 0 and makes_sense(at.kpis),
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

    def give_back(self, reason: str) -> str:
        """Wake what sleeps because of us, now or in the first period in which that succeeds; never raises.

        What other people put to sleep is theirs.
        """
        self.at.owed = reason
        try:
            command = awake_again(self._read())
        except NetworkError as error:
            return f"capacity is to be given back: {error}"
        if command is None:
            self.at.owed = ""
            return NOTHING_OWED
        said = self.apply(command, Mode.FALLBACK, reason)
        self.confirm()
        self.at.owed = "" if said.startswith(Status.PENDING) else reason
        return said

    def take_over(self) -> str:
        """Give back what a loop that ended, or an outage, left asleep; empty when nothing is owed."""
        if not self.at.owed or self.mode is Mode.FAULT:
            return ""
        said = self.give_back(self.at.owed)
        return "" if said == NOTHING_OWED else said

    def confirm(self) -> None:
        """Confirm the pending change, if there is one."""
        pending = self.parts.gate.pending
        if pending is not None:
            self.parts.gate.confirm(pending.key)

    def in_force(self) -> Command:
        """Read the configuration back from the network."""
        return command_in_force(self._read())

    def _read(self) -> Mapping[str, ObjectState]:
        """Read all cells back, in their order."""
        found = self.parts.network.read(self.cells)
        return {name: found[name] for name in self.cells}

    def _look(self) -> tuple[Kpis, Mapping[str, ObjectState]]:
        """Read report and configuration; a loop does not begin with a report that makes no sense."""
        kpis, found = self.parts.network.observe(), self._read()
        if self.at.kpis is None and not makes_sense(kpis):
            raise NetworkUnavailable("its first report makes no sense")
        return kpis, found

    def _learn(self, kpis: Kpis, acknowledged: Command) -> None:
        """Take the report of the period that ended and confirm, or let run out, what was in force in it."""
        at, parts = self.at, self.parts
        if at.kpis is None:
            parts.supervisor.start(kpis, acknowledged)
        else:
            parts.watch.look(kpis, parts.supervisor.belief, acknowledged)
            parts.supervisor.learn(kpis, acknowledged)
        at.precedent = parts.supervisor.memory.precedent
        at.before = kpis if at.kpis is None else at.kpis
        at.kpis, at.silent_periods = kpis, 0
        if parts.watch.safe_now:
            self.confirm()
        parts.gate.tick()

    def _begin_acting(self) -> None:
        """Judge a policy that begins to act by what it does from now on."""
        if self.mode in ACTING and not self.at.is_acting:
            self.parts.watch.begin_acting()
        self.at.is_acting = self.mode in ACTING

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
        task, params = self.parts.task, self.params
        actions = checked_actions(task, params, self.parts.policy.actions(params, window))
        wanted = task.decode(params, actions, precedent)
        if self.mode is not Mode.GUARDED:
            return wanted
        canary = np.array([name in self.settings.canary_cells for name in self.cells])
        return Command(
            np.where(canary, wanted.carrier_state, precedent.command.carrier_state).astype(np.int8)
        )

    def _count(self, proposal: Command | None) -> None:
        at = self.at
        at.shadow_decisions += proposal is not None and self.mode.rank >= Mode.SHADOW.rank
        healthy = self.mode is Mode.GUARDED and self.parts.watch.safe_now
        at.canary_healthy = (
            at.canary_healthy + 1 if healthy else (at.canary_healthy if self.mode in ACTING else 0)
        )

    def _act(self, decision: Decision, authority: Authority) -> str:
        """Do what the authority of this moment allows with the decision."""
        if authority.mode in ACTING:
            tier = Tier(int(decision.tier[0])).name
            said = self.apply(decision.applied, authority.mode, f"{tier} by the shield")
            mismatch = said.startswith(Status.REVERTED)
            return f"{said}; {roll_back(self, 'not as intended')}" if mismatch else said
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
        reason = f"authority fell to {authority.mode}: {why(authority)}"
        said = self.give_back(reason)
        self.step_down(reason)
        return f"withdrawn, {said}"

    def step_down(self, reason: str) -> None:
        """Fall to ADVISORY by itself; the dwell begins anew."""
        self.parts.keeper.by_itself(Mode.ADVISORY, reason, self.facts())
        self.parts.keeper.since_period = self.at.period
