"""Traffic that waits: the books balance to the last bit, and waiting does what waiting does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ranrein.envs.catalogue import load_scenario
from ranrein.twin.advance import advance
from ranrein.twin.carrier import CarrierState
from ranrein.twin.command import Command
from ranrein.twin.kernels.layout import BOOKED_MBIT, CellSum, StateArrays
from ranrein.twin.kernels.slices import BLOCKED, OFFERED, SERVED
from ranrein.twin.params import Params
from ranrein.twin.reference.reference import advance_reference
from ranrein.twin.slice_report import report_slices, waiting_mbit
from ranrein.twin.slicing import SliceType, Slicing, Tier
from ranrein.twin.state import State, begin, open_period

VIDEO = SliceType("video", 1, 6, 30.0, 50.0, 12.0, 0.8, 20.0, 0.5, 10.0, 20.0, max_ratio=0.2)
FILES = replace(VIDEO, name="files", five_qi=9, min_ratio=0.05, max_ratio=0.5)
BUFFER_S = 20.0


def waiting(load: float = 4.0, buffer_s: float = BUFFER_S, sliced: bool = True) -> Params:
    plain = load_scenario("urban")
    slicing = (
        Slicing((VIDEO, FILES), slots=8, requests=6, max_ratio=0.4, buffer_s=buffer_s)
        if sliced
        else Slicing()
    )
    return Params.of(
        replace(plain, pixel_m=20.0, slicing=slicing, load=replace(plain.load, scale=load, buffer_s=buffer_s))
    )


@pytest.fixture(scope="module")
def params() -> Params:
    return waiting()


def _start(params: Params, n: int, seed: int = 0) -> State:
    state = begin(params, np.arange(seed, seed + n, dtype=np.int64), np.zeros(n, np.int64))
    state.arrays.step[:] = 12 * 60  # noon
    return state


def _random(params: Params, n: int, rng: np.random.Generator) -> Command:
    shape = (n, params.n_cells)
    states = rng.integers(0, 5, shape) * rng.integers(0, 2, shape) * rng.integers(0, 2, shape)
    tiers = rng.integers(0, 3, (n, params.scenario.slicing.requests)).astype(np.int8)
    return replace(Command.of(states), admit=tiers)


def _everybody_else(params: Params, state: State) -> np.ndarray:
    return state.arrays.queue[:, : params.arrays.slice_first].sum(axis=1)


def test_no_bit_is_lost_in_any_period(params: Params) -> None:
    """Queued before + offered = served + dropped + queued after: exactly, of slots, networks and all time."""
    state, rng = _start(params, 8), np.random.default_rng(1)
    first = state.arrays.queue.sum(axis=1)
    ever, seen = np.zeros((3, 8)), np.zeros(3, np.bool_)
    for _ in range(60):
        before, slots_before = _everybody_else(params, state), waiting_mbit(params, state)
        open_period(state)
        advance(params, state, _random(params, 8, rng), 5)
        s = state.arrays
        served, dropped = (s.cell_sum[:, :, k].sum(axis=1) for k in (CellSum.VOLUME, CellSum.BLOCKED))
        after = _everybody_else(params, state)
        assert np.array_equal(before + s.offered_mbit, served + dropped + after)
        report = report_slices(params, state)
        books = report.served_mbit + report.blocked_mbit + report.queued_mbit
        assert np.array_equal(slots_before + report.offered_mbit, books)
        of_slices = [s.slot_sum[:, :, k].sum(axis=1) for k in (OFFERED, SERVED, BLOCKED)]
        ever += np.array([s.offered_mbit, served, dropped]) + of_slices
        seen |= [bool(after.any()), bool(dropped.any()), bool(report.queued_mbit.any())]
        assert np.all((s.queue >= 0) & (s.queue / BOOKED_MBIT == np.round(s.queue / BOOKED_MBIT)))
    offered, served, dropped = ever
    assert np.array_equal(first + offered, served + dropped + state.arrays.queue.sum(axis=1))
    assert seen.all(), "nothing waited, or nothing was dropped"


@pytest.mark.parametrize("load", [1.5, 4.0])
def test_the_kernel_agrees_with_the_oracle(load: float) -> None:
    params, rng = waiting(load), np.random.default_rng(4)
    kernel = _start(params, 4)
    oracle = kernel.copy()
    for n_steps in (5, 5, 3, 2, 10, 5, 15):
        command = _random(params, 4, rng)
        advance(params, kernel, command, n_steps)
        advance_reference(params, oracle, command, n_steps)
    small = {"slot_sum": 0.02, "cell_sum": 0.02, "queue": 0.02}  # Mbit; what waits is a difference
    for name, a, b in zip(StateArrays._fields, kernel.arrays, oracle.arrays, strict=True):
        np.testing.assert_allclose(a, b, rtol=3e-5, atol=small.get(name, 1e-5), err_msg=name)
    assert kernel.arrays.queue.any()
    assert kernel.arrays.slot_sum[:, :, BLOCKED].any()


def test_a_snapshot_and_a_batch_of_one_have_the_same_bits(params: Params) -> None:
    state, alone = _start(params, 5), _start(params, 1, seed=3)
    rng = np.random.default_rng(3)
    for _ in range(6):
        command = _random(params, 5, rng)
        advance(params, state, command, 5)
        advance(params, alone, command.rows(np.array([3])), 5)
    assert state.arrays.queue.any()
    snapshot, last = state.copy(), _random(params, 5, rng)
    for each in (state, snapshot):
        advance(params, each, last, 10)
    advance(params, alone, last.rows(np.array([3])), 10)
    ours = state.arrays, state.rows([3]).arrays
    for name, a, b, c, d in zip(
        StateArrays._fields, ours[0], snapshot.arrays, ours[1], alone.arrays, strict=True
    ):
        assert a.tobytes() == b.tobytes(), name
        assert c.tobytes() == d.tobytes(), name


def test_what_waits_is_served_when_there_is_room() -> None:
    """A night without a capacity layer after a rush: the backlog drains, and nothing is dropped."""
    params = waiting(1.0, buffer_s=1e5, sliced=False)
    state, quiet = _start(params, 4), Command.all_active(4, params.n_cells)
    states = np.zeros((4, params.n_cells), np.int8)
    states[:, params.is_capacity] = CarrierState.DEEP_SLEEP
    state.arrays.surge[:, 0] = (12 * 3600.0, 60.0, 600.0, 400.0, 0.0)
    advance(params, state, Command(states), 12)
    backlog = state.arrays.queue.sum(axis=1)
    assert np.all(backlog > 100)
    advance(params, state, quiet, 120)
    assert not state.arrays.queue.any()
    assert not state.arrays.cell_sum[:, :, CellSum.BLOCKED].any()
    assert np.array_equal(state.arrays.cell_sum[:, :, CellSum.VOLUME].sum(axis=1), state.arrays.offered_mbit)


def test_a_longer_buffer_drops_less_and_delays_more() -> None:
    dropped, delay_ms = [], []
    for buffer_s in (0.0, 2.0, 50.0):
        params = waiting(3.0, buffer_s)
        state = _start(params, 8)
        everybody = np.full((8, 6), Tier.FULL, np.int8)
        for _ in range(8):
            open_period(state)
            advance(params, state, replace(Command.all_active(8, params.n_cells), admit=everybody), 5)
        report = report_slices(params, state)
        dropped.append(report.blocked_mbit.sum() + state.arrays.cell_sum[:, :, CellSum.BLOCKED].sum())
        delay_ms.append((report.delay_ms * report.served_mbit).sum() / report.served_mbit.sum())
    assert np.all(np.diff(dropped) < 0)
    assert np.all(np.diff(delay_ms) > 0)
    assert delay_ms[-1] <= 300.0 + 50e3


def test_a_user_takes_what_waits_for_it_along(params: Params) -> None:
    """The cell goes to sleep: its users move at once, and nothing of their buffers is lost on the way."""
    params = waiting(1.0, buffer_s=1e5, sliced=False)
    state = _start(params, 4)
    advance(params, state, Command.all_active(4, params.n_cells), 1)
    state.arrays.queue[:] = 1.0
    serving = state.arrays.serving.copy()
    states = np.zeros((4, params.n_cells), np.int8)
    states[:, params.is_capacity] = CarrierState.DEEP_SLEEP
    open_period(state)
    advance(params, state, Command(states), 1)
    sums = state.arrays.cell_sum[:, :, [CellSum.VOLUME, CellSum.BLOCKED]].sum(axis=(1, 2))
    moved = (state.arrays.serving != serving) & (serving >= 0)
    assert moved.sum() > 20
    assert np.array_equal(params.n_users + state.arrays.offered_mbit, sums + state.arrays.queue.sum(axis=1))
    assert state.arrays.cell_sum[:, params.is_capacity, CellSum.VOLUME].sum() == 0


def test_a_slice_that_ends_drops_what_waits_for_it(params: Params) -> None:
    state = _start(params, 4)
    everybody = np.full((4, 6), Tier.FULL, np.int8)
    for _ in range(6):
        advance(params, state, replace(Command.all_active(4, params.n_cells), admit=everybody), 5)
    waits = waiting_mbit(params, state)
    assert waits.any()
    state.arrays.slot_left_s[:] = 1.0
    open_period(state)
    advance(params, state, Command.all_active(4, params.n_cells), 5)
    assert np.all(state.arrays.slot_kind == -1)
    assert np.array_equal(state.arrays.slot_sum[:, :, BLOCKED], waits)
    assert not waiting_mbit(params, state).any()


@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf")])
def test_a_buffer_of_no_length_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match=f"load.buffer_s={value} is out of range: give a finite"):
        replace(load_scenario("urban").load, buffer_s=value)
    with pytest.raises(ValueError, match=f"slicing.buffer_s={value} is out of range: give a finite"):
        Slicing(buffer_s=value)
