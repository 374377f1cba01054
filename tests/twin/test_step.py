"""The fused step against its oracle, and a replica's history that depends on nothing but itself."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from ranrein.envs.catalogue import load_scenario
from ranrein.twin.advance import advance, radio_view
from ranrein.twin.command import Command
from ranrein.twin.kernels.layout import CellSum, StateArrays
from ranrein.twin.params import Params
from ranrein.twin.reference.reference import advance_reference
from ranrein.twin.state import State, begin

EXACT = ("key", "step", "day", "serving", "carrier", "wake_left_s", "ttt_s", "user_x", "user_y")
UNEVEN = (1, 3, 8, 5, 2, 9, 4, 6, 7, 5)  # steps per command, so that some come while a cell still boots


def _start(params: Params, seeds: list[int]) -> State:
    return begin(params, np.array(seeds, dtype=np.int64), np.zeros(len(seeds), dtype=np.int64))


def _commands(n_replicas: int, n_cells: int, n: int = 10) -> list[Command]:
    """Half of the cells at random in a random state, legal or not."""
    rng = np.random.default_rng(7)
    shape = (n, n_replicas, n_cells)
    return [Command.of(row) for row in rng.integers(0, 5, shape) * rng.integers(0, 2, shape)]


def _assert_same_bits(one: StateArrays, other: StateArrays) -> None:
    for name, a, b in zip(one._fields, one, other, strict=True):
        assert a.tobytes() == b.tobytes(), f"{name} differs"


def _digest() -> str:
    """Hash everything 64 replicas become after 50 steps of random commands."""
    params = Params.of(load_scenario("urban"))
    state = _start(params, list(range(64)))
    for command in _commands(64, params.n_cells):
        advance(params, state, command, 5)
    return hashlib.sha256(b"".join(array.tobytes() for array in state.arrays)).hexdigest()


@pytest.mark.parametrize("seed", [0, 50, 900])
def test_the_kernel_agrees_with_the_oracle(urban: Params, seed: int) -> None:
    kernel = _start(urban, list(range(seed, seed + 6)))
    kernel.arrays.step[:] = np.random.default_rng(seed).integers(0, 1440, 6)
    oracle = kernel.copy()
    for command, n_steps in zip(_commands(6, urban.n_cells), UNEVEN, strict=True):
        advance(urban, kernel, command, n_steps)
        advance_reference(urban, oracle, command, n_steps)
    for name, a, b in zip(StateArrays._fields, kernel.arrays, oracle.arrays, strict=True):
        if name in EXACT:
            np.testing.assert_array_equal(a, b, err_msg=name)
        else:
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5, err_msg=name)


def test_the_comparison_with_the_oracle_sees_every_account_move(urban: Params) -> None:
    state = _start(urban, list(range(6)))
    state.arrays.surge[:, 0] = (0.0, 60.0, 1e6, 120.0, 0.0)
    for command in _commands(6, urban.n_cells):
        advance(urban, state, command, 5)
    sums = state.arrays.cell_sum.sum(axis=(0, 1))
    assert np.all(sums[: CellSum.SLICE_PRB] > 0), "a column of the sums stayed empty"


def test_the_oracle_agrees_on_the_smallest_network_with_a_crowd(tiny: Params) -> None:
    kernel = _start(tiny, [1, 2])
    kernel.arrays.surge[:, 0] = (120.0, 600.0, 900.0, 300.0, 0.0)
    oracle = kernel.copy()
    advance(tiny, kernel, Command.of([[0, 3], [0, 1]]), 50)
    advance_reference(tiny, oracle, Command.of([[0, 3], [0, 1]]), 50)
    np.testing.assert_array_equal(kernel.arrays.serving, oracle.arrays.serving)
    np.testing.assert_allclose(kernel.arrays.cell_sum, oracle.arrays.cell_sum, rtol=1e-5, atol=1e-5)
    assert kernel.arrays.cell_sum[0, 0, CellSum.BLOCKED] > 0


@pytest.mark.parametrize(("n_replicas", "place"), [(1, 0), (5, 3), (64, 0), (64, 63)])
def test_a_replica_has_the_same_bits_in_any_batch_and_place(
    urban: Params, n_replicas: int, place: int
) -> None:
    seeds = list(range(1000, 1000 + n_replicas))
    seeds[place] = 42
    alone, batch = _start(urban, [42]), _start(urban, seeds)
    for command in _commands(1, urban.n_cells, 4):
        advance(urban, alone, command, 5)
        rows = np.zeros((n_replicas, urban.n_cells), np.int8)
        rows[place] = command.carrier_state[0]
        advance(urban, batch, Command(rows), 5)
    _assert_same_bits(alone.arrays, batch.rows([place]).arrays)


def test_a_snapshot_advances_to_the_same_bits_as_the_original(urban: Params) -> None:
    state = _start(urban, [1, 2, 3])
    first, second = _commands(3, urban.n_cells, 2)
    advance(urban, state, first, 7)
    snapshot = state.copy()
    advance(urban, state, second, 20)
    before = snapshot.copy()
    advance(urban, snapshot, second, 20)
    _assert_same_bits(state.arrays, snapshot.arrays)
    assert before.arrays.step[0] == 7


def test_ten_steps_at_once_equal_ten_single_steps(urban: Params) -> None:
    at_once = _start(urban, [1, 2, 3])
    one_by_one = at_once.copy()
    command = _commands(3, urban.n_cells, 1)[0]
    advance(urban, at_once, command, 10)
    for _ in range(10):
        advance(urban, one_by_one, command)
    _assert_same_bits(at_once.arrays, one_by_one.arrays)


def test_two_threads_on_halves_equal_one_call(urban: Params) -> None:
    whole = _start(urban, list(range(32)))
    halves = whole.copy()
    command = _commands(32, urban.n_cells, 1)[0]
    advance(urban, whole, command, 40)
    with ThreadPoolExecutor(2) as pool:
        work = [
            pool.submit(advance, urban, halves.view(i, i + 16), command.rows(slice(i, i + 16)), 40)
            for i in (0, 16)
        ]
        for done in work:
            done.result()
    _assert_same_bits(whole.arrays, halves.arrays)


def test_different_seeds_and_episodes_take_different_paths(urban: Params) -> None:
    state = begin(urban, np.array([1, 2, 1]), np.array([0, 0, 1]))
    advance(urban, state, Command.all_active(3, urban.n_cells), 5)
    loads = state.arrays.load
    assert not np.array_equal(loads[0], loads[1])
    assert not np.array_equal(loads[0], loads[2])


def test_the_bits_do_not_depend_on_the_instruction_set(tmp_path: Path) -> None:
    plain = {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": "", "NUMBA_CACHE_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, __file__], env={**os.environ, **plain}, capture_output=True, text=True, check=True
    )
    assert done.stdout == _digest()


def test_looking_at_the_radio_changes_nothing_and_repeats_itself(urban: Params) -> None:
    state = _start(urban, [5, 6])
    advance(urban, state, Command.all_active(2, urban.n_cells), 3)
    before = state.copy()
    rsrp_dbm, offered_mbps = radio_view(urban, state)
    again_dbm, _ = radio_view(urban, state.rows([1]))
    _assert_same_bits(before.arrays, state.arrays)
    np.testing.assert_array_equal(rsrp_dbm[1], again_dbm[0])
    assert rsrp_dbm.shape == (2, urban.n_cells, urban.n_users)
    assert np.all(offered_mbps[:, : urban.scenario.users.resident] > 0)


def test_no_steps_only_obey_the_command(urban: Params) -> None:
    state = _start(urban, [1])
    advance(urban, state, Command.of([0, 4, 0, 0, 0, 0, 0]), 0)
    assert state.arrays.carrier[0].tolist() == [0, 4, 0, 0, 0, 0, 0]
    assert state.arrays.step[0] == 0


def test_a_command_for_another_network_is_refused(urban: Params) -> None:
    state = _start(urban, [1])
    with pytest.raises(ValueError, match=r"\(1, 3\).*\(1, 7\)"):
        advance(urban, state, Command.all_active(1, 3))
    with pytest.raises(ValueError, match="n_steps=-1"):
        advance(urban, state, Command.all_active(1, 7), -1)


if __name__ == "__main__":
    sys.stdout.write(_digest())
