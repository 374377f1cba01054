"""Level B drops against the company means of RP-180524, channel model A."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from ranrein.twin.antenna import sector_gain_db
from ranrein.twin.imt_calibration import SETUPS, PortArray, drop, place, sum_over_rays

GATE_DB = 1.5
PERCENTILES = (5, 50, 95)
GEOMETRY_DB = {  # means over 15 to 18 companies, RP-180524 attachments
    "DenseUrban-4GHz": (2.4, 15.2, 32.4),
    "UMa-URLLC-4GHz": (-2.5, 5.2, 22.4),
    "Rural-700MHz": (-1.2, 8.6, 25.1),
}
COUPLING_GAIN_DB = {"UMa-URLLC-4GHz": (-134.3, -104.5, -78.3)}


@cache
def dropped(name: str) -> tuple[np.ndarray, np.ndarray]:
    return drop(name, 2000 if name == "DenseUrban-4GHz" else 5000, seed=2018)


@pytest.mark.parametrize("name", list(GEOMETRY_DB))
def test_geometry_is_that_of_the_companies(name: str) -> None:
    assert np.percentile(dropped(name)[1], PERCENTILES) == pytest.approx(GEOMETRY_DB[name], abs=GATE_DB)


@pytest.mark.parametrize("name", list(COUPLING_GAIN_DB))
def test_coupling_gain_is_that_of_the_companies(name: str) -> None:
    assert np.percentile(dropped(name)[0], PERCENTILES) == pytest.approx(COUPLING_GAIN_DB[name], abs=GATE_DB)


def test_same_seed_gives_the_same_drop_and_another_seed_does_not() -> None:
    first, again, other = (drop("Rural-700MHz", 60, seed)[0] for seed in (4, 4, 5))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("name", list(SETUPS))
def test_every_setup_drops_finite_values(name: str) -> None:
    for values in drop(name, 20, seed=0):
        assert values.shape == (20,)
        assert np.all(np.isfinite(values))


def test_a_large_drop_is_made_of_blocks() -> None:
    assert drop("Rural-700MHz", 510, seed=1)[1].shape == (510,)


def test_one_ray_of_full_power_sees_the_sector_pattern() -> None:
    zenith, azimuth = np.array([[95.0], [102.0], [120.0]]), np.array([[0.0], [-40.0], [170.0]])
    gain = sum_over_rays(PortArray(10, 1, 0.5, (102.0,)), zenith, azimuth, np.ones((3, 1)))
    assert 10.0 * np.log10(gain) == pytest.approx(sector_gain_db(zenith, azimuth, 102.0, 10), abs=1e-6)


def test_a_steered_beam_peaks_where_it_points() -> None:
    """Product of 8 columns and 4 rows: 15 dB over the element."""
    panel = PortArray(4, 8, 0.8, (112.5,), (33.75,))
    azimuth = np.arange(-60.0, 60.5, 0.25)[:, None]
    gain = 10.0 * np.log10(
        sum_over_rays(panel, np.full_like(azimuth, 112.5), azimuth, np.ones_like(azimuth))[:, 0]
    )
    element = sector_gain_db(112.5, azimuth[:, 0], 90.0, 1)
    assert azimuth[np.argmax(gain - element), 0] == pytest.approx(33.75)
    assert np.max(gain - element) == pytest.approx(10.0 * np.log10(32.0))


def test_cars_and_glass_cost_what_the_tables_say() -> None:
    """The same terminals with and without cars, and in low-loss buildings or the mix with 20 % high-loss ones."""
    rural = SETUPS["Rural-700MHz"]
    in_cars, on_foot, mixed = (
        place(setup, 4000, np.random.Generator(np.random.Philox(1)))
        for setup in (rural, replace(rural, car_frac=0.0), replace(rural, walls="mixed"))
    )
    outdoors = in_cars.links.state.reshape(4000, -1)[:, 0] < 2
    extra_db = (in_cars.loss_db - on_foot.loss_db)[:, 0]
    assert outdoors.mean() == pytest.approx(0.5, abs=1e-3)
    assert extra_db[outdoors].mean() == pytest.approx(9.0, abs=0.4)
    assert extra_db[outdoors].std() == pytest.approx(5.0, abs=0.3)
    assert not np.any(extra_db[~outdoors])
    glass_db = (mixed.loss_db - in_cars.loss_db)[~outdoors, 0]
    assert np.mean(glass_db != 0.0) == pytest.approx(0.2, abs=0.03)
    assert not np.any((mixed.loss_db - in_cars.loss_db)[outdoors])


def test_an_unknown_setup_or_an_empty_drop_is_refused() -> None:
    with pytest.raises(ValueError, match='did you mean "Rural-700MHz"'):
        drop("Rural-700", 10, seed=1)
    with pytest.raises(ValueError, match="n_ue = 0"):
        drop("Rural-700MHz", 0, seed=1)
