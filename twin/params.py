"""``Params``: a scenario worked out into the arrays the kernel reads."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .carrier import CarrierState
from .coverage_room import coverage_scale
from .kernels.layout import ParamArrays
from .param_arrays import first_columns, param_arrays
from .radiomap import area_map, gain_map
from .scenario import Carrier, Scenario
from .types import F64, I16, I32, Bool

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
        arrays = param_arrays(scenario, [c.carrier for c in cells], patterns, area_map(gain, coverage))
        return Params(scenario, cells, arrays)

    @cached_property
    def coverage_scale(self) -> F64:
        """What the coverage cell of each area carries as a multiple of a usual one, (G,); see ``coverage_room``."""
        return coverage_scale(self.arrays, self.coverage_cells)

    @property
    def n_cells(self) -> int:
        """Number of cells C."""
        return len(self.cells)

    @property
    def n_users(self) -> int:
        """Number of users U: residents, crowd, then those of slices."""
        return self.scenario.users.resident + self.scenario.users.crowd + self.scenario.slicing.n_users

    @property
    def has_buffers(self) -> bool:
        """Whether traffic can wait from step to step."""
        slicing = self.scenario.slicing
        return self.scenario.load.buffer_s > 0 or (bool(slicing.types) and slicing.buffer_s > 0)

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
    def n_ssb_periods(self) -> I32:
        """Number of SSB periods each cell may choose from, (C,): 1 for the coverage layer, which all must find."""
        return np.where(self.is_capacity, len(self.scenario.sleep.periods_ms), 1).astype(np.int32)

    @cached_property
    def fewest_beams(self) -> int:
        """Least number of broadcast patterns that any cell has."""
        return int(self.n_beams.min())

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
    """Find the area each cell overlays: whose coverage cell is best over the cell's best pixels.

    These are a tenth of the map, and in a large network half of what one cell has of it.
    """
    owner = np.argmax(gain[:, coverage], axis=1)
    n_pixels = gain.shape[0]
    strongest = max(1, min(n_pixels // 10, n_pixels // (2 * len(coverage))))
    best = np.argsort(-gain.astype(np.int32), axis=0, kind="stable")[:strongest]
    return np.array([np.bincount(owner[best[:, c]]).argmax() for c in range(gain.shape[1])], dtype=np.int32)
