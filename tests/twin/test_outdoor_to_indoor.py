"""Wall, building and car losses of TR 38.901 clause 7.4.3."""

from __future__ import annotations

import numpy as np
import pytest

from ranrein.twin.outdoor_to_indoor import building_loss_db, car_loss_db, o2i_wall_loss_db


@pytest.mark.parametrize(
    ("kind", "release", "expected"),
    [
        ("low", "rel17", (12.70, 13.40, 17.83)),
        ("low", "rel19", (12.70, 13.40, 17.83)),
        ("high", "rel17", (26.85, 30.69, 37.95)),
        ("high", "rel19", (27.50, 31.75, 35.03)),
    ],
)
def test_wall_loss_at_3_5_and_6_and_28_ghz(kind: str, release: str, expected: tuple[float, ...]) -> None:
    assert o2i_wall_loss_db(kind, [3.5, 6.0, 28.0], release) == pytest.approx(expected, abs=0.006)


def test_the_default_glass_is_that_of_release_17() -> None:
    assert o2i_wall_loss_db("high", 6.0) == o2i_wall_loss_db("high", 6.0, "rel17")


@pytest.mark.parametrize(("kind", "release"), [("medium", "rel17"), ("high", "rel18")])
def test_unknown_walls_are_refused_with_the_valid_ones(kind: str, release: str) -> None:
    with pytest.raises(ValueError, match="is unknown: use one of"):
        o2i_wall_loss_db(kind, 6.0, release)


def test_the_legacy_wall_is_20_db_below_6_ghz_only() -> None:
    assert np.array_equal(o2i_wall_loss_db("legacy", [0.7, 5.9]), [20.0, 20.0])
    with pytest.raises(ValueError, match='fc_ghz = 6 is too high for the "legacy" wall'):
        o2i_wall_loss_db("legacy", [3.5, 6.0])


@pytest.mark.parametrize(("kind", "sigma_db"), [("low", 4.4), ("high", 6.5), ("legacy", 0.0)])
def test_a_building_adds_wall_depth_and_spread(kind: str, sigma_db: float) -> None:
    wall_db = float(o2i_wall_loss_db(kind, 3.5))
    got = building_loss_db(kind, 3.5, indoor_m=np.array([0.0, 10.0]), normal=np.array([0.0, 2.0]))
    assert got == pytest.approx([wall_db, wall_db + 5.0 + 2.0 * sigma_db], abs=1e-12)


def test_a_building_has_the_glass_of_its_release() -> None:
    assert building_loss_db("high", 28.0, 0.0, 0.0, "rel19") == o2i_wall_loss_db("high", 28.0, "rel19")


def test_a_car_costs_9_db_and_20_db_with_metallised_windows() -> None:
    assert np.array_equal(car_loss_db("plain", [0.0, 1.0, -1.0]), [9.0, 14.0, 4.0])
    assert car_loss_db("metallised", 0.0) == 20.0
    with pytest.raises(ValueError, match='windows "tinted" is unknown'):
        car_loss_db("tinted", 0.0)
