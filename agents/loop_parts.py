"""What an operating loop is made of, and what one control period of it brings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from ..envs.controller import Controller
from ..envs.task import Task
from ..network.protocol import Network
from ..safety.audit import AuditLog
from ..safety.authority import Authority
from ..safety.clock import Clock
from ..safety.decision import Decision, Reason, Tier
from ..safety.gate import Gate
from ..safety.guards import PolicyState
from ..safety.lease import Lease
from ..safety.lifecycle import Mode
from ..safety.record import Refusal
from ..safety.rollback import SnapshotRing
from ..safety.supervisor import Supervisor
from ..safety.watch import Trip, Watch
from ..twin.command import Command
from ..twin.kpis import Kpis
from ..twin.params import Params
from ..twin.sla import CONSTRAINTS, margins
from .authorisation import ModeKeeper


@dataclass(frozen=True)
class LoopSettings:
    """What an operator fixes before starting a loop; periods are control periods."""

    needed_shadow_decisions: int = 288
    dwell_periods: int = 36
    canary_periods: int = 36
    canary_cells: tuple[str, ...] = ()  # where GUARDED may act
    control_deadline_share: float = 0.2  # of the period, for policy and shield together


@dataclass(frozen=True)
class LoopParts:
    """What a loop is made of; everything is injected."""

    network: Network
    gate: Gate
    audit: AuditLog
    clock: Clock
    lease: Lease
    supervisor: Supervisor
    policy: Controller
    task: Task
    watch: Watch
    ring: SnapshotRing
    keeper: ModeKeeper
    certificate_refusals: Callable[[], list[Refusal]]
    policy_state: PolicyState
    trainer: str
    certifier: str
    shield_failures: tuple[str, ...]


@dataclass(frozen=True)
class Cycle:
    """What one control period brought; for displays and reports."""

    period: int
    kpis: Kpis
    acknowledged: Command  # in force during the period that was reported
    proposal: Command | None
    decision: Decision
    authority: Authority
    mode: Mode
    outcome: str
    trip: Trip | None


def cycle_record(params: Params, cycle: Cycle) -> Mapping[str, object]:
    """Return what the audit log keeps of a period."""
    decision, kpis = cycle.decision, cycle.kpis
    margin = margins(kpis, params.scenario.sla)[0]
    return {
        "period": cycle.period,
        "time_s": float(kpis.time_s[0]),
        "mode": cycle.mode,
        "authority": cycle.authority.mode,
        "limits": [limit.name for limit in cycle.authority.limits],
        "observed margins": {name: _number(value) for name, value in zip(CONSTRAINTS, margin, strict=True)},
        "in force": cycle.acknowledged.carrier_state[0].tolist(),
        "proposal": None if cycle.proposal is None else cycle.proposal.carrier_state[0].tolist(),
        "decided": decision.applied.carrier_state[0].tolist(),
        "tier": Tier(int(decision.tier[0])).name,
        "reason": Reason(int(decision.reason[0])).name,
        "outcome": cycle.outcome,
        "trip": None if cycle.trip is None else str(cycle.trip),
    }


def _number(value: float) -> float | None:
    return round(float(value), 6) if np.isfinite(value) else None
