"""The smallest network by hand: every number here was worked out on paper from the clause beside it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ranrein.twin.advance import advance, radio_view
from ranrein.twin.carrier import CarrierState
from ranrein.twin.command import Command
from ranrein.twin.kpis import measure
from ranrein.twin.params import Params
from ranrein.twin.state import State, begin

AWAKE = Command.of([0, 0])
MIDNIGHT = 0.278 / (sum((
    0.278, 0.214, 0.145, 0.101, 0.075, 0.064, 0.063, 0.096, 0.173, 0.226, 0.238, 0.253,
    0.273, 0.308, 0.328, 0.307, 0.318, 0.334, 0.341, 0.348, 0.325, 0.308, 0.315, 0.313,
)) / 24)  # fmt: skip
OFFERED_MBPS = 260.0 * 0.2 * MIDNIGHT  # full load of the area x mean station x hour of day = 60.4
TOP_EFFICIENCY = 7.4063  # CQI 15, TS 38.214 table 5.2.2.1-3, bit/s/Hz
# TS 38.306 4.1.2: subcarriers x symbols per second x layers x (1 - overhead), downlink share of n78 0.74
N3_MBPS = 106 * 12 * 14e3 * 2 * 0.86 * TOP_EFFICIENCY / 1e6  # 226.9
N78_MBPS = 273 * 12 * 28e3 * 4 * 0.86 * 0.74 * TOP_EFFICIENCY / 1e6  # 1729.4


@pytest.fixture
def state(tiny: Params) -> State:
    """Midnight of a day without a surge."""
    state = begin(tiny, np.zeros(1, np.int64), np.zeros(1, np.int64))
    state.arrays.surge[:, 0, 3] = 0.0
    return state


def _boresight_dbm(tx_dbm: float, fc_ghz: float) -> float:
    """RSRP 200 m in front of the mast, 1.5 m high: TR 38.901 UMa LOS, two elements of table 7.3-1."""
    drop_m = 25.0 - 1.5
    distance_m = math.hypot(200.0, drop_m)  # 201.38; the breakpoint is at 4 x 24 x 0.5 x 1.8e9 / 3e8 = 288 m
    path_loss_db = 28.0 + 22.0 * math.log10(distance_m) + 20.0 * math.log10(fc_ghz)
    below_horizon_deg = math.degrees(math.atan2(drop_m, 200.0))  # 6.70
    element_dbi = 8.0 - 12.0 * (below_horizon_deg / 65.0) ** 2
    phase = math.pi * (math.sin(math.radians(8.0)) - drop_m / distance_m)  # half a wavelength apart, tilt 98
    return tx_dbm + element_dbi + 10 * math.log10(1 + math.cos(phase)) - path_loss_db


def test_the_rsrp_on_boresight_is_tx_plus_antenna_less_path_loss(tiny: Params, state: State) -> None:
    state.arrays.user_x[0, 0], state.arrays.user_y[0, 0] = 305.0, 205.0
    rsrp_dbm = radio_view(tiny, state)[0][0, :, 0]
    n3_dbm = _boresight_dbm(46.0 - 10 * math.log10(106 * 12), 1.8)
    n78_dbm = _boresight_dbm(53.0 - 10 * math.log10(273 * 12) + 6.0, 3.5)
    assert n3_dbm == pytest.approx(-57.96, abs=0.01)
    assert n78_dbm == pytest.approx(-54.85, abs=0.01)
    np.testing.assert_allclose(
        rsrp_dbm, [n3_dbm, n78_dbm], atol=1 / 128 + 1e-4
    )  # the map has steps of 1/64 dB


def test_behind_the_panel_the_signal_is_thirty_db_weaker_than_its_best(tiny: Params, state: State) -> None:
    x, y = np.array([5.0, 205.0]), np.array([205.0, 205.0])
    state.arrays.user_x[0, :2], state.arrays.user_y[0, :2] = x, y
    behind, before = radio_view(tiny, state)[0][0, 0, :2]
    element_dbi = 8.0 - 12.0 * (math.degrees(math.atan2(23.5, 100.0)) / 65.0) ** 2
    assert before - behind == pytest.approx(element_dbi - (8.0 - 30.0), abs=1 / 64)


def test_the_idle_network_draws_what_the_power_model_says(tiny: Params, state: State) -> None:
    # TR 38.864 5.1, category 1. Bursts of 8 SSB x 4 symbols every 20 ms, 20 PRB each, else micro sleep.
    # Set 2 (n3):  P3 = 50, P4 = 200, 106 PRB, symbols of 1/14 ms: 50 + 32/14/20 x 150 x (0.4 + 0.6 x 20/106)
    # Set 1 (n78): P3 = 55, P4 = 280, 273 PRB, symbols of 1/28 ms: 55 + 32/28/20 x 225 x (0.4 + 0.6 x 20/273)
    n3_w = 2.5 * (50 + 32 / 14 / 20 * 150 * (0.4 + 0.6 * 20 / 106))
    n78_w = 3.6 * (55 + 32 / 28 / 20 * 225 * (0.4 + 0.6 * 20 / 273))
    assert [n3_w, n78_w] == pytest.approx([146.99, 218.55], abs=0.01)
    silent = tiny.arrays._replace(user_mbps=0.0)
    quiet = Params(tiny.scenario, tiny.cells, silent)
    advance(quiet, state, AWAKE, 5)
    assert measure(quiet, state).total_power_w[0] == pytest.approx(200.0 + n3_w + n78_w, rel=1e-6)  # 565.54


def test_deep_sleep_leaves_one_unit_of_the_capacity_carrier(tiny: Params, state: State) -> None:
    advance(tiny, state, Command.of([0, CarrierState.DEEP_SLEEP]), 5)
    half_transition_j = 3.6 * 1.0 / 2  # table 5.1-4: 1000 relative units x ms, half of it on the way down
    expected_w = 3.6 * 1.0 + half_transition_j / 300.0
    assert measure(tiny, state).power[0, 1] == pytest.approx(expected_w, rel=1e-6)


def test_the_offered_traffic_is_area_load_times_hour(tiny: Params, state: State) -> None:
    offered = radio_view(tiny, state)[1][0]
    assert OFFERED_MBPS == pytest.approx(60.40, abs=0.01)
    np.testing.assert_allclose(offered[:8], OFFERED_MBPS / 8, rtol=1e-5)
    assert not np.any(offered[8:])


def test_the_load_is_offered_traffic_over_what_the_cell_carries(tiny: Params, state: State) -> None:
    advance(tiny, state, AWAKE)
    assert [N3_MBPS, N78_MBPS] == pytest.approx([226.85, 1729.39], abs=0.01)
    np.testing.assert_allclose(state.arrays.load[0], [0.0, OFFERED_MBPS / N78_MBPS], rtol=1e-4)


def test_with_the_capacity_carrier_asleep_coverage_carries_everything(tiny: Params, state: State) -> None:
    advance(tiny, state, Command.of([0, CarrierState.DEEP_SLEEP]))
    np.testing.assert_allclose(state.arrays.load[0], [OFFERED_MBPS / N3_MBPS, 0.0], rtol=1e-4)


def test_load_adds_power_for_the_downlink_share_of_the_symbols(tiny: Params, state: State) -> None:
    advance(tiny, state, AWAKE)
    # Full load raises a downlink symbol from micro sleep, 55, to 280 units; 74 % of the symbols are downlink.
    n78_w = 3.6 * (55 + 32 / 28 / 20 * 225 * (0.4 + 0.6 * 20 / 273))
    burst_w = 3.6 * 32 / 28 / 20 * 225 * (0.4 + 0.6 * 20 / 273)
    slope_w = 0.74 * (3.6 * 225 - burst_w)
    expected_w = n78_w + OFFERED_MBPS / N78_MBPS * slope_w
    assert measure(tiny, state).power[0, 1] == pytest.approx(expected_w, rel=1e-5)


def test_a_users_throughput_is_the_free_share_of_the_cell(tiny: Params, state: State) -> None:
    advance(tiny, state, AWAKE)
    free_mbps = N78_MBPS * (1 - OFFERED_MBPS / N78_MBPS)
    assert measure(tiny, state).ue_thp_dl[0, 1] == pytest.approx(1000 * free_mbps, rel=1e-4)


def test_a_surge_overloads_the_coverage_carrier_alone_but_not_both(tiny: Params, state: State) -> None:
    state.arrays.step[:] = 60 * 23  # 200 Mbit/s of the crowd are there, at 23 h
    state.arrays.surge[:, 0] = (0.0, 60.0, 1e6, 200.0, 0.0)
    asleep, offered_mbps = state.copy(), 200.0 + OFFERED_MBPS / 0.278 * 0.313
    advance(tiny, state, AWAKE)
    advance(tiny, asleep, Command.of([0, CarrierState.DEEP_SLEEP]))
    assert state.arrays.load[0, 1] == pytest.approx(offered_mbps / N78_MBPS, rel=1e-4)
    assert asleep.arrays.load[0, 0] == 1.0
    assert measure(tiny, state).blocked_dl.sum() == 0
    lost_mbps = measure(tiny, asleep).blocked_dl.sum() / 1000 / 60
    assert lost_mbps == pytest.approx(offered_mbps - N3_MBPS, rel=1e-3)
