"""What the shield answers: which command may be applied, which tier decided, and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from ..twin.command import Command
from ..twin.rules import Precedent
from ..twin.types import F64, I8, I32, Bool


class Tier(IntEnum):
    """The tier that settled a decision."""

    ACCEPTED = 0  # the proposal itself passed every tier
    T0_SANITY = 1  # the report or the proposal makes no sense
    T1_RULES = 2  # the proposal broke a static rule and was projected
    T2_RECOVERABILITY = 3  # the proposal could not be recovered from; a milder candidate is applied
    PLAN = 4  # nothing passed: the next step of the stored plan


class Reason(IntEnum):
    """Why the proposal was not applied as it stood."""

    NONE = 0
    REPORT_STALE = 1
    REPORT_NOT_FINITE = 2
    REPORT_OUT_OF_RANGE = 3
    REPORT_OUT_OF_ORDER = 4
    PROPOSAL_MALFORMED = 5
    RULE_BROKEN = 6
    NOT_RECOVERABLE = 7
    UNRECOVERABLE = 8  # even the stored plan is predicted to break a promise
    EXCEPTION = 9
    DEADLINE = 10
    AREA_RESTS = 11  # capacity of the area slept a while ago and the rest could hardly carry its traffic


@dataclass(frozen=True)
class Memory:
    """What the shield carries from one decision to the next, per network (B)."""

    precedent: Precedent  # last acknowledged command and dwell
    last_time_s: F64  # (B,), time of the last report that was judged
    plan_uses: I32  # (B,), how often the stored plan was needed in a row
    rest_until_s: F64  # (B, C), until when a cell stays awake because of what its sleep cost before

    @staticmethod
    def fresh(n_networks: int, n_cells: int) -> Memory:
        """Nothing decided yet; the stored plan is the backup."""
        never = np.full((n_networks, n_cells), -np.inf)
        uses = np.zeros(n_networks, np.int32)
        return Memory(Precedent.fresh(n_networks, n_cells), never[:, 0].copy(), uses, never)


@dataclass(frozen=True)
class Decision:
    """One decision per network (B)."""

    applied: Command  # (B, C)
    tier: I8  # (B,), Tier
    reason: I8  # (B,), Reason
    margins: F64  # (B, J), worst predicted margins of what is applied; NaN where it was not foreseen
    intervened: Bool  # (B,), something else than the proposal is applied
    unrecoverable: Bool  # (B,), even the plan is predicted to break a promise
    memory: Memory
