"""Intervals of radio offsets from simulated networks: calibrated on draws that the law does not know."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ranrein.agents.fit.law import Simulated, calibrated, kept_out_scores, law_of, newton
from ranrein.agents.fit.regression import interval
from ranrein.twin.types import F64

DRAWS, PER_DRAW, CELLS, FIGURES = 8, 8, 3, 36
PLANTS = 200
PRIOR = np.asarray(np.linalg.inv(16.0 * np.ones((CELLS, CELLS)) + 9.0 * np.eye(CELLS)), np.float64)
SLOPE = np.random.default_rng(5).normal(0.0, 0.05, (FIGURES, CELLS))
CENTRE = np.zeros(CELLS)


def figures(offsets: F64, rng: np.random.Generator) -> F64:
    """Return figures of networks with these offsets (n, CELLS): a line and noise with long tails."""
    return offsets @ SLOPE.T + rng.standard_t(4.0, (len(offsets), FIGURES))


def simulated(rng: np.random.Generator, centre: F64 = CENTRE) -> Simulated:
    offsets = centre + rng.choice([-6.0, -3.0, 0.0, 3.0, 6.0], (DRAWS * PER_DRAW, CELLS))
    return Simulated(centre, offsets, figures(offsets, rng), np.repeat(np.arange(DRAWS), PER_DRAW))


def test_intervals_cover_hidden_offsets_as_often_as_they_say_where_plain_ones_do_not() -> None:
    rng, each, hits, plain = np.random.default_rng(2), np.eye(CELLS), 0, 0
    truth = rng.multivariate_normal(CENTRE, np.linalg.inv(PRIOR), PLANTS)
    for offsets, observed in zip(truth, figures(truth, rng), strict=True):
        at = newton(law_of(simulated(rng)), CENTRE, observed, PRIOR)[0]
        networks = simulated(rng, at)
        step, covariance = newton(law_of(networks), at, observed, PRIOR)
        found = calibrated(at + step, covariance, each, kept_out_scores(networks, PRIOR, each))
        hits += sum(e.contains(o) for e, o in zip(found, offsets, strict=True))
        errors = np.sqrt(np.diag(covariance))
        plain += sum(
            interval(v, s, 23.0).contains(o) for v, s, o in zip(at + step, errors, offsets, strict=True)
        )
    assert hits >= 0.93 * truth.size
    assert plain < 0.9 * truth.size


def test_a_network_is_judged_by_a_law_that_knows_no_network_of_its_draw() -> None:
    networks, each = simulated(np.random.default_rng(1)), np.eye(CELLS)
    other = networks.figures.copy()
    other[1:PER_DRAW] += 50.0
    before, after = (kept_out_scores(s, PRIOR, each) for s in (networks, replace(networks, figures=other)))
    np.testing.assert_allclose(after[0], before[0])
    assert np.all(after[PER_DRAW:] != before[PER_DRAW:])


@pytest.mark.parametrize("weight", [[1.0, 0.0, 0.0], [1 / 3, 1 / 3, 1 / 3]])
def test_an_offset_that_no_figure_tells_is_as_wide_as_what_is_believed_of_it(weight: list[float]) -> None:
    networks, weights = simulated(np.random.default_rng(1)), np.array([weight])
    deaf = replace(networks, figures=np.random.default_rng(3).normal(size=networks.figures.shape) * 1e-3)
    deaf = replace(deaf, figures=np.repeat(deaf.figures.mean(axis=1, keepdims=True), 2, axis=1))
    law = law_of(deaf)
    _, covariance = newton(replace(law, slope=0.0 * law.slope), CENTRE, law.mean, PRIOR)
    (found,) = calibrated(CENTRE, covariance, weights, kept_out_scores(deaf, PRIOR, weights))
    sigma = float(np.sqrt(weights[0] @ np.linalg.inv(PRIOR) @ weights[0]))
    assert found.high == pytest.approx(1.96 * sigma, rel=0.25)
