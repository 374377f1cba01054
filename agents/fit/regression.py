"""Least squares for series: residuals that follow each other, outliers, and coefficients that cannot be negative.

Intervals of series are Newey and West's (1987) after the residuals were whitened by their own AR(1) (Cochrane and
Orcutt 1949; Andrews and Monahan 1992), so that neither the model of the noise nor independence is needed for them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls
from scipy.stats import t as student

from ...twin.types import F64, Bool

CONFIDENCE = 0.95
BIWEIGHT = 4.685  # robust sigmas beyond which a value counts nothing (Beaton and Tukey 1974)
MAD_TO_SIGMA = 1.4826
LEAST_SIGMA = 0.02  # robust sigma is not believed to be smaller: reports are averages of moving users
FLOAT32 = 1e-6  # relative; what telemetry resolves


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval."""

    value: float
    low: float
    high: float

    def mapped(self, scale: float, shift: float = 0.0) -> Estimate:
        """Return ``scale * x + shift``, for a positive scale."""
        return Estimate(scale * self.value + shift, scale * self.low + shift, scale * self.high + shift)

    def at_least(self, floor: float) -> Estimate:
        """Return the estimate of a quantity that cannot lie below ``floor``."""
        return Estimate(*(max(floor, x) for x in (self.value, self.low, self.high)))

    def contains(self, value: float) -> bool:
        """Tell whether a value lies in the interval."""
        return bool(self.low <= value <= self.high)


@dataclass(frozen=True)
class Linear:
    """Coefficients (P,) and how sure they are.

    There are two covariances (P, P): one that needs no model of the noise, and one that takes the whitened residuals
    for independent, because the first is too small for coefficients that few periods speak of. The larger error counts.
    """

    value: F64
    robust: F64
    classical: F64
    freedom: float

    def error(self, gradient: F64) -> float:
        """Return the standard error of a quantity with this gradient by the coefficients (delta method)."""
        variances = (gradient @ covariance @ gradient for covariance in (self.robust, self.classical))
        return float(np.sqrt(max(0.0, *variances)))

    def estimate(self, gradient: F64, value: float) -> Estimate:
        """Return a quantity with this gradient by the coefficients."""
        return interval(value, self.error(gradient), self.freedom)


def interval(value: float, error: float, freedom: float) -> Estimate:
    """Return ``value`` with the interval of a t distribution; ``error`` is one standard error."""
    reach = _student(max(1.0, freedom)) * error
    return Estimate(value, value - reach, value + reach)


@cache
def _student(freedom: float) -> float:
    """Return how many standard errors the interval reaches."""
    return float(student.ppf(0.5 + CONFIDENCE / 2, freedom))


def log_interval(log_value: float, error: float, freedom: float) -> Estimate:
    """Return exp of a value with the interval taken on the log scale."""
    found = interval(log_value, float(np.hypot(error, FLOAT32)), freedom)
    return Estimate(*(float(np.exp(x)) for x in (found.value, found.low, found.high)))


def biweight(residual: F64, known: Bool) -> tuple[F64, float]:
    """Return Tukey's weights (0 for an outlier or an unknown value) and the robust sigma behind them."""
    spread = float(np.median(np.abs(residual[known]))) * MAD_TO_SIGMA if known.any() else LEAST_SIGMA
    sigma = max(spread, LEAST_SIGMA)
    share = np.clip(np.abs(np.where(known, residual, np.inf)) / (BIWEIGHT * sigma), 0.0, 1.0)
    return (1.0 - share**2) ** 2, sigma


def lag_correlation(residual: F64, known: Bool) -> float:
    """Return the correlation of neighbours along axis 0, over pairs that are both known, within 0..0.995."""
    both = known[1:] & known[:-1]
    if both.sum() < 3:
        return 0.0
    first, second = residual[:-1][both], residual[1:][both]
    return float(np.clip((first * second).sum() / max((first**2).sum(), 1e-300), 0.0, 0.995))


def whitened_fit(jacobian: F64, residual: F64, known: Bool, prior: F64, lags: int) -> Linear:
    """Return one Gauss-Newton step and its covariance, under AR(1) residuals.

    Args:
        jacobian: (T, G, P) derivative of the model; column g is one series.
        residual: (T, G) observed less modelled.
        known: (T, G) which values count.
        prior: (P,) weight that holds each coefficient at its present value, in observations.
        lags: periods over which whitened residuals may still follow each other.
    """
    keep = lag_correlation(residual, known)
    both = known[1:] & known[:-1]
    x = np.where(both[..., None], jacobian[1:] - keep * jacobian[:-1], 0.0)
    y = np.where(both, residual[1:] - keep * residual[:-1], 0.0)
    held = prior * (1.0 - keep) ** 2
    normal = np.einsum("tgp,tgq->pq", x, x) + np.diag(held)
    bread = np.linalg.pinv(normal, rcond=1e-10, hermitian=True)
    step = bread @ np.einsum("tgp,tg->p", x, y)
    left = y - x @ step
    scores = np.where(both[..., None], x * left[..., None], 0.0).sum(axis=1)
    count, used = int(both.sum()), x.shape[-1]
    small = count / max(1.0, count - used)
    sigma2 = float((left[both] ** 2).mean()) if count else 0.0
    robust = bread @ (long_run(scores, lags) * small + sigma2 * np.diag(held)) @ bread
    return Linear(step, robust, bread * sigma2 * small, max(1.0, len(both) / (lags + 1) - 1.0))


def long_run(scores: F64, lags: int) -> F64:
    """Return the long-run sum of outer products of (T, P) scores with Bartlett weights (Newey and West 1987)."""
    total = scores.T @ scores
    for lag in range(1, min(lags, len(scores) - 1) + 1):
        cross = scores[lag:].T @ scores[:-lag]
        total += (1.0 - lag / (lags + 1)) * (cross + cross.T)
    return total


def nonnegative_fit(x: F64, y: F64, groups: NDArray[np.generic], weights: F64 | None = None) -> Linear:
    """Return non-negative least squares coefficients, with the errors of unbounded ones.

    Args:
        x: (n, P).
        y: (n,).
        groups: (n,) rows of one group may depend on each other; the robust error is clustered by it.
        weights: (n,) of the rows; None for equal ones.
    """
    root = np.sqrt(np.ones(len(y)) if weights is None else weights)
    scale = np.maximum(np.abs(x).max(axis=0), 1e-12)
    xs, ys = x / scale * root[:, None], y * root
    value, _ = nnls(xs, ys)
    bread = np.linalg.pinv(xs.T @ xs, hermitian=True)
    left = ys - xs @ value
    _, cluster = np.unique(groups, return_inverse=True)
    scores = np.zeros((cluster.max() + 1, x.shape[1]))
    np.add.at(scores, cluster, xs * left[:, None])
    n, used = len(scores), x.shape[1]
    small = n / max(1, n - used)
    units = np.outer(scale, scale)
    robust = bread @ (scores.T @ scores) @ bread * small / units
    classical = bread * float((left**2).sum()) / max(1, len(y) - used) / units
    return Linear(value / scale, robust, classical, max(1.0, float(n - used)))
