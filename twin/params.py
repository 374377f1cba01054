"""``Params``: a scenario worked out into the arrays the kernel reads."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from .carrier import CarrierState
from .kernels.layout import ParamArrays
from .link import N_PRB, cqi_thresholds, usable_bandwidth_hz
from .power import idle_power_rel, power_levels, relative_power_dl, transition
from .radiomap import area_map, gain_map, ssb_map
from .scenario import Carrier, Scenario
from .traffic import load_profile
from .types import F32, I16, I32, Bool

BS_CATEGORY = 1  # TR 38.864 table 5.1-2
THERMAL_NOISE_DBM_HZ = -174.0
MUTED_SHARE = 0.5  # of the transceivers
QOUT_DB = -8.0  # TR 36.839 5.1: 10 % errors of a hypothetical control channel
MUTING_LOSS_DB = 6.0  # half the power and half the array gain
SUBCARRIERS_PER_PRB = 12
LEAST_LEANING = 0.02  # of a cell's pixels: an area that has fewer of them hardly feels its sleep


@dataclass(frozen=True)
class Cell:
    """One carrier in one sector: an NRCellDU."""

    name: str
    site: str
    area: int  # index of the coverage cell it overlays
    carrier: Carrier


def cells_of(scenario: Scenario) -> tuple[Cell, ...]:
    """List the cells in the order of the arrays: site, sector, carrier."""
    return tuple(
        Cell(f"{site.name}-{i}-{name}", site.name, 0, scenario.carriers[name])
        for site in scenario.sites
        for i, sector in enumerate(site.sectors)
        for name in sector.carriers
    )


@dataclass(frozen=True)
class Params:
    """What does not change while a network runs: the scenario and the arrays made from it.

    Build with ``Params.of(scenario)``.
    """

    scenario: Scenario
    cells: tuple[Cell, ...]
    arrays: ParamArrays

    @staticmethod
    def of(scenario: Scenario) -> Params:
        """Work a scenario out; takes some tenths of a second for the gain map."""
        patterns = gain_map(scenario)
        cells = cells_of(scenario)
        gain = np.ascontiguousarray(patterns[:, first_columns([cell.carrier for cell in cells])])
        coverage = np.array([i for i, c in enumerate(cells) if c.carrier.layer == "coverage"], dtype=np.int32)
        areas = _overlaid_area(gain, coverage)
        cells = tuple(Cell(c.name, c.site, int(a), c.carrier) for c, a in zip(cells, areas, strict=True))
        return Params(scenario, cells, _arrays(scenario, cells, patterns, area_map(gain, coverage)))

    @property
    def n_cells(self) -> int:
        """Number of cells C."""
        return len(self.cells)

    @property
    def n_users(self) -> int:
        """Number of users U, residents and crowd."""
        return self.scenario.users.resident + self.scenario.users.crowd

    @property
    def n_areas(self) -> int:
        """Number of areas G: one per coverage cell."""
        return len(self.coverage_cells)

    @cached_property
    def is_capacity(self) -> Bool:
        """Which cells may sleep, (C,)."""
        return np.array([cell.carrier.layer == "capacity" for cell in self.cells], dtype=np.bool_)

    @cached_property
    def capacity_cells(self) -> I32:
        """Indices of the cells that may sleep."""
        return np.flatnonzero(self.is_capacity).astype(np.int32)

    @cached_property
    def coverage_cells(self) -> I32:
        """Indices of the cells that never sleep."""
        return np.flatnonzero(~self.is_capacity).astype(np.int32)

    @cached_property
    def area_of_cell(self) -> I32:
        """Area that each cell overlays, (C,)."""
        return np.array([cell.area for cell in self.cells], dtype=np.int32)

    @cached_property
    def gain(self) -> I16:
        """Path gain of every pixel and cell under the planned patterns, (P, C), in ``GAIN_STEP_DB``."""
        return np.ascontiguousarray(self.arrays.gain[:, self.arrays.first_column])

    @cached_property
    def n_beams(self) -> I32:
        """Number of broadcast patterns of each cell, (C,): 1 where there is none but the planned one."""
        return np.array([1 + len(cell.carrier.patterns) for cell in self.cells], dtype=np.int32)

    @cached_property
    def leans_on(self) -> Bool:
        """Which areas take over users of a capacity cell that sleeps, (C, G); a coverage cell leans on its own.

        Those whose coverage cell is best on at least a fiftieth of the pixels where the cell is the best of its layer.
        """
        gain, capacity = self.gain, self.capacity_cells
        owner = np.argmax(gain[:, self.coverage_cells], axis=1)
        best = capacity[np.argmax(gain[:, capacity], axis=1)] if len(capacity) else np.full(len(owner), -1)
        leans = self.area_of_cell[:, None] == np.arange(self.n_areas)
        for cell in capacity:
            pixels = np.bincount(owner[best == cell], minlength=self.n_areas)
            leans[cell] |= pixels >= max(1.0, LEAST_LEANING * pixels.sum())
        return leans

    @cached_property
    def least_power_w(self) -> float:
        """Power with all capacity in deep sleep and no traffic at all, W."""
        idle_w, capacity = self.arrays.idle_w, self.is_capacity
        asleep = idle_w[capacity, CarrierState.DEEP_SLEEP].sum(dtype=np.float64)
        awake = idle_w[~capacity, CarrierState.ACTIVE].sum(dtype=np.float64)
        return float(self.arrays.fixed_w + asleep + awake)

    @cached_property
    def full_power_w(self) -> float:
        """Power with every carrier active and full, W."""
        full_w = self.arrays.idle_w[:, 0] + self.arrays.slope_w[:, 0]
        return float(self.arrays.fixed_w + full_w.sum(dtype=np.float64))


def _overlaid_area(gain: np.ndarray, coverage: I32) -> I32:
    """Find the area each cell overlays: whose coverage cell is best over the cell's best tenth of pixels."""
    owner = np.argmax(gain[:, coverage], axis=1)
    strongest = max(1, gain.shape[0] // 10)
    best = np.argsort(-gain.astype(np.int32), axis=0, kind="stable")[:strongest]
    return np.array([np.bincount(owner[best[:, c]]).argmax() for c in range(gain.shape[1])], dtype=np.int32)


def _resource_elements(carrier: Carrier) -> int:
    return N_PRB[carrier.bandwidth_mhz, carrier.scs_khz] * SUBCARRIERS_PER_PRB


def _tx_dbm(carrier: Carrier) -> float:
    return carrier.tx_power_dbm - 10 * np.log10(_resource_elements(carrier)) + carrier.beamforming_gain_db


def _noise_mw(carrier: Carrier, scenario: Scenario) -> float:
    dbm = THERMAL_NOISE_DBM_HZ + 10 * np.log10(carrier.scs_khz * 1e3)
    return float(10 ** ((dbm + scenario.noise_figure_db + scenario.noise_rise_db) / 10))


def _rates_mbps(carrier: Carrier) -> tuple[float, float]:
    """Mbit/s per bit/s/Hz, active and muted; half the transceivers carry half the layers, one at least."""
    n_prb = N_PRB[carrier.bandwidth_mhz, carrier.scs_khz]
    hertz = usable_bandwidth_hz(n_prb, carrier.scs_khz) * carrier.dl_share
    layers = (carrier.mimo_layers, max(1.0, carrier.mimo_layers * MUTED_SHARE))
    return hertz * layers[0] / 1e6, hertz * layers[1] / 1e6


def _idle_w(carrier: Carrier, ssb_period_ms: float) -> tuple[float, ...]:
    """Power without traffic per state: SSB bursts apart, the deepest permitted sleep (TR 38.864 5.1)."""
    u, ref = carrier.watts_per_unit, carrier.reference_set
    micro = idle_power_rel(BS_CATEGORY, ref, "micro", ssb_period_ms=ssb_period_ms)
    light = idle_power_rel(BS_CATEGORY, ref, "light", ssb_period_ms=ssb_period_ms)
    deep = power_levels(BS_CATEGORY, ref).idle("deep")
    return micro * u, micro * u, micro * u, light * u, deep * u


def _slope_w(carrier: Carrier) -> tuple[float, ...]:
    """Power added by full load per state: data symbols instead of micro sleep during the downlink share."""
    u, share, ref = carrier.watts_per_unit, carrier.dl_share, carrier.reference_set
    idle = idle_power_rel(BS_CATEGORY, ref, "micro")
    full = relative_power_dl(BS_CATEGORY, ref, 1.0, 1.0, 1.0, "single")
    muted = relative_power_dl(BS_CATEGORY, ref, MUTED_SHARE, 1.0, 1.0, "single")
    return float(full - idle) * share * u, float(muted - idle) * share * u, 0.0, 0.0, 0.0


def _transition_j(carrier: Carrier) -> tuple[float, ...]:
    """Additional energy to enter and leave a state, J (TR 38.864 table 5.1-4: relative units x ms)."""
    names = {CarrierState.LIGHT_SLEEP: "light", CarrierState.DEEP_SLEEP: "deep"}
    return tuple(
        transition(BS_CATEGORY, names[state])[1] * 1e-3 * carrier.watts_per_unit if state in names else 0.0
        for state in CarrierState
    )


def _table(rows: object) -> F32:
    return np.ascontiguousarray(np.array(rows, dtype=np.float32))


def first_columns(carriers: list[Carrier]) -> I32:
    """Return the column of the gain map that holds each cell's planned pattern, (C,)."""
    counts = [1 + len(carrier.patterns) for carrier in carriers]
    return (np.cumsum(counts) - counts).astype(np.int32)


def _layer_of(carriers: list[Carrier]) -> I32:
    """Index of each carrier's frequency among all, (C,)."""
    frequencies = sorted({c.fc_ghz for c in carriers})
    return np.array([frequencies.index(c.fc_ghz) for c in carriers], dtype=np.int32)


def _headings() -> F32:
    """Sixteen unit vectors around the compass, (16, 2)."""
    angles = 2 * np.pi * np.arange(16) / 16
    return _table(np.round(np.stack([np.cos(angles), np.sin(angles)], axis=1), 6))


def _noise_law(scenario: Scenario) -> tuple[float, float]:
    """AR(1) coefficient and shock of log demand per step; the variance stays at ``noise_sigma`` squared."""
    keep = float(np.exp(-scenario.timing.twin_step_s / scenario.load.noise_correlation_s))
    return keep, float(np.sqrt(1 - keep**2)) * scenario.load.noise_sigma


def _user_mbps(scenario: Scenario, cells: tuple[Cell, ...]) -> float:
    """Mean traffic a resident offers at load 1: that of all areas, shared by all residents."""
    n_areas = len({cell.area for cell in cells if cell.carrier.layer == "coverage"})
    return scenario.load.full_load_mbps * scenario.load.scale * n_areas / scenario.users.resident


def _arrays(scenario: Scenario, cells: tuple[Cell, ...], gain: np.ndarray, pixel_area: I32) -> ParamArrays:
    n_pixels = round(scenario.width_m / scenario.pixel_m)
    profile = load_profile(scenario.load.profile)
    tables: dict[str, Any] = _cell_tables(scenario, [cell.carrier for cell in cells]) | _user_law(
        scenario, cells
    )
    return ParamArrays(
        gain=gain,
        ssb_beam=ssb_map(scenario),
        pixel_area=pixel_area,
        profile=profile,
        venue_xy=_table(scenario.surge.venues),
        heading=_headings(),
        n_x=n_pixels,
        n_y=n_pixels,
        pixel_m=scenario.pixel_m,
        step_s=scenario.timing.twin_step_s,
        slot_s=86_400.0 / profile.shape[1],
        muting_loss_db=MUTING_LOSS_DB,
        guaranteed_mbps=scenario.sla.guaranteed_mbps,
        coverage_dbm=scenario.sla.coverage_rsrp_dbm,
        fixed_w=sum(site.fixed_power_w for site in scenario.sites),
        **tables,
    )


def _cell_tables(scenario: Scenario, carriers: list[Carrier]) -> dict[str, F32 | I32]:
    """Return what there is one row per cell of, and the link table that all share."""
    sinr, efficiency = cqi_thresholds(2)
    return {
        "first_column": first_columns(carriers),
        "tx_dbm": _table([_tx_dbm(c) for c in carriers]),
        "noise_mw": _table([_noise_mw(c, scenario) for c in carriers]),
        "layer": _layer_of(carriers),
        "offset_db": _table([c.cell_offset_db for c in carriers]),
        "min_rsrp_dbm": _table([c.min_rsrp_dbm for c in carriers]),
        "rate_mbps": _table([_rates_mbps(c) for c in carriers]),
        "idle_w": _table([_idle_w(c, scenario.sleep.ssb_period_ms) for c in carriers]),
        "slope_w": _table([_slope_w(c) for c in carriers]),
        "transition_j": _table([_transition_j(c) for c in carriers]),
        "wake_delay_s": _table([scenario.sleep.wake_delay_s for _ in carriers]),
        "cqi_sinr": _table(sinr),
        "cqi_gain": _table(np.diff(efficiency, prepend=0.0)),
    }


def _user_law(scenario: Scenario, cells: tuple[Cell, ...]) -> dict[str, float | int]:
    """Return how users move, hand over and ask for traffic."""
    users, handover, step_s = scenario.users, scenario.handover, scenario.timing.twin_step_s
    noise_keep, noise_gain = _noise_law(scenario)
    return {
        "noise_keep": noise_keep,
        "noise_gain": noise_gain,
        "move_m": users.speed_kmh / 3.6 * step_s,
        "vehicle_m": users.vehicle_speed_kmh / 3.6 * step_s,
        "n_vehicles": users.n_vehicles,
        "a3_margin_db": handover.offset_db + handover.hysteresis_db,
        "ttt_s": handover.time_to_trigger_s,
        "ping_pong_s": max(handover.ping_pong_s, step_s),
        "sample_steps": scenario.timing.steps_per_period,
        "qout": 10 ** (QOUT_DB / 10),
        "user_mbps": _user_mbps(scenario, cells),
        "crowd_first": users.resident,
    }
