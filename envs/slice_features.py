"""What an agent sees of slices: who asks, who is served, what it brings and what it takes."""

from __future__ import annotations

import numpy as np

from ..twin.kernels.slice_view import count_types, least_kept, sum_promised
from ..twin.params import Params
from ..twin.slice_report import SliceReport
from ..twin.types import F64, I64
from .features import Feature, FeatureList, Named, level
from .slice_world import free_slots, slices_of
from .window import Window

LONGEST_H = 6.0  # durations beyond it look alike


def type_names(params: Params) -> tuple[str, ...]:
    """Return the names of the slice types."""
    return tuple(kind.name for kind in params.scenario.slicing.types)


def by_type(params: Params, name: str) -> F64:
    """Return an attribute of every slice type, (K,)."""
    return params.scenario.slicing.columns[name]


def full_mbps(params: Params) -> F64:
    """Return the mean guaranteed traffic of a slice of each type at the full tier, (K,) Mbit/s."""
    return by_type(params, "users") * by_type(params, "activity") * by_type(params, "guaranteed_mbps")


def promised_mbps(params: Params, report: SliceReport) -> F64:
    """Return the mean guaranteed traffic of the slices served in each area, (B, G) Mbit/s."""
    full, promised = full_mbps(params), np.empty((report.n_replicas, params.n_areas))
    rates = np.array([full, full * by_type(params, "reduced_rate")])
    sum_promised(report.kind, report.tier, report.area, rates, promised)
    return promised


def _door(params: Params, suffixes: tuple[str, ...]) -> tuple[str, ...]:
    places = range(params.scenario.slicing.requests)
    return tuple(f"{place}{suffix}" for place in places for suffix in suffixes)


def cell_names(params: Params) -> tuple[str, ...]:
    """Return the names of all cells."""
    return tuple(cell.name for cell in params.cells)


def _kind_names(params: Params) -> tuple[str, ...]:
    return _door(params, tuple(f"={name}" for name in type_names(params)))


def _area_names(params: Params) -> tuple[str, ...]:
    return _door(params, tuple(f"={area}" for area in range(params.n_areas)))


def _place_names(params: Params) -> tuple[str, ...]:
    return _door(params, ("",))


def _areas_named(params: Params) -> tuple[str, ...]:
    return tuple(map(str, range(params.n_areas)))


def _one_hot(values: np.ndarray, count: int) -> F64:
    """Return (B, N * count) of values (B, N); nobody is all zeros."""
    return (values[:, :, None] == np.arange(count)).reshape(len(values), -1).astype(np.float64)


def _kinds(params: Params, window: Window) -> F64:
    return _one_hot(slices_of(window).request_kind, len(type_names(params)))


def _areas(params: Params, window: Window) -> F64:
    return _one_hot(slices_of(window).request_area, params.n_areas)


def _hours(params: Params, window: Window) -> F64:
    return slices_of(window).request_hours.astype(np.float64)


def _served(params: Params, window: Window) -> F64:
    return _count(params, slices_of(window)) / params.scenario.slicing.slots


def _count(params: Params, report: SliceReport) -> I64:
    count = np.empty((report.n_replicas, len(type_names(params))), np.int64)
    count_types(report.kind, count)
    return count


def _kept(params: Params, window: Window) -> F64:
    report = slices_of(window)
    least = np.empty((report.n_replicas, len(type_names(params))))
    least_kept(report.kind, report.active_s, report.kept_s, least)
    return least


def _promised(params: Params, window: Window) -> F64:
    return promised_mbps(params, slices_of(window))


def _free(params: Params, window: Window) -> F64:
    return free_slots(params, slices_of(window))[:, None] / params.scenario.slicing.slots


SLICE_FEATURES: FeatureList = (
    Feature("request at place", "one-hot", 0.0, 1.0,
            _kind_names, _kinds),
    Feature("area of request at place", "one-hot", 0.0, 1.0,
            _area_names, _areas),
    Feature("duration of request at place", "h", 0.0, LONGEST_H, _place_names, _hours),
    Feature("served slices of", "of slots", 0.0, 1.0, type_names, _served),
    Feature("least kept share of", "", 0.0, 1.0, type_names, _kept),
    Feature("promised in area", "Mbit/s", 0.0, 400.0, _areas_named, _promised),
    Feature("slice load of", "%", 0.0, 50.0, cell_names, level("slice_prb")),
    Feature("free", "of slots", 0.0, 1.0, Named(("slots",)), _free),
)  # fmt: skip
