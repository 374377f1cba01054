"""What one picture of the network shows, taken out of a simulation; knows nothing of drawing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...twin.advance import radio_view
from ...twin.kernels.failures import LEFT_S
from ...twin.kernels.slices import CENTRE_X, CENTRE_Y
from ...twin.params import Params
from ...twin.sla import margins
from ...twin.slice_report import SliceReport, slice_margin
from ...twin.state import State
from ...twin.types import F32, F64, I8, I32, I64, Bool
from ..palette import picture_states
from ..simulation import Simulation
from ..trail import values_of


@dataclass(frozen=True)
class Frame:
    """One replica at the end of a control period."""

    time_s: float  # since midnight of the first day
    power_w: float  # reported, of the whole network
    prb_load: F32  # (C,), reported mean of the period, 0..1
    load: F32  # (C,), now, 0..1
    carrier: I8  # (C,), index into STATE_WORDS
    beam: I8  # (C,), broadcast pattern in force, 0 the planned one
    offset_db: I8  # (C,), on top of the planned offset
    down: I8  # (C,), 0 works, 1 has failed, 2 is also known to have failed
    is_cut_off: Bool  # (C,), cannot report
    lost_s: F32  # (C,), age of the latest report where it did not arrive, else 0
    late_s: float  # age of the reports that arrive
    came: I64  # (C, C), users who came from a cell (row) to another in the last control period
    ssb_period: I8  # (C,), SSB period in force, 0 the planned one
    user_x: F32  # (U,), m
    user_y: F32  # (U,), m
    serving: I32  # (U,), cell or -1
    is_active: Bool  # (U,), asks for traffic
    is_served: Bool  # (U,), gets the guaranteed rate
    is_crowd: Bool  # (U,)
    slice_kind: I8  # (U,), type of the slice that a user belongs to, or -1
    door_xy: F32  # (R, 2), centre of the slice that is asked for at each place, m
    slices: SliceReport | None  # who asks and who is served, of one replica
    margins: F64  # (3,), of the constraints, as reported; (4,) where there are slices
    true_margins: F64  # the same before telemetry faults
    values: dict[str, float]  # what the trail keeps

    @staticmethod
    def of(params: Params, simulation: Simulation, replica: int = 0) -> Frame:
        """Look at one replica of a started simulation."""
        state, kpis = simulation.state.rows([replica]), simulation.window.kpis.rows([replica])
        arrays = state.arrays
        rsrp, offered = radio_view(params, state)
        mbps, who = user_mbps(params, state, rsrp), np.arange(params.n_users)
        report = None if simulation.window.slices is None else simulation.window.slices.rows([replica])
        promised = np.empty(0) if report is None else slice_margin(params, report)
        truth = simulation.truth.rows([replica])
        lost, sla = ~kpis.valid[0], params.scenario.sla
        return Frame(
            time_s=float(kpis.time_s[0]),
            power_w=float(kpis.total_power_w[0]),
            prb_load=kpis.prb_tot_dl[0] / np.float32(100.0),
            load=arrays.load[0],
            carrier=picture_states(arrays.carrier[0], arrays.wake_left_s[0] > 0),
            beam=arrays.beam[0],
            offset_db=arrays.shift_db[0],
            down=arrays.down[0],
            is_cut_off=cut_off(params, state),
            lost_s=np.where(lost, kpis.age_s[0], np.float32(0.0)),
            late_s=float(kpis.age_s[0][~lost].max(initial=0.0)),
            came=newcomers(params, state),
            ssb_period=arrays.ssb_period[0],
            user_x=arrays.user_x[0],
            user_y=arrays.user_y[0],
            serving=arrays.serving[0],
            is_active=offered[0] > 0,
            is_served=mbps[0] >= np.float32(sla.guaranteed_mbps),
            is_crowd=(who >= params.arrays.crowd_first) & (who < params.arrays.slice_first),
            slice_kind=_kinds(params, state),
            door_xy=arrays.request[0, :, CENTRE_X : CENTRE_Y + 1],
            slices=report,
            margins=np.append(margins(kpis, sla)[0], promised),
            true_margins=np.append(margins(truth, sla)[0], promised),
            values=values_of(params, simulation.window, replica),
        )


def _kinds(params: Params, state: State) -> I8:
    """Return the type of the slice that each user belongs to, (U,); -1 for everybody else."""
    kinds, slots = np.full(params.n_users, -1, np.int8), state.arrays.slot_kind[0]
    if len(slots):
        kinds[params.arrays.slice_first :] = np.repeat(slots, params.arrays.slice_users)
    return kinds


def cut_off(params: Params, state: State) -> Bool:
    """Tell which cells' reports are lost because the transport behind them is down, (C,); of the first replica."""
    lost = np.zeros(params.n_cells, np.bool_)
    for cause in np.flatnonzero(params.arrays.cuts_off):
        place = params.arrays.cause_place[cause]
        lost |= (place >= 0) & (state.arrays.outage[0, cause, np.maximum(place, 0), LEFT_S] > 0)
    return lost


def newcomers(params: Params, state: State) -> I64:
    """Return how many users came from each cell to each in the last control period, (C, C); of the first replica."""
    arrays, timing = state.arrays, params.scenario.timing
    since_s = arrays.step[0] * timing.twin_step_s - timing.control_period_s
    came = np.zeros((params.n_cells, params.n_cells), np.int64)
    left, serving = arrays.left[0], arrays.serving[0]
    moved = (left >= 0) & (serving >= 0) & (left != serving) & (arrays.moved_s[0] > since_s)
    np.add.at(came, (left[moved], serving[moved]), 1)
    return came


def user_mbps(params: Params, state: State, rsrp: F32) -> F32:
    """Return what each user would get now, (B, U) Mbit/s: its rate alone times the free share of its cell.

    The kernel's own law (``account``) on the loads it ended with.

    Args:
        params: the network.
        state: B replicas.
        rsrp: (B, C, U) dBm from ``radio_view``.
    """
    arrays, now = params.arrays, state.arrays
    power = 10 ** (rsrp / np.float32(10.0))
    received = now.load[:, :, None] * power
    cell = np.maximum(now.serving, 0)[:, None, :]
    same_layer = arrays.layer[:, None] == arrays.layer[cell]
    others = (received * same_layer).sum(axis=1) - np.take_along_axis(received, cell, axis=1)[:, 0]
    cell = cell[:, 0]
    own = np.take_along_axis(power, cell[:, None], axis=1)[:, 0]
    sinr = own / (np.maximum(others, 0.0) + arrays.noise_mw[cell])
    efficiency = (arrays.cqi_gain * (sinr[..., None] >= arrays.cqi_sinr)).sum(axis=-1)
    column = np.take_along_axis(np.minimum(now.carrier, 1) + 2 * now.ssb_period, cell, axis=1)
    alone = efficiency * arrays.rate_mbps[cell, column]
    free = 1.0 - np.take_along_axis(now.load, cell, axis=1)
    return np.where(now.serving >= 0, alone * free, 0.0).astype(np.float32)
