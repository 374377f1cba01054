"""Event A3: who moves, when, and what happens where nobody can serve."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ranrein.twin.advance import advance, radio_view
from ranrein.twin.carrier import CarrierState
from ranrein.twin.command import Command
from ranrein.twin.kernels.layout import CellSum
from ranrein.twin.params import Params
from ranrein.twin.scenario import Handover
from ranrein.twin.state import State, begin, open_period

DEEP = CarrierState.DEEP_SLEEP
COVERAGE, CAPACITY = 0, 1  # of the tiny network
AWAKE = Command.of([0, 0])


def _start(params: Params, n: int = 1) -> State:
    return begin(params, np.arange(n), np.zeros(n, np.int64))


def _with(params: Params, **handover: float) -> Params:
    return Params.of(replace(params.scenario, handover=Handover(**handover)))


def _handovers(state: State) -> np.ndarray:
    return state.arrays.cell_sum[:, :, CellSum.HANDOVERS].sum(axis=0)


def test_the_first_step_attaches_everybody_to_the_best_cell(urban: Params) -> None:
    state = _start(urban, 8)
    advance(urban, state, Command.all_active(8, urban.n_cells))
    rank = radio_view(urban, state)[0] + urban.arrays.offset_db[:, None]
    heard = radio_view(urban, state)[0] >= urban.arrays.min_rsrp_dbm[:, None]
    np.testing.assert_array_equal(state.arrays.serving, np.where(heard, rank, -np.inf).argmax(axis=1))
    assert _handovers(state).sum() == 8 * urban.n_users


def test_a_user_moves_only_for_more_than_offset_and_hysteresis(urban: Params) -> None:
    state, command = _start(urban, 16), Command.all_active(16, urban.n_cells)
    margin_db, moved = urban.arrays.a3_margin_db, 0
    for _ in range(60):
        old = state.arrays.serving.copy()
        advance(urban, state, command)
        rsrp = radio_view(urban, state)[0]
        heard = rsrp >= urban.arrays.min_rsrp_dbm[:, None]
        rank = np.where(heard, rsrp + urban.arrays.offset_db[:, None], -np.inf)
        was = np.take_along_axis(rank, np.maximum(old, 0)[:, None], axis=1)[:, 0]
        should = (old >= 0) & (rank.max(axis=1) > was + np.float32(margin_db))
        np.testing.assert_array_equal((old != state.arrays.serving) & (old >= 0), should)
        moved += int(should.sum())
    assert moved > 0


def test_the_better_cell_must_stay_better_for_the_time_to_trigger(tiny: Params) -> None:
    patient = _with(tiny, time_to_trigger_s=150.0)
    state = _start(patient)
    state.arrays.serving[:] = COVERAGE
    served = []
    for _ in range(4):
        advance(patient, state, AWAKE)
        served.append(int(state.arrays.serving[0, 0]))
    assert served == [COVERAGE, COVERAGE, CAPACITY, CAPACITY]  # 180 s is the first multiple of 60 above 150


def test_a_margin_that_no_cell_beats_keeps_everybody_where_they_are(tiny: Params) -> None:
    stubborn = _with(tiny, offset_db=100.0)
    state = _start(stubborn)
    state.arrays.serving[:] = COVERAGE
    advance(stubborn, state, AWAKE, 10)
    assert np.all(state.arrays.serving == COVERAGE)
    assert _handovers(state).sum() == 0


def test_users_leave_a_sleeping_cell_at_once_and_are_counted_where_they_arrive(tiny: Params) -> None:
    patient = _with(tiny, time_to_trigger_s=600.0)
    state = _start(patient)
    advance(patient, state, AWAKE)
    open_period(state)
    advance(patient, state, Command.of([0, DEEP]))
    assert np.all(state.arrays.serving == COVERAGE)
    assert _handovers(state).tolist() == [tiny.n_users, 0]


def test_users_return_to_a_cell_that_serves_again(tiny: Params) -> None:
    state = _start(tiny)
    advance(tiny, state, Command.of([0, CarrierState.MICRO_SLEEP]), 2)
    open_period(state)
    advance(tiny, state, AWAKE)
    assert np.all(state.arrays.serving == CAPACITY)
    assert _handovers(state).tolist() == [0, tiny.n_users]


def test_muting_moves_no_user_who_still_hears_the_cell_best(tiny: Params) -> None:
    state = _start(tiny)
    advance(tiny, state, AWAKE)
    before = radio_view(tiny, state)[0]
    open_period(state)
    advance(tiny, state, Command.of([0, CarrierState.TRX_MUTED]), 0)
    muted = radio_view(tiny, state)[0]
    np.testing.assert_allclose(before[0, COVERAGE] - muted[0, COVERAGE], 0.0)
    np.testing.assert_allclose(before[0, CAPACITY] - muted[0, CAPACITY], 6.0, atol=1e-5)
    advance(tiny, state, Command.of([0, CarrierState.TRX_MUTED]))
    assert _handovers(state).sum() == 0


def test_users_whom_nobody_can_serve_are_uncovered_and_all_their_traffic_is_blocked(tiny: Params) -> None:
    state = _start(tiny)
    advance(tiny, state, Command.of([DEEP, DEEP]))
    sums, residents = state.arrays.cell_sum[0].sum(axis=0), tiny.scenario.users.resident
    assert np.all(state.arrays.serving == -1)
    assert sums[CellSum.VOLUME] == 0
    assert sums[CellSum.BLOCKED] == pytest.approx(state.arrays.offered_mbit[0], rel=1e-12)
    assert sums[CellSum.UNCOVERED] == sums[CellSum.BELOW] == sums[CellSum.ACTIVE] == 60.0 * residents
    assert sums[CellSum.USERS] == 60.0 * tiny.n_users
