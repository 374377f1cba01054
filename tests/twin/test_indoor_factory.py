"""Line of sight, path loss and shadowing in a factory hall (InF of TR 38.901)."""

from __future__ import annotations

import numpy as np
import pytest

from ranrein.twin.propagation import los_probability, path_loss_db, shadow_sigma_db
from ranrein.twin.radio_scenario import CLUTTER, Clutter, shadowing

FACTORIES = ("InF-SL", "InF-DL", "InF-SH", "InF-DH")


@pytest.mark.parametrize(
    ("scenario", "los", "d3d_m", "expected"),
    [
        ("InF-SL", True, 10.0, 31.84 + 21.5 + 19.0 * np.log10(3.5)),
        ("InF-HH", True, 100.0, 31.84 + 43.0 + 19.0 * np.log10(3.5)),
        ("InF-SL", False, 100.0, 33.0 + 51.0 + 20.0 * np.log10(3.5)),
        ("InF-DL", False, 100.0, 18.6 + 71.4 + 20.0 * np.log10(3.5)),
        ("InF-DL", False, 10.0, 33.0 + 25.5 + 20.0 * np.log10(3.5)),  # never below InF-SL
        ("InF-SH", False, 100.0, 32.4 + 46.0 + 20.0 * np.log10(3.5)),
        ("InF-DH", False, 100.0, 33.63 + 43.8 + 20.0 * np.log10(3.5)),
    ],
)
def test_path_loss_follows_table_7_4_1_1(scenario: str, los: bool, d3d_m: float, expected: float) -> None:
    assert path_loss_db(scenario, los, 3.5, d3d_m, 1.5, 1.5) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("scenario", FACTORIES)
def test_clutter_in_the_way_never_lowers_the_path_loss(scenario: str) -> None:
    distance_m = np.geomspace(1.0, 600.0, 100)
    los, nlos = (path_loss_db(scenario, state, 28.0, distance_m, 8.0, 1.5) for state in (True, False))
    assert np.all(nlos >= los)


def test_a_blocked_link_above_the_clutter_is_refused() -> None:
    with pytest.raises(ValueError, match="InF-HH has no NLOS path loss"):
        path_loss_db("InF-HH", [True, False], 3.5, 50.0, 8.0, 6.0)


@pytest.mark.parametrize(
    ("scenario", "k_m"),
    [
        ("InF-SL", -10.0 / np.log(0.8)),
        ("InF-DL", -2.0 / np.log(0.4)),
        ("InF-SH", -10.0 / np.log(0.8) * 6.5 / 0.5),
        ("InF-DH", -2.0 / np.log(0.4) * 6.5 / 4.5),
    ],
)
def test_line_of_sight_decays_over_k_subsce(scenario: str, k_m: float) -> None:
    distance_m = np.array([0.0, 5.0, 50.0, 300.0])
    got = los_probability(scenario, distance_m, 1.5, 8.0)
    np.testing.assert_allclose(got, np.exp(-distance_m / k_m), rtol=1e-12)


def test_line_of_sight_is_certain_above_the_clutter() -> None:
    assert np.array_equal(los_probability("InF-HH", [0.0, 600.0], 6.0), [1.0, 1.0])


def test_the_hall_of_the_user_replaces_the_default() -> None:
    hall = Clutter(density_frac=0.3, size_m=4.0, height_m=5.0)
    expected = np.exp(-40.0 * -np.log(0.7) / 4.0 * (5.0 - 1.0) / (9.0 - 1.0))
    assert los_probability("InF-SH", 40.0, 1.0, 9.0, hall) == pytest.approx(expected, rel=1e-12)


def test_heights_broadcast_with_distances() -> None:
    station_m = np.array([8.0, 10.0])
    assert los_probability("InF-DH", np.ones((3, 1)), 1.5, station_m).shape == (3, 2)


@pytest.mark.parametrize(
    ("scenario", "h_ut_m", "h_bs_m", "clutter", "message"),
    [
        ("InF-SH", 1.5, None, None, "InF-SH needs the station height: pass h_bs_m"),
        ("InF-SH", 2.0, 8.0, None, "h_ut_m = 2 is not below the 2 m clutter: use InF-HH"),
        ("InF-DH", 1.5, 6.0, None, "h_bs_m = 6 is not above the 6 m clutter: use InF-DL"),
        ("InF-SL", 1.5, None, Clutter(0.4, 2.0, 3.0), "0.4 does not belong to InF-SL: use InF-DL"),
        ("InF-DH", 1.5, 8.0, Clutter(0.39, 2.0, 3.0), "0.39 does not belong to InF-DH: use InF-SH"),
        ("UMa", 1.5, 25.0, Clutter(0.2, 2.0, 3.0), 'not "UMa": leave it out'),
    ],
)
def test_halls_that_contradict_themselves_are_refused(
    scenario: str, h_ut_m: float, h_bs_m: float | None, clutter: Clutter | None, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        los_probability(scenario, 20.0, h_ut_m, h_bs_m, clutter)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0.0, 2.0, 3.0), "density_frac = 0 is outside"),
        ((1.0, 2.0, 3.0), "density_frac = 1 is outside"),
        ((float("nan"), 2.0, 3.0), "density_frac = nan"),
        ((0.2, 0.0, 3.0), "size_m = 0 is not a positive length"),
        ((0.2, 2.0, float("inf")), "height_m = inf"),
    ],
)
def test_impossible_clutter_is_refused(arguments: tuple[float, float, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Clutter(*arguments)


@pytest.mark.parametrize(
    ("scenario", "nlos_sigma_db", "los_state_d_cor_m"),
    [("InF-SL", 5.7, 5.0), ("InF-DL", 7.2, 1.0), ("InF-SH", 5.9, 5.0), ("InF-DH", 4.0, 1.0)],
)
def test_shadowing_of_a_hall_follows_the_tables(
    scenario: str, nlos_sigma_db: float, los_state_d_cor_m: float
) -> None:
    law = shadowing(scenario)
    assert (law.los.sigma_db, law.los.d_cor_m, law.nlos.d_cor_m, law.o2i) == (4.3, 10.0, 10.0, None)
    assert law.nlos.sigma_db == nlos_sigma_db
    assert law.los_state_d_cor_m == CLUTTER[scenario].los_state_d_cor_m == los_state_d_cor_m
    sigma_db = shadow_sigma_db(scenario, [True, False], 3.5, 50.0, 8.0, 1.5)
    assert np.array_equal(sigma_db, [4.3, nlos_sigma_db])
