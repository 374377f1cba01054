"""Estimates with 95 % intervals; every comparison is paired by seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import beta

from ..twin.types import F64

RESAMPLES = 2000
CONFIDENCE = 0.95
_CHUNK = 250  # resamples drawn at once, to bound memory


@dataclass(frozen=True)
class Interval:
    """A point estimate and its 95 % interval."""

    mean: float
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        """Whether the data tell the sign."""
        return self.low > 0 or self.high < 0


def resampled_means(columns: F64, seed: int = 0) -> F64:
    """Return the column means of bootstrap resamples of the rows, (RESAMPLES, k).

    Args:
        columns: (n, k); a row is one seed, so that what belongs together stays together.
        seed: names the resamples.

    Raises:
        ValueError: if there are no rows or a value is not finite.
    """
    if columns.ndim != 2 or not len(columns) or not np.all(np.isfinite(columns)):
        raise ValueError(f"need finite values of shape (n >= 1, k), got shape {columns.shape}")
    rng, n = np.random.default_rng(seed), len(columns)
    draw = lambda: rng.multinomial(n, np.full(n, 1.0 / n), size=_CHUNK) @ columns / n  # noqa: E731
    return np.concatenate([draw() for _ in range(RESAMPLES // _CHUNK)])


def mean_interval(values: F64, seed: int = 0) -> Interval:
    """Return the mean of (n,) values with its percentile bootstrap interval."""
    return _percentiles(
        float(np.mean(values)), resampled_means(np.asarray(values, np.float64)[:, None], seed)[:, 0]
    )


def paired_difference(values: F64, base: F64, seed: int = 0) -> Interval:
    """Return the mean of ``values - base``, both (n,) over the same seeds."""
    if values.shape != base.shape:
        raise ValueError(f"pairs need equal shapes, got {values.shape} and {base.shape}")
    return mean_interval(values - base, seed)


def share_interval(successes: int, n: int) -> Interval:
    """Return the share of ``successes`` in ``n`` trials with its exact interval (Clopper-Pearson)."""
    if not 0 <= successes <= n or n < 1:
        raise ValueError(f"{successes} successes in {n} trials make no share")
    tail = (1 - CONFIDENCE) / 2
    low = 0.0 if successes == 0 else float(beta.ppf(tail, successes, n - successes + 1))
    high = 1.0 if successes == n else float(beta.ppf(1 - tail, successes + 1, n - successes))
    return Interval(successes / n, low, high)


def ratio_interval(part: F64, whole: F64, seed: int = 0) -> Interval | None:
    """Return mean(part) / mean(whole); None where the interval of mean(whole) includes zero."""
    means = resampled_means(np.stack([part, whole], axis=1), seed)
    if not _percentiles(float(whole.mean()), means[:, 1]).excludes_zero or np.any(means[:, 1] == 0):
        return None
    return _percentiles(float(part.mean() / whole.mean()), means[:, 0] / means[:, 1])


def score(values: F64, base: F64, bound: F64, seed: int = 0) -> Interval | None:
    """Return (values - base) / (bound - base) of the means: 0 is the baseline, 1 the bound.

    None where the bound cannot be told from the baseline, because the quotient would mean nothing.
    """
    return ratio_interval(values - base, bound - base, seed)


def _percentiles(mean: float, means: F64) -> Interval:
    tail = 100 * (1 - CONFIDENCE) / 2
    low, high = np.percentile(means, [tail, 100 - tail])
    return Interval(mean, float(low), float(high))
