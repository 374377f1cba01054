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
from ..safety.decision import Decision, Memory, Reason, Tier
from ..safety.gate import Gate
from ..safety.guards import PolicyState
from ..safety.lease import Lease
from ..safety.lifecycle import Mode
from ..safety.record import Refusal
from ..safety.rollback import SnapshotRing
from ..safety.sanity import judge_report
from ..safety.supervisor import Supervisor
from ..safety.watch import Trip, Watch
from ..twin.backup import wake_everything
from ..twin.command import Command
from ..twin.kpis import REALS, Kpis
from ..twin.params import Params
from ..twin.rules import Precedent
from ..twin.sla import CONSTRAINTS, margins
from ..twin.types import I64
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
    kpis: Kpis  # NaN where the network did not answer
    acknowledged: Command  # in force during the period that was reported; the last known if it was not
    proposal: Command | None
    decision: Decision
    authority: Authority
    mode: Mode
    outcome: str
    trip: Trip | None
    silence: str = ""  # why nothing is known of this period, if nothing is


@dataclass
class Position:
    """Where a loop stands between two periods."""

    period: int = 0
    shadow_decisions: int = 0  # of the policy, judged in SHADOW or above
    canary_healthy: int = 0
    epoch: int = 0
    silent_periods: int = 0  # in a row
    is_acting: bool = False  # the mode of the last period let the policy act
    owed: str = "a start: nobody watched over what sleeps"  # why capacity is still to be given back, if it is
    kpis: Kpis | None = None
    before: Kpis | None = None
    precedent: Precedent | None = None
    latest: Cycle | None = None


def cycle_record(params: Params, cycle: Cycle) -> Mapping[str, object]:
    """Return what the audit log keeps of a period."""
    decision, kpis = cycle.decision, cycle.kpis
    margin = margins(kpis, params.scenario.sla)[0]
    return {
        "period": cycle.period,
        "time_s": number(kpis.time_s[0]),
        "mode": cycle.mode,
        "authority": cycle.authority.mode,
        "limits": [limit.name for limit in cycle.authority.limits],
        "observed margins": {name: number(value) for name, value in zip(CONSTRAINTS, margin, strict=True)},
        "in force": None if cycle.silence else cycle.acknowledged.carrier_state[0].tolist(),
        "proposal": None if cycle.proposal is None else cycle.proposal.carrier_state[0].tolist(),
        "decided": None if cycle.silence else decision.applied.carrier_state[0].tolist(),
        "tier": Tier(int(decision.tier[0])).name,
        "reason": Reason(int(decision.reason[0])).name,
        "outcome": cycle.outcome,
        "trip": None if cycle.trip is None else str(cycle.trip),
        **({"silence": cycle.silence} if cycle.silence else {}),
    }


def checked_actions(task: Task, params: Params, actions: I64) -> I64:
    """Return the actions of one network as they are.

    Raises:
        ValueError: if they are not of the action space; converting them into a command could hide that.
    """
    space = task.action_space(params)
    if not (len(actions) == 1 and space.contains(actions[0])):
        raise ValueError(f"the policy answered {actions!r}; one row of {space} is needed")
    return actions


def makes_sense(kpis: Kpis) -> bool:
    """Tell whether a report passes T0, whatever came before it."""
    return not np.any(judge_report(kpis, np.full(kpis.n_replicas, -np.inf)))


def no_report(params: Params) -> Kpis:
    """Return what is known of a period without a report: nothing; B = 1."""
    shape = (1, params.n_cells)
    unknown, never = np.full(shape, np.nan, np.float32), np.zeros(shape, np.bool_)
    return Kpis(
        time_s=np.full(1, np.nan), granularity_s=params.scenario.timing.control_period_s,
        **dict.fromkeys(REALS, unknown),
        carrier_state=np.zeros(shape, np.int8), waking=never, site_power=np.full(1, np.nan, np.float32),
        age_s=np.full(shape, np.inf, np.float32), valid=never,
    )  # fmt: skip


def no_decision(params: Params) -> Decision:
    """Return the next step of the stored plan, where there was no report to decide upon."""
    return Decision(
        applied=wake_everything(params, 1),
        tier=np.full(1, Tier.PLAN, np.int8),
        reason=np.full(1, Reason.REPORT_STALE, np.int8),
        margins=np.full((1, len(CONSTRAINTS)), np.nan),
        intervened=np.zeros(1, np.bool_),
        unrecoverable=np.zeros(1, np.bool_),
        memory=Memory.fresh(1, params.n_cells),
    )


def number(value: float, digits: int = 6) -> float | None:
    """Return a figure as JSON knows it; None where it is not known."""
    return round(float(value), digits) if np.isfinite(value) else None
