"""T2: would we still be able to get back? A look ahead in the twin.

A candidate is applied for one control period and then the backup until every carrier serves again, while the steepest
crowd of the envelope begins at once at each venue. Every promise must hold all the way.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..twin.advance import advance
from ..twin.backup import wake_everything
from ..twin.command import Command
from ..twin.kpis import Kpis, measure
from ..twin.params import Params
from ..twin.scenario import Sla
from ..twin.sla import CONSTRAINTS, margins
from ..twin.state import State, gather_crowd, open_period
from ..twin.sync import Belief
from ..twin.types import F64, Bool

INJECTED = 1  # surge slot of what-if crowds
FOREVER_S = np.float32(1e7)
MEMBERS_PER_VENUE = 2  # of the belief: each venue's crowd is imagined among so many draws of the users
MarginFunction = Callable[[Kpis, Sla], F64]


def n_members(params: Params) -> int:
    """Return how many members a belief needs for the look-ahead."""
    return MEMBERS_PER_VENUE * len(params.scenario.surge.venues)


@dataclass(frozen=True)
class Lookahead:
    """How far and how badly the look-ahead imagines the future.

    ``demand_factor`` is the conformal margin: demand is multiplied by it (``conformal.py``).
    """

    demand_factor: float = 1.0
    burst_peak_mbps: float = 0.0
    burst_ramp_s: float = 600.0
    settle_steps: int = 2

    def __post_init__(self) -> None:
        if not (self.demand_factor >= 1 and self.burst_peak_mbps >= 0 and self.burst_ramp_s > 0):
            raise ValueError(
                f"{self}: demand_factor must be >= 1, the burst non-negative and its ramp positive"
            )

    @staticmethod
    def of(params: Params, demand_factor: float = 1.0) -> Lookahead:
        """Prepare for the steepest crowd that the scenario's law allows."""
        law = params.scenario.surge
        return Lookahead(demand_factor, law.top_mbps if law.probability > 0 else 0.0, law.steepest_ramp_s)


@dataclass(frozen=True)
class Foresight:
    """What a candidate may lead to, per network (B)."""

    margins: F64  # (B, J), the worst on the way over all members and periods; NaN stays NaN
    pressed: Bool  # (B, G), areas that fare worst in a member that breaks a promise


def foresee(
    params: Params, look: Lookahead, belief: Belief, candidate: Command, margin_of: MarginFunction = margins
) -> Foresight:
    """Look ahead from every member of a belief.

    Args:
        params: the twin.
        look: how far and how badly to imagine.
        belief: of B networks.
        candidate: (B, C), applied for one control period before the backup takes over.
        margin_of: the constraint margins.
    """
    members = _imagine(params, look, belief)
    n = members.n_replicas
    spread = Command(np.repeat(candidate.carrier_state, belief.n_members, axis=0))
    backup = wake_everything(params, n)
    steps = params.scenario.timing.steps_per_period
    worst, burden = np.full((n, len(CONSTRAINTS)), np.inf), np.zeros((n, params.n_areas))
    for command, n_steps in ((spread, steps), *((backup, k) for k in _backup_steps(params, look))):
        open_period(members)
        advance(params, members, command, n_steps)
        kpis = measure(params, members)
        worst = np.minimum(worst, margin_of(kpis, params.scenario.sla))
        burden = np.maximum(burden, _below_by_area(params, kpis))
    pressed = (burden == burden.max(axis=1, keepdims=True)) & ~np.all(worst >= 0, axis=1, keepdims=True)
    by_network = (belief.n_networks, belief.n_members, -1)
    return Foresight(worst.reshape(by_network).min(axis=1), pressed.reshape(by_network).any(axis=1))


def _below_by_area(params: Params, kpis: Kpis) -> F64:
    """Return the users below the guarantee in each area, (B, G)."""
    return np.stack(
        [kpis.ue_below[:, params.area_of_cell == g].sum(axis=1) for g in range(params.n_areas)], axis=1
    )


def _backup_steps(params: Params, look: Lookahead) -> list[int]:
    """Cut the way back into measurement periods: the longest wake-up delay, then the settling time."""
    timing = params.scenario.timing
    left = int(np.ceil(max(params.scenario.sleep.wake_delay_s) / timing.twin_step_s))
    pieces = []
    while left > 0:
        pieces.append(min(left, timing.steps_per_period))
        left -= pieces[-1]
    return [*pieces, look.settle_steps]


def _imagine(params: Params, look: Lookahead, belief: Belief) -> State:
    """Copy the members, raise their demand and let a crowd begin: member k at venue k."""
    members = belief.members.copy()
    arrays = members.arrays
    arrays.area_load[:] *= np.float32(look.demand_factor)
    if look.burst_peak_mbps > 0:
        venues = np.tile(np.arange(belief.n_members), belief.n_networks) % len(params.scenario.surge.venues)
        now_s = arrays.step * params.scenario.timing.twin_step_s
        arrays.surge[:, INJECTED, 0] = now_s
        arrays.surge[:, INJECTED, 1] = look.burst_ramp_s
        arrays.surge[:, INJECTED, 2] = FOREVER_S
        arrays.surge[:, INJECTED, 3] = look.burst_peak_mbps
        arrays.surge[:, INJECTED, 4] = venues
        gather_crowd(params, members, np.arange(members.n_replicas), INJECTED)
    return members
