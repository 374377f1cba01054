"""Statistics and determinism of the correlated fields."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ranrein.twin.fields import gaussian_field, normal_cdf, uniform_field
from ranrein.twin.radio_scenario import shadowing


def _correlation(field: np.ndarray, lag: int) -> float:
    return float(np.mean(field[:, lag:] * field[:, :-lag]) / np.mean(field**2))


def test_gaussian_field_has_unit_variance_and_zero_mean() -> None:
    field = gaussian_field(400, 400, 10.0, 20.0, 7)
    assert field.shape == (400, 400)
    assert field.std() == pytest.approx(1.0, abs=0.03)
    assert field.mean() == pytest.approx(0.0, abs=0.05)


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("decorrelations", [0.5, 1.0, 2.0])
def test_autocorrelation_decays_exponentially_along_both_axes(axis: int, decorrelations: float) -> None:
    field = np.moveaxis(gaussian_field(600, 640, 5.0, 50.0, 3), axis, 1)
    assert _correlation(field, round(10 * decorrelations)) == pytest.approx(np.exp(-decorrelations), abs=0.06)


def test_opposite_borders_are_uncorrelated() -> None:
    ends = np.array([gaussian_field(1, 40, 10.0, 50.0, seed)[0, [0, -1]] for seed in range(1200)])
    assert np.corrcoef(ends.T)[0, 1] == pytest.approx(np.exp(-390 / 50), abs=0.1)


def test_points_have_unit_variance_over_seeds() -> None:
    corner = [gaussian_field(3, 5, 10.0, 50.0, seed)[2, 4] for seed in range(1500)]
    assert np.var(corner) == pytest.approx(1.0, abs=0.12)


def test_same_seed_gives_the_same_bits_and_another_seed_does_not() -> None:
    first, again = (gaussian_field(20, 30, 10.0, 40.0, (5, 1)) for _ in range(2))
    assert first.tobytes() == again.tobytes()
    assert not np.allclose(first, gaussian_field(20, 30, 10.0, 40.0, (5, 2)))


def test_fields_leave_the_global_generator_alone() -> None:
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    gaussian_field(8, 8, 10.0, 40.0, 1)
    assert np.array_equal(before, np.random.get_state()[1])  # noqa: NPY002


def test_uniform_field_is_uniform_and_correlated() -> None:
    field = uniform_field(500, 500, 10.0, 20.0, 11)
    assert np.quantile(field, [0.1, 0.5, 0.9]) == pytest.approx([0.1, 0.5, 0.9], abs=0.02)
    assert _correlation(field - 0.5, 2) == pytest.approx(
        6.0 / np.pi * np.arcsin(np.exp(-1.0) / 2.0), abs=0.05
    )


@pytest.mark.parametrize("scenario", ["InH-open", "InF-SL", "InF-DL"])
def test_a_line_of_sight_indoors_holds_over_its_own_distance(scenario: str) -> None:
    """Two points agree as often as two bivariate normal signs of correlation exp(-d / d_cor)."""
    d_cor_m = shadowing(scenario).los_state_d_cor_m
    in_sight = uniform_field(400, 400, d_cor_m / 4.0, d_cor_m, 5) < 0.5
    for lag, decorrelations in ((1, 0.25), (8, 2.0)):
        agree = np.mean(in_sight[:, lag:] == in_sight[:, :-lag])
        assert agree == pytest.approx(0.5 + np.arcsin(np.exp(-decorrelations)) / np.pi, abs=0.02)


def test_pixels_wider_than_the_clutter_choose_their_state_alone() -> None:
    field = uniform_field(300, 300, 10.0, shadowing("InF-DH").los_state_d_cor_m, 2)
    assert _correlation(field - 0.5, 1) == pytest.approx(0.0, abs=0.02)
    assert field.mean() == pytest.approx(0.5, abs=0.01)


def test_a_certain_line_of_sight_is_never_lost() -> None:
    """Far in the tail 1 - tail rounds to 1, which a probability of 1 would miss."""
    assert np.all(normal_cdf(np.array([9.0, 40.0])) < 1.0)


def test_normal_cdf_agrees_with_erf() -> None:
    x = np.linspace(-9.0, 9.0, 1001)
    exact = [0.5 * math.erfc(-value / math.sqrt(2.0)) for value in x]
    np.testing.assert_allclose(normal_cdf(x), exact, atol=1e-7)


@pytest.mark.parametrize("arguments", [(0, 5, 10.0, 50.0), (5, 5, -1.0, 50.0), (5, 5, 10.0, float("nan"))])
def test_a_degenerate_grid_is_refused(arguments: tuple[int, int, float, float]) -> None:
    with pytest.raises(ValueError, match="not a positive finite number"):
        gaussian_field(*arguments, seed=1)
