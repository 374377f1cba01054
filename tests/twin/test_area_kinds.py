"""Areas that differ: each kind has its own hours, the weekday is drawn by the seed, measured days stand for all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ranrein.envs.baselines import typical_day
from ranrein.envs.catalogue import load_scenario
from ranrein.envs.variants import varied
from ranrein.twin.advance import advance, radio_view
from ranrein.twin.area_kinds import kinds_of_areas
from ranrein.twin.area_load import AREAS, SATURDAY, week_profile
from ranrein.twin.command import Command
from ranrein.twin.kernels.layout import StateArrays
from ranrein.twin.params import Params
from ranrein.twin.reference.reference import advance_reference
from ranrein.twin.scenario import Scenario
from ranrein.twin.state import State, begin


def _with_kinds(*kinds: str) -> Scenario:
    """Urban without noise: three areas at the macro site, given kinds by splitting it into one site per sector."""
    plain = load_scenario("urban")
    macro, plaza = plain.sites
    sites = [
        replace(macro, name=f"macro{i}", sectors=(sector,), area=kind)
        for i, (sector, kind) in enumerate(zip(macro.sectors, kinds, strict=True))
    ]
    return replace(plain, sites=(*sites, plaza), load=replace(plain.load, noise_sigma=0.0))


@pytest.fixture(scope="module")
def mixed_town() -> Params:
    return Params.of(_with_kinds("business", "", "leisure"))


def _start(params: Params, n: int = 3) -> State:
    return begin(params, np.arange(n, dtype=np.int64), np.zeros(n, np.int64))


def _asked(params: Params, day: int, hour: float) -> np.ndarray:
    """Traffic of each area relative to its mean load, (G,)."""
    state = _start(params, 1)
    state.arrays.day[:], state.arrays.step[:] = day, round(3600.0 * hour / params.arrays.step_s)
    who, a = np.arange(params.scenario.users.resident), params.arrays
    offered = radio_view(params, state)[1][0, who]
    pixel = (state.arrays.user_y[0] / 10.0).astype(int) * a.n_x + (state.arrays.user_x[0] / 10.0).astype(int)
    area = a.pixel_area[pixel[who]]
    level = offered / state.arrays.user_weight[0, who] / state.arrays.area_load[0, area] / a.user_mbps
    return np.array([level[area == g].mean() for g in range(params.n_areas)])


def test_each_area_follows_the_week_of_its_kind(mixed_town: Params) -> None:
    for day in (0, SATURDAY):
        for hour in (3, 12, 20):
            told = [week_profile(kind)[day][hour] for kind in ("business", "mixed", "leisure")]
            np.testing.assert_allclose(_asked(mixed_town, day, hour), told, rtol=1e-5)


def test_offices_are_empty_at_the_weekend_and_busy_at_noon(mixed_town: Params) -> None:
    office, _, leisure = _asked(mixed_town, 2, 12.0)
    office_rest, _, leisure_rest = _asked(mixed_town, 6, 12.0)
    assert office > 3 * office_rest
    assert leisure_rest > leisure


def test_between_the_hours_traffic_is_linear_also_over_midnight(mixed_town: Params) -> None:
    first, half, last = (_asked(mixed_town, 1, hour) for hour in (23.0, 23.5, 24.0))
    np.testing.assert_allclose(half, (first + last) / 2, rtol=1e-5)


def test_the_weekday_is_drawn_by_the_seed_each_as_often(mixed_town: Params) -> None:
    days = _start(mixed_town, 1400).arrays.day
    assert np.all(np.abs(np.bincount(days, minlength=7) - 200) < 60)
    assert np.array_equal(days[:100], _start(mixed_town, 100).arrays.day)


def test_every_kind_has_its_mean_load_over_the_week(mixed_town: Params) -> None:
    weeks = mixed_town.arrays.kind_profile
    assert weeks.shape == (3, 7, 24)
    np.testing.assert_allclose(weeks.mean(axis=(1, 2)), 1.0, rtol=1e-6)
    assert mixed_town.arrays.profile.mean() == pytest.approx(1.0)
    np.testing.assert_allclose(
        mixed_town.arrays.profile, weeks[mixed_town.arrays.area_kind].mean(axis=0), rtol=1e-5
    )


def test_the_baselines_know_the_mean_day_of_the_areas(mixed_town: Params) -> None:
    _, curve = typical_day(mixed_town)
    np.testing.assert_allclose(curve[:24], mixed_town.arrays.profile.mean(axis=0), rtol=1e-6)


def test_the_kernel_agrees_with_the_oracle_over_midnight(mixed_town: Params) -> None:
    kernel = _start(mixed_town, 4)
    kernel.arrays.step[:] = np.array([0, 400, 1430, 700])
    oracle, command = kernel.copy(), Command.all_active(4, mixed_town.n_cells)
    for _ in range(3):
        advance(mixed_town, kernel, command, 10)
        advance_reference(mixed_town, oracle, command, 10)
    for name, a, b in zip(StateArrays._fields, kernel.arrays, oracle.arrays, strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=1e-5, err_msg=name)


def test_one_kind_everywhere_is_its_week_as_a_profile() -> None:
    kinds = Params.of(_with_kinds("residential", "residential", "residential"))
    plain = _with_kinds("", "", "")
    rows = Params.of(replace(plain, load=replace(plain.load, profile=week_profile("residential"))))
    state, other = _start(kinds), _start(rows)
    for params, one in ((kinds, state), (rows, other)):
        advance(params, one, Command.all_active(3, params.n_cells), 50)
    np.testing.assert_allclose(state.arrays.offered_mbit, other.arrays.offered_mbit, rtol=1e-6)


def test_measured_days_stand_for_every_area() -> None:
    scenario = _with_kinds("business", "leisure", "")
    days = ((1.0, 3.0, 2.0), (4.0, 0.0, 2.0))
    measured = Params.of(replace(scenario, load=replace(scenario.load, profile=days)))
    assert measured.arrays.profile.shape == (2, 3)
    assert len(measured.arrays.area_kind) == 0
    assert kinds_of_areas(varied(scenario, ["drift"])) == []


def test_without_kinds_nothing_changes() -> None:
    scenario = load_scenario("urban")
    assert kinds_of_areas(scenario) == []
    assert Params.of(scenario).arrays.kind_profile.size == 0


def test_an_unknown_kind_is_refused_with_the_nearest() -> None:
    with pytest.raises(ValueError, match=r"site 'macro': area.*did you mean \"business\""):
        replace(load_scenario("urban").sites[0], area="busines")
    assert "mixed" in AREAS


def test_dense_urban_has_a_middle_nights_out_and_homes() -> None:
    kinds = kinds_of_areas(load_scenario("dense_urban"))
    assert [kinds.count(kind) for kind in ("mixed", "leisure", "residential")] == [12, 9, 36]
