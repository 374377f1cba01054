"""Intervals: against known values, and against simulation of what they promise."""

from __future__ import annotations

import numpy as np
import pytest

from ranrein.agents.stats import (
    Interval,
    mean_interval,
    paired_difference,
    ratio_interval,
    resampled_means,
    score,
    share_interval,
)


def noise(n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=n)


def test_mean_interval_is_near_the_normal_one_for_many_values() -> None:
    values = noise(400)
    half = 1.96 * values.std(ddof=1) / 20
    interval = mean_interval(values)
    assert interval.mean == pytest.approx(values.mean())
    assert interval.low == pytest.approx(values.mean() - half, abs=0.02)
    assert interval.high == pytest.approx(values.mean() + half, abs=0.02)


def test_mean_interval_covers_the_truth_about_as_often_as_promised() -> None:
    hits = [i.low <= 0 <= i.high for i in (mean_interval(noise(60, seed)) for seed in range(200))]
    assert 0.88 <= np.mean(hits) <= 0.99


def test_resamples_are_reproducible_and_differ_by_seed() -> None:
    columns = noise(20)[:, None]
    assert np.array_equal(resampled_means(columns, 1), resampled_means(columns, 1))
    assert not np.array_equal(resampled_means(columns, 1), resampled_means(columns, 2))


def test_resamples_keep_the_columns_of_a_row_together() -> None:
    values = noise(30)
    means = resampled_means(np.stack([values, values + 1], axis=1))
    assert np.allclose(means[:, 1] - means[:, 0], 1.0)


def test_pairing_removes_what_the_seeds_share() -> None:
    shared = 100 * noise(50)
    difference = paired_difference(shared + 1, shared)
    assert (difference.low, difference.mean, difference.high) == pytest.approx((1.0, 1.0, 1.0))


def test_pairs_of_unequal_length_are_refused() -> None:
    with pytest.raises(ValueError, match="equal shapes"):
        paired_difference(noise(3), noise(4))


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [
        (0, 10, 0.0, 0.30849710781876083),
        (10, 10, 0.6915028921812392, 1.0),
        (1, 10, 0.0025285785444617, 0.4450161174059),
        (5, 20, 0.0865714691264, 0.4910458714887),
    ],
)
def test_share_interval_has_the_textbook_values(successes: int, n: int, low: float, high: float) -> None:
    interval = share_interval(successes, n)
    assert (interval.mean, interval.low, interval.high) == pytest.approx((successes / n, low, high), abs=1e-9)


def test_share_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="make no share"):
        share_interval(0, 0)


def test_score_is_zero_at_the_baseline_and_one_at_the_bound() -> None:
    base, bound = noise(40), noise(40, 1) + 5
    assert score(base, base, bound) == Interval(0.0, 0.0, 0.0)
    assert score(bound, base, bound) == Interval(1.0, 1.0, 1.0)


def test_score_is_refused_when_bound_and_baseline_cannot_be_told_apart() -> None:
    base = noise(40)
    assert score(base + 1, base, base + noise(40, 2)) is None
    assert ratio_interval(base, np.zeros(40)) is None


def test_values_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        mean_interval(np.array([1.0, np.nan]))
