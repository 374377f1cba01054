"""One control period of a shadow run: what was recorded, proposed, judged and predicted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from ...network.telemetry import TelemetryRecord
from ...safety.decision import Decision, Reason, Tier
from ...twin.command import Command
from ...twin.kpis import Kpis
from ...twin.params import Params
from ...twin.sla import margins
from ...twin.sync import Belief, area_traffic, expect
from ...twin.types import F64, I8, Bool

_KBIT_PER_MBIT = 1000.0


@dataclass(frozen=True)
class Judged:
    """What the policy asked for, and what the shield said, before the period began."""

    proposal: Command  # (1, C), as the static rules read it
    broke_rules: bool  # the policy asked for something else, which the rules forbid
    decision: Decision


@dataclass(frozen=True)
class Prediction:
    """What the twin expects of one command: the mean power and the worst margins of its members."""

    power_w: float
    margins: F64  # (J,)

    @property
    def is_safe(self) -> bool:
        """Whether every promise is predicted to hold."""
        return bool(np.all(self.margins >= 0))


@dataclass(frozen=True)
class Residuals:
    """Reported less predicted, of the recorded command; NaN where no fresh value was reported."""

    load_pct: F64  # (coverage cells,), PRB load in percentage points
    traffic_mbps: F64  # (G,), served and blocked, per area
    power_w: float


@dataclass(frozen=True)
class ShadowStep:
    """One control period (C cells, J constraints)."""

    start_s: float  # s since midnight of the log's first day
    utc: datetime  # end of the period
    recorded: I8  # (C,), CarrierState that was commanded
    proposal: I8  # (C,), what the policy asked for, as the static rules read it
    shielded: I8  # (C,), what the shield would have let through
    broke_rules: bool
    tier: Tier
    reason: Reason
    intervened: bool
    shield_margins: F64  # (J,), worst margins that the shield foresaw; NaN where it did not look
    observed_power_w: float
    observed_margins: F64  # (J,)
    expected: dict[str, Prediction]  # by RECORDED, PROPOSAL and SHIELDED
    residuals: Residuals

    @property
    def agrees(self) -> bool:
        """Whether policy and record asked for the same."""
        return bool(np.array_equal(self.recorded, self.proposal))

    def saved_w(self, kind: str) -> float:
        """Power that a command is predicted to save against the recorded one, W."""
        return self.expected[RECORDED].power_w - self.expected[kind].power_w


RECORDED, PROPOSAL, SHIELDED = "recorded", "proposal", "shielded"


def look_back(params: Params, belief: Belief, judged: Judged, record: TelemetryRecord) -> ShadowStep:
    """Compare what was judged at the start of a period with its record.

    All commands are tried on the same members of the same belief: with the same random numbers.

    Args:
        params: the twin.
        belief: as it was when the period began, B = 1.
        judged: for this period.
        record: of this period.
    """
    decision, period_s = judged.decision, params.scenario.timing.control_period_s
    commands = {RECORDED: record.command, PROPOSAL: judged.proposal, SHIELDED: decision.applied}
    outcomes = _outcomes(params, belief, commands)
    return ShadowStep(
        start_s=float(record.kpis.time_s[0]) - period_s,
        utc=record.utc,
        recorded=record.command.carrier_state[0],
        proposal=judged.proposal.carrier_state[0],
        shielded=decision.applied.carrier_state[0],
        broke_rules=judged.broke_rules,
        tier=Tier(int(decision.tier[0])),
        reason=Reason(int(decision.reason[0])),
        intervened=bool(decision.intervened[0]),
        shield_margins=decision.margins[0],
        observed_power_w=float(record.kpis.total_power_w[0]),
        observed_margins=margins(record.kpis, params.scenario.sla)[0],
        expected={kind: _prediction(params, kpis) for kind, kpis in outcomes.items()},
        residuals=_residuals(params, outcomes[RECORDED], record.kpis),
    )


def is_fresh(kpis: Kpis) -> Bool:
    """Tell which values arrived and were measured in the period that they are reported for, (B, C)."""
    return kpis.valid & (kpis.age_s < kpis.granularity_s)


def _outcomes(params: Params, belief: Belief, commands: dict[str, Command]) -> dict[str, Kpis]:
    """Try each command once, however often it is named."""
    distinct = {command.carrier_state.tobytes(): command for command in commands.values()}
    tried = {key: expect(params, belief, command)[1] for key, command in distinct.items()}
    return {kind: tried[command.carrier_state.tobytes()] for kind, command in commands.items()}


def _prediction(params: Params, members: Kpis) -> Prediction:
    worst = margins(members, params.scenario.sla).min(axis=0)  # NaN stays NaN
    return Prediction(float(members.total_power_w.mean()), worst)


def _residuals(params: Params, members: Kpis, reported: Kpis) -> Residuals:
    fresh, cover = is_fresh(reported), params.coverage_cells
    load = reported.prb_tot_dl[0, cover] - members.prb_tot_dl[:, cover].mean(axis=0, dtype=np.float64)
    stale_cells = _area_count(params, ~fresh)[0]
    traffic = _mbps(params, reported)[0] - _mbps(params, members).mean(axis=0)
    power = float(reported.total_power_w[0] - members.total_power_w.mean())
    return Residuals(
        load_pct=np.where(fresh[0, cover], load, np.nan),
        traffic_mbps=np.where(stale_cells == 0, traffic, np.nan),
        power_w=power if bool(fresh.all()) else float("nan"),
    )


def _area_count(params: Params, cells: Bool) -> F64:
    """Count marked cells (B, C) per area, (B, G)."""
    return np.stack(
        [
            cells[:, params.area_of_cell == area].sum(axis=1, dtype=np.float64)
            for area in range(params.n_areas)
        ],
        axis=1,
    )


def _mbps(params: Params, kpis: Kpis) -> F64:
    """Return offered traffic per area, (B, G) Mbit/s."""
    kbit = area_traffic(params, kpis, np.ones_like(kpis.valid))
    return kbit / _KBIT_PER_MBIT / kpis.granularity_s
