"""The shield: nothing reaches a network that was not found recoverable, or is the plan that was.

It sees reports, a belief and commands; never observations, rewards, learning code or a network's state. It decides for
a batch of networks as for one, with equal bits. There is no switch that turns it off.
"""

from __future__ import annotations

import logging
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
from .recoverability import Lookahead, MarginFunction, foresee
from .sanity import judge_report

logger = logging.getLogger(__name__)


@dataclass
class _Draft:
    """A decision under construction; every array has one row per network."""

    applied: np.ndarray  # (B, C) int8
    tier: I8
    reason: I8
    margins: F64  # (B, J)
    open: Bool  # not settled yet


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
        broken = is_illegal(self.rules, memory.precedent, proposal)
        legal = project(self.rules, memory.precedent, proposal)
        for rank, candidate in enumerate(self._candidates(legal, memory)):
            rows = np.flatnonzero(draft.open)
            if not len(rows):
                break
            self._try(draft, belief, candidate, rows, rank, broken)
        changed = np.any(draft.applied != proposal.carrier_state, axis=1)
        return self._close(draft, belief, memory, changed)

    def _candidates(self, legal: Command, memory: Memory) -> list[Command]:
        """List what is tried, best first: the proposal, a milder form of it, and staying as we are."""
        before = memory.precedent.command
        milder = legal.carrier_state.copy()
        milder[(milder > CarrierState.LIGHT_SLEEP) & (before.carrier_state < milder)] = (
            CarrierState.LIGHT_SLEEP
        )
        held = project(self.rules, memory.precedent, before)
        return [legal, project(self.rules, memory.precedent, Command(milder)), held]

    def _try(
        self, draft: _Draft, belief: Belief, candidate: Command, rows: np.ndarray, rank: int, broken: Bool
    ) -> None:
        """Accept a candidate for the networks where the backup recovers from it."""
        part = candidate.rows(rows)
        asleep = np.any(part.carrier_state != CarrierState.ACTIVE, axis=1)
        foreseen = np.full((len(rows), len(CONSTRAINTS)), np.nan)
        look_at = np.flatnonzero(asleep)
        if len(look_at):
            foreseen[look_at] = foresee(
                self.params, self.look, belief.rows(rows[look_at]), part.rows(look_at), self.margin_of
            )
        passed = ~asleep | np.all(foreseen >= 0, axis=1)  # waking everything is the backup itself
        good = rows[passed]
        draft.applied[good] = part.carrier_state[passed]
        draft.margins[good] = foreseen[passed]
        draft.tier[good] = (
            np.where(broken[good], Tier.T1_RULES, Tier.ACCEPTED) if rank == 0 else Tier.T2_RECOVERABILITY
        )
        first = np.where(broken[good], Reason.RULE_BROKEN, Reason.NONE)
        draft.reason[good] = first if rank == 0 else Reason.NOT_RECOVERABLE
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
        seen_s = np.where(np.isfinite(belief.kpis.time_s), belief.kpis.time_s, -np.inf)
        carried = replace(
            memory,
            precedent=memory.precedent.then(applied),
            last_time_s=np.fmax(memory.last_time_s, seen_s),
            plan_uses=uses,
        )
        intervened = changed & (draft.tier != Tier.ACCEPTED)
        lost = self._lost(belief, draft)
        return Decision(applied, draft.tier, draft.reason, draft.margins, intervened, lost, carried)

    def _lost(self, belief: Belief, draft: _Draft) -> Bool:
        """Tell where even the stored plan is predicted to break a promise; nothing foreseen counts as lost."""
        lost = np.zeros(len(draft.tier), np.bool_)
        rows = np.flatnonzero((draft.tier == Tier.PLAN) & (draft.reason == Reason.NOT_RECOVERABLE))
        if len(rows):
            calm = Lookahead(1.0, 0.0, self.look.burst_ramp_s, self.look.settle_steps)
            ahead = foresee(self.params, calm, belief.rows(rows), self._backup(len(rows)), self.margin_of)
            lost[rows] = ~np.all(ahead >= 0, axis=1)
        return lost
