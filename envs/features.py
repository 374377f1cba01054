"""One list of features yields the observation vector, its space, its normalisation and its documentation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from gymnasium import spaces

from ..twin.kernels.direct import direct
from ..twin.kernels.gather import Plan, Reading, Seen, gather_rows
from ..twin.kernels.report import make_readings
from ..twin.kpis import REALS
from ..twin.params import Params
from ..twin.rules import Precedent
from ..twin.types import F32, F64
from .window import Window

Values = Callable[[Params, Window], F64]  # (B, elements)
Readings = Callable[[Params], list[tuple[Reading, int, int]]]  # per element: what, row, cell
_NOTHING = np.empty((0, 0))


@dataclass(frozen=True)
class Read:
    """Values that compiled code reads straight out of the window, one per element."""

    each: Readings


@dataclass(frozen=True)
class Feature:
    """A named, bounded group of observation elements."""

    name: str
    unit: str
    low: float
    high: float
    elements: Callable[[Params], tuple[str, ...]]  # names of the elements, one per column
    values: Values | Read  # (B, elements), in the unit above; any function, or what is below for speed


FeatureList = tuple[Feature, ...]


def every_cell(params: Params) -> list[int]:
    """Return the indices of all cells."""
    return list(range(params.n_cells))


def capacity_cells(params: Params) -> list[int]:
    """Return the indices of the cells that may sleep."""
    return params.capacity_cells.tolist()


Cells = Callable[[Params], list[int]]


@dataclass(frozen=True)
class Named:
    """Elements of the same names on every network; unlike a lambda it can be pickled."""

    names: tuple[str, ...]

    def __call__(self, _: Params) -> tuple[str, ...]:
        """Return the names."""
        return self.names


@dataclass(frozen=True)
class _Same:
    """The same readings on every network."""

    readings: tuple[tuple[Reading, int, int], ...]

    def __call__(self, _: Params) -> list[tuple[Reading, int, int]]:
        return list(self.readings)


@dataclass(frozen=True)
class _Cellwise:
    """The same readings of every cell of some, rows of one cell side by side."""

    reading: Reading
    cells: Cells
    rows: tuple[int, ...]

    def __call__(self, params: Params) -> list[tuple[Reading, int, int]]:
        return [(self.reading, row, cell) for cell in self.cells(params) for row in self.rows]


def level(measurement: str, cells: Cells = every_cell) -> Read:
    """Read a measurement of the latest report."""
    return _per_cell(Reading.LEVEL, cells, REALS.index(measurement))


def change(measurement: str, cells: Cells = every_cell) -> Read:
    """Read how a measurement differs from the report before."""
    return _per_cell(Reading.CHANGE, cells, REALS.index(measurement))


def dwell(cells: Cells = every_cell) -> Read:
    """Read how many control periods ago the state of a cell changed."""
    return _per_cell(Reading.DWELL, cells)


def waking(cells: Cells = every_cell) -> Read:
    """Read whether a cell is waking."""
    return _per_cell(Reading.WAKING, cells)


def in_state(n_states: int, cells: Cells = every_cell) -> Read:
    """Read, per cell and state, whether the cell is commanded to it."""
    return Read(_Cellwise(Reading.STATE, cells, tuple(range(n_states))))


def limited_share(n_shares: int) -> Read:
    """Read the shares that the service promises limit, see ``sla.shares``."""
    return Read(_Same(tuple((Reading.SHARE, k, 0) for k in range(n_shares))))


def clock() -> Read:
    """Read sine and cosine of the time of day."""
    return Read(_Same(((Reading.SINE, 0, 0), (Reading.COSINE, 0, 0))))


def _per_cell(reading: Reading, cells: Cells, row: int = 0) -> Read:
    return Read(_Cellwise(reading, cells, (row,)))


def observation_space(features: FeatureList, params: Params) -> spaces.Box:
    """Return the space of the normalised vector: every element in [-1, 1]."""
    size = sum(len(feature.elements(params)) for feature in features)
    return spaces.Box(-1.0, 1.0, (size,), np.float32)


class Observer:
    """Turns windows into observations: each feature scaled from [low, high] to [-1, 1], clipped.

    A value that is not a number becomes the worst one, ``high``; the shield judges the report itself.
    """

    def __init__(self, features: FeatureList, params: Params) -> None:
        self._features, self._params = features, params
        rows = [(f, column) for f in features for column in _columns(f, params)]
        self._plan = Plan(
            np.array([column for _, column in rows], dtype=np.int32),
            np.array([(f.low, f.high) for f, _ in rows], dtype=np.float64),
        )
        ends = np.cumsum([len(f.elements(params)) for f in features])
        self._given = [
            (values, slice(end - len(f.elements(params)), end))
            for f, end in zip(features, ends.tolist(), strict=True)
            if not isinstance(values := f.values, Read) and f.elements(params)
        ]

        example = make_readings(1, params.n_cells)
        fresh = Precedent.fresh(1, params.n_cells)
        seen = Seen(example, example, fresh.command.carrier_state, fresh.dwell, _NOTHING)
        self._gather = direct(gather_rows, self._plan, seen, np.empty((1, 1), np.float32))

    def __reduce__(self) -> tuple[type[Observer], tuple[FeatureList, Params]]:
        """Pickle what it is made of: compiled code stays where it is."""
        return Observer, (self._features, self._params)

    def __call__(self, window: Window) -> F32:
        """Return the observation of every replica, (B, size)."""
        latest, earlier, precedent = window.kpis.arrays, window.before.arrays, window.precedent
        states = np.ascontiguousarray(precedent.command.carrier_state, np.int8)
        dwells = np.ascontiguousarray(precedent.dwell, np.int32)
        shown = np.empty((len(latest.time_s), len(self._plan.limits)), np.float32)
        given = np.empty(shown.shape) if self._given else _NOTHING
        for values, columns in self._given:
            given[:, columns] = values(self._params, window)
        self._gather(self._plan, Seen(latest, earlier, states, dwells, given), shown)
        return shown


def observe(features: FeatureList, params: Params, window: Window) -> F32:
    """Return the observation of every replica, (B, size); many of one network are faster with an ``Observer``."""
    return Observer(features, params)(window)


def table(features: FeatureList, params: Params) -> str:
    """Return the Markdown table of the observation: index, element, unit, low, high."""
    lines = ["| index | element | unit | low | high |", "|---|---|---|---|---|"]
    for feature in features:
        for element in feature.elements(params):
            name = f"{feature.name} {element}".strip()
            lines.append(
                f"| {len(lines) - 2} | {name} | {feature.unit} | {feature.low:g} | {feature.high:g} |"
            )
    return "\n".join(lines)


def _columns(feature: Feature, params: Params) -> list[tuple[int, int, int]]:
    """Return what each element of a feature is read from."""
    count = len(feature.elements(params))
    if not isinstance(feature.values, Read):
        return [(Reading.GIVEN, 0, 0)] * count
    columns = feature.values.each(params)
    if len(columns) != count:
        raise ValueError(f"feature {feature.name!r} names {count} elements and reads {len(columns)}")
    return [(int(what), row, cell) for what, row, cell in columns]
