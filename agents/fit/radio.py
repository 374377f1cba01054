"""How much stronger or weaker cells are received than believed: one offset of path gain per cell.

Indirect inference (Gourieroux, Monfort and Renault 1993): networks are simulated under the recorded commands and the
fitted load, with many draws of users, shadowing and offsets. Least squares over these draws tells how figures of the
KPIs follow the offsets, and what is left their covariance over networks of equal offsets; a Gauss-Newton step towards
the figures of the log follows, three times. Intervals are calibrated on networks kept out (``law.py``). Transmit
power, antenna gain and mean path loss act alike on all figures: an offset stands for their sum, and that of a kind of
carrier is the mean of its cells'.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...twin.params import Params
from ...twin.scenario import Scenario
from ...twin.types import F64, Bool
from ..episodes import Progress, no_progress
from .law import Law, Simulated, calibrated, kept_out_scores, law_of, newton
from .load import LoadFit
from .networks import Networks, figures_of
from .power import kinds_of
from .regression import Estimate
from .series import Series

ROUNDS = 3
PRIOR_DB = 10.0  # standard deviation of what is believed of the offset of a kind before
CELL_PRIOR_DB = (
    5.0  # of how a cell differs from its kind, assumption: less than shadowing, of which it is a mean
)
IDENTIFIED_DB = 3.0  # an offset whose standard error is larger is told only together with the others
MOST_DB, MOST_STEP_DB = 15.0, 6.0
LEAST_LOAD = 1e-4  # mean PRB share of a kind; with less its rate says nothing
RATE, SHARE = "rate at full load, Mbit/s, of", "share of the traffic of"


@dataclass(frozen=True)
class KindOffset:
    """One kind of carrier."""

    kind: str
    offset_db: Estimate
    identified: bool  # whether the KPIs tell it well enough to be used


@dataclass(frozen=True)
class CellOffset:
    """One cell."""

    cell: str
    offset_db: Estimate


@dataclass(frozen=True)
class RadioFit:
    """What the figures say."""

    offsets: tuple[KindOffset, ...]
    cells: tuple[CellOffset, ...]  # in the order of the scenario
    figures: tuple[tuple[str, float, float, float], ...]  # name, measured, believed, fitted


def fit_radio(
    series: Series, scenario: Scenario, load: LoadFit, progress: Progress = no_progress
) -> RadioFit:
    """Fit one offset per cell, and with them one per kind of carrier.

    Args:
        series: the days to fit.
        scenario: with the fitted load.
        load: names the periods without crowds, and the traffic of the areas.
        progress: called with the share done.
    """
    params = Params.of(scenario)
    kinds = kinds_of(params)
    members = list(kinds.values())
    area_mbps = np.array([area.value for area in load.area_mbps])
    networks = Networks(scenario, series, np.isfinite(load.residual), area_mbps)
    observed, told = _observed(networks, members)
    offsets, prior = np.zeros(params.n_cells), _prior_precision(members, params.n_cells)
    covariance = prior
    laws: list[Law] = []
    rounds: list[Simulated] = []
    for number in range(ROUNDS):
        rounds.append(_simulated(networks, offsets, members, told))
        laws.append(law_of(rounds[-1]))
        step, covariance = newton(laws[-1], offsets, observed[told], prior)
        offsets = np.clip(offsets + np.clip(step, -MOST_STEP_DB, MOST_STEP_DB), -MOST_DB, MOST_DB)
        progress((number + 1) / ROUNDS)
    weights = np.stack([*np.eye(params.n_cells), *(of / of.sum() for of in members)])
    scores = kept_out_scores(rounds[-1], prior, weights)
    estimates = calibrated(offsets, covariance, weights, scores)
    cells = tuple(CellOffset(cell.name, e) for cell, e in zip(params.cells, estimates, strict=False))
    found = tuple(
        _kind_offset(kind, estimate, bool(ok))
        for kind, estimate, ok in zip(kinds, estimates[params.n_cells :], told, strict=False)
    )
    fitted = laws[-1].mean + laws[-1].slope @ (offsets - laws[-1].centre_db)
    return RadioFit(found, cells, _figure_rows(list(kinds), told, (observed[told], laws[0].mean, fitted)))


def _observed(networks: Networks, members: list[Bool]) -> tuple[F64, Bool]:
    """Return the figures of the log (F,), and which of them tell anything; a kind that carried too little does not."""
    sums = networks.observed()
    figures = figures_of(sums, members)[0]
    idle = [sums[:, 0, cells, 0].sum(axis=0).mean() < LEAST_LOAD * networks.n_periods for cells in members]
    told = figures != 0.0
    told[: 2 * len(members)] &= ~np.array(idle * 2)
    return figures, told


def _simulated(networks: Networks, centre_db: F64, members: list[Bool], told: Bool) -> Simulated:
    """Simulate networks around the centre."""
    offsets, sums = networks.run(centre_db)
    return Simulated(centre_db, offsets, figures_of(sums, members)[:, told], networks.draw)


def _prior_precision(members: list[Bool], n_cells: int) -> F64:
    """Return the inverse covariance of the cells' offsets before, (C, C): those of a kind are alike."""
    together = sum((np.outer(cells, cells) for cells in members), np.zeros((n_cells, n_cells)))
    covariance = PRIOR_DB**2 * together + CELL_PRIOR_DB**2 * np.eye(n_cells)
    return np.asarray(np.linalg.inv(covariance), np.float64)


def _kind_offset(kind: str, estimate: Estimate, known: bool) -> KindOffset:
    reach = (estimate.high - estimate.low) / 2
    return KindOffset(kind, estimate, bool(reach <= 2.0 * IDENTIFIED_DB and known))


def _figure_rows(
    kinds: list[str], told: Bool, columns: tuple[F64, ...]
) -> tuple[tuple[str, float, float, float], ...]:
    """Return the figures by kind for people: rates in Mbit/s rather than their logarithms."""
    names = [f"{words} {kind}" for words in (RATE, SHARE) for kind in kinds]
    shown = np.flatnonzero(told[: len(names)])
    rows = []
    for place, figure in enumerate(shown):
        values = [float(column[place]) for column in columns]
        rates = [float(np.exp(value)) for value in values] if figure < len(kinds) else values
        rows.append((names[figure], rates[0], rates[1], rates[2]))
    return tuple(rows)
