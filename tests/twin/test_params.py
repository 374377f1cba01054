"""Scenarios worked out into arrays, and mistakes in a scenario that are refused by name."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ranrein.twin.params import Params, cells_of
from ranrein.twin.power import power_levels
from ranrein.twin.scenario import Timing

BAD_VALUES = (
    ("timing", "control_period_s", 90.0, "control_period_s=90"),
    ("timing", "episode_s", 1000.0, "episode_s=1000"),
    ("timing", "twin_step_s", 600.0, "control_period_s=300"),
    ("timing", "episode_s", float("nan"), "episode_s=nan"),
    ("users", "resident", 0, "users.resident"),
    ("users", "resident", 73, "users.resident"),
    ("users", "crowd", 25, "users.crowd"),
    ("load", "station_load_quantiles", (0.3, 0.2, 0.4), "station_load_quantiles"),
    ("load", "station_load_quantiles", (0.0, 0.2, 0.4), "station_load_quantiles"),
    ("load", "full_load_mbps", 0.0, "full_load_mbps"),
    ("load", "full_load_mbps", float("nan"), "full_load_mbps"),
    ("load", "scale", -1.0, "scale"),
    ("surge", "probability", 1.1, "probability=1.1"),
    ("surge", "probability", float("nan"), "probability=nan"),
    ("surge", "venues", (), "venues"),
    ("surge", "ramp_s", (0.0, 60.0), "ramp_s"),
    ("sleep", "wake_delay_s", (0.0, 60.0), "wake_delay_s"),
    ("sleep", "wake_delay_s", (0.0, 0.0, 0.0, -1.0, 300.0), "wake_delay_s"),
    ("faults", "loss_prob", -0.1, "loss_prob=-0.1"),
    ("faults", "freeze_prob", -0.1, "freeze_prob=-0.1"),
    ("faults", "delay_periods", -1, "delay_periods=-1"),
)
BAD_CARRIERS = (
    ("layer", "middle", "layer='middle'"),
    ("fc_ghz", 0.1, "fc_ghz=0.1"),
    ("fc_ghz", float("nan"), "fc_ghz=nan"),
    ("dl_share", 0.0, "dl_share=0.0"),
    ("dl_share", 1.5, "dl_share=1.5"),
    ("mimo_layers", 0.5, "mimo_layers=0.5"),
    ("watts_per_unit", 0.0, "watts_per_unit=0.0"),
)


@pytest.mark.parametrize(("part", "field", "value", "named"), BAD_VALUES)
def test_a_bad_value_is_refused_by_the_name_of_its_field(
    urban: Params, part: str, field: str, value: object, named: str
) -> None:
    with pytest.raises(ValueError, match=named):
        replace(getattr(urban.scenario, part), **{field: value})


@pytest.mark.parametrize(("field", "value", "named"), BAD_CARRIERS)
def test_a_bad_carrier_is_refused_by_the_name_of_its_field(
    tiny: Params, field: str, value: object, named: str
) -> None:
    with pytest.raises(ValueError, match=named):
        replace(tiny.scenario.carriers["n3"], **{field: value})


@given(st.floats(0.1, 1e3), st.integers(1, 500), st.integers(1, 500))
def test_clocks_that_divide_each_other_are_taken(step_s: float, steps: int, periods: int) -> None:
    timing = Timing(step_s, step_s * steps, step_s * steps * periods)
    assert (timing.steps_per_period, timing.periods_per_episode) == (steps, periods)


@given(st.floats(0.1, 1e3), st.integers(0, 500), st.floats(0.01, 0.99))
def test_clocks_that_do_not_divide_each_other_are_refused(step_s: float, steps: int, more: float) -> None:
    with pytest.raises(ValueError, match="control_period_s"):
        Timing(step_s, step_s * (steps + more), 1e9)


def test_repeated_sites_unknown_carriers_and_missing_coverage_are_refused(urban: Params) -> None:
    scenario, (macro, plaza) = urban.scenario, urban.scenario.sites
    sector = replace(plaza.sectors[0], carriers=("n79",))
    cases = (
        ((macro, macro), "site names repeat.*macro"),
        ((macro, replace(plaza, sectors=(sector,))), "'plaza': carrier 'n79' is not one of"),
        ((plaza,), "no coverage carrier"),
    )
    for sites, named in cases:
        with pytest.raises(ValueError, match=named):
            replace(scenario, sites=sites)
    with pytest.raises(ValueError, match="'plaza' has no sectors"):
        replace(plaza, sectors=())
    with pytest.raises(ValueError, match="'plaza': fixed_power_w"):
        replace(plaza, fixed_power_w=-1.0)


def test_cells_come_in_the_order_site_sector_carrier(urban: Params) -> None:
    assert [cell.name.rsplit("-", 1)[0] for cell in urban.cells] == [
        *("macro-0", "macro-0", "macro-1", "macro-1", "macro-2", "macro-2"),
        "plaza-0",
    ]
    assert [cell.name for cell in cells_of(urban.scenario)] == [cell.name for cell in urban.cells]
    assert urban.capacity_cells.tolist() == [1, 3, 5, 6]
    assert urban.coverage_cells.tolist() == [0, 2, 4]
    assert (urban.n_cells, urban.n_areas) == (7, 3)


def test_every_cell_overlays_the_area_of_its_own_sector(urban: Params) -> None:
    assert urban.area_of_cell[:6].tolist() == [0, 0, 1, 1, 2, 2]
    assert urban.area_of_cell[6] in (0, 1, 2)


def test_noise_and_power_per_resource_element_follow_from_the_carrier(tiny: Params) -> None:
    noise_dbm = -174 + 10 * np.log10(30e3) + 9
    assert 10 * np.log10(tiny.arrays.noise_mw[1]) == pytest.approx(noise_dbm, abs=1e-4)
    assert tiny.arrays.tx_dbm[1] == pytest.approx(53 - 10 * np.log10(273 * 12) + 6, abs=1e-4)


def test_full_power_is_that_of_every_transceiver_at_full_load(urban: Params) -> None:
    watts = sum(site.fixed_power_w for site in urban.scenario.sites)
    for cell, arrays_w in zip(
        urban.cells, urban.arrays.idle_w[:, 0] + urban.arrays.slope_w[:, 0], strict=True
    ):
        carrier = cell.carrier
        most = power_levels(1, carrier.reference_set).downlink * carrier.watts_per_unit
        assert arrays_w < 1.1 * most
        watts += float(arrays_w)
    assert urban.full_power_w == pytest.approx(watts, rel=1e-6)


def test_more_load_is_more_traffic_for_every_user(urban: Params) -> None:
    heavy = replace(urban.scenario, load=replace(urban.scenario.load, scale=2.0))
    assert Params.of(heavy).arrays.user_mbps == pytest.approx(2 * urban.arrays.user_mbps)


def test_the_noise_of_demand_keeps_its_variance(urban: Params) -> None:
    p = urban.arrays
    assert p.noise_gain**2 / (1 - p.noise_keep**2) == pytest.approx(urban.scenario.load.noise_sigma**2)


def test_building_twice_gives_the_same_bits_and_the_radio_seed_changes_them(urban: Params) -> None:
    again = Params.of(urban.scenario)
    for a, b in zip(urban.arrays, again.arrays, strict=True):
        np.testing.assert_array_equal(a, b)
    other = Params.of(replace(urban.scenario, radio_seed=2))
    assert not np.array_equal(urban.arrays.gain, other.arrays.gain)


def test_a_scenario_cannot_be_changed_behind_its_arrays(urban: Params) -> None:
    with pytest.raises(FrozenInstanceError):
        urban.scenario.name = "x"  # type: ignore[misc]
