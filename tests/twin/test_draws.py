"""Laws of the named random numbers: moments, tails, and independence of the batch."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ranrein.twin.draws import exp, exponential, gamma, gaussian, log, poisson, truncated_gaussian, uniform
from ranrein.twin.seeding import make_keys

KEY = make_keys(np.array([5]), np.array([0]))
MANY = np.arange(200_000)
ZERO = np.zeros(1, np.int64)


def _share_below(values: np.ndarray, limit: float, expected: float) -> None:
    """Fails beyond four standard errors."""
    error = math.sqrt(expected * (1.0 - expected) / values.size)
    assert (values <= limit).mean() == pytest.approx(expected, abs=4.0 * error)


def test_logarithm_and_exponential_are_those_of_the_library() -> None:
    x = np.concatenate([10.0 ** np.linspace(-300, 300, 5001), np.linspace(0.5, 2.0, 5001)])
    np.testing.assert_allclose(log(x), np.log(x), rtol=4e-16, atol=3e-16)
    y = np.linspace(-690.0, 690.0, 10_001)
    np.testing.assert_allclose(exp(y), np.exp(y), rtol=1e-15)
    assert exp(np.array([-1e9]))[0] == pytest.approx(math.exp(-700.0))


def test_uniform_numbers_fill_the_open_interval() -> None:
    values = uniform(KEY, ZERO, MANY, 1)
    assert values.min() > 0.0
    assert values.max() < 1.0
    for limit in (0.1, 0.5, 0.9):
        _share_below(values, limit, limit)


def test_exponential_numbers() -> None:
    values = exponential(KEY, ZERO, MANY, 2)
    for limit in (0.1, 1.0, 3.0):
        _share_below(values, limit, 1.0 - math.exp(-limit))


def test_gaussian_numbers_also_in_the_tails() -> None:
    values = gaussian(KEY, ZERO, MANY, 3)
    for limit in (-3.0, -1.0, 0.0, 2.0):
        _share_below(values, limit, 0.5 * math.erfc(-limit / math.sqrt(2.0)))
    assert values.var() == pytest.approx(1.0, abs=4.0 * math.sqrt(2.0 / values.size))


def test_truncated_numbers_keep_the_shape_inside() -> None:
    values = truncated_gaussian(2.0, KEY, ZERO, MANY, 3)
    assert np.abs(values).max() <= 2.0
    inside = math.erf(2.0 / math.sqrt(2.0))
    _share_below(values, 1.0, 0.5 + 0.5 * math.erf(1.0 / math.sqrt(2.0)) / inside)
    with pytest.raises(ValueError, match=r"bound = 0\.1"):
        truncated_gaussian(0.1, KEY, ZERO, MANY, 3)


@pytest.mark.parametrize("shape", [1.0, 1.5, 3.0, 11.0])
def test_gamma_numbers(shape: float) -> None:
    values = gamma(shape, KEY, ZERO, MANY, 4)
    assert values.mean() == pytest.approx(shape, abs=4.0 * math.sqrt(shape / values.size))
    spread = math.sqrt((3.0 + 6.0 / shape - 1.0) * shape**2 / values.size)
    assert values.var() == pytest.approx(shape, abs=4.0 * spread)
    if shape == 1.0:
        _share_below(values, 0.5, 1.0 - math.exp(-0.5))


@pytest.mark.parametrize("mean", [0.05, 3.0, 399.0, 1500.0])
def test_poisson_counts(mean: float) -> None:
    values = poisson(np.array(mean), KEY, ZERO, MANY[:50_000], 6)
    assert values.mean() == pytest.approx(mean, abs=4.0 * math.sqrt(mean / values.size))
    fourth = math.sqrt((2.0 * mean**2 + mean) / values.size)
    assert values.var() == pytest.approx(mean, abs=4.0 * fourth)
    if mean < 10.0:
        _share_below(values, 0.0, math.exp(-mean))


def test_nothing_arrives_at_rate_zero() -> None:
    assert not poisson(np.zeros(5), KEY, ZERO, np.arange(5), 6).any()
    with pytest.raises(ValueError, match="mean = -1"):
        poisson(np.array(-1.0), KEY, ZERO, MANY, 6)


def test_a_number_depends_on_its_name_alone() -> None:
    keys = make_keys(np.arange(3), np.zeros(3, np.int64))[:, None]
    entity = np.arange(50)
    means = np.linspace(0.0, 900.0, 50)
    laws = {
        "uniform": lambda k, e: uniform(k, ZERO, e, 1),
        "gaussian": lambda k, e: gaussian(k, ZERO, e, 1),
        "truncated": lambda k, e: truncated_gaussian(1.0, k, ZERO, e, 1),
        "gamma": lambda k, e: gamma(2.0, k, ZERO, e, 1),
        "poisson": lambda k, e: poisson(means[e], k, ZERO, e, 1),
    }
    for name, law in laws.items():
        together = law(keys, entity)
        alone = np.array([[law(keys[row], entity[i : i + 1])[0] for i in range(50)] for row in range(3)])
        assert together.tobytes() == alone.tobytes(), name
        assert len(np.unique(together)) > 40, name
