"""Is the shield fit for duty? It must refuse what is known to be unsafe and accept what is known to be safe."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..twin.advance import advance
from ..twin.backup import wake_everything
from ..twin.carrier import CarrierState
from ..twin.command import Command
from ..twin.kpis import Kpis, measure
from ..twin.params import Params
from ..twin.state import NEVER_S, begin, open_period
from ..twin.sync import Belief, first_belief
from .decision import Memory, Tier
from .recoverability import n_members
from .shield import Shield

BUSY_HOUR, QUIET_HOUR = 19, 4
BUSY_LOAD, QUIET_LOAD = 0.75, 0.01  # mean PRB load of every area: unbearable, and next to nothing


@dataclass(frozen=True)
class SelfTest:
    """The verdict; ``failures`` names what went wrong."""

    failures: tuple[str, ...]

    @property
    def ready(self) -> bool:
        """Whether the shield may be relied upon."""
        return not self.failures


def self_test(shield: Shield) -> SelfTest:
    """Put known cases to the shield; also compiles and warms everything it needs."""
    failures = []
    params = shield.params
    busy, quiet = (
        _belief(params, hour, load) for hour, load in ((BUSY_HOUR, BUSY_LOAD), (QUIET_HOUR, QUIET_LOAD))
    )
    memory = Memory.fresh(1, params.n_cells)
    everything = np.where(params.is_capacity, CarrierState.DEEP_SLEEP, CarrierState.ACTIVE)[None].astype(
        np.int8
    )
    one = wake_everything(params, 1).carrier_state.copy()
    one[0, params.capacity_cells[0]] = CarrierState.DEEP_SLEEP
    if np.any(
        shield.decide(busy, Command(everything), memory).applied.carrier_state == CarrierState.DEEP_SLEEP
    ):
        failures.append("put a carrier to deep sleep in the busy hour")
    if not np.array_equal(shield.decide(quiet, Command(one), memory).applied.carrier_state, one):
        failures.append("refused putting one carrier to sleep in an almost empty network")
    broken = replace(quiet, kpis=_poison(quiet.kpis))
    if shield.decide(broken, Command(one), memory).tier[0] != Tier.T0_SANITY:
        failures.append("acted upon a report that is not a number")
    return SelfTest(tuple(failures))


def _belief(params: Params, hour: int, load: float) -> Belief:
    """Believe in an hour of the day in which every area has the same mean load."""
    timing = params.scenario.timing
    state = begin(params, np.zeros(1, np.int64), np.zeros(1, np.int64))
    state.arrays.step[:] = round(hour * 3600 / timing.twin_step_s)
    state.arrays.surge[:, :, 0] = NEVER_S
    state.arrays.area_load[:] = load
    open_period(state)
    active = wake_everything(params, 1)
    advance(params, state, active, timing.steps_per_period)
    return first_belief(params, measure(params, state), active, n_members(params), seed=0)


def _poison(kpis: Kpis) -> Kpis:
    values = kpis.prb_tot_dl.copy()
    values[0, 0] = np.nan
    return replace(kpis, prb_tot_dl=values)
