"""Conservation of traffic: offered = served + queued + dropped with ``==``, in every scenario that is shipped."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ranrein.envs.catalogue import load_scenario, scenario_names
from ranrein.envs.variants import failing
from ranrein.twin.advance import advance
from ranrein.twin.books import Books, read_books
from ranrein.twin.kernels.layout import COUNTED_MBIT, CellSum
from ranrein.twin.params import Params
from ranrein.twin.reference.reference import advance_reference
from ranrein.twin.slice_report import report_slices, waiting_mbit
from ranrein.twin.state import State, begin, open_period

from .commands import random_command

REPLICAS, PERIODS, STEPS = 3, 8, 5


@pytest.fixture(scope="module", params=scenario_names())
def plain(request: pytest.FixtureRequest) -> Params:
    return Params.of(load_scenario(request.param))


@pytest.fixture(scope="module", params=["works", "fails"])
def network(plain: Params, request: pytest.FixtureRequest) -> Params:
    """A shipped network, and the same with faults."""
    return plain if request.param == "works" else Params.of(failing(plain.scenario))


def _noon(params: Params, n: int, seed: int = 0) -> State:
    """Start at noon, with so much traffic that cells overflow."""
    state = begin(params, np.arange(seed, seed + n, dtype=np.int64), np.zeros(n, np.int64))
    state.arrays.step[:] = round(12 * 3600 / params.arrays.step_s)
    state.arrays.area_load[1:] *= np.float32(2.7)
    return state


def _waits(params: Params, state: State) -> np.ndarray:
    return state.arrays.queue[:, : params.arrays.slice_first].sum(axis=1)


def _assert_balanced(params: Params, state: State, before: np.ndarray, slots_before: np.ndarray) -> Books:
    """Check a period that began with ``before`` (B,) and ``slots_before`` (B, N) waiting, Mbit."""
    s, books = state.arrays, read_books(state)
    gained = _waits(params, state) - before
    assert np.array_equal(books.queued.sum(axis=1) * COUNTED_MBIT, gained)
    offered, served, dropped = (
        s.cell_sum[:, :, k] for k in (CellSum.OFFERED, CellSum.VOLUME, CellSum.BLOCKED)
    )
    assert np.array_equal(offered, served + books.queued * COUNTED_MBIT + dropped)
    assert np.array_equal(s.offered_mbit, served.sum(axis=1) + gained + dropped.sum(axis=1))
    assert np.all(dropped >= 0)
    if not params.has_buffers:
        assert not books.queued.any()
    if params.scenario.slicing.types:
        report = report_slices(params, state)
        settled = report.served_mbit + report.blocked_mbit + report.queued_mbit
        assert np.array_equal(slots_before + report.offered_mbit, settled)
    return books


def _live(params: Params, state: State, seed: int, periods: int) -> np.ndarray:
    """Return the totals of offered, served and dropped over all periods, (3, B) Mbit."""
    rng, ever = np.random.default_rng(seed), np.zeros((3, state.n_replicas))
    for _ in range(periods):
        before, slots_before = _waits(params, state), waiting_mbit(params, state)
        open_period(state)
        advance(params, state, random_command(params, state.n_replicas, rng), STEPS)
        books = _assert_balanced(params, state, before, slots_before)
        ever += np.array([column.sum(axis=1) * COUNTED_MBIT for column in books])
    return ever


def test_books_balance_in_every_cell_network_and_period(network: Params) -> None:
    state = _noon(network, REPLICAS)
    offered, served, dropped = _live(network, state, 1, PERIODS)
    assert np.array_equal(offered, served + dropped + _waits(network, state))
    assert np.all(served > 0)
    assert dropped.any()


def test_books_balance_from_a_snapshot_and_in_a_batch_of_one(plain: Params) -> None:
    state = _noon(plain, REPLICAS)
    _live(plain, state, 2, 2)
    snapshot, alone = state.copy(), state.rows([1])
    ours, theirs = _live(plain, state, 3, 2), _live(plain, snapshot, 3, 2)
    assert np.array_equal(ours, theirs)
    assert state.arrays.cell_sum.tobytes() == snapshot.arrays.cell_sum.tobytes()
    _live(plain, alone, 4, 2)


def test_what_is_offered_does_not_depend_on_what_is_commanded(plain: Params) -> None:
    totals = []
    for seed in (5, 6):
        state = _noon(plain, REPLICAS)
        advance(plain, state, random_command(plain, REPLICAS, np.random.default_rng(seed)), STEPS)
        totals.append(read_books(state).offered.sum(axis=1))
    np.testing.assert_allclose(*totals, rtol=0, atol=2 * plain.n_cells)  # units: one rounding per cell


@pytest.mark.parametrize("name", ["urban", "quotas"])
def test_the_oracle_balances_and_agrees(name: str) -> None:
    params = Params.of(load_scenario(name))
    kernel, rng = _noon(params, 2), np.random.default_rng(7)
    oracle, command = kernel.copy(), random_command(params, 2, rng)
    advance(params, kernel, command, STEPS)
    advance_reference(params, oracle, command, STEPS)
    nothing = np.zeros(2), np.zeros((2, params.scenario.slicing.slots))
    for ours, theirs in zip(
        _assert_balanced(params, kernel, *nothing), _assert_balanced(params, oracle, *nothing), strict=True
    ):
        np.testing.assert_allclose(ours * COUNTED_MBIT, theirs * COUNTED_MBIT, rtol=2e-5, atol=0.02)


def test_cells_balance_whatever_the_volume() -> None:
    plain = load_scenario("tiny")
    params = Params.of(replace(plain, load=replace(plain.load, full_load_mbps=1e6, scale=300.0)))
    state = _noon(params, REPLICAS)
    advance(params, state, random_command(params, REPLICAS, np.random.default_rng(8)), STEPS)
    offered, served, dropped = read_books(state)
    assert offered.max() > 2**53
    assert np.array_equal(offered, served + dropped)


def test_books_that_overflow_are_refused() -> None:
    state = _noon(Params.of(load_scenario("tiny")), 1)
    state.arrays.cell_sum[0, 1, CellSum.OFFERED] = 2.0**36
    with pytest.raises(OverflowError, match="open a new period earlier"):
        read_books(state)
