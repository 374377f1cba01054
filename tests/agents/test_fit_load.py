"""Load, power and radio fits on series whose truth is known: intervals cover it as often as they say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ranrein.agents.fit.load import HOURS, fit_load, hour_basis, reference_mbps
from ranrein.agents.fit.power import fit_power, units_of
from ranrein.agents.fit.regression import biweight, lag_correlation, long_run, nonnegative_fit
from ranrein.agents.fit.series import Series
from ranrein.envs.catalogue import load_scenario
from ranrein.twin.carrier import CarrierState
from ranrein.twin.params import Params
from ranrein.twin.traffic import ITU_2023_LOAD_BY_HOUR

PERIOD_S, DAYS, REPLICATIONS = 300.0, 2, 40
T = round(DAYS * 86_400 / PERIOD_S)
LEVEL_MBPS, SIGMA, CORRELATION_S = 60.0, 0.12, 1800.0
PROFILE = np.array(ITU_2023_LOAD_BY_HOUR) / np.mean(ITU_2023_LOAD_BY_HOUR)


@pytest.fixture(scope="module")
def params() -> Params:
    """One area, two cells; demand of the law is the same in every network."""
    return Params.of(load_scenario("tiny"))


def noise(seed: int, sigma: float = SIGMA) -> np.ndarray:
    """AR(1) of log demand in twin steps of a minute, averaged over periods of five, (T,)."""
    rng, keep = np.random.default_rng(seed), np.exp(-60.0 / CORRELATION_S)
    steps = np.empty(5 * T)
    steps[0] = rng.normal() * sigma
    shocks = rng.normal(size=len(steps)) * sigma * np.sqrt(1 - keep**2)
    for k in range(1, len(steps)):
        steps[k] = keep * steps[k - 1] + shocks[k]
    return np.log(np.exp(steps).reshape(T, 5).mean(axis=1))


def series_of(
    log_noise: np.ndarray, level_mbps: float = LEVEL_MBPS, power_w: np.ndarray | None = None
) -> Series:
    """A network whose capacity cell sleeps by night and carries all but a tenth by day."""
    time_s = PERIOD_S * np.arange(1, T + 1)
    offered = level_mbps * (hour_basis(time_s, PERIOD_S, 60.0) @ PROFILE) * np.exp(log_noise)
    asleep = (time_s % 86_400) < 6 * 3600
    share = np.where(asleep, 1.0, 0.1)
    mbps = np.stack([offered * share, offered * (1 - share)], axis=1)
    state = np.stack([np.zeros(T), np.where(asleep, CarrierState.DEEP_SLEEP, CarrierState.ACTIVE)], axis=1)
    return Series(
        records=(),
        time_s=time_s,
        state=state.astype(np.int64),
        valid=np.ones((T, 2), np.bool_),
        steady=np.ones((T, 2), np.bool_),
        load=mbps / [150.0, 1200.0],
        mbps=mbps,
        offered_mbps=mbps,
        power_w=np.zeros((T, 2)) if power_w is None else power_w,
        gaps=0,
    )


def test_intervals_of_the_load_cover_the_truth_as_often_as_they_say(params: Params) -> None:
    hits = {"level": 0, "scale": 0, "sigma": 0, "hours": 0}
    truth = LEVEL_MBPS / float(reference_mbps(params).mean())
    for seed in range(REPLICATIONS):
        fit = fit_load(series_of(noise(seed)), params)
        hits["level"] += fit.level_mbps.contains(LEVEL_MBPS)
        hits["scale"] += fit.scale.contains(truth)
        hits["sigma"] += fit.noise_sigma.contains(SIGMA)
        hits["hours"] += sum(factor.contains(PROFILE[hour]) for hour, factor in enumerate(fit.profile))
    coverage = {name: count / REPLICATIONS for name, count in hits.items()}
    coverage["hours"] /= HOURS
    assert min(coverage.values()) >= 0.85, coverage
    assert fit.level_mbps.high / fit.level_mbps.low < 1.2


def test_a_level_half_as_large_is_not_covered(params: Params) -> None:
    fit = fit_load(series_of(noise(0), 0.5 * LEVEL_MBPS), params)
    assert not fit.level_mbps.contains(LEVEL_MBPS)
    assert fit.level_mbps.contains(0.5 * LEVEL_MBPS)


def test_the_correlation_time_is_found(params: Params) -> None:
    found = [fit_load(series_of(noise(seed)), params).noise_correlation_s.value for seed in range(10)]
    assert 0.6 * CORRELATION_S < np.median(found) < 1.5 * CORRELATION_S


def test_a_crowd_is_left_out_and_counted(params: Params) -> None:
    calm = noise(3, 0.05)
    crowd = np.where((np.arange(T) > 100) & (np.arange(T) < 130), np.log(3.0), 0.0)
    fit = fit_load(series_of(calm + crowd), params)
    assert fit.left_out >= 29
    assert fit.level_mbps.contains(LEVEL_MBPS)
    assert np.all(np.isnan(fit.residual[101:130]))


def test_hours_without_data_keep_what_is_believed(params: Params) -> None:
    series = series_of(noise(1))
    night = (series.time_s % 86_400) < 5 * 3600
    fit = fit_load(replace(series, valid=series.valid & ~night[:, None]), params)
    assert fit.profile[2].value == pytest.approx(PROFILE[2], rel=0.1)


def metered(seed: int, params: Params, extra_w: float, watts: tuple[float, float]) -> Series:
    """Power that a meter with 1 % of noise reads."""
    series = series_of(noise(seed))
    exact = extra_w + np.array(watts) * units_of(series, params)
    return replace(series, power_w=exact * (1 + 0.01 * np.random.default_rng(seed).normal(size=exact.shape)))


def test_intervals_of_the_power_cover_the_truth_as_often_as_they_say(params: Params) -> None:
    hits = {"n3": 0, "n78": 0, "fixed": 0}
    for seed in range(REPLICATIONS):
        fit = fit_power(metered(seed, params, 25.0, (2.9, 4.4)), params, 200.0)
        for kind, truth in zip(fit.kinds, (2.9, 4.4), strict=True):
            hits[kind.kind] += kind.watts_per_unit.contains(truth)
        hits["fixed"] += fit.fixed_w.contains(250.0)
    assert min(hits.values()) >= 0.85 * REPLICATIONS, hits
    assert fit.kinds[1].watts_per_unit.high - fit.kinds[1].watts_per_unit.low < 0.2


def test_power_without_a_meter_or_without_change_is_not_fitted(params: Params) -> None:
    assert fit_power(series_of(noise(0)), params, 200.0).unmetered == ("n3", "n78")
    series = metered(0, params, 0.0, (2.5, 3.6))
    still = replace(series, load=np.full_like(series.load, 0.3), state=np.zeros_like(series.state))
    assert fit_power(still, params, 200.0).unmetered == ("n3", "n78")


def test_what_cannot_be_negative_is_not(params: Params) -> None:
    x = np.stack([np.ones(50), np.linspace(1, 2, 50)], axis=1)
    linear = nonnegative_fit(x, 3.0 * x[:, 1] - 1.0, np.arange(50))
    assert linear.value[0] == 0.0
    assert linear.value[1] > 0


def test_an_outlier_counts_nothing() -> None:
    values = np.append(np.linspace(-0.1, 0.1, 50), 5.0)[:, None]
    weights, sigma = biweight(values, np.ones_like(values, dtype=np.bool_))
    assert weights[-1, 0] == 0.0
    assert weights[:-1].min() > 0.5
    assert sigma < 0.2


def test_the_correlation_of_neighbours_skips_what_is_unknown() -> None:
    values, known = np.array([1.0, 1.0, 1.0, -9.0, 1.0, 1.0])[:, None], np.ones((6, 1), np.bool_)
    known[3] = False
    assert lag_correlation(values, known) == pytest.approx(0.995)


def test_the_long_run_variance_of_an_ar1_series_is_known() -> None:
    rng, keep, n = np.random.default_rng(1), 0.5, 200_000
    shocks = rng.normal(size=n)
    values = np.empty(n)
    values[0] = shocks[0]
    for k in range(1, n):
        values[k] = keep * values[k - 1] + shocks[k]
    assert long_run(values[:, None], 60)[0, 0] / n == pytest.approx(1 / (1 - keep) ** 2, rel=0.05)
