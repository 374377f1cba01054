"""Level B: departure rays of TR 38.901, blur, polarisation loss and fading margins."""

from __future__ import annotations

import numpy as np
import pytest

from ranrein.twin.angular_spread import STATES, departure_law, lg_zsd, zenith_offset_deg
from ranrein.twin.antenna import sector_gain_db
from ranrein.twin.level_b import (
    Links,
    Rays,
    blurred_gain_db,
    departure_rays,
    fading_margin_db,
    polarisation_loss_db,
)

N = 4000


def rays_of(state: str, scenario: str = "UMa", d2d_m: float = 200.0, seed: int = 1) -> Rays:
    """Rays of many links of one state toward 100 degrees of zenith and 20 of azimuth."""
    rng = np.random.Generator(np.random.Philox(seed))
    code = STATES.index(state)
    links = Links(
        state=np.full(N, code, dtype=np.int8),
        outdoor_los=np.full(N, state == "los"),
        d2d_m=np.full(N, d2d_m),
        h_ut_m=np.full(N, 1.5),
        zenith_deg=np.full(N, 100.0),
        azimuth_deg=np.full(N, 20.0),
    )
    return departure_rays(scenario, 6.0, 25.0, links, rng)


def rms_deg(angle_deg: np.ndarray, power: np.ndarray) -> np.ndarray:
    share = power / power.sum(axis=1, keepdims=True)
    mean = (share * angle_deg).sum(axis=1, keepdims=True)
    return np.sqrt((share * (angle_deg - mean) ** 2).sum(axis=1))


@pytest.mark.parametrize(
    ("scenario", "state", "asd_deg"),
    [
        ("UMa", "los", 14.02),
        ("UMa", "nlos", 25.76),
        ("UMa", "o2i", 17.78),
        ("UMi", "los", 14.72),
        ("UMi", "nlos", 21.66),
        ("RMa", "los", 7.94),
        ("RMa", "o2i", 4.68),
    ],
)
def test_median_azimuth_spreads_at_6_ghz_are_those_of_table_7_5_6(
    scenario: str, state: str, asd_deg: float
) -> None:
    assert 10.0 ** departure_law(scenario, state, 6.0).lg_asd[0] == pytest.approx(asd_deg, abs=0.01)


def test_urban_spreads_below_6_ghz_are_those_at_6_ghz() -> None:
    assert departure_law("UMa", "nlos", 0.7) == departure_law("UMa", "nlos", 6.0)
    assert departure_law("UMa", "nlos", 28.0).lg_asd[0] < departure_law("UMa", "nlos", 6.0).lg_asd[0]


def test_zenith_spread_and_offset_at_known_distances() -> None:
    los = np.array([True, False])
    assert lg_zsd("UMa", los, np.array(200.0), np.array(1.5), 25.0)[0] == pytest.approx([0.33, 0.48])
    assert lg_zsd("UMi", los, np.array(50.0), np.array(1.5), 10.0)[0] == pytest.approx([0.175, 0.045])
    assert lg_zsd("RMa", los, np.array(1000.0), np.array(1.5), 35.0)[0] == pytest.approx([0.05, 0.09])
    assert zenith_offset_deg("UMa", los, np.array(100.0), np.array(1.5), 6.0) == pytest.approx(
        [0.0, -4.88], abs=0.01
    )
    assert zenith_offset_deg("UMi", los, np.array(100.0), np.array(1.5), 6.0) == pytest.approx(
        [0.0, -1.995], abs=0.01
    )
    assert zenith_offset_deg("RMa", los, np.array(500.0), np.array(1.5), 6.0) == pytest.approx(
        [0.0, -0.23], abs=0.01
    )


@pytest.mark.parametrize(("state", "loss_db"), [("los", 2.88), ("nlos", 2.03), ("o2i", 2.06)])
def test_rays_carry_all_power_but_the_polarisation_loss(state: str, loss_db: float) -> None:
    """Deviations of the cross-polarisation ratio raise its mean; in line of sight the straight ray has none."""
    power = rays_of(state).power
    assert np.all(power >= 0.0)
    assert -10.0 * np.log10(power.sum(axis=1).mean()) == pytest.approx(loss_db, abs=0.06)


@pytest.mark.parametrize(("state", "asd_deg", "zsd_deg"), [("nlos", 25.8, 3.02), ("o2i", 17.8, 3.02)])
def test_rays_spread_as_the_tables_say(state: str, asd_deg: float, zsd_deg: float) -> None:
    rays = rays_of(state)
    assert np.median(rms_deg(rays.azimuth_deg, rays.power)) == pytest.approx(asd_deg, rel=0.15)
    assert np.median(rms_deg(rays.zenith_deg, rays.power)) == pytest.approx(zsd_deg, rel=0.2)


def test_line_of_sight_keeps_most_power_on_the_straight_line() -> None:
    rays = rays_of("los")
    straight = rays.power[:, 0] / rays.power.sum(axis=1)
    assert np.median(straight) == pytest.approx(0.88, abs=0.02)  # K = 9 dB
    assert np.all(rays.azimuth_deg[:, 0] == 20.0)
    assert np.all(rays.zenith_deg[:, 0] == 100.0)


@pytest.mark.parametrize("state", ["nlos", "o2i"])
def test_without_line_of_sight_nothing_comes_straight(state: str) -> None:
    assert np.all(rays_of(state).power[:, 0] == 0.0)


def test_blocked_rays_pass_over_the_roofs() -> None:
    rays = rays_of("nlos", d2d_m=100.0)
    mean = (rays.power * rays.zenith_deg).sum(axis=1) / rays.power.sum(axis=1)
    assert mean.mean() == pytest.approx(100.0 - 4.88, abs=0.2)


def test_the_same_seed_gives_the_same_rays() -> None:
    first, again, other = (rays_of("o2i", seed=seed) for seed in (3, 3, 4))
    assert np.array_equal(first.zenith_deg, again.zenith_deg)
    assert not np.array_equal(first.zenith_deg, other.zenith_deg)


def test_unknown_scenarios_and_states_are_refused() -> None:
    with pytest.raises(ValueError, match='level B covers UMa, UMi-SC, RMa, not "InH"'):
        departure_law("InH", "los", 3.5)
    with pytest.raises(ValueError, match='link state "indoor" is unknown: use one of los, nlos, o2i'):
        departure_law("UMa", "indoor", 3.5)


def _panel(zenith_deg: np.ndarray, azimuth_deg: np.ndarray) -> np.ndarray:
    return sector_gain_db(zenith_deg, azimuth_deg, 100.0, 10)


def test_no_spread_blurs_nothing() -> None:
    zenith, azimuth = np.array([[95.0], [100.0]]), np.array([0.0, 40.0, 180.0])
    assert blurred_gain_db(_panel, zenith, azimuth, 0.0, 0.0) == pytest.approx(_panel(zenith, azimuth))


def test_blur_takes_from_the_beam_and_gives_to_its_surroundings() -> None:
    """The more spread the less peak; nulls and the back fill up."""
    peak = [float(blurred_gain_db(_panel, 100.0, 0.0, 5.0 * zsd, zsd)) for zsd in (0.0, 1.0, 3.0, 8.0)]
    null = [float(blurred_gain_db(_panel, 111.8, 0.0, 5.0 * zsd, zsd)) for zsd in (0.0, 1.0, 3.0, 8.0)]
    assert peak == sorted(peak, reverse=True)
    assert null == sorted(null)
    assert peak[0] - peak[2] > 1.0


def test_the_blur_of_a_parabola_in_power_is_its_curvature() -> None:
    """A pattern of 1 + x^2 gains exactly the mean square of the offsets."""
    gain = blurred_gain_db(lambda _, azimuth: 10.0 * np.log10(1.0 + azimuth**2), 90.0, 0.0, 3.0, 0.0)
    assert 10.0 ** (gain / 10.0) == pytest.approx(10.0)


def test_polarisation_costs_2_to_3_db() -> None:
    assert polarisation_loss_db([np.inf, 9.0, 7.0, 0.0]) == pytest.approx([3.01, 2.50, 2.22, 0.0], abs=0.01)


@pytest.mark.parametrize(("sinr_db", "margin_db"), [(40.0, 2.51), (0.0, 0.886), (-30.0, 0.0)])
def test_rayleigh_fading_costs_what_the_exponential_integral_says(sinr_db: float, margin_db: float) -> None:
    """Mean of ln(1 + g h) is exp(1/g) E1(1/g): Euler's constant at high SINR, 0.5963 at 0 dB."""
    assert fading_margin_db(sinr_db, -np.inf) == pytest.approx(margin_db, abs=0.02)


def test_a_stronger_straight_path_needs_less_margin() -> None:
    margins = np.array([fading_margin_db([0.0, 10.0, 20.0], k_db) for k_db in (-np.inf, 0.0, 5.0, 9.0, 20.0)])
    assert np.all(np.diff(margins, axis=0) < 0.0)
    assert np.all(np.diff(margins, axis=1) > 0.0)
    assert margins[-1] == pytest.approx(0.0, abs=0.05)


def test_a_k_factor_of_nan_is_refused() -> None:
    with pytest.raises(ValueError, match="k_factor_db is NaN"):
        fading_margin_db(0.0, float("nan"))


@pytest.mark.parametrize("value", [-1.0, float("nan"), -float("inf")])
def test_a_polarisation_ratio_that_is_none_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match=r"xpr_db = .* give 0 dB or more"):
        polarisation_loss_db([9.0, value])
