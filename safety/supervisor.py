"""Belief and memory kept in step with the network: report in, decision out, acknowledgement back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..twin.command import Command
from ..twin.kpis import PER_CELL, Kpis
from ..twin.rules import Precedent
from ..twin.sync import Belief, assimilate, first_belief
from ..twin.types import Bool
from .decision import Decision, Memory, Reason
from .recoverability import n_members
from .sanity import judge_report
from .shield import Shield


class Supervisor:
    """The shield of B networks together with what it believes and remembers of them.

    Args:
        shield: decides.
        seed: names the random streams of the belief; independent of the networks'.
    """

    def __init__(self, shield: Shield, seed: int) -> None:
        self.shield = shield
        self._seed = seed
        self.belief: Belief
        self.memory: Memory

    def start(self, kpis: Kpis, acknowledged: Command) -> None:
        """Begin with the first report; whatever is in force counts as standing since long ago."""
        params = self.shield.params
        self.belief = first_belief(params, kpis, acknowledged, n_members(params), self._seed)
        fresh = Memory.fresh(kpis.n_replicas, params.n_cells)
        self.memory = replace(fresh, precedent=Precedent(acknowledged, fresh.precedent.dwell))

    def decide(self, proposal: Command) -> Decision:
        """Return what may be applied for the coming period."""
        decision = self.shield.decide(self.belief, proposal, self.memory)
        return self._remember(decision)

    def judge_again(self, proposal: Command) -> Decision:
        """Judge a proposal against the present belief, between two reports; nothing is remembered."""
        return self.shield.decide(
            self.belief, proposal, replace(self.memory, last_time_s=np.full(1, -np.inf))
        )

    def plan(self, reason: Reason) -> Decision:
        """Return the next step of the stored plan."""
        return self._remember(self.shield.plan(self.belief, self.memory, reason))

    def learn(self, kpis: Kpis, acknowledged: Command) -> None:
        """Take the report of the period that ended under ``acknowledged``, whoever asked for it.

        Where the report makes no sense (T0) the belief moves on by prediction alone.
        """
        sound = judge_report(kpis, self.memory.last_time_s) == Reason.NONE
        self._move_on(kpis if np.all(sound) else _silenced(kpis, ~sound), acknowledged)
        self.belief = replace(self.belief, kpis=kpis)  # T0 judges what was really reported

    def miss(self) -> None:
        """Let a period pass of which nothing is known, under the command that was acknowledged last."""
        last = self.belief.kpis
        everywhere = np.ones(last.n_replicas, np.bool_)
        self._move_on(_silenced(last, everywhere), self.memory.precedent.command)
        self.belief = replace(self.belief, kpis=last)

    def _move_on(self, kpis: Kpis, acknowledged: Command) -> None:
        self.memory = replace(self.memory, precedent=self.memory.precedent.then(acknowledged))
        self.belief = assimilate(self.shield.params, self.belief, kpis, acknowledged)

    def _remember(self, decision: Decision) -> Decision:
        """Keep what was decided; the precedent moves only when the network acknowledges."""
        self.memory = replace(decision.memory, precedent=self.memory.precedent)
        return decision


def _silenced(kpis: Kpis, where: Bool) -> Kpis:
    """Return the report as if nothing of it had arrived from some networks (B,); nothing corrects no belief."""
    silent = kpis.copy()
    for name in PER_CELL:
        getattr(silent, name)[where] = 0
    silent.valid[where] = False
    return silent
