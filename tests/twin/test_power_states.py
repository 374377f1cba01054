"""What a power state costs, when a cell serves again, and who carries its traffic meanwhile."""

from __future__ import annotations

import numpy as np
import pytest

from ranrein.twin.advance import advance
from ranrein.twin.carrier import CarrierState
from ranrein.twin.command import Command
from ranrein.twin.kernels.layout import CellSum
from ranrein.twin.params import Params
from ranrein.twin.state import State, begin, open_period

ACTIVE, MUTED, MICRO, LIGHT, DEEP = CarrierState
CAPACITY = 1  # the cell of the tiny network that may sleep


def _start(params: Params, n: int = 1) -> State:
    return begin(params, np.arange(n), np.zeros(n, np.int64))


def _set(params: Params, state: State, wanted: CarrierState, steps: int) -> None:
    advance(params, state, Command.of([[ACTIVE, wanted]] * state.n_replicas), steps)


def _energy_j(state: State, cell: int = CAPACITY) -> float:
    return float(state.arrays.cell_sum[0, cell, CellSum.ENERGY])


def _serves(state: State) -> bool:
    return bool(np.any(state.arrays.serving == CAPACITY))


def _seconds_until_it_serves(params: Params, state: State) -> float:
    for step in range(20):
        _set(params, state, ACTIVE, 1)
        if _serves(state):
            return 60.0 * step
    raise AssertionError("the cell never served again")


@pytest.mark.parametrize(("depth", "delay_s"), [(MICRO, 0.0), (LIGHT, 60.0), (DEEP, 300.0)])
def test_a_cell_serves_again_exactly_after_the_delay_of_its_sleep(
    tiny: Params, depth: CarrierState, delay_s: float
) -> None:
    state = _start(tiny)
    _set(tiny, state, depth, 3)
    assert not _serves(state)
    assert _seconds_until_it_serves(tiny, state) == delay_s


def test_leaving_deep_sleep_by_way_of_light_sleep_still_takes_the_boot(tiny: Params) -> None:
    state = _start(tiny)
    _set(tiny, state, DEEP, 3)
    _set(tiny, state, LIGHT, 2)
    assert _seconds_until_it_serves(tiny, state) == 300.0 - 2 * 60.0


@pytest.mark.parametrize("nap", [MICRO, LIGHT])
def test_a_nap_during_the_boot_does_not_shorten_it(tiny: Params, nap: CarrierState) -> None:
    state = _start(tiny)
    _set(tiny, state, DEEP, 1)
    _set(tiny, state, ACTIVE, 1)
    _set(tiny, state, nap, 1)
    assert _seconds_until_it_serves(tiny, state) == 300.0 - 2 * 60.0


def test_going_back_to_deep_sleep_ends_the_boot(tiny: Params) -> None:
    state = _start(tiny)
    _set(tiny, state, DEEP, 1)
    _set(tiny, state, ACTIVE, 2)
    _set(tiny, state, DEEP, 1)
    assert state.arrays.wake_left_s[0, CAPACITY] == 0
    assert _seconds_until_it_serves(tiny, state) == 300.0


def test_a_waking_cell_draws_idle_power_and_carries_nothing(tiny: Params) -> None:
    state = _start(tiny)
    _set(tiny, state, DEEP, 1)
    _set(tiny, state, ACTIVE, 0)
    open_period(state)
    _set(tiny, state, ACTIVE, 5)
    assert _energy_j(state) == pytest.approx(300.0 * tiny.arrays.idle_w[CAPACITY, ACTIVE], rel=1e-12)
    assert state.arrays.cell_sum[0, CAPACITY, CellSum.VOLUME] == 0


@pytest.mark.parametrize("depth", [MICRO, LIGHT, DEEP])
def test_a_sleeping_cell_draws_the_power_of_its_state(tiny: Params, depth: CarrierState) -> None:
    state = _start(tiny)
    _set(tiny, state, depth, 0)
    open_period(state)
    _set(tiny, state, depth, 5)
    assert _energy_j(state) == pytest.approx(300.0 * tiny.arrays.idle_w[CAPACITY, depth], rel=1e-12)


@pytest.mark.parametrize("depth", [MICRO, LIGHT, DEEP])
def test_the_energy_of_a_transition_is_paid_once_for_down_and_up(tiny: Params, depth: CarrierState) -> None:
    state = _start(tiny)
    for _ in range(3):
        _set(tiny, state, depth, 0)
    for _ in range(3):
        _set(tiny, state, ACTIVE, 0)
    assert _energy_j(state) == pytest.approx(tiny.arrays.transition_j[CAPACITY, depth], rel=1e-9)


def _asleep(params: Params, cell: int, depth: CarrierState) -> Command:
    command = Command.all_active(16, params.n_cells)
    command.carrier_state[:, cell] = depth
    return command


@pytest.mark.parametrize("depth", [MICRO, LIGHT, DEEP])
def test_sleeping_and_waking_never_raise_the_cells_own_energy(urban: Params, depth: CarrierState) -> None:
    awake, everybody = _start(urban, 16), Command.all_active(16, urban.n_cells)
    boot_steps = round(urban.scenario.sleep.wake_delay_s[depth] / 60.0)
    for cell in urban.capacity_cells:
        kept, slept = awake.copy(), awake.copy()
        advance(urban, kept, everybody, 1 + boot_steps)
        advance(urban, slept, _asleep(urban, cell, depth), 1)
        advance(urban, slept, everybody, boot_steps)
        own = np.s_[:, cell, CellSum.ENERGY]
        assert np.all(slept.arrays.cell_sum[own] <= kept.arrays.cell_sum[own])


def test_a_deeper_state_never_draws_more(urban: Params) -> None:
    assert np.all(np.diff(urban.arrays.idle_w, axis=1) <= 0)
    assert np.all(urban.arrays.slope_w[:, MUTED] < urban.arrays.slope_w[:, ACTIVE])
    assert np.all(urban.arrays.slope_w[:, MICRO:] == 0)


def test_sleeping_raises_the_load_of_the_neighbours(urban: Params) -> None:
    kept = _start(urban, 16)
    fresh = kept.copy()
    advance(urban, kept, Command.all_active(16, urban.n_cells), 5)
    for cell in urban.capacity_cells:
        slept, others = fresh.copy(), np.arange(urban.n_cells) != cell
        advance(urban, slept, _asleep(urban, cell, DEEP), 5)
        more = (slept.arrays.load - kept.arrays.load)[:, others].sum(axis=1)
        had_traffic = kept.arrays.load[:, cell] > 0.01
        assert np.any(had_traffic)
        assert np.all(more[had_traffic] > 0)


def test_the_coverage_cell_takes_over_from_the_capacity_cell_of_its_sector(tiny: Params) -> None:
    awake, asleep = _start(tiny), _start(tiny)
    _set(tiny, awake, ACTIVE, 1)
    _set(tiny, asleep, DEEP, 1)
    assert awake.arrays.load[0, 0] == asleep.arrays.load[0, CAPACITY] == 0
    assert asleep.arrays.load[0, 0] > awake.arrays.load[0, CAPACITY] > 0


def test_half_of_the_transceivers_carry_the_same_traffic_with_more_load(tiny: Params) -> None:
    full, muted = _start(tiny), _start(tiny)
    _set(tiny, full, ACTIVE, 1)
    _set(tiny, muted, MUTED, 1)
    assert muted.arrays.load[0, CAPACITY] == pytest.approx(2 * full.arrays.load[0, CAPACITY], rel=1e-5)
    assert _energy_j(muted) < _energy_j(full)
