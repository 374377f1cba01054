"""Baselines decide by the rules they state, from reports only."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ranrein.envs.baselines import AlwaysOn, Forecast, Greedy, LoadThreshold, area_mbps, typical_day
from ranrein.envs.controller import Controller
from ranrein.envs.energy_saving import EnergySaving
from ranrein.envs.vector import TwinVectorEnv
from ranrein.envs.window import Window
from ranrein.twin.command import Command
from ranrein.twin.coverage_room import NEIGHBOUR_LOAD, OBSTRUCTION_DB, mean_efficiency
from ranrein.twin.params import Params
from ranrein.twin.rules import Precedent

from .conftest import params_named

ALL = [AlwaysOn, Greedy, LoadThreshold, Forecast]
DEEP = 4
COVERAGE = (0, 2, 4)  # of urban


@pytest.fixture(scope="module")
def at_night(urban: Params) -> Window:
    env = TwinVectorEnv(EnergySaving(), urban, 3)
    env.reset(seed=0)
    return env.window


def told(window: Window, mbps: float, hour: float = 0.0) -> Window:
    """The same report with so much served traffic in every area and nothing blocked, at another time of day."""
    kpis = window.kpis
    volume = np.zeros_like(kpis.volume_dl)
    volume[:, COVERAGE] = mbps * 1000.0 * kpis.granularity_s
    kpis = replace(kpis, volume_dl=volume, blocked_dl=np.zeros_like(volume), time_s=np.full(3, hour * 3600.0))
    return replace(window, kpis=kpis)


def loaded(window: Window, own: float, cover: float, asleep: bool = False) -> Window:
    """The same report with other loads in %, and capacity asleep or not."""
    is_capacity = ~np.isin(np.arange(7), COVERAGE)
    load = np.where(is_capacity, own, cover).astype(np.float32)
    states = np.where(is_capacity & asleep, DEEP, 0).astype(np.int8)
    kpis = replace(window.kpis, prb_tot_dl=np.tile(load, (3, 1)))
    precedent = Precedent(Command(np.tile(states, (3, 1))), window.precedent.dwell)
    return replace(window, kpis=kpis, precedent=precedent)


@pytest.mark.parametrize("kind", ALL)
def test_answers_lie_in_the_action_space_and_do_not_depend_on_the_batch(
    urban: Params, at_night: Window, kind: type[Controller]
) -> None:
    whole, alone = kind(), kind()
    whole.begin(urban, 3)
    alone.begin(urban, 1)
    row = np.array([1])
    part = Window(at_night.kpis.rows(row), at_night.before.rows(row),
                  Precedent(at_night.precedent.command.rows(row), at_night.precedent.dwell[row]))  # fmt: skip
    for _ in range(4):
        wanted = whole.actions(urban, at_night)
        assert EnergySaving().action_space(urban).contains(wanted[0])
        assert np.array_equal(wanted[1], alone.actions(urban, part)[0])


def test_the_network_of_these_tests_is_as_they_think(urban: Params) -> None:
    assert urban.coverage_cells.tolist() == list(COVERAGE)


def test_always_on_never_asks_for_sleep(urban: Params, at_night: Window) -> None:
    assert not AlwaysOn().actions(urban, at_night).any()


@pytest.mark.parametrize(("mbps", "sleeps"), [(0.0, True), (79.0, True), (81.0, False), (np.nan, False)])
def test_greedy_sleeps_where_present_traffic_fits_the_coverage_cell(
    urban: Params, at_night: Window, mbps: float, sleeps: bool
) -> None:
    window = told(at_night, mbps)
    assert np.allclose(area_mbps(urban, window), mbps, equal_nan=True)
    assert np.all(Greedy().actions(urban, window) == (DEEP if sleeps else 0))


def test_the_threshold_rule_waits_until_it_has_been_quiet_for_long_enough(
    urban: Params, at_night: Window
) -> None:
    rule, quiet = LoadThreshold(), loaded(at_night, own=4.0, cover=14.0)
    rule.begin(urban, 3)
    answers = [rule.actions(urban, quiet).max() for _ in range(4)]
    assert answers == [0, 0, DEEP, DEEP]


@pytest.mark.parametrize(("own", "cover"), [(6.0, 14.0), (4.0, 16.0), (np.nan, 14.0), (4.0, np.nan)])
def test_one_loud_period_starts_the_threshold_rule_anew(
    urban: Params, at_night: Window, own: float, cover: float
) -> None:
    rule, quiet = LoadThreshold(), loaded(at_night, own=4.0, cover=14.0)
    rule.begin(urban, 3)
    for window in (quiet, quiet, loaded(at_night, own, cover), quiet, quiet):
        assert not rule.actions(urban, window).any()
    assert rule.actions(urban, quiet).all()


@pytest.mark.parametrize(("cover", "stays"), [(24.0, True), (26.0, False), (np.nan, False)])
def test_the_threshold_rule_wakes_by_the_load_of_the_coverage_cell(
    urban: Params, at_night: Window, cover: float, stays: bool
) -> None:
    rule = LoadThreshold()
    rule.begin(urban, 3)
    asleep = loaded(at_night, own=0.0, cover=cover, asleep=True)
    assert np.all((rule.actions(urban, asleep) == DEEP) == stays)


def test_the_threshold_rule_forgets_when_an_episode_begins(urban: Params, at_night: Window) -> None:
    rule, quiet = LoadThreshold(), loaded(at_night, own=4.0, cover=14.0)
    rule.begin(urban, 3)
    for _ in range(2):
        rule.actions(urban, quiet)
    rule.begin(urban, 3)
    assert not rule.actions(urban, quiet).any()


def test_the_forecast_rule_expects_the_morning(urban: Params, at_night: Window) -> None:
    rule = Forecast(lead_periods=12)
    early, evening = told(at_night, 30.0, hour=6.0), told(at_night, 30.0, hour=23.0)
    assert np.all(rule.expected_mbps(urban, early) > 33.0)
    assert np.allclose(rule.expected_mbps(urban, evening), 30.0)


def test_the_forecast_rule_wakes_later_than_it_sleeps(urban: Params, at_night: Window) -> None:
    rule = Forecast(lead_periods=0)
    between = told(at_night, rule.coverage_mbps * (1 + rule.wake_margin) / 2)
    asleep = replace(between, precedent=loaded(between, 0.0, 0.0, asleep=True).precedent)
    assert not rule.actions(urban, between).any()
    assert rule.actions(urban, asleep).all()


def test_the_figures_of_the_rules_are_meant_for_the_usual_coverage_cell(urban: Params) -> None:
    assert np.array_equal(urban.coverage_scale, np.ones(3))
    assert np.array_equal(params_named("tiny").coverage_scale, np.ones(1))


def test_a_coverage_cell_of_half_the_rate_or_between_neighbours_carries_less(urban: Params) -> None:
    arrays = urban.arrays
    half = replace(urban, arrays=arrays._replace(rate_mbps=arrays.rate_mbps / 2))
    assert np.array_equal(half.coverage_scale, np.full(3, 0.5))
    assert np.array_equal(urban.coverage_scale, np.ones(3))
    assert np.all(params_named("dense_urban").coverage_scale <= 0.75)


def test_the_mean_efficiency_is_harmonic_and_counts_interference_by_area(urban: Params) -> None:
    arrays, coverage = urban.arrays, urban.coverage_cells
    heard = 10 ** ((urban.gain[:, coverage] / 64 + arrays.tx_dbm[coverage] - OBSTRUCTION_DB) / 10)
    for area in range(3):
        mine = heard[arrays.pixel_area == area]
        own = mine[:, area]
        sinr = own / (NEIGHBOUR_LOAD * (mine.sum(axis=1) - own) + arrays.noise_mw[coverage[area]])
        bits = [max(arrays.cqi_gain[arrays.cqi_sinr <= s].sum(), arrays.cqi_gain[0]) for s in sinr]
        expected = len(bits) / np.sum(1 / np.array(bits))
        assert mean_efficiency(arrays, coverage)[area] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("kind", [Greedy, Forecast])
def test_rules_scale_with_the_coverage_cell(urban: Params, at_night: Window, kind: type[Controller]) -> None:
    arrays = urban.arrays
    weak = replace(urban, arrays=arrays._replace(rate_mbps=arrays.rate_mbps / 4))
    window = told(at_night, 30.0)
    assert kind().actions(urban, window).all()
    assert not kind().actions(weak, window).any()


def test_the_forecast_knows_the_days_of_the_scenario(urban: Params, at_night: Window) -> None:
    load = replace(urban.scenario.load, profile=((1.0, 1.0, 4.0, 1.0), (1.0, 1.0, 2.0, 1.0)))
    own = replace(urban, scenario=replace(urban.scenario, load=load))
    hours, curve = typical_day(own)
    assert hours.tolist() == [0.0, 6.0, 12.0, 18.0, 24.0]
    assert curve.tolist() == [1.0, 1.0, 3.0, 1.0, 1.0]
    rule = Forecast(lead_periods=12)
    assert np.allclose(rule.expected_mbps(own, told(at_night, 30.0, hour=11.0)), 30.0 * 3.0 / (1 + 2 * 5 / 6))
    assert np.allclose(rule.expected_mbps(own, told(at_night, 30.0, hour=3.0)), 30.0)
