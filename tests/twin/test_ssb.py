"""Sweeps of SSB beams: counts, overhead, delay, gain, and what they cost in sleep."""

from __future__ import annotations

import numpy as np
import pytest

from ranrein.twin.beam_pattern import Beam, CommonBeamforming
from ranrein.twin.power import idle_power_rel
from ranrein.twin.ssb import PERIODS_MS, Sweep, max_beams, sweep_beams, sweep_gain_db

AZIMUTH, ZENITH = np.arange(-50.0, 51.0, 1.0), 90.0


@pytest.mark.parametrize(
    ("fc_ghz", "beams"), [(0.7, 4), (3.0, 4), (3.5, 8), (7.1, 8), (24.25, 64), (28.0, 64)]
)
def test_bands_allow_4_8_and_64_beams(fc_ghz: float, beams: int) -> None:
    assert max_beams(fc_ghz) == beams


@pytest.mark.parametrize("fc_ghz", [0.0, 10.0, 80.0, float("nan")])
def test_frequencies_outside_nr_are_refused(fc_ghz: float) -> None:
    with pytest.raises(ValueError, match="is in no NR band"):
        max_beams(fc_ghz)


def test_eight_beams_cost_little_spectrum_but_much_sleep() -> None:
    sweep = Sweep(8, 3.5, 273, 30)
    assert sweep.symbols_per_burst == 32
    assert sweep.symbols_per_period == 560
    assert sweep.awake_frac == pytest.approx(0.0571, abs=1e-4)
    assert sweep.resource_frac == pytest.approx(0.0042, abs=2e-5)


def test_a_sweep_takes_a_period_per_receive_beam() -> None:
    assert Sweep(8, 3.5, 273, 30).delay_ms() == 20.0
    assert Sweep(64, 28.0, 66, 120, 40).delay_ms(4) == 160.0
    with pytest.raises(ValueError, match="n_rx_beams = 0"):
        Sweep(8, 3.5, 273, 30).delay_ms(0)


def test_more_beams_or_shorter_periods_raise_the_overhead_and_the_idle_power() -> None:
    by_beams = [Sweep(n, 3.5, 273, 30) for n in range(1, 9)]
    by_period = [Sweep(8, 3.5, 273, 30, period) for period in reversed(PERIODS_MS)]
    for sweeps in (by_beams, by_period):
        assert np.all(np.diff([sweep.resource_frac for sweep in sweeps]) > 0.0)
        power = [idle_power_rel(1, 1, "micro", sweep.symbols_per_burst, sweep.period_ms) for sweep in sweeps]
        assert np.all(np.diff(power) > 0.0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((9, 3.5, 273, 30), r"n_beams = 9 is not in 1\.\.8"),
        ((0, 3.5, 273, 30), r"n_beams = 0"),
        ((8, 3.5, 273, 30, 25), "period_ms = 25 does not exist: use one of"),
        ((8, 3.5, 19, 30), "n_prb = 19 does not hold an SSB"),
        ((8, 3.5, 273, 60), "no SSB at scs_khz = 60"),
    ],
)
def test_impossible_sweeps_are_refused(arguments: tuple[int, float, int, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Sweep(*arguments)


def test_a_sweep_of_one_beam_is_the_shape_itself() -> None:
    pattern = CommonBeamforming(0, 40, -150)
    assert sweep_beams(pattern, 1) == (pattern.envelope,)


def test_beams_meet_at_half_power_and_span_the_shape() -> None:
    beams = sweep_beams(CommonBeamforming(0, 40), 4)
    assert [beam.beam_azimuth for beam in beams] == pytest.approx([-244, -81, 81, 244], abs=1)
    assert {beam.beam_tilt for beam in beams} == {40}
    in_front, between, at_edge = (sweep_gain_db(beams, azimuth, 94.0) for azimuth in (8.1, 16.25, 32.5))
    assert in_front - between == pytest.approx(3.0, abs=0.1)
    assert in_front - at_edge == pytest.approx(3.0, abs=0.1)


def test_beams_behind_the_antenna_wrap_round() -> None:
    assert all(isinstance(beam, Beam) for beam in sweep_beams(CommonBeamforming(1, 0, 1800), 8))


def test_more_beams_raise_the_gain_over_the_sector() -> None:
    """Each beam has all the power at its turn: n narrower beams gain 10 lg n, less what their floors take."""
    pattern = CommonBeamforming(0)
    gains = [np.mean(sweep_gain_db(sweep_beams(pattern, n), AZIMUTH * 0.6, ZENITH)) for n in (1, 2, 4, 8)]
    assert np.all(np.diff(gains) > 1.0)
    one, five = (sweep_gain_db(sweep_beams(pattern, n), 0.0, 90.0) for n in (1, 5))
    assert 5.5 < five - one < 10.0 * np.log10(5.0)


@pytest.mark.parametrize("n_beams", [0, 66])
def test_too_many_or_no_beams_are_refused(n_beams: int) -> None:
    with pytest.raises(ValueError, match=f"n_beams = {n_beams} cannot sweep 65 degrees: give 1 to 65"):
        sweep_beams(CommonBeamforming(0), n_beams)
