"""What the loop watches from period to period, and when that is enough to act by itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from ..twin.command import Command
from ..twin.kpis import Kpis
from ..twin.params import Params
from ..twin.sla import is_unsafe, margins
from ..twin.sync import Belief, area_traffic, expect
from .certificate import EProcess, fail_bets
from .decision import Decision, Reason
from .envelope import Envelope, Strikes, is_inside

HARM_LIMIT = 0.02  # share of periods in which a promise may be broken, as at the lowest certificate level
HARM_LOG_E = 4.605  # log 100: evidence of more harm than that
FIDELITY_RATIO = 2.5  # reported over believed traffic of an area, either way
_FLOOR_KBIT = 2e6


class Trip(StrEnum):
    """Why the loop acts by itself; the order is that of severity."""

    HARM = "a promise was broken"
    UNRECOVERABLE = "even waking everything now is predicted to break a promise"
    POLICY = "the policy failed too often"
    ENVELOPE = "the situation is outside what was certified"
    FIDELITY = "the twin no longer predicts the network"
    INTERVENTIONS = "the shield had to intervene too often"


EMERGENCIES = (Trip.HARM, Trip.UNRECOVERABLE)  # answered in every mode


@dataclass
class Watch:
    """Running judgement of one network.

    Args:
        params: the twin.
        envelope: of the certificate; empty when there is none.
    """

    params: Params
    envelope: Envelope
    outside: Strikes = field(default_factory=Strikes)
    drifting: Strikes = field(default_factory=Strikes)
    failing: Strikes = field(default_factory=Strikes)
    changed: Strikes = field(default_factory=lambda: Strikes(limit=10))
    harm: EProcess = field(default_factory=lambda: EProcess(fail_bets(HARM_LIMIT)))
    inside_now: bool = True
    safe_now: bool = True

    def look(self, kpis: Kpis, belief: Belief, acknowledged: Command) -> None:
        """Judge a report against the promises, the envelope and what the twin expected of ``acknowledged``."""
        self.safe_now = not bool(is_unsafe(margins(kpis, self.params.scenario.sla))[0])
        self.inside_now = not self.envelope or is_inside(self.params, kpis, self.envelope)
        self.outside.record(not self.inside_now)
        self.drifting.record(not self._agrees(kpis, belief, acknowledged))
        self.harm.update([0.0 if self.safe_now else 1.0])

    def begin_acting(self) -> None:
        """Forget how the policy did while nothing of it was in force; what the network did still counts."""
        self.failing.clear()
        self.changed.clear()

    def note(self, decision: Decision) -> None:
        """Count what the shield did with the policy's proposal."""
        reason = Reason(int(decision.reason[0]))
        self.failing.record(reason in (Reason.EXCEPTION, Reason.PROPOSAL_MALFORMED, Reason.DEADLINE))
        self.changed.record(bool(decision.intervened[0]))

    def trip(self, decision: Decision, is_acting: bool) -> Trip | None:
        """Return the most severe reason to act, or None.

        Args:
            decision: of this period.
            is_acting: whether anything of the policy is in force: harm without it is not ours to undo.
        """
        if not is_acting:
            return None
        checks = (
            (not self.safe_now, Trip.HARM),
            (bool(decision.unrecoverable[0]), Trip.UNRECOVERABLE),
            (self.failing.tripped, Trip.POLICY),
            (self.outside.tripped, Trip.ENVELOPE),
            (self.drifting.tripped, Trip.FIDELITY),
            (self.changed.tripped, Trip.INTERVENTIONS),
        )
        return next((why for holds, why in checks if holds), None)

    def emergency(self, decision: Decision) -> Trip | None:
        """Return a reason to give capacity back that holds in every mode: harm, seen or foreseen; else None."""
        worst = self.trip(decision, is_acting=True)
        return worst if worst in EMERGENCIES else None

    @property
    def harmless(self) -> bool:
        """Whether there is no evidence of more harm than allowed."""
        return self.harm.log_e < HARM_LOG_E

    def _agrees(self, kpis: Kpis, belief: Belief, acknowledged: Command) -> bool:
        _, expected = expect(self.params, belief, acknowledged)
        mean = area_traffic(self.params, expected, np.ones_like(expected.valid)).mean(axis=0) + _FLOOR_KBIT
        told = area_traffic(self.params, kpis, np.ones_like(kpis.valid))[0] + _FLOOR_KBIT
        ratio = told / mean
        return bool(np.all((ratio <= FIDELITY_RATIO) & (ratio >= 1 / FIDELITY_RATIO)))
