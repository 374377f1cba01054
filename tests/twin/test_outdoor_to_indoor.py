"""Wall, building and car losses of TR 38.901 clause 7.4.3."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ranrein.envs.catalogue import load_scenario
from ranrein.twin.outdoor_to_indoor import building_loss_db, car_loss_db, deepest_indoor_m, o2i_wall_loss_db
from ranrein.twin.params import Params
from ranrein.twin.scenario import Scenario
from ranrein.twin.state import begin


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


def test_a_user_stands_at_most_as_deep_as_the_widest_building_of_the_laws_around() -> None:
    assert deepest_indoor_m(["RMa", "rma"]) == 10.0
    assert (
        deepest_indoor_m(["RMa", "UMi", "InH"])
        == deepest_indoor_m(["UMa"])
        == deepest_indoor_m(["InH"])
        == 25.0
    )


def indoor(**changes: object) -> Scenario:
    """One mast whose users are all indoors, behind glass of either kind."""
    plain = load_scenario("tiny")
    users = replace(plain.users, indoor_share=1.0, max_indoor_loss_db=200.0)
    return replace(plain, users=replace(users, **changes))  # type: ignore[arg-type]


def lost_db(scenario: Scenario) -> np.ndarray:
    return begin(Params.of(scenario), np.arange(64), np.zeros(64, np.int64)).arrays.indoor_db


def test_rural_users_stand_at_most_10_m_deep() -> None:
    town = indoor()
    country = replace(
        town, sites=tuple(replace(site, propagation="RMa", height_m=35.0) for site in town.sites)
    )
    spared = lost_db(town) - lost_db(country)
    assert np.all(spared >= 0.0)
    assert spared.max() == pytest.approx(7.5, abs=1.0)
    assert spared.mean() == pytest.approx(2.5, abs=0.3)  # a third of 7.5: the lesser of two uniform draws


def test_the_release_of_the_glass_matters_behind_coated_windows_only() -> None:
    older, newer = (indoor(high_loss_share=1.0, glass_release=release) for release in ("rel17", "rel19"))
    assert lost_db(newer).mean() > lost_db(older).mean() + 0.3
    older, newer = (indoor(high_loss_share=0.0, glass_release=release) for release in ("rel17", "rel19"))
    assert np.array_equal(lost_db(newer), lost_db(older))
    with pytest.raises(ValueError, match=r"users.glass_release.*rel18"):
        indoor(glass_release="rel18")
