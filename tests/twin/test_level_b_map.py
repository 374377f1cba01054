"""Level B of the radio map: lower and blurred where TR 38.901 spreads angles, and a network that runs on it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ranrein.envs.catalogue import load_scenario
from ranrein.twin.advance import advance
from ranrein.twin.command import Command
from ranrein.twin.kernels.layout import GAIN_STEP_DB, CellSum, StateArrays
from ranrein.twin.level_b import fading_margin_db
from ranrein.twin.level_b_map import Aim, faded_thresholds, spread_gain_db
from ranrein.twin.link import cqi_thresholds
from ranrein.twin.params import Params
from ranrein.twin.reference.reference import advance_reference
from ranrein.twin.scenario import Scenario
from ranrein.twin.state import begin


@pytest.fixture(scope="module")
def level_b() -> Params:
    return Params.of(replace(load_scenario("urban"), fidelity="B"))


def _macro(scenario: Scenario) -> Scenario:
    """The macro site alone on a larger map: coverage to the edge of what it serves."""
    return replace(scenario, sites=scenario.sites[:1])


def test_level_a_is_three_to_six_db_above_level_b_in_coupling_gain(urban: Params) -> None:
    a, b = (Params.of(_macro(replace(urban.scenario, fidelity=f))).gain * GAIN_STEP_DB for f in "AB")
    for cells in (slice(0, None, 2), slice(1, None, 2)):  # coverage, capacity: the best of each
        above = np.median(a[:, cells].max(axis=1)) - np.median(b[:, cells].max(axis=1))
        assert 2.0 < above < 6.5, above


def test_level_b_hears_neighbouring_sectors_better_compared_with_its_own(
    urban: Params, level_b: Params
) -> None:
    ahead = []
    for params in (urban, level_b):
        gain = np.sort(params.gain[:, [1, 3, 5]] * GAIN_STEP_DB, axis=1)
        ahead.append(np.median(gain[:, 2] - gain[:, 1]))
    assert ahead[1] < ahead[0] - 1.0


def test_an_antenna_without_a_direction_loses_the_polarisation_alone() -> None:
    n = 50
    aim = Aim("UMa", 25.0, 1.5, np.arange(n) % 2 == 0, np.linspace(20, 500, n), np.full(n, 95.0), np.zeros(n))
    gain = spread_gain_db(lambda zenith, azimuth: 5.0 + 0.0 * (zenith + azimuth), aim, 3.5)
    loss = 5.0 - gain
    assert np.all((loss > 2.0) & (loss < 3.02))
    assert np.ptp(loss[::2]) < 1e-9
    assert loss[0] > loss[1]  # in line of sight less is scattered back


def test_an_offset_of_a_narrow_beam_matters_less_when_blurred() -> None:
    aim = Aim("UMa", 25.0, 1.5, np.zeros(1, np.bool_), np.full(1, 300.0), np.full(1, 95.0), np.full(1, 20.0))

    def beam(zenith: np.ndarray, azimuth: np.ndarray) -> np.ndarray:
        return 20.0 - np.minimum(12.0 * (azimuth / 10.0) ** 2, 30.0) + 0.0 * zenith

    blurred = spread_gain_db(beam, aim, 3.5)[0]
    assert beam(aim.zenith_deg, aim.azimuth_deg)[0] == -10.0
    assert 0.0 < blurred < 17.0


def test_a_fading_link_needs_more_for_the_same_rate() -> None:
    steady = cqi_thresholds(2)[0]
    faded = faded_thresholds(steady)
    raised_db = 10 * np.log10(faded / steady)
    assert np.all(np.diff(raised_db) > 0)
    assert np.all((raised_db > 0) & (raised_db < 2.6))
    back_db = 10 * np.log10(faded) - fading_margin_db(10 * np.log10(faded), -np.inf)
    np.testing.assert_allclose(back_db, 10 * np.log10(steady), atol=0.02)


def test_the_kernel_agrees_with_the_oracle_at_level_b(level_b: Params) -> None:
    kernel = begin(level_b, np.arange(3), np.zeros(3, np.int64))
    oracle = kernel.copy()
    rng = np.random.default_rng(4)
    for n_steps in (1, 5, 9, 5):
        command = Command.of(rng.integers(0, 5, (3, 7)) * rng.integers(0, 2, (3, 7)))
        advance(level_b, kernel, command, n_steps)
        advance_reference(level_b, oracle, command, n_steps)
    for name, a, b in zip(StateArrays._fields, kernel.arrays, oracle.arrays, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5, err_msg=name)


def test_a_network_is_fuller_at_level_b(urban: Params, level_b: Params) -> None:
    loads = []
    for params in (urban, level_b):
        state = begin(params, np.arange(16), np.zeros(16, np.int64))
        advance(params, state, Command.all_active(16, 7), 10)
        loads.append(state.arrays.cell_sum[:, :, CellSum.PRB].sum())
    assert loads[1] > 1.1 * loads[0]


def test_the_patterns_to_choose_from_are_blurred_too() -> None:
    scenario = load_scenario("urban")
    carriers = {**scenario.carriers, "n78": replace(scenario.carriers["n78"], patterns=("hot-spot",))}
    a, b = (Params.of(replace(scenario, carriers=carriers, fidelity=f)) for f in "AB")
    column = a.arrays.first_column[1] + 1
    assert np.median(a.arrays.gain[:, column] - b.arrays.gain[:, column]) * GAIN_STEP_DB > 0.5


def test_what_level_b_does_not_cover_is_refused() -> None:
    scenario = load_scenario("urban")
    with pytest.raises(ValueError, match=r"fidelity='C'; use one of \('A', 'B'\)"):
        replace(scenario, fidelity="C")
    hall = replace(scenario.sites[0], propagation="InF-SL", height_m=8.0)
    with pytest.raises(ValueError, match='level B covers UMa, UMi-SC, RMa, not "InF-SL"'):
        Params.of(replace(scenario, sites=(hall,), fidelity="B"))
