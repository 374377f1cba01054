"""The shield: nothing reaches a network that was not found recoverable, or is the plan that was.

It sees reports, a belief and commands; never observations, rewards, learning code or a network's state. It decides for
a batch of networks as for one, with equal bits. There is no switch that turns it off.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from ..twin.backup import wake_everything
from ..twin.carrier import CarrierState
from ..twin.command import Command
from ..twin.params import Params
from ..twin.rules import Rules, is_illegal, project
from ..twin.sla import CONSTRAINTS, margins
from ..twin.sync import Belief
from ..twin.types import F64, I8, Bool
from .decision import Decision, Memory, Reason, Tier
from .experience import awake, rested_until_s, touching
from .recoverability import Lookahead, MarginFunction, foresee
from .sanity import MAX_VALUE, judge_report

logger = logging.getLogger(__name__)


@dataclass
class _Draft:
    """A decision under construction; every array has one row per network."""

    applied: np.ndarray  # (B, C) int8
    tier: I8
    reason: I8
    margins: F64  # (B, J)
    open: Bool  # not settled yet
    pressed: Bool  # (B, G), areas that would fare worst under what was refused


@dataclass(frozen=True)
class Shield:
    """Judge proposals for the networks of one twin.

    The stored plan is always the backup: wake everything. It was verified when the command in force was accepted, since
    a command is only accepted if the backup recovers from it.
    """

    params: Params
    look: Lookahead
    rules: Rules
    margin_of: MarginFunction = margins

    @staticmethod
    def of(params: Params, demand_factor: float = 1.0) -> Shield:
        """Build the shield of a network; see ``conformal.py`` for the factor."""
        return Shield(params, Lookahead.of(params, demand_factor), Rules.of(params))

    def decide(self, belief: Belief, proposal: Command, memory: Memory) -> Decision:
        """Decide what may be applied. Whatever goes wrong, the stored plan is applied, never the raw proposal.

        Args:
            belief: of B networks, after the latest report.
            proposal: (B, C) what the policy wants.
            memory: what the last decision returned; its precedent must be what the network acknowledged.
        """
        try:
            return self._decide(belief, proposal, memory)
        except Exception:  # the one place where anything may have failed: fail closed
            logger.exception("the shield failed; the stored plan is applied")
            return self.plan(belief, memory, Reason.EXCEPTION)

    def plan(self, belief: Belief, memory: Memory, reason: Reason) -> Decision:
        """Return the next step of the stored plan, for every network."""
        n = belief.n_networks
        return self._close(self._draft(n, Tier.PLAN, reason), belief, memory, np.ones(n, np.bool_))

    def _decide(self, belief: Belief, proposal: Command, memory: Memory) -> Decision:
        n = belief.n_networks
        draft = self._draft(n, Tier.PLAN, Reason.NOT_RECOVERABLE)
        if proposal.carrier_state.shape != (n, self.params.n_cells):
            return self.plan(belief, memory, Reason.PROPOSAL_MALFORMED)
        unsound = judge_report(belief.kpis, memory.last_time_s)
        self._settle(draft, unsound != Reason.NONE, self._backup(n), Tier.T0_SANITY, unsound)
        memory = replace(memory, rest_until_s=self._rested(belief, memory, unsound))
        legal, why = self._legal(belief, proposal, memory)
        candidates = self._candidates(belief, legal, memory, draft)
        tried: list[Command] = []
        for rank, candidate in enumerate(candidates):
            rows = np.flatnonzero(draft.open & ~_among(candidate, tried))
            if len(rows):
                self._try(draft, belief, candidate, rows, why if rank == 0 else None)
            if not draft.open.any():
                break
            tried.append(candidate)
        changed = np.any(draft.applied != proposal.carrier_state, axis=1)
        return self._close(draft, belief, memory, changed)

    def _rested(self, belief: Belief, memory: Memory, unsound: I8) -> F64:
        """Learn from a report that makes sense how sleeping went."""
        learnt = rested_until_s(self.params, belief.kpis, belief.command, memory.rest_until_s)
        return np.where((unsound == Reason.NONE)[:, None], learnt, memory.rest_until_s)

    def _legal(self, belief: Belief, proposal: Command, memory: Memory) -> tuple[Command, I8]:
        """Return the nearest command that the rules and experience allow, and why it is another one, (B,)."""
        legal = project(self.rules, memory.precedent, proposal)
        kept = awake(self._resting(belief, memory), legal)
        why = np.zeros(len(kept.carrier_state), np.int8)
        why[np.any(kept.carrier_state != legal.carrier_state, axis=1)] = Reason.AREA_RESTS
        why[is_illegal(self.rules, memory.precedent, proposal)] = Reason.RULE_BROKEN
        return kept, why

    def _resting(self, belief: Belief, memory: Memory) -> Bool:
        return memory.rest_until_s > belief.kpis.time_s[:, None]

    def _candidates(self, belief: Belief, legal: Command, memory: Memory, draft: _Draft) -> Iterator[Command]:
        """Yield what is tried, best first: the proposal, a milder form, fewer areas of it, staying as we are."""
        yield legal
        before = memory.precedent.command
        milder = legal.carrier_state.copy()
        milder[(milder > CarrierState.LIGHT_SLEEP) & (before.carrier_state < milder)] = (
            CarrierState.LIGHT_SLEEP
        )
        yield project(self.rules, memory.precedent, Command(milder))
        yield awake(touching(self.params, draft.pressed), legal)
        held = awake(self._resting(belief, memory), project(self.rules, memory.precedent, before))
        yield held
        yield awake(touching(self.params, draft.pressed), held)

    def _try(
        self, draft: _Draft, belief: Belief, candidate: Command, rows: np.ndarray, why: I8 | None
    ) -> None:
        """Accept a candidate for the networks where the backup recovers from it; ``why`` is that of the first."""
        part = candidate.rows(rows)
        asleep = np.any(part.carrier_state != CarrierState.ACTIVE, axis=1)
        foreseen = np.full((len(rows), len(CONSTRAINTS)), np.nan)
        look_at = np.flatnonzero(asleep)
        if len(look_at):
            ahead = foresee(
                self.params, self.look, belief.rows(rows[look_at]), part.rows(look_at), self.margin_of
            )
            foreseen[look_at] = ahead.margins
            draft.pressed[rows[look_at]] |= ahead.pressed
        passed = np.all(foreseen >= 0, axis=1)
        # to wake everything is the backup itself; unless it was proposed, it is left to the plan
        if why is not None:
            passed |= ~asleep
        good = rows[passed]
        draft.applied[good] = part.carrier_state[passed]
        draft.margins[good] = foreseen[passed]
        if why is None:
            draft.tier[good], draft.reason[good] = Tier.T2_RECOVERABILITY, Reason.NOT_RECOVERABLE
        else:
            draft.tier[good] = np.where(why[good] != Reason.NONE, Tier.T1_RULES, Tier.ACCEPTED)
            draft.reason[good] = why[good]
        draft.open[good] = False

    def _backup(self, n: int) -> Command:
        return wake_everything(self.params, n)

    def _draft(self, n: int, tier: Tier, reason: Reason) -> _Draft:
        return _Draft(
            applied=self._backup(n).carrier_state.copy(),
            tier=np.full(n, tier, np.int8),
            reason=np.full(n, reason, np.int8),
            margins=np.full((n, len(CONSTRAINTS)), np.nan),
            open=np.ones(n, np.bool_),
            pressed=np.zeros((n, self.params.n_areas), np.bool_),
        )

    def _settle(self, draft: _Draft, where: Bool, command: Command, tier: Tier, reason: I8) -> None:
        draft.applied[where] = command.carrier_state[where]
        draft.tier[where] = tier
        draft.reason[where] = reason[where]
        draft.open[where] = False

    def _close(self, draft: _Draft, belief: Belief, memory: Memory, changed: Bool) -> Decision:
        planned = (draft.tier == Tier.PLAN) | (draft.tier == Tier.T0_SANITY)
        uses = np.where(planned, memory.plan_uses + 1, 0).astype(np.int32)
        applied = Command(draft.applied)
        # the clock of a report that makes no sense is not taken: it could outrun every later one
        told = (draft.tier != Tier.T0_SANITY) & (belief.kpis.time_s <= MAX_VALUE)
        seen_s = np.where(told, belief.kpis.time_s, -np.inf)
        carried = replace(
            memory,
            precedent=memory.precedent.then(applied),
            last_time_s=np.fmax(memory.last_time_s, seen_s),
            plan_uses=uses,
        )
        intervened = changed & (draft.tier != Tier.ACCEPTED)
        lost = self._lost(belief, draft)
        draft.reason[lost] = Reason.UNRECOVERABLE
        return Decision(applied, draft.tier, draft.reason, draft.margins, intervened, lost, carried)

    def _lost(self, belief: Belief, draft: _Draft) -> Bool:
        """Tell where even the stored plan is predicted to break a promise; nothing foreseen counts as lost."""
        lost = np.zeros(len(draft.tier), np.bool_)
        rows = np.flatnonzero((draft.tier == Tier.PLAN) & (draft.reason == Reason.NOT_RECOVERABLE))
        if len(rows):
            calm = Lookahead(1.0, 0.0, self.look.burst_ramp_s, self.look.settle_steps)
            ahead = foresee(self.params, calm, belief.rows(rows), self._backup(len(rows)), self.margin_of)
            lost[rows] = ~np.all(ahead.margins >= 0, axis=1)
        return lost


def _among(candidate: Command, tried: list[Command]) -> Bool:
    """Tell for which networks a candidate was tried before, (B,)."""
    same = [np.all(candidate.carrier_state == other.carrier_state, axis=1) for other in tried]
    return np.any(same, axis=0) if same else np.zeros(len(candidate.carrier_state), np.bool_)
