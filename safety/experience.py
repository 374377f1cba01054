"""What sleeping has cost before: capacity whose area could hardly do without it is not put to sleep again soon.

The belief does not know where the network's own users are. A coverage cell that filled up while capacity of its area
slept tells that they are badly placed for it, and nothing tells so while that capacity is awake.
"""

from __future__ import annotations

import numpy as np

from ..twin.carrier import CarrierState
from ..twin.command import Command
from ..twin.kpis import Kpis
from ..twin.params import Params
from ..twin.sla import is_unsafe, margins
from ..twin.types import F64, Bool

FULL_LOAD = 85.0  # %, of a coverage cell: a little more and it blocks
REST_S = 6 * 3600.0


def rested_until_s(params: Params, kpis: Kpis, command: Command, before_s: F64) -> F64:
    """Return until when each cell must stay awake, (B, C) s, after one more report.

    Args:
        params: the twin.
        kpis: (B) the report.
        command: (B, C) in force in the reported period.
        before_s: (B, C) what held so far.
    """
    full = kpis.valid & ~(kpis.prb_tot_dl <= FULL_LOAD)
    areas = full[:, params.coverage_cells] | is_unsafe(margins(kpis, params.scenario.sla))[:, None]
    asleep = command.carrier_state != CarrierState.ACTIVE
    bitten = asleep & touching(params, areas) & np.isfinite(kpis.time_s)[:, None]
    return np.where(bitten, kpis.time_s[:, None] + REST_S, before_s)


def touching(params: Params, areas: Bool) -> Bool:
    """Return the cells whose sleep is felt in any of some areas (B, G), (B, C)."""
    return np.any(areas[:, None, :] & params.leans_on, axis=2)


def awake(cells: Bool, command: Command) -> Command:
    """Return the command with some cells (B, C) awake."""
    return Command(np.where(cells, CarrierState.ACTIVE, command.carrier_state).astype(np.int8))
