"""How strong and how slow the noise of the demand is, and how far the fit of the load may be off, by simulation.

The profile that is fitted takes the slow part of the noise with it, users who walk and crowds that are too weak to be
left out look like noise, and two days hold few times its correlation. Standard errors that follow from the regression
know nothing of this. So networks of the fitted law are simulated with noise that is known, and fitted as the log is:
noise is regressed on what their fits show (regression adjustment, Beaumont et al. 2002), and errors of every network by
the regression without it are what intervals are made of (conformal, Vovk et al. 2005; as ``law.py`` for the radio).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ...safety.conformal import conformal_quantile
from ...twin.params import Params
from ...twin.types import F64
from .demand import drawn_noise, offered_mbps
from .load import Fitted, LoadFit, fit_whole, whole_level, whole_profile
from .regression import CONFIDENCE, Estimate
from .series import Series

NETWORKS = 96
REACH = np.array(
    [0.6, 1.0]
)  # of the noise tried, to either side: log of its sigma, log of its correlation time
LAGS_S = (300.0, 1800.0, 10_800.0)  # over which residuals are compared
ROUNDS = 3  # of trying, each around what the last one found, while that is near the edge
_INNER = 0.5  # share of the reach that an estimate is taken from
_DEAF = 0.9  # of the reach: an interval this wide says that weaker noise would have looked alike
_GUESS = np.array([0.0, 0.5])  # the regression finds correlation times about so much too short, log
_SIM_ROUNDS, _CALM_ROUNDS = 8, 3  # of the robust fit of simulated networks: far closer than they differ
_SEED = 13
_FLOOR = 1e-6


@dataclass(frozen=True)
class Simulated:
    """Networks whose noise is known (n), and how they are fitted."""

    noise: F64  # (n, 2), log of sigma, log of correlation time
    figures: F64  # (n, F)
    level_scores: F64  # (n,), error of the level over the half width that the regression gives it
    hour_scores: F64  # (n * 24,), the same of the profile


def calibrated_noise(series: Series, params: Params, load: LoadFit) -> LoadFit:
    """Return the fit with noise, correlation time and the intervals of level and hours calibrated on simulations.

    Args:
        series: what was fitted.
        params: what is believed; users, areas and crowds of the simulated networks are drawn by it.
        load: the regression's fit.
    """
    tried, value, reach = _tried(series, params, load)
    low = np.where(reach > _DEAF * REACH, -np.inf, value - reach)
    sigma, correlation_s = (
        Estimate(*(float(x) for x in np.exp([value[k], low[k], value[k] + reach[k]]))) for k in (0, 1)
    )
    stretch = conformal_quantile(tried.hour_scores, 1.0 - CONFIDENCE)
    return replace(
        load,
        noise_sigma=sigma,
        noise_correlation_s=correlation_s,
        level_mbps=_stretched(load.level_mbps, conformal_quantile(tried.level_scores, 1.0 - CONFIDENCE)),
        profile=tuple(_stretched(hour, stretch) for hour in load.profile),
    )


def _tried(series: Series, params: Params, load: LoadFit) -> tuple[Simulated, F64, F64]:
    """Return networks around the noise, and the noise (2,) and how far it may be off (2,), logs."""
    observed = figures_of(series, params, fit_whole(series, params))
    centre = np.log([load.noise_sigma.value, load.noise_correlation_s.value]) + _GUESS
    for _ in range(ROUNDS - 1):
        tried = simulated(series, params, load, centre)
        value, reach = adjusted(tried, observed)
        if np.all(np.abs(value - centre) <= _INNER * REACH):
            return tried, value, reach
        centre = centre + np.clip(value - centre, -REACH, REACH)
    tried = simulated(series, params, load, centre)
    return tried, *adjusted(tried, observed)


def adjusted(tried: Simulated, observed: F64) -> tuple[F64, F64]:
    """Return the noise (2,) behind observed figures (F,), and how far it may be off (2,), log."""
    spread = np.maximum(tried.figures.std(axis=0), _FLOOR)
    design = np.concatenate([np.ones((len(tried.noise), 1)), (tried.figures - observed) / spread], axis=1)
    inverse = np.linalg.pinv(design.T @ design, hermitian=True)
    found = inverse @ design.T @ tried.noise
    leverage = np.einsum("nf,fg,ng->n", design, inverse, design)
    left = np.abs(tried.noise - design @ found) / np.maximum(1.0 - leverage, _FLOOR)[:, None]
    reach = [conformal_quantile(errors, 1.0 - CONFIDENCE) for errors in left.T]
    return np.asarray(found[0], np.float64), np.array(reach)


def figures_of(series: Series, params: Params, fitted: Fitted) -> F64:
    """Return what the noise shows in, (F,): residual, its differences over lags, shares of the areas."""
    residual, kept = fitted.residual[:, 0], fitted.kept[:, 0]
    period_s = params.scenario.timing.control_period_s
    steps = [min(max(1, round(lag / period_s)), len(residual) - 2) for lag in LAGS_S]
    squares = [residual[kept] ** 2]
    squares += [((residual[k:] - residual[:-k])[kept[k:] & kept[:-k]]) ** 2 for k in steps]
    mbps = np.where(series.valid, series.offered_mbps, 0.0).sum(axis=0)
    area = np.bincount(params.area_of_cell, mbps, params.n_areas)
    shares = np.log((area**2).sum() / max(area.sum() ** 2, _FLOOR))
    return np.array([np.log(max(float(square.mean()), _FLOOR**2)) for square in squares] + [shares])


def simulated(series: Series, params: Params, load: LoadFit, centre: F64) -> Simulated:
    """Draw networks of the fitted law with noise around a centre (2,), and fit them.

    The truth of level and hours is what the same fit finds where there is neither noise nor a crowd.
    """
    rng = np.random.Generator(np.random.Philox(_SEED))
    ranks = np.argsort(rng.random((NETWORKS, 2)), axis=0)
    noise = centre + REACH * (2.0 * (ranks + 0.5) / NETWORKS - 1.0)
    law = replace(params.scenario.load, profile=(tuple(hour.value for hour in load.profile),))
    plants, level = Params.of(replace(params.scenario, load=law)), load.level_mbps.value
    calm = offered_mbps(series, plants, level, np.zeros((NETWORKS, 1, 1)))
    noisy = offered_mbps(series, plants, level, drawn_noise(series, plants, np.exp(noise), rng))
    figures, level_scores, hour_scores = [], [], []
    for number in range(NETWORKS):
        truth = fit_whole(replace(series, offered_mbps=calm[number]), params, _CALM_ROUNDS)
        again = replace(series, offered_mbps=noisy[number])
        fitted = fit_whole(again, params, _SIM_ROUNDS)
        figures.append(figures_of(again, params, fitted))
        level = whole_level(fitted, float(np.exp(noise[number, 0])), float(np.exp(figures[-1][-1])))
        level_scores.append(_score(level, whole_level(truth, 0.0, 1.0)))
        hour_scores += [_score(*e) for e in zip(whole_profile(fitted), whole_profile(truth), strict=True)]
    return Simulated(noise, np.array(figures), np.array(level_scores), np.array(hour_scores))


def _score(found: Estimate, truth: Estimate) -> float:
    """Return the error over the half width of the interval, logs."""
    return float(abs(np.log(found.value / truth.value)) / max(np.log(found.high / found.value), _FLOOR))


def _stretched(found: Estimate, by: float) -> Estimate:
    """Return the estimate with an interval wider by a factor, on the log scale; never a narrower one."""
    up, down = ((x / found.value) ** max(1.0, by) for x in (found.high, found.low))
    return Estimate(found.value, found.value * down, found.value * up)
