"""What the door of a loss system tells, against answering and waiting by hand."""

from __future__ import annotations

import numpy as np
import pytest

from ranrein.twin.kernels.loss_door import UNKNOWN
from ranrein.twin.loss.door import Answered, Door, Room, Worth, answer_doors, door_of, revenue_of, shown
from ranrein.twin.loss.simulation import LossState, answer_request, await_request, begin_loss, clear_sums
from ranrein.twin.loss.system import LossSystem

SYSTEM = LossSystem.of(15, [1, 3, 6], [9.0, 2.5, 0.5], [1.0, 0.4, 0.3], [1.0, 5.0, 20.0], [0.5, 3.0, 0.0])
REPLICAS, LIMIT, DECISIONS = 7, 5, 60


def begun() -> LossState:
    state = begin_loss(SYSTEM, np.arange(REPLICAS, dtype=np.int64), np.zeros(REPLICAS, np.int64))
    await_request(state)
    return state


def door() -> Door:
    revenue = revenue_of(SYSTEM)
    return door_of(SYSTEM, Worth(revenue, 0.5 + 0.01 * revenue, 2.0 * revenue), LIMIT)


def room() -> Answered:
    return Room(REPLICAS, SYSTEM.n_classes)()


def test_one_call_is_answering_and_waiting_by_hand_to_the_last_bit() -> None:
    told_of, by_hand, here = door(), begun(), begun()
    answered, rng = np.zeros(REPLICAS, np.int64), np.random.default_rng(1)
    refused_beyond = 0
    for decision in range(DECISIONS):
        asked = rng.integers(0, 2, (REPLICAS, 1))
        request = by_hand.request.copy()
        clear_sums(by_hand)
        answer_request(by_hand, asked[:, 0] == 1)
        await_request(by_hand)
        told = room()
        n_over = answer_doors(told_of, here.arrays, answered, asked, told)
        for mine, theirs in zip(here.arrays, by_hand.arrays, strict=True):
            assert mine.tobytes() == theirs.tobytes()
        got = by_hand.arrays.admitted[np.arange(REPLICAS), request]
        beyond = (asked[:, 0] == 1) & (got == 0)
        refused_beyond += int(beyond.sum())
        cost, again, revenue, term, reward, elapsed_s, busy = told.amounts
        assert np.array_equal(cost, beyond.astype(np.float64))
        assert np.array_equal(again, cost)
        assert np.array_equal(revenue, by_hand.reward)
        assert np.array_equal(term, 0.5 + 0.01 * revenue)
        assert np.array_equal(reward, 2.0 * revenue)
        assert np.array_equal(elapsed_s, by_hand.arrays.elapsed_s)
        assert busy == pytest.approx(100.0 * by_hand.mean_units / SYSTEM.capacity, rel=1e-14)
        assert np.array_equal(told.offered, by_hand.arrays.offered)
        assert np.array_equal(told.admitted, by_hand.arrays.admitted)
        assert np.array_equal(told.held, by_hand.arrays.held)
        assert np.array_equal(told.request, by_hand.request)
        assert np.array_equal(told.command[:, 0], got)
        assert told.shown.tobytes() == shown(SYSTEM, by_hand.request, by_hand.arrays.held).tobytes()
        assert np.array_equal(told.over, np.full(REPLICAS, decision + 1 >= LIMIT))
        assert n_over == told.over.sum()
    assert refused_beyond > 0


def test_every_decision_is_told_in_arrays_of_its_own() -> None:
    told_of, state = door(), begun()
    answered = np.zeros(REPLICAS, np.int64)
    first = room()
    answer_doors(told_of, state.arrays, answered, np.ones((REPLICAS, 1), np.int64), first)
    kept = [array.copy() for array in first]
    answer_doors(
        told_of,
        state.arrays,
        answered,
        np.zeros((REPLICAS, 1), np.int64),
        room(),
    )
    assert all(np.array_equal(before, now) for before, now in zip(kept, first, strict=True))


@pytest.mark.parametrize("wrong", [-1, 2, 1 << 40])
def test_an_answer_that_there_is_not_changes_nothing(wrong: int) -> None:
    state, answered, asked = begun(), np.zeros(REPLICAS, np.int64), np.ones((REPLICAS, 1), np.int64)
    before = [array.copy() for array in state.arrays]
    asked[-1] = wrong
    assert answer_doors(door(), state.arrays, answered, asked, room()) == UNKNOWN
    assert all(np.array_equal(then, now) for then, now in zip(before, state.arrays, strict=True))
    assert not answered.any()
