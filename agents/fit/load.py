"""How much traffic a network asks for: level by area, hour of day, and the slow noise around them.

The model is the twin's (``twin/kernels/traffic.py``): log offered traffic of an area is its level, plus the log of an
hour-of-day profile that is linear between hours, plus AR(1) noise. Crowds are not part of it: periods far above it
(Tukey's biweight) are left out and counted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import brentq

from ...twin.kernels.layout import StateArrays
from ...twin.params import Params
from ...twin.state import begin
from ...twin.types import F64, Bool
from .regression import (
    Estimate,
    Linear,
    biweight,
    lag_correlation,
    log_interval,
    whitened_fit,
)
from .series import SECONDS_PER_DAY, Series

HOURS = 24
PRIOR_WEIGHT = 2.0  # observations that the believed profile counts for, in every hour
REFERENCE_DRAWS = 400  # networks of the believed law
OUTLIER_SIGMAS = 4.0
_ROUNDS = 25
_LAG_S = 7200.0  # residuals further apart than this are taken to be independent
_LEAST_MBPS = 1e-3


@dataclass(frozen=True)
class LoadFit:
    """What the offered traffic says (G areas)."""

    scale: Estimate  # load.scale of the law; its interval covers how networks of the law differ
    level_mbps: Estimate  # traffic of the whole network at the mean of the day
    area_mbps: tuple[Estimate, ...]  # by area, at the mean of the day
    profile: tuple[Estimate, ...]  # hour-of-day factor at each full hour, mean 1
    noise_sigma: Estimate  # of log demand
    noise_correlation_s: Estimate
    left_out: int  # periods far from the law: crowds
    residual: F64  # (T,), log of observed over modelled; NaN where it was left out


def fit_load(series: Series, params: Params) -> LoadFit:
    """Fit level, profile and noise to what was offered.

    Level, profile and noise come from the traffic of the whole network, because users at the border of an area change
    cells when carriers sleep; only the shares of the areas come from their own traffic. The noise is a first guess and
    the intervals are those of the regression; ``noise.py`` calibrates both.
    """
    areas = _fit(_by_area(series, params), series, params)
    whole = fit_whole(series, params)
    area_mbps = _levels(areas)
    shares = np.array([area.value for area in area_mbps]) / sum(area.value for area in area_mbps)
    together = float((shares**2).sum())  # of the areas' independent noise this much is left in the whole
    sigma, correlation_s = _noise(whole, params)
    sigma = sigma.mapped(1.0 / np.sqrt(together))
    level = whole_level(whole, sigma.value, together)
    return LoadFit(
        scale=_scale(level, params),
        level_mbps=level,
        area_mbps=area_mbps,
        profile=whole_profile(whole),
        noise_sigma=sigma,
        noise_correlation_s=correlation_s,
        left_out=whole.left_out,
        residual=np.where(whole.kept, whole.residual, np.nan)[:, 0],
    )


@dataclass(frozen=True)
class Fitted:
    """One regression: G levels, 24 log factors."""

    linear: Linear
    n_series: int
    residual: F64  # (T, G)
    kept: Bool  # (T, G)
    left_out: int


def fit_whole(series: Series, params: Params, rounds: int = _ROUNDS) -> Fitted:
    """Fit the traffic of the whole network, one series."""
    return _fit(_of_all(series), series, params, rounds)


def whole_level(whole: Fitted, sigma: float, together: float) -> Estimate:
    """Return traffic of the network at the mean of the day: a sum of lognormals lies above that of medians.

    Args:
        whole: fit of the whole network.
        sigma: of the areas' noise.
        together: sum of the squared shares of the areas.
    """
    return _levels(whole)[0].mapped(float(np.exp(-0.5 * sigma**2 * (1.0 - together))))


def _fit(logs: tuple[F64, Bool], series: Series, params: Params, rounds: int = _ROUNDS) -> Fitted:
    (observed, known), timing = logs, params.scenario.timing
    basis = hour_basis(series.time_s, timing.control_period_s, timing.twin_step_s)
    lags = round(_LAG_S / timing.control_period_s)
    theta, kept = _robust(logs, basis, believed_profile(params), rounds)

    def whitened(at: F64) -> Linear:
        residual, jacobian = _model(at, observed, basis)
        step = whitened_fit(jacobian, np.where(kept, residual, 0.0), kept, _prior(at, basis), lags)
        return replace(step, value=at + step.value)

    linear = whitened(whitened(theta).value)
    residual, _ = _model(linear.value, observed, basis)
    return Fitted(linear, observed.shape[1], residual, kept, int((known & ~kept).sum()))


def hour_basis(time_s: F64, period_s: float, step_s: float) -> F64:
    """Return how much each full hour counts in each period, (T, 24), as the twin interpolates its profile."""
    steps = round(period_s / step_s)
    moments = time_s[:, None] - period_s + step_s * np.arange(steps)
    position = (moments % SECONDS_PER_DAY) / 3600.0
    whole = np.floor(position).astype(np.int64)
    share = position - whole
    basis, rows = np.zeros((len(time_s), HOURS)), np.arange(len(time_s))
    for k in range(steps):
        np.add.at(basis, (rows, whole[:, k] % HOURS), (1 - share[:, k]) / steps)
        np.add.at(basis, (rows, (whole[:, k] + 1) % HOURS), share[:, k] / steps)
    return basis


def _by_area(series: Series, params: Params) -> tuple[F64, Bool]:
    """Return log offered traffic per area, (T, G), and where it is known."""
    total, known = [], []
    for area in range(params.n_areas):
        cells = params.area_of_cell == area
        total.append(series.offered_mbps[:, cells].sum(axis=1))
        known.append(series.valid[:, cells].all(axis=1))
    mbps = np.stack(total, axis=1)
    return np.log(np.maximum(mbps, _LEAST_MBPS)), np.stack(known, axis=1) & (mbps > _LEAST_MBPS)


def _of_all(series: Series) -> tuple[F64, Bool]:
    """Return log offered traffic of the network, (T, 1), and where it is known."""
    mbps = series.offered_mbps.sum(axis=1, keepdims=True)
    return np.log(np.maximum(mbps, _LEAST_MBPS)), series.valid.all(axis=1, keepdims=True) & (
        mbps > _LEAST_MBPS
    )


def believed_profile(params: Params) -> F64:
    """Return the log of the believed profile at the full hours, averaged over its days, (24,)."""
    table = params.arrays.profile.astype(np.float64).mean(axis=0)
    slots = np.arange(len(table) + 1) * HOURS / len(table)
    hourly = np.interp(np.arange(HOURS), slots, np.append(table, table[0]))
    return np.log(np.maximum(hourly, 1e-3) / hourly.mean())


def _robust(logs: tuple[F64, Bool], basis: F64, start: F64, rounds: int) -> tuple[F64, Bool]:
    """Return coefficients (G levels, 24 log factors) that crowds do not pull, and what is no crowd."""
    observed, known = logs
    n_areas = observed.shape[1]
    theta = np.concatenate([np.zeros(n_areas), start])
    residual, _ = _model(theta, observed, basis)
    theta[:n_areas] = [
        np.median(residual[known[:, g], g]) if known[:, g].any() else 0.0 for g in range(n_areas)
    ]
    weights = known.astype(np.float64)
    for _ in range(rounds):
        residual, jacobian = _model(theta, observed, basis)
        weights, _ = biweight(residual, known)
        root = np.sqrt(weights)[..., None] * jacobian
        normal = np.einsum("tgp,tgq->pq", root, root) + np.diag(_prior(theta, basis))
        pull = np.concatenate([np.zeros(n_areas), _prior(theta, basis)[n_areas:] * (start - theta[n_areas:])])
        right = np.einsum("tgp,tg->p", jacobian, weights * np.where(known, residual, 0.0)) + pull
        theta = theta + np.linalg.pinv(normal, rcond=1e-10, hermitian=True) @ right
    residual, _ = _model(theta, observed, basis)
    sigma = biweight(residual, known)[1]
    return theta, known & (np.abs(residual) <= OUTLIER_SIGMAS * sigma)


def _model(theta: F64, observed: F64, basis: F64) -> tuple[F64, F64]:
    """Return log observed over modelled, (T, G), and the model's derivative, (T, G, G + 24)."""
    n_areas = observed.shape[1]
    parts = basis * np.exp(theta[n_areas:])
    level = parts.sum(axis=1)
    modelled = theta[:n_areas] + np.log(level)[:, None]
    jacobian = np.zeros((*observed.shape, len(theta)))
    jacobian[:, np.arange(n_areas), np.arange(n_areas)] = 1.0
    jacobian[:, :, n_areas:] = (parts / level[:, None])[:, None, :]
    return observed - modelled, jacobian


def _prior(theta: F64, basis: F64) -> F64:
    """Return the weight that keeps every hour's factor where it is: hours without data keep what is believed."""
    n_areas = len(theta) - basis.shape[1]
    return np.concatenate([np.zeros(n_areas), np.full(basis.shape[1], PRIOR_WEIGHT)])


def _levels(fitted: Fitted) -> tuple[Estimate, ...]:
    """Return the traffic of each series at the mean of the day."""
    n, value = fitted.n_series, fitted.linear.value
    factors = np.exp(value[n:])
    found = []
    for series in range(n):
        gradient = np.concatenate([np.eye(n)[series], factors / factors.sum()])
        log_level = float(value[series] + np.log(factors.mean()))
        found.append(log_interval(log_level, fitted.linear.error(gradient), fitted.linear.freedom))
    return tuple(found)


def whole_profile(whole: Fitted) -> tuple[Estimate, ...]:
    """Return the hour-of-day factor at each full hour, mean 1."""
    linear = whole.linear
    factors = np.exp(linear.value[1:])
    found = []
    for hour in range(HOURS):
        gradient = np.concatenate([[0.0], np.eye(HOURS)[hour] - factors / factors.sum()])
        log_factor = float(np.log(factors[hour] / factors.mean()))
        found.append(log_interval(log_factor, linear.error(gradient), linear.freedom))
    return tuple(found)


def _scale(level: Estimate, params: Params) -> Estimate:
    """Return ``load.scale``: measured traffic over what networks of the believed law ask for at scale 1.

    One network tells of a law only so much: its areas and users are one draw. The interval holds that spread too.
    """
    reference = reference_mbps(params) / params.scenario.load.scale
    value = level.value / float(reference.mean())
    reach = float(np.hypot(np.log(level.high / level.value), 1.96 * np.log(reference).std(ddof=1)))
    return Estimate(value, value * float(np.exp(-reach)), value * float(np.exp(reach)))


def reference_mbps(params: Params) -> F64:
    """Return what networks of the believed law ask for at the mean of the day, (REFERENCE_DRAWS,) Mbit/s."""
    draws = np.arange(REFERENCE_DRAWS, dtype=np.int64)
    return resident_mbps(params, begin(params, draws, np.zeros(REFERENCE_DRAWS, np.int64)).arrays)


def resident_mbps(params: Params, arrays: StateArrays) -> F64:
    """Return what the residents of networks (B,) ask for where they are, at the mean of the day and without noise."""
    first, n_x = params.arrays.crowd_first, params.arrays.n_x
    column = np.clip((arrays.user_x[:, :first] / params.arrays.pixel_m).astype(np.int64), 0, n_x - 1)
    row = np.clip(
        (arrays.user_y[:, :first] / params.arrays.pixel_m).astype(np.int64), 0, params.arrays.n_y - 1
    )
    area = params.arrays.pixel_area[row * n_x + column]
    level = np.take_along_axis(arrays.area_load.astype(np.float64), area.astype(np.int64), axis=1)
    return params.arrays.user_mbps * (level * arrays.user_weight[:, :first]).sum(axis=1)


def _noise(fitted: Fitted, params: Params) -> tuple[Estimate, Estimate]:
    """Return sigma and correlation time of the noise, undoing what averaging over a period took away.

    The residuals do not tell how far the correlation time may be off: it may be anything.
    """
    timing, kept = params.scenario.timing, fitted.kept
    residual = np.where(kept, fitted.residual, 0.0)
    lag, n = lag_correlation(residual, kept), int(kept.sum())
    steps = timing.steps_per_period
    keep = _step_keep(lag, steps)
    offsets = np.abs(np.arange(steps)[:, None] - np.arange(steps))
    averaged = float((keep**offsets).mean())
    independent = max(4.0, n * (1 - lag**2) / (1 + lag**2))
    used = min(HOURS + 1.0, 0.5 * independent)
    variance = float((residual[kept] ** 2).mean()) * independent / (independent - used) / averaged
    sigma = float(np.sqrt(max(variance, 1e-12)))
    error = 1.0 / np.sqrt(2.0 * (independent - used))
    correlation_s = timing.twin_step_s / -np.log(keep) if keep > 0 else timing.twin_step_s
    return log_interval(float(np.log(sigma)), float(error), independent - used), Estimate(
        float(correlation_s), 0.0, float("inf")
    )


def _step_keep(lag: float, steps: int) -> float:
    """Return the AR(1) coefficient per step whose averages over ``steps`` steps have this correlation."""
    offsets = np.arange(steps)[:, None] - np.arange(steps)

    def excess(keep: float) -> float:
        return float((keep ** np.abs(steps + offsets)).mean() / (keep ** np.abs(offsets)).mean() - lag)

    return float(np.asarray(brentq(excess, 1e-6, 0.99999))) if excess(1e-6) < 0 < excess(0.99999) else 0.0


def area_loads(params: Params, area_mbps: F64) -> F64:
    """Return the mean load of each area, (G,), at which the twin offers this traffic there."""
    share = np.bincount(params.arrays.pixel_area, minlength=params.n_areas) / len(params.arrays.pixel_area)
    users = params.scenario.users.resident * np.maximum(share, 1e-6)
    return area_mbps / (params.arrays.user_mbps * users)
