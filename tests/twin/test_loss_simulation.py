"""The event simulation against a plain Python copy and against itself: bits, batches, cuts, snapshots."""

from __future__ import annotations

import hashlib
import math
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from numba import njit

from ranrein.twin.kernels.exponential import ln, to_exponential
from ranrein.twin.loss.simulation import LossState, answer_request, await_request, begin_loss, run_table
from ranrein.twin.loss.states import accept_all_table, reservation_table
from ranrein.twin.loss.system import LossSystem
from ranrein.twin.seeding import bits, make_keys

SYSTEMS = {
    "miller-10": (10, [1, 1], [8, 8], [1, 1], [10, 1]),
    "slice-30": (30, [1, 2, 5], [8, 4, 2], [1, 1, 1], [1, 4, 6]),
    "penalties": (15, [1, 3], [9, 2.5], [1, 0.4], [1, 5], [0.5, 3]),
    "four classes": (12, [1, 2, 3, 4], [3, 2, 1, 1], [1, 0.7, 0.5, 1], [1, 2, 5, 9]),
}


def _start(system: LossSystem, n: int, seed: int = 0) -> LossState:
    return begin_loss(system, seed + np.arange(n, dtype=np.int64), np.zeros(n, np.int64))


@njit
def _ln_of(numbers: np.ndarray, out: np.ndarray) -> None:
    for i in range(len(numbers)):
        out[i] = ln(numbers[i])


def test_the_house_logarithm_is_the_logarithm() -> None:
    numbers = np.concatenate(
        (np.linspace(2.0**-53, 1.0, 100_001), 2.0 ** -np.arange(54.0), 1 - 2.0 ** -np.arange(20, 54))
    )
    found = np.empty_like(numbers)
    _ln_of(numbers, found)
    np.testing.assert_allclose(found, np.log(numbers), rtol=4e-16, atol=0)


@njit
def _exponential_of(words: np.ndarray, out: np.ndarray) -> None:
    for i in range(len(words)):
        out[i] = to_exponential(words[i])


def test_no_random_bits_give_an_infinite_or_negative_wait() -> None:
    found = np.empty(3)
    _exponential_of(np.array([0, 2**63, 2**64 - 1], np.uint64), found)
    assert found == pytest.approx([53 * math.log(2), math.log(2), 0.0], abs=1e-15)


def test_the_kernel_takes_the_path_of_a_plain_copy() -> None:
    system = LossSystem.of(*SYSTEMS["penalties"])
    state = _start(system, 1, seed=3)
    run_table(state, reservation_table(system, (2, 0)), 200.0)
    held, admitted, n_events, unit_s = _plain_run(system, [2, 0], 200.0, seed=3)
    assert state.arrays.held[0].tolist() == held
    assert state.arrays.admitted[0].tolist() == admitted
    assert state.arrays.event[0] == n_events
    assert state.arrays.unit_s[0] == pytest.approx(unit_s, rel=1e-12)


def _plain_unit(key: np.ndarray, event: int, purpose: int) -> float:
    return ((int(bits(key, np.int64(event), np.int64(0), purpose)[0]) >> 11) + 1) * 2.0**-53


def _plain_run(
    system: LossSystem, reserved: list[int], until_s: float, seed: int
) -> tuple[list[int], list[int], int, float]:
    key, n = make_keys(np.array([seed]), np.array([0])), system.n_classes
    held, admitted, now, event, unit_s = [0] * n, [0] * n, 0.0, 0, 0.0
    while True:
        event += 1
        rates = [*system.arrival_rates, *(held * system.service_rates)]
        used = int(np.dot(held, system.units))
        wait = -math.log(_plain_unit(key, event, 64)) / sum(rates)
        unit_s += used * (min(now + wait, until_s) - now)
        now += wait
        if now > until_s:
            return held, admitted, event, unit_s
        which = int(np.searchsorted(np.cumsum(rates), _plain_unit(key, event, 65) * sum(rates)))
        if which >= n:
            held[which - n] -= 1
        elif used + system.units[which] + reserved[which] <= system.capacity:
            held[which] += 1
            admitted[which] += 1


def _digest() -> str:
    system = LossSystem.of(*SYSTEMS["four classes"])
    state = _start(system, 8)
    run_table(state, accept_all_table(system), 300.0)
    return hashlib.sha256(b"".join(array.tobytes() for array in state.arrays)).hexdigest()


def test_the_bits_do_not_depend_on_the_instruction_set(tmp_path: Path) -> None:
    plain = {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": "", "NUMBA_CACHE_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, __file__], env={**os.environ, **plain}, capture_output=True, text=True, check=True
    )
    assert done.stdout == _digest()


def _assert_same_bits(first: LossState, second: LossState) -> None:
    for name, mine, theirs in zip(first.arrays._fields, first.arrays, second.arrays, strict=True):
        np.testing.assert_array_equal(mine, theirs, err_msg=name)


def test_a_replica_has_the_same_history_in_any_batch_and_thread() -> None:
    system = LossSystem.of(*SYSTEMS["slice-30"])
    table = accept_all_table(system)
    whole, halves, alone = _start(system, 6), _start(system, 6), _start(system, 1, seed=4)
    run_table(whole, table, 50.0)
    run_table(alone, table, 50.0)
    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(run_table, halves.view(i, i + 3), table, 50.0) for i in (0, 3)]:
            done.result()
    _assert_same_bits(whole, halves)
    _assert_same_bits(whole.view(4, 5), alone)
    assert not np.array_equal(whole.arrays.offered[0], whole.arrays.offered[1])
    other = begin_loss(system, np.zeros(1, np.int64), np.ones(1, np.int64))
    run_table(other, table, 50.0)
    assert not np.array_equal(other.arrays.offered[0], whole.arrays.offered[0])


def test_cutting_a_run_and_answering_by_hand_change_no_event() -> None:
    system = LossSystem.of(*SYSTEMS["slice-30"])
    table = reservation_table(system, (3, 2, 0))
    at_once, cut, by_hand = (_start(system, 5) for _ in range(3))
    run_table(at_once, table, 40.0)
    for until_s in (0.0, 0.1, 7.0, 7.0, 40.0, 12.0):
        run_table(cut, table, until_s)
    await_request(by_hand, 40.0)
    while np.any(by_hand.request >= 0):
        answer_request(by_hand, table[(*by_hand.arrays.held.T, by_hand.request)])
        await_request(by_hand, 40.0)
    for other in (cut, by_hand):
        for name in ("event", "next_s", "held", "offered", "admitted", "time_s"):
            mine, theirs = getattr(at_once.arrays, name), getattr(other.arrays, name)
            np.testing.assert_array_equal(mine, theirs, err_msg=name)
        np.testing.assert_allclose(other.arrays.unit_s, at_once.arrays.unit_s, rtol=1e-12)
        np.testing.assert_allclose(other.arrays.elapsed_s, 40.0, rtol=1e-12)


def test_a_snapshot_continues_like_the_original() -> None:
    system = LossSystem.of(*SYSTEMS["penalties"])
    state, table = _start(system, 4), accept_all_table(system)
    run_table(state, table, 10.0)
    snapshot = state.copy()
    run_table(state, table, 20.0)
    assert snapshot.arrays.time_s.tolist() == [10.0] * 4
    rest = _start(system, 4, seed=9)
    rest.assign(np.arange(4), snapshot)
    run_table(rest, table, 20.0)
    _assert_same_bits(state, rest)


def test_a_request_waits_for_its_answer_and_what_does_not_fit_is_refused() -> None:
    system = LossSystem.of(4, [1, 4], [1.0, 1.0], [1e-9, 1e-9], [2.0, 7.0], [1.0, 3.0])
    seeds = np.arange(30, dtype=np.int64)
    state = begin_loss(system, seeds, np.zeros(30, np.int64), held=np.tile([1, 0], (30, 1)))
    await_request(state)
    before = state.copy()
    await_request(state)
    _assert_same_bits(before, state)
    assert set(state.request.tolist()) == {0, 1}
    asked = state.request.copy()
    answer_request(state, np.ones(30, np.bool_))
    assert state.arrays.admitted.tolist() == [[1, 0] if k == 0 else [0, 0] for k in asked]
    assert state.reward.tolist() == [2.0 if k == 0 else -3.0 for k in asked]
    assert state.occupied.tolist() == [2 if k == 0 else 1 for k in asked]
    after = state.copy()
    answer_request(state, np.ones(30, np.bool_))
    _assert_same_bits(after, state)


def test_a_large_system_can_be_answered_without_a_table() -> None:
    system = LossSystem.of(273, [1, 2, 3, 4, 5, 6], [9] * 6, [1] * 6, [1] * 6)
    state = _start(system, 2)
    for _ in range(2000):
        await_request(state)
        answer_request(state, np.ones(2, np.bool_))
    assert np.all(state.occupied <= 273)
    assert state.arrays.admitted.sum() == 4000 - (state.arrays.offered - state.arrays.admitted).sum()
    assert np.all(state.arrays.offered.sum(axis=1) == 2000)


def test_wrong_arguments_are_named() -> None:
    system = LossSystem.of(*SYSTEMS["miller-10"])
    state, table = _start(system, 2), accept_all_table(system)
    for call, message in [
        (lambda: run_table(state, table, math.inf), "until_s=inf"),
        (lambda: run_table(state, table[..., :1], 1.0), r"bool \(11, 11, 2\)"),
        (lambda: await_request(state, math.nan), "until_s=nan"),
        (lambda: answer_request(state, np.ones(3, np.bool_)), r"bool \(3,\).*bool \(2,\)"),
        (lambda: answer_request(state, np.ones(2)), "float64"),
        (lambda: begin_loss(system, np.zeros(1), np.zeros(1), np.array([[9, 9]])), "capacity=10"),
    ]:
        with pytest.raises(ValueError, match=message):
            call()  # type: ignore[no-untyped-call]
    assert np.isnan(state.gain).all()


if __name__ == "__main__":
    sys.stdout.write(_digest())
