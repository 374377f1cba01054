"""Measurements: they are the sums of the period, in the units of their names."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest

from ranrein.twin.advance import advance
from ranrein.twin.command import Command
from ranrein.twin.kernels.layout import CellSum
from ranrein.twin.kpis import ARRAYS, MEASUREMENTS, Kpis, measure
from ranrein.twin.params import Params
from ranrein.twin.sla import shares
from ranrein.twin.state import State, begin, open_period


def _measured(params: Params, n: int = 3) -> tuple[State, Kpis]:
    state = begin(params, np.arange(n), np.zeros(n, np.int64))
    advance(params, state, Command.all_active(n, params.n_cells), 5)
    open_period(state)
    advance(params, state, Command.all_active(n, params.n_cells), 5)
    return state, measure(params, state)


def test_the_clock_and_the_period_are_those_of_the_state(urban: Params) -> None:
    _, kpis = _measured(urban)
    assert kpis.granularity_s == 300.0
    assert kpis.time_s.tolist() == [600.0] * 3
    np.testing.assert_allclose(kpis.hour, 600.0 / 3600.0)


def test_the_hour_starts_again_at_midnight(urban: Params) -> None:
    state, _ = _measured(urban, 1)
    state.arrays.step[:] = 1440 + 90
    assert measure(urban, state).hour.tolist() == [1.5]


def test_every_measurement_has_a_name_and_a_finite_value_per_cell(urban: Params) -> None:
    _, kpis = _measured(urban)
    for name, measurement in MEASUREMENTS.items():
        values = getattr(kpis, name)
        assert measurement.name
        assert measurement.clause
        assert values.shape == (3, urban.n_cells)
        assert np.all(np.isfinite(values) & (values >= 0)), name


def test_units_are_those_of_the_standard(urban: Params) -> None:
    state, kpis = _measured(urban)
    sums = state.arrays.cell_sum
    np.testing.assert_allclose(kpis.prb_tot_dl, 100 * sums[:, :, CellSum.PRB] / 300, rtol=1e-6)
    np.testing.assert_allclose(kpis.volume_dl, 1000 * sums[:, :, CellSum.VOLUME], rtol=1e-6)
    np.testing.assert_allclose(kpis.power, sums[:, :, CellSum.ENERGY] / 300, rtol=1e-6)
    np.testing.assert_allclose(kpis.conn_mean.sum(axis=1), urban.n_users, rtol=1e-6)
    assert np.all(kpis.prb_tot_dl <= 100)


def test_throughput_is_the_mean_over_active_users(tiny: Params) -> None:
    state, kpis = _measured(tiny, 1)
    mbps = state.arrays.cell_sum[0, 1, CellSum.THROUGHPUT] / (300 * tiny.scenario.users.resident)
    assert kpis.ue_thp_dl[0, 1] == pytest.approx(1000 * mbps, rel=1e-6)
    assert kpis.ue_thp_dl[0, 0] == 0, "a cell without active users has no throughput"


def test_total_power_counts_the_sites_once(urban: Params) -> None:
    _, kpis = _measured(urban)
    fixed_w = sum(site.fixed_power_w for site in urban.scenario.sites)
    np.testing.assert_allclose(kpis.total_power_w, kpis.power.sum(axis=1) + fixed_w, rtol=1e-6)
    assert np.all(kpis.total_power_w < urban.full_power_w)


def test_a_fresh_measurement_is_valid_and_new(urban: Params) -> None:
    _, kpis = _measured(urban)
    assert np.all(kpis.valid)
    assert np.all(kpis.age_s == 0)


def test_carrier_states_are_read_back_and_do_not_follow_the_state(urban: Params) -> None:
    state, _ = _measured(urban)
    advance(urban, state, Command.of([[0, 4, 0, 0, 0, 0, 0]] * 3), 1)
    advance(urban, state, Command.of([[0, 2, 0, 0, 0, 0, 0]] * 3), 1)
    kpis = measure(urban, state)
    state.arrays.carrier[:] = 0
    assert kpis.carrier_state[:, 1].tolist() == [2, 2, 2]
    assert kpis.waking[0].tolist() == [False, True, False, False, False, False, False]


def test_measuring_before_time_has_passed_is_refused(urban: Params) -> None:
    state, _ = _measured(urban)
    open_period(state)
    with pytest.raises(ValueError, match="advance the state before measuring"):
        measure(urban, state)


def test_selected_rows_and_copies_share_nothing_with_the_original(urban: Params) -> None:
    _, kpis = _measured(urban)
    row, copy = kpis.rows([2]), kpis.copy()
    assert row.n_replicas == 1
    np.testing.assert_array_equal(row.volume_dl[0], kpis.volume_dl[2])
    for name in ARRAYS:
        assert not np.shares_memory(getattr(copy, name), getattr(kpis, name)), name


def test_put_overwrites_only_the_named_replicas(urban: Params) -> None:
    _, kpis = _measured(urban)
    target, source = kpis.copy(), kpis.rows([0])
    target.put(np.array([1]), source)
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(target, name)[1], getattr(kpis, name)[0], err_msg=name)
        np.testing.assert_array_equal(
            getattr(target, name)[[0, 2]], getattr(kpis, name)[[0, 2]], err_msg=name
        )


def test_replacing_a_value_leaves_nothing_of_the_old_report_behind(urban: Params) -> None:
    _, kpis = _measured(urban)
    other = replace(kpis, blocked_dl=kpis.blocked_dl + 1e9)
    assert np.all(shares(other)[:, 2] > 0.9)
    assert np.all(other.named()["DRB.BlockedVolumeDL"] == other.blocked_dl)


def test_names_that_are_none_are_refused(urban: Params) -> None:
    _, kpis = _measured(urban)
    with pytest.raises(AttributeError, match="'Kpis' object has no attribute 'prb_tot'"):
        _ = kpis.prb_tot


def test_a_report_survives_pickling(urban: Params) -> None:
    _, kpis = _measured(urban)
    again = pickle.loads(pickle.dumps(kpis))
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(again, name), getattr(kpis, name), err_msg=name)
