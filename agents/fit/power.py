"""What carriers draw: watts per unit of TR 38.864 by kind of carrier, and what is drawn whatever they do.

Reported power of a cell is ``extra + watts_per_unit * units``, where the units follow from its state and PRB load
(``Params``, TR 38.864 5.1). Both are non-negative least squares over the periods in which nothing switched; intervals
are clustered by blocks of two hours.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...twin.params import Params
from ...twin.types import F64, Bool
from .regression import FLOAT32, Estimate, interval, nonnegative_fit
from .series import Series

BLOCK_S = 7200.0
LEAST_PERIODS = 24  # per kind of carrier
LEAST_SPREAD = 0.02  # of the units; with less, slope and intercept cannot be told apart


@dataclass(frozen=True)
class KindPower:
    """One kind of carrier."""

    kind: str
    watts_per_unit: Estimate
    extra_w: Estimate  # per cell, on top of the model
    periods: int  # cell-periods behind it
    rmse_w: float  # of a cell


@dataclass(frozen=True)
class PowerFit:
    """What the reported power says."""

    kinds: tuple[KindPower, ...]
    fixed_w: Estimate  # of all sites, whatever their carriers do
    unmetered: tuple[str, ...]  # kinds of carriers that say too little


def kinds_of(params: Params) -> dict[str, Bool]:
    """Return which cells (C,) are of each kind of carrier."""
    kind_of = {id(carrier): kind for kind, carrier in params.scenario.carriers.items()}
    names = np.array([kind_of[id(cell.carrier)] for cell in params.cells])
    return {kind: names == kind for kind in params.scenario.carriers if np.any(names == kind)}


def fit_power(series: Series, params: Params, site_power_w: float) -> PowerFit:
    """Fit the power of each kind of carrier; ``site_power_w`` is what the log says that the sites draw."""
    units, found, unmetered = units_of(series, params), [], []
    fixed_w, spread_w2 = site_power_w, 0.0
    for kind, cells in kinds_of(params).items():
        kept = series.steady[:, cells] & (series.power_w[:, cells] > 0)
        fitted = _fit_kind(kind, units[:, cells], series, (cells, kept))
        if fitted is None:
            unmetered.append(kind)
            continue
        found.append(fitted)
        fixed_w += fitted.extra_w.value * int(cells.sum())
        spread_w2 += (max(0.0, fitted.extra_w.high - fitted.extra_w.value) * int(cells.sum())) ** 2
    reach = float(np.sqrt(spread_w2)) + FLOAT32 * fixed_w
    whole = Estimate(fixed_w, fixed_w - reach, fixed_w + reach).at_least(0.0)
    return PowerFit(tuple(found), whole, tuple(unmetered))


def units_of(series: Series, params: Params) -> F64:
    """Return the relative power of each cell by state and load, (T, C), units of TR 38.864."""
    watts = np.array([cell.carrier.watts_per_unit for cell in params.cells])
    column = np.arange(params.n_cells)
    idle, slope = (
        np.asarray(table, np.float64)[column, series.state]
        for table in (params.arrays.idle_w, params.arrays.slope_w)
    )
    return (idle + series.load * slope) / watts


def _fit_kind(kind: str, units: F64, series: Series, chosen: tuple[Bool, Bool]) -> KindPower | None:
    cells, kept = chosen
    x, y = units[kept], series.power_w[:, cells][kept]
    if len(x) < LEAST_PERIODS or not float(x.std()) > LEAST_SPREAD * float(x.mean()):
        return None
    blocks = np.broadcast_to((series.time_s // BLOCK_S)[:, None], kept.shape)[kept]
    linear = nonnegative_fit(np.stack([np.ones_like(x), x], axis=1), y, blocks)
    extra, slope = linear.value
    left = y - extra - slope * x
    resolution = 4 * FLOAT32 * float(y.mean())
    errors = np.hypot([linear.error(unit) for unit in np.eye(2)], [resolution, resolution / float(x.mean())])
    return KindPower(
        kind=kind,
        watts_per_unit=interval(float(slope), float(errors[1]), linear.freedom),
        extra_w=interval(float(extra), float(errors[0]), linear.freedom).at_least(0.0),
        periods=len(x),
        rmse_w=float(np.sqrt((left**2).mean())),
    )
