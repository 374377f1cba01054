"""Sigma and correlation time of a site's noise, from residuals that the fit of its hours has taken something away from.

Averages over a slot hide fast noise and fitted hours absorb slow noise, both more than a formula says when days are
few. So the same slots are simulated for many correlation times, the hours are projected out of them, and the
correlation and the variance of what is left are compared with those of the residuals (indirect inference); the scatter
among simulated series gives the intervals.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.signal import lfilter

from ...twin.types import F64, Bool
from .regression import Estimate

DRAWS = 32  # series per correlation time
SUBSTEPS = 8  # of a slot
SHORTEST, LONGEST_S = 0.1, 43_200.0  # correlation times tried, in slots and in s
_TIMES = 16
_NORMAL_95 = 1.96
_SEED = 13


@dataclass(frozen=True)
class Residuals:
    """What is left of a site's log load (T slots)."""

    value: F64  # (T,), 0 where it is not kept
    kept: Bool  # (T,)
    design: F64  # (T, P), what was fitted, as far as it is linear
    step_s: float


def noise_law(left: Residuals) -> tuple[Estimate, Estimate]:
    """Return sigma of the log noise and its correlation time in s."""
    basis = np.linalg.svd(left.design[left.kept], full_matrices=False)
    basis_q = basis[0][:, basis[1] > 1e-8 * basis[1].max()]
    sigma = math.exp(0.5 * _told(left.value[:, None], left)[0, 0])
    times = np.geomspace(SHORTEST * left.step_s, max(LONGEST_S, 10 * left.step_s), _TIMES)
    rng = np.random.Generator(np.random.Philox(_SEED))
    shocks = rng.standard_normal((len(left.kept) * SUBSTEPS, DRAWS))
    observed = _told(left.value[:, None], left)

    def figures(at: float) -> F64:
        return np.stack([_told(_drawn((tau, at), shocks, left, basis_q), left) for tau in times])

    first = _matched(observed, figures(sigma), times, sigma)[0]
    sigma = float(np.exp(first[0]))  # averages of exp depend on sigma a little: once more at the sigma found
    told = figures(sigma)  # (times, 2, DRAWS)
    log_sigma, log_tau = _matched(observed, told, times, sigma)
    nearest = int(np.argmin(np.abs(np.log(times) - log_tau[0])))
    errors = [float(x.std(ddof=1)) for x in _matched(told[nearest], told, times, sigma)]
    return _spread(float(log_sigma[0]), errors[0]), _spread(float(log_tau[0]), errors[1])


def _spread(value: float, error: float) -> Estimate:
    reach = _NORMAL_95 * error
    return Estimate(math.exp(value), math.exp(value - reach), math.exp(value + reach))


def _matched(observed: F64, told: F64, times: F64, sigma: float) -> tuple[F64, F64]:
    """Return log sigma and log correlation time of series with these figures (2, n)."""
    means = told.mean(axis=2)  # (times, 2)
    rising = np.maximum.accumulate(means[:, 1]) + 1e-9 * np.arange(len(times))
    log_tau = np.interp(observed[1], rising, np.log(times))
    expected = np.interp(log_tau, np.log(times), means[:, 0])
    return math.log(sigma) + 0.5 * (observed[0] - expected), log_tau


def _told(values: F64, left: Residuals) -> F64:
    """Return log variance and correlation of neighbours of each series (T, n), (2, n)."""
    kept = left.kept
    both = (kept[1:] & kept[:-1])[:, None]
    square = np.where(kept[:, None], values**2, 0.0).sum(axis=0)
    first, second = values[:-1] * both, values[1:] * both
    scale = np.sqrt((first**2).sum(axis=0) * (second**2).sum(axis=0))
    variance = square / max(1, int(kept.sum()))
    return np.stack(
        [np.log(np.maximum(variance, 1e-12)), (first * second).sum(axis=0) / np.maximum(scale, 1e-12)]
    )


def _drawn(law: tuple[float, float], shocks: F64, left: Residuals, basis_q: F64) -> F64:
    """Return series of one law (correlation time, sigma) from its shocks, (T, DRAWS), the hours projected out."""
    tau_s, sigma = law
    slots, keep = len(left.kept), math.exp(-left.step_s / SUBSTEPS / tau_s)
    first = np.array([1.0 / math.sqrt(1 - keep**2)])
    pushed = np.concatenate([shocks[:1] * first, shocks[1:]]) * math.sqrt(1 - keep**2)
    noise = np.asarray(lfilter([1.0], [1.0, -keep], pushed, axis=0)) * sigma
    logs = np.log(np.exp(noise).reshape(slots, SUBSTEPS, DRAWS).mean(axis=1))[left.kept]
    found = np.zeros((slots, DRAWS))
    found[left.kept] = logs - basis_q @ (basis_q.T @ logs)
    return found
