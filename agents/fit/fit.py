"""Calibration: from a network's log to a scenario that fits it, with intervals, residuals and margins.

Load first, because rates depend on it; then power, which depends on nothing else; then radio offsets. The days are cut
in three: those that are fitted, those that set the margins, those that judge.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from ...twin.params import Params
from ...twin.scenario import Load, Scenario, Site
from ..calibrate import EPS
from ..episodes import Progress, no_progress
from .load import LoadFit, area_loads, fit_load
from .networks import with_offsets
from .noise import calibrated_noise
from .power import PowerFit, fit_power
from .predict import Predicted, predict
from .radio import RadioFit, fit_radio
from .regression import Estimate
from .series import Parts

_INDIRECT = "indirect inference"
_RADIO, _PREDICT = 0.6, 0.4  # of the time, for the progress bar


class FitError(ValueError):
    """A network that a twin cannot be fitted to; the message names the repair."""


@dataclass(frozen=True)
class Parameter:
    """One fitted number beside what was believed."""

    name: str
    unit: str
    estimate: Estimate
    believed: float
    used: bool  # whether the fitted scenario has it
    method: str


@dataclass(frozen=True)
class Fit:
    """A calibration."""

    parameters: tuple[Parameter, ...]
    scenario: Scenario
    load: LoadFit
    power: PowerFit
    radio: RadioFit | None
    believed: Predicted  # by the twin as it was, on the days that judge
    fitted: Predicted  # by the fitted twin, on the same days
    margins: tuple[float | None, ...]  # of load, traffic and power, on the days for margins; None: too few
    growth_margin: float
    growth_scores: int


def calibrate(
    parts: Parts, params: Params, site_power_w: float, radio: bool = True, progress: Progress = no_progress
) -> Fit:
    """Fit a scenario to a network's days.

    Args:
        parts: of the network's log.
        params: what is believed.
        site_power_w: fixed power that the log names.
        radio: whether to fit offsets.
        progress: called with the share done.

    Raises:
        FitError: if the log says too little for a margin.
    """
    load = calibrated_noise(parts.fit, params, fit_load(parts.fit, params))
    power = fit_power(parts.fit, params, site_power_w)
    with_load = _loaded(params, load)
    offsets = fit_radio(parts.fit, with_load, load, _share(progress, 0.0, _RADIO)) if radio else None
    tuned, used = _useful_offsets(with_load, offsets, parts)
    scenario = _powered(tuned, power)
    twin = Params.of(scenario)
    margins = predict(twin, parts.calibrate.records, _share(progress, _RADIO, _PREDICT / 3))
    judged = [
        predict(which, parts.judge.records, _share(progress, _RADIO + k * _PREDICT / 3, _PREDICT / 3))
        for k, which in ((1, params), (2, twin))
    ]
    return Fit(
        parameters=tuple([*_parameters(params, load, power), *_offsets(offsets, used)]),
        scenario=scenario,
        load=load,
        power=power,
        radio=offsets,
        believed=judged[0],
        fitted=judged[1],
        margins=tuple(m if np.isfinite(m) else None for m in margins.margins(EPS)),
        growth_margin=_growth_margin(margins),
        growth_scores=len(margins.growth),
    )


def _growth_margin(predicted: Predicted) -> float:
    found = predicted.growth_margin(EPS)
    if not np.isfinite(found):
        raise FitError(
            f"{len(predicted.growth)} complete control periods on the days that set the margins are too few for a "
            f"margin that holds in {100 * (1 - EPS):g} % of them; give more days"
        )
    return max(1.0, found)


def _share(progress: Progress, start: float, length: float) -> Callable[[float], None]:
    return lambda share: progress(start + length * share)


def _loaded(params: Params, load: LoadFit) -> Scenario:
    """Return the scenario with the fitted law of load; the law's mean keeps, so that ``scale`` holds the level."""
    scenario, old = params.scenario, params.scenario.load
    loads = area_loads(params, np.array([area.value for area in load.area_mbps]))
    quartiles = np.percentile(loads, [0, 50, 100])
    quartiles *= _law_mean(old) / _mean(quartiles)
    law = replace(
        old,
        scale=load.scale.value,
        station_load_quantiles=tuple(float(q) for q in quartiles),
        profile=(tuple(factor.value for factor in load.profile),),
        noise_sigma=load.noise_sigma.value,
        noise_correlation_s=max(load.noise_correlation_s.value, scenario.timing.twin_step_s),
    )
    return replace(scenario, load=law)


def _law_mean(load: Load) -> float:
    return _mean(np.array(load.station_load_quantiles))


def _mean(quartiles: np.ndarray) -> float:
    """Return the mean of the law that is linear between three values (``twin.traffic.station_mean_load``)."""
    return float(quartiles @ [0.25, 0.5, 0.25])


def _useful_offsets(
    scenario: Scenario, radio: RadioFit | None, parts: Parts
) -> tuple[Scenario, frozenset[str]]:
    """Return the scenario with the offsets to use, and whose they are: of cells, of kinds, of well told kinds, or none.

    Whichever foretells load and traffic best one period ahead, on the days that are fitted, and neither worse than
    without: an offset that stands for more than mean path loss can agree with its figures and still be no help.
    """
    if radio is None:
        return scenario, frozenset()
    every = {o.kind: o.offset_db.value for o in radio.offsets}
    told = {o.kind: o.offset_db.value for o in radio.offsets if o.identified}
    choices = [(_tuned(scenario, kinds), frozenset(kinds)) for kinds in ({}, told, every)]
    if len(radio.cells) > len(radio.offsets):
        cells = np.array([cell.offset_db.value for cell in radio.cells])
        choices.append((with_offsets(scenario, cells), frozenset(cell.cell for cell in radio.cells)))

    errors = np.array([predict(Params.of(tuned), parts.fit.records).rmse[:2] for tuned, _ in choices])
    no_worse = np.all(errors <= errors[0], axis=1)
    return choices[int(np.argmin(np.where(no_worse, errors.prod(axis=1), np.inf)))]


def _tuned(scenario: Scenario, offsets: dict[str, float]) -> Scenario:
    carriers = {
        kind: replace(carrier, tx_power_dbm=carrier.tx_power_dbm + offsets.get(kind, 0.0))
        for kind, carrier in scenario.carriers.items()
    }
    return replace(scenario, carriers=carriers)


def _powered(scenario: Scenario, power: PowerFit) -> Scenario:
    """Return the scenario with fitted watts; the sites share the fixed power as they did."""
    watts = {kind.kind: kind.watts_per_unit.value for kind in power.kinds if kind.watts_per_unit.value > 0}
    carriers = {
        k: replace(c, watts_per_unit=watts.get(k, c.watts_per_unit)) for k, c in scenario.carriers.items()
    }
    before_w = sum(site.fixed_power_w for site in scenario.sites)
    share = lambda s: s.fixed_power_w / before_w if before_w > 0 else 1.0 / len(scenario.sites)  # noqa: E731
    sites: tuple[Site, ...] = tuple(
        replace(site, fixed_power_w=power.fixed_w.value * share(site)) for site in scenario.sites
    )
    return replace(scenario, carriers=carriers, sites=sites)


def _parameters(params: Params, load: LoadFit, power: PowerFit) -> Iterator[Parameter]:
    law = params.scenario.load
    series, draw = "AR(1) regression, Newey-West", "AR(1) regression and the law's own spread"
    yield Parameter("load.scale", "", load.scale, law.scale, True, draw)
    yield Parameter("traffic", "Mbit/s", load.level_mbps, float("nan"), True, series)
    for area, estimate in enumerate(load.area_mbps):
        yield Parameter(f"traffic of area {area}", "Mbit/s", estimate, float("nan"), True, series)
    simulated = "residuals against those of simulated networks"
    yield Parameter("load.noise_sigma", "", load.noise_sigma, law.noise_sigma, True, simulated)
    correlation_s = law.noise_correlation_s
    yield Parameter("load.noise_correlation_s", "s", load.noise_correlation_s, correlation_s, True, simulated)
    before_w = float(params.arrays.fixed_w)
    yield Parameter(
        "fixed power of the sites", "W", power.fixed_w, before_w, True, "reported, and least squares"
    )
    for kind in power.kinds:
        believed = params.scenario.carriers[kind.kind].watts_per_unit
        name = f"carriers.{kind.kind}.watts_per_unit"
        yield Parameter(
            name, "W", kind.watts_per_unit, believed, True, "non-negative least squares, clustered"
        )
    for hour, factor in enumerate(load.profile):
        yield Parameter(f"profile at {hour:02d} h", "", factor, float("nan"), True, series)


def _offsets(radio: RadioFit | None, used: frozenset[str]) -> Iterator[Parameter]:
    for offset in radio.offsets if radio else ():
        name = f"radio offset of {offset.kind}"
        yield Parameter(name, "dB", offset.offset_db, 0.0, offset.kind in used, _INDIRECT)
    for cell in radio.cells if radio and len(radio.cells) > len(radio.offsets) else ():
        name = f"radio offset of cell {cell.cell}"
        yield Parameter(name, "dB", cell.offset_db, 0.0, cell.cell in used, _INDIRECT)
