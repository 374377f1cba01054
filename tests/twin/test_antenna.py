"""Element, column and sector gain of TR 38.901 clause 7.3."""

from __future__ import annotations

import numpy as np
import pytest

from ranrein.twin.antenna import INDOOR_ELEMENT, array_power, column_gain_db, element_gain_db, sector_gain_db


@pytest.mark.parametrize(
    ("theta_deg", "phi_deg", "gain_dbi"),
    [(90, 0, 8), (90, 32.5, 5), (90, 65, -4), (90, 180, -22), (122.5, 0, 5), (90, -65, -4), (90, 295, -4)],
)
def test_element_gain_at_known_angles(theta_deg: float, phi_deg: float, gain_dbi: float) -> None:
    assert element_gain_db(theta_deg, phi_deg) == pytest.approx(gain_dbi, abs=1e-12)


@pytest.mark.parametrize(
    ("theta_deg", "phi_deg", "gain_dbi"), [(90, 0, 5), (90, 45, 2), (135, 0, 2), (90, 180, -20)]
)
def test_the_indoor_element_is_wider_and_weaker(theta_deg: float, phi_deg: float, gain_dbi: float) -> None:
    assert element_gain_db(theta_deg, phi_deg, INDOOR_ELEMENT) == pytest.approx(gain_dbi, abs=1e-12)


def test_column_gain_peaks_at_the_tilt_with_ten_log_of_the_elements() -> None:
    theta = np.linspace(60.0, 150.0, 9001)
    gain = column_gain_db(theta, 102.0, 10)
    assert gain.max() == pytest.approx(10.0, abs=1e-9)
    assert theta[gain.argmax()] == pytest.approx(102.0, abs=0.01)


def test_a_column_radiates_as_much_as_one_element() -> None:
    """Half-wavelength spacing makes the mean array factor over the sphere exactly one."""
    u = (np.arange(20000) + 0.5) / 10000.0 - 1.0
    power = 10.0 ** (column_gain_db(np.rad2deg(np.arccos(u)), 100.0, 8) / 10.0)
    assert power.mean() == pytest.approx(1.0, abs=1e-6)


def test_half_power_beamwidth_of_a_column_is_about_102_over_n_degrees() -> None:
    theta = np.linspace(80.0, 100.0, 20001)
    in_beam = theta[column_gain_db(theta, 90.0, 16) >= 10.0 * np.log10(16) - 3.01]
    assert np.ptp(in_beam) == pytest.approx(102.0 / 16.0, rel=0.02)


def test_a_null_stays_finite() -> None:
    null_deg = np.rad2deg(np.arccos(0.5))
    assert np.isfinite(column_gain_db(null_deg, 90.0, 4))


def test_sector_gain_adds_element_and_column_and_broadcasts() -> None:
    theta = np.array([[95.0], [102.0]])
    phi = np.array([0.0, 40.0, 120.0])
    gain = sector_gain_db(theta, phi, 102.0, 10)
    assert gain.shape == (2, 3)
    assert gain[1, 0] == pytest.approx(float(element_gain_db(102.0, 0.0)) + 10.0)


def test_tilting_down_raises_the_centre_and_cuts_the_edge() -> None:
    near, far = 115.0, 92.0
    assert sector_gain_db(near, 0.0, 110.0, 8) > sector_gain_db(near, 0.0, 98.0, 8)
    assert sector_gain_db(far, 0.0, 110.0, 8) < sector_gain_db(far, 0.0, 98.0, 8)


def test_a_column_without_elements_is_refused() -> None:
    with pytest.raises(ValueError, match="n_elements = 0"):
        column_gain_db(90.0, 90.0, 0)


@pytest.mark.parametrize("n_elements", [1, 4, 10])
def test_the_closed_form_of_an_array_is_its_sum(n_elements: int) -> None:
    theta = np.linspace(0.0, 180.0, 721)
    turns = 0.5 * (np.cos(np.deg2rad(theta)) - np.cos(np.deg2rad(98.0)))
    by_sum = 10.0 ** (column_gain_db(theta, 98.0, n_elements) / 10.0)
    assert array_power(turns, n_elements) == pytest.approx(by_sum, abs=1e-9)
    assert array_power([0.0, 1.0, 2.0], n_elements) == pytest.approx(n_elements)


def test_an_array_without_elements_is_refused() -> None:
    with pytest.raises(ValueError, match="n_elements = 0 is not an array"):
        array_power(0.0, 0)


def test_angles_that_are_none_are_refused() -> None:
    for value in (float("nan"), float("inf")):
        with pytest.raises(ValueError, match="theta_deg = "):
            element_gain_db([90.0, value], 0.0)
        with pytest.raises(ValueError, match="phi_deg = "):
            element_gain_db(90.0, value)
        with pytest.raises(ValueError, match="tilt_deg = "):
            column_gain_db(90.0, value, 8)
