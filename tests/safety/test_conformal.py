"""The conformal margin covers what it says it covers."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from ranrein.envs.catalogue import load_scenario
from ranrein.network.plant import SimulatedNetwork
from ranrein.safety.clock import SimulatedClock
from ranrein.safety.conformal import conformal_quantile, growth_scores
from ranrein.twin.params import Params

START = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(("n", "eps"), [(19, 0.1), (99, 0.05), (200, 0.1), (999, 0.01)])
def test_a_new_exchangeable_score_exceeds_the_quantile_as_rarely_as_promised(n: int, eps: float) -> None:
    rng, trials = np.random.default_rng(0), 4000
    scores = rng.lognormal(0.0, 1.0, (trials, n + 1))
    exceeded = np.mean([row[-1] > conformal_quantile(row[:-1], eps) for row in scores])
    error = 4 * math.sqrt(eps * (1 - eps) / trials)
    assert exceeded <= eps + error
    assert exceeded >= eps - 1 / (n + 1) - error  # and the margin is not wider than it must be


def test_the_quantile_is_the_score_of_the_corrected_rank() -> None:
    assert conformal_quantile(np.arange(1.0, 100.0), 0.05) == 95.0
    assert conformal_quantile(np.arange(99.0, 0.0, -1.0), 0.05) == 95.0


@pytest.mark.parametrize("n", [0, 1, 8])
def test_too_few_scores_give_no_finite_margin(n: int) -> None:
    assert conformal_quantile(np.ones(n), 0.1) == math.inf


@pytest.mark.parametrize("eps", [0.0, 1.0, -0.1, np.nan])
def test_an_error_share_outside_of_zero_and_one_is_refused(eps: float) -> None:
    with pytest.raises(ValueError, match="eps"):
        conformal_quantile(np.ones(10), eps)


def test_a_score_that_is_not_a_number_is_refused() -> None:
    with pytest.raises(ValueError, match="NaN"):
        conformal_quantile(np.array([1.0, np.nan]), 0.5)


def test_the_score_is_the_growth_of_the_worst_area() -> None:
    params = Params.of(load_scenario("urban"))
    believed = SimulatedNetwork(params, 7, SimulatedClock(START)).observe()
    believed = replace(
        believed, volume_dl=np.full((1, 7), 1e8, np.float32), blocked_dl=np.zeros((1, 7), np.float32)
    )
    grown = believed.volume_dl * np.where(params.area_of_cell == 1, 2.0, 1.0).astype(np.float32)
    assert growth_scores(params, believed, believed)[0] == 1.0
    assert growth_scores(params, believed, replace(believed, volume_dl=grown))[0] == pytest.approx(
        2.0, rel=0.01
    )
    blocked = replace(believed, blocked_dl=believed.volume_dl)
    assert growth_scores(params, believed, blocked)[0] == pytest.approx(2.0, rel=0.01)
