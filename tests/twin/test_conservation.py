"""What must add up, whatever is commanded: traffic, energy, users, and somebody who always serves."""

from __future__ import annotations

import numpy as np
import pytest

from ranrein.twin.advance import advance
from ranrein.twin.command import Command
from ranrein.twin.kernels.layout import CellSum
from ranrein.twin.params import Params
from ranrein.twin.rules import Precedent, Rules, project
from ranrein.twin.state import State, begin


def _start(params: Params, n: int) -> State:
    state = begin(params, np.arange(n), np.zeros(n, np.int64))
    state.arrays.surge[:, 0] = (0.0, 60.0, 1e6, 300.0, 0.0)
    return state


def _random_command(rng: np.random.Generator, shape: tuple[int, int]) -> Command:
    return Command.of(rng.integers(0, 5, shape))


def _totals(state: State) -> tuple[np.ndarray, np.ndarray]:
    sums = state.arrays.cell_sum
    return sums[:, :, CellSum.VOLUME].sum(axis=1), sums[:, :, CellSum.BLOCKED].sum(axis=1)


def test_offered_traffic_is_served_where_nothing_is_overloaded(tiny: Params) -> None:
    state = begin(tiny, np.arange(8), np.zeros(8, np.int64))
    advance(tiny, state, Command.all_active(8, 2), 30)
    served, blocked = _totals(state)
    assert np.all(blocked == 0)
    np.testing.assert_allclose(served, state.arrays.offered_mbit, rtol=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_offered_traffic_is_served_or_blocked(urban: Params, seed: int) -> None:
    state, rng = _start(urban, 8), np.random.default_rng(seed)
    for _ in range(10):
        advance(urban, state, _random_command(rng, (8, urban.n_cells)), 5)
    served, blocked = _totals(state)
    assert np.all(blocked > 0)
    np.testing.assert_array_equal(served + blocked, state.arrays.offered_mbit)


def test_every_user_is_counted_every_second_at_one_cell(urban: Params) -> None:
    state, rng = _start(urban, 4), np.random.default_rng(1)
    for _ in range(5):
        advance(urban, state, _random_command(rng, (4, urban.n_cells)), 5)
    seconds = state.arrays.cell_sum[:, :, CellSum.USERS].sum(axis=1)
    np.testing.assert_allclose(seconds, 25 * 60.0 * urban.n_users, rtol=1e-12)


def test_energy_is_the_integral_of_power_and_the_transitions(urban: Params) -> None:
    state, rng, p = _start(urban, 4), np.random.default_rng(2), urban.arrays
    cells, expected_j = np.arange(urban.n_cells), np.zeros((4, urban.n_cells))
    for _ in range(40):
        command, old = _random_command(rng, (4, urban.n_cells)), state.arrays.carrier.copy()
        new = command.carrier_state
        halves_j = p.transition_j[cells, old].astype(np.float64) + p.transition_j[cells, new]
        expected_j += np.where(old != new, halves_j / 2, 0.0)
        advance(urban, state, command, 0)
        waking = state.arrays.wake_left_s > 0
        advance(urban, state, command, 1)
        running_w = p.idle_w[cells, new] + state.arrays.load * p.slope_w[cells, new]
        expected_j += p.step_s * np.where(waking, p.idle_w[:, 0], running_w).astype(np.float64)
    np.testing.assert_allclose(state.arrays.cell_sum[:, :, CellSum.ENERGY], expected_j, rtol=1e-9)


def test_loads_stay_between_empty_and_full_and_sleepers_are_empty(urban: Params) -> None:
    state, rng = _start(urban, 8), np.random.default_rng(3)
    for _ in range(20):
        advance(urban, state, _random_command(rng, (8, urban.n_cells)), 2)
        assert np.all((state.arrays.load >= 0) & (state.arrays.load <= 1))
        assert np.all(state.arrays.load[state.arrays.carrier >= 2] == 0)


def test_under_legal_commands_the_coverage_cells_always_serve_everybody(urban: Params) -> None:
    state, rng = _start(urban, 8), np.random.default_rng(4)
    rules, precedent = Rules.of(urban), Precedent.fresh(8, urban.n_cells)
    for _ in range(30):
        command = project(rules, precedent, _random_command(rng, (8, urban.n_cells)))
        precedent = precedent.then(command)
        advance(urban, state, command, 5)
        assert np.all(state.arrays.carrier[:, urban.coverage_cells] == 0)
        assert np.all(state.arrays.wake_left_s[:, urban.coverage_cells] == 0)
        assert np.all(state.arrays.serving >= 0)
