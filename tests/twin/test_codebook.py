"""DFT beams: orthogonal, of the right width and gain, over the panels of TS 38.214 table 5.2.2.2.1-2."""

from __future__ import annotations

import numpy as np
import pytest

from ranrein.twin.codebook import (
    OVERSAMPLING,
    Panel,
    beam_direction,
    beam_gain_db,
    dft_beam,
    grid_of_beams,
    rank_1_precoder,
)

PANELS = [Panel(*size) for size in OVERSAMPLING]


@pytest.mark.parametrize("panel", PANELS, ids=str)
def test_every_panel_has_its_grid_of_unit_beams(panel: Panel) -> None:
    grid = grid_of_beams(panel)
    assert grid.shape == (*panel.shape, panel.n_ports // 2)
    assert np.linalg.norm(grid, axis=-1) == pytest.approx(1.0)


def test_sizes_and_oversampling_are_those_of_the_standard() -> None:
    ports = {(panel.n1, panel.n2): (panel.n_ports, *panel.oversampling) for panel in PANELS}
    assert ports == {
        (2, 2): (8, 4, 4),
        (4, 1): (8, 4, 1),
        (4, 2): (16, 4, 4),
        (8, 1): (16, 4, 1),
        (4, 4): (32, 4, 4),
        (8, 2): (32, 4, 4),
        (16, 1): (32, 4, 1),
    }


@pytest.mark.parametrize("panel", PANELS, ids=str)
def test_beams_a_whole_oversampling_apart_are_orthogonal(panel: Panel) -> None:
    o1, o2 = panel.oversampling
    for first in range(o1):
        beams = grid_of_beams(panel)[first::o1, ::o2].reshape(panel.n1 * panel.n2, -1)
        assert np.abs(beams @ beams.conj().T) == pytest.approx(np.eye(len(beams)), abs=1e-12)


def test_neighbouring_beams_of_an_oversampled_grid_overlap() -> None:
    first, second = dft_beam([0, 1], 8, 4)
    assert 0.9 < abs(np.vdot(first, second)) < 1.0


@pytest.mark.parametrize("panel", PANELS, ids=str)
def test_broadside_gain_is_element_plus_ten_lg_n(panel: Panel) -> None:
    gain = beam_gain_db(grid_of_beams(panel)[0, 0], panel, 90.0, 0.0)
    assert gain == pytest.approx(8.0 + 10.0 * np.log10(panel.n1 * panel.n2))


@pytest.mark.parametrize(("panel", "index"), [(Panel(16, 1), 0), (Panel(16, 1), 10), (Panel(8, 1), 4)])
def test_half_power_width_follows_the_aperture_seen_from_the_beam(panel: Panel, index: int) -> None:
    """0.886 wavelengths over N d cos(theta); the element is taken out of the beam."""
    steered = np.rad2deg(np.arcsin(beam_direction(index, panel.n1, 4)))
    azimuth = np.linspace(steered - 15.0, steered + 15.0, 30001)
    weights = grid_of_beams(panel)[index, 0]
    gain = beam_gain_db(weights, panel, 90.0, azimuth) - beam_gain_db(
        np.eye(panel.n1)[0], panel, 90.0, azimuth
    )
    width = np.ptp(azimuth[gain >= gain.max() - 3.01])
    assert azimuth[gain.argmax()] == pytest.approx(steered, abs=0.01)
    expected = np.rad2deg(0.886 / (panel.n1 * 0.5 * np.cos(np.deg2rad(steered))))
    assert width == pytest.approx(expected, rel=0.02)


def test_a_beam_steered_down_and_across_peaks_there() -> None:
    panel = Panel(8, 2)
    down = np.arccos(beam_direction(7, 2, 4))
    across = np.arcsin(beam_direction(6, 8, 4) / np.sin(down))
    weights = grid_of_beams(panel)[6, 7]
    array_db = beam_gain_db(weights, panel, np.rad2deg(down), np.rad2deg(across)) - beam_gain_db(
        np.eye(16)[0], panel, np.rad2deg(down), np.rad2deg(across)
    )
    assert np.rad2deg(down) > 90.0
    assert array_db == pytest.approx(10.0 * np.log10(16.0))


def test_beams_that_point_nowhere_are_nan() -> None:
    assert np.isnan(beam_direction(8, 4, 4, 0.4))
    assert beam_direction(12, 4, 4, 0.5) == pytest.approx(-0.5)


def test_a_precoder_joins_both_polarisations() -> None:
    panel = Panel(4, 2)
    weights = rank_1_precoder(panel, (5, 3), 1)
    assert weights.shape == (panel.n_ports,)
    assert np.linalg.norm(weights) == pytest.approx(1.0)
    assert weights[8:] == pytest.approx(1j * weights[:8])


def test_other_panels_and_indices_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(N1, N2\) = \(3, 3\): use one of \(2, 2\), \(4, 1\)"):
        Panel(3, 3)
    with pytest.raises(ValueError, match="give l < 16, m < 8, n < 4"):
        rank_1_precoder(Panel(4, 2), (16, 0), 0)
    with pytest.raises(ValueError, match="n = 0"):
        dft_beam(0, 0, 4)
