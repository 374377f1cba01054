"""What one picture of the network shows, taken out of a simulation; knows nothing of drawing."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..twin.advance import radio_view
from ..twin.params import Params
from ..twin.sla import margins
from ..twin.slice_report import slice_margin
from ..twin.state import State
from ..twin.types import F32, F64, I8, I32, Bool
from .palette import picture_states
from .simulation import Simulation


@dataclass(frozen=True)
class Frame:
    """One replica at the end of a control period."""

    time_s: float  # since midnight of the first day
    power_w: float  # reported, of the whole network
    prb_load: F32  # (C,), reported mean of the period, 0..1
    load: F32  # (C,), now, 0..1
    carrier: I8  # (C,), index into STATE_WORDS
    beam: I8  # (C,), broadcast pattern in force, 0 the planned one
    ssb_period: I8  # (C,), SSB period in force, 0 the planned one
    user_x: F32  # (U,), m
    user_y: F32  # (U,), m
    serving: I32  # (U,), cell or -1
    is_active: Bool  # (U,), asks for traffic
    is_served: Bool  # (U,), gets the guaranteed rate
    is_crowd: Bool  # (U,)
    is_tenant: Bool  # (U,), user of a slice
    margins: F64  # (3,), of the constraints, as reported; (4,) where there are slices

    @staticmethod
    def of(params: Params, simulation: Simulation, replica: int = 0) -> Frame:
        """Look at one replica of a started simulation."""
        state, kpis = simulation.state.rows([replica]), simulation.window.kpis.rows([replica])
        arrays = state.arrays
        rsrp, offered = radio_view(params, state)
        mbps, who = user_mbps(params, state, rsrp), np.arange(params.n_users)
        return Frame(
            time_s=float(kpis.time_s[0]),
            power_w=float(kpis.total_power_w[0]),
            prb_load=kpis.prb_tot_dl[0] / np.float32(100.0),
            load=arrays.load[0],
            carrier=picture_states(arrays.carrier[0], arrays.wake_left_s[0] > 0),
            beam=arrays.beam[0],
            ssb_period=arrays.ssb_period[0],
            user_x=arrays.user_x[0],
            user_y=arrays.user_y[0],
            serving=arrays.serving[0],
            is_active=offered[0] > 0,
            is_served=mbps[0] >= np.float32(params.scenario.sla.guaranteed_mbps),
            is_crowd=(who >= params.arrays.crowd_first) & (who < params.arrays.slice_first),
            is_tenant=who >= params.arrays.slice_first,
            margins=np.append(
                margins(kpis, params.scenario.sla)[0], _slice_margins(params, simulation, replica)
            ),
        )


def _slice_margins(params: Params, simulation: Simulation, replica: int) -> F64:
    """Return the margin of the promises to tenants, (1,); nothing where there are no slices."""
    report = simulation.window.slices
    return np.empty(0) if report is None else slice_margin(params, report)[[replica]]


@dataclass
class Trail:
    """The episode so far, one entry per drawn period; begins anew when time goes backwards."""

    hours: list[float] = field(default_factory=list)
    power_w: list[float] = field(default_factory=list)
    coverage_load: list[float] = field(default_factory=list)
    capacity_load: list[float] = field(default_factory=list)

    def add(self, params: Params, frame: Frame) -> None:
        """Append a frame; one of the same moment replaces the last."""
        hour = frame.time_s / 3600.0
        keep = sum(earlier < hour for earlier in self.hours) if not self._is_restart(hour) else 0
        for values, value in zip(self._series(), self._entry(params, frame), strict=True):
            values[keep:] = [value]

    def _is_restart(self, hour: float) -> bool:
        return bool(self.hours) and hour < self.hours[-1]

    def _series(self) -> tuple[list[float], ...]:
        return self.hours, self.power_w, self.coverage_load, self.capacity_load

    @staticmethod
    def _entry(params: Params, frame: Frame) -> tuple[float, ...]:
        by_layer = (frame.prb_load[layer] for layer in (params.coverage_cells, params.capacity_cells))
        coverage, capacity = (float(loads.mean()) if loads.size else 0.0 for loads in by_layer)
        return frame.time_s / 3600.0, frame.power_w, coverage, capacity


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
