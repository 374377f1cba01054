"""Random numbers of several laws, each named by (key, step, entity, purpose) as in `seeding`.

No generator has a state: an element's value depends on its own name alone, so it is the same in any batch. Only
+ - * / sqrt and bit operations are used, with a logarithm and an exponential built from them: the same bits on every
CPU.
"""

from __future__ import annotations

import numpy as np

from .checks import within
from .seeding import bits
from .types import F64, I64, U64

_ATTEMPTS = 64  # rejection accepts more than 3 in 4: all 64 fail once in 1e38 draws
_MEAN_PER_ROUND = 400.0  # exp(-400) is still far from underflow
_LN2_HIGH, _LN2_LOW = 0.693147180369123816490, 1.90821492927058770002e-10  # fdlibm's split of ln 2
_ATANH = tuple(2.0 / odd for odd in range(1, 24, 2))
_FIRST, _SECOND, _THIRD = 0, 1, 2


def uniform(key: U64, step: I64, entity: I64, purpose: int) -> F64:
    """Return numbers uniform on (0, 1) with 52 random bits; arguments broadcast."""
    return _open_unit(bits(np.asarray(key), np.asarray(step), np.asarray(entity), purpose))


def log(x: F64) -> F64:
    """Return the natural logarithm of positive numbers to 2e-16 relative of the result, or absolute near 1."""
    mantissa, exponent = np.frexp(x)
    low = mantissa < 0.7071067811865476
    mantissa, exponent = np.where(low, 2.0 * mantissa, mantissa), exponent - low
    s = (mantissa - 1.0) / (mantissa + 1.0)
    square, series = s * s, np.zeros_like(s)
    for coefficient in reversed(_ATANH):
        series = series * square + coefficient
    return exponent * _LN2_HIGH + (s * series + exponent * _LN2_LOW)


def exp(x: F64) -> F64:
    """Return e^x to 1e-15 relative, for x from -700 to 700 (clipped)."""
    clipped = np.clip(x, -700.0, 700.0)
    whole = np.rint(clipped * 1.4426950408889634)
    rest = (clipped - whole * _LN2_HIGH) - whole * _LN2_LOW
    series = np.ones_like(rest)
    for term in range(16, 0, -1):
        series = 1.0 + series * rest / term
    return np.ldexp(series, whole.astype(np.int32))


def exponential(key: U64, step: I64, entity: I64, purpose: int) -> F64:
    """Return exponential numbers of mean 1."""
    return -log(uniform(key, step, entity, purpose))


def gaussian(key: U64, step: I64, entity: I64, purpose: int) -> F64:
    """Return Gaussian numbers of mean 0 and variance 1 (Marsaglia's polar method)."""
    return truncated_gaussian(np.inf, key, step, entity, purpose)


def truncated_gaussian(bound: float, key: U64, step: I64, entity: I64, purpose: int) -> F64:
    """Return Gaussian numbers of variance 1 before those beyond +/- `bound` were drawn again.

    Raises ValueError on a bound below 0.5, where redrawing would rarely succeed.
    """
    if not (bound >= 0.5):
        raise ValueError(f"bound = {bound} is too narrow to draw again: give 0.5 standard deviations or more")
    seed = bits(np.asarray(key), np.asarray(step), np.asarray(entity), purpose)
    result, open_ = np.zeros(seed.shape), np.ones(seed.shape, bool)
    for attempt in range(_ATTEMPTS):
        value, accepted = _polar(seed, attempt)
        accepted &= np.abs(value) <= bound
        result = np.where(open_ & accepted, value, result)
        open_ = open_ & ~accepted
        if not open_.any():
            break
    return result


def gamma(shape: float, key: U64, step: I64, entity: I64, purpose: int) -> F64:
    """Return gamma numbers of scale 1 and a shape of 1 or more (Marsaglia and Tsang, ACM TOMS 26, 2000)."""
    within("shape", shape, 1.0)
    d = shape - 1.0 / 3.0
    seed = bits(np.asarray(key), np.asarray(step), np.asarray(entity), purpose)
    result, open_ = np.full(seed.shape, d), np.ones(seed.shape, bool)
    for attempt in range(_ATTEMPTS):
        normal, accepted = _polar(seed, attempt)
        root = 1.0 + normal / np.sqrt(9.0 * d)
        cube = np.where(root > 0.0, root * root * root, 1.0)
        fits = log(_sub_uniform(seed, attempt, _THIRD)) < 0.5 * normal * normal + d * (1.0 - cube + log(cube))
        accepted &= (root > 0.0) & fits
        result = np.where(open_ & accepted, d * cube, result)
        open_ = open_ & ~accepted
        if not open_.any():
            break
    return result


def poisson(mean: F64, key: U64, step: I64, entity: I64, purpose: int) -> I64:
    """Return Poisson counts by inversion; the mean is finite, 0 or more, and broadcasts.

    A large mean is the sum of equal parts below 400, each with a draw of its own.
    """
    means = within("mean", mean, 0.0)
    seed = bits(np.asarray(key), np.asarray(step), np.asarray(entity), purpose)
    means, seed = np.broadcast_arrays(means, seed)
    rounds = np.maximum(np.ceil(means / _MEAN_PER_ROUND), 1.0)
    counts = np.zeros(means.shape, np.int64)
    for part in range(int(rounds.max(initial=0.0))):
        drawn = _poisson_part(means / rounds, _sub_uniform(seed, part, _FIRST))
        counts += np.where(part < rounds, drawn, 0)
    return counts


def _poisson_part(mean: F64, chance: F64) -> I64:
    mass = exp(-mean)
    below, counts = mass.copy(), np.zeros(mean.shape, np.int64)
    for k in range(1, int(_MEAN_PER_ROUND + 30.0 * np.sqrt(_MEAN_PER_ROUND))):
        higher = chance > below
        if not higher.any():
            break
        mass = mass * (mean / k)
        below = below + mass
        counts += higher
    return counts


def _polar(seed: U64, attempt: int) -> tuple[F64, np.ndarray]:
    """Return one candidate per element and whether its point lay inside the unit circle."""
    x = 2.0 * _sub_uniform(seed, attempt, _FIRST) - 1.0
    y = 2.0 * _sub_uniform(seed, attempt, _SECOND) - 1.0
    radius = x * x + y * y
    inside = (radius < 1.0) & (radius > 0.0)
    safe = np.where(inside, radius, 0.5)
    return x * np.sqrt(-2.0 * log(safe) / safe), inside


def _sub_uniform(seed: U64, attempt: int, which: int) -> F64:
    return _open_unit(bits(seed, np.asarray(attempt), np.asarray(which), 0))


def _open_unit(words: U64) -> F64:
    return ((words >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52
