"""The fluid queue balances to the last bit; delays against laws with known answers."""

from __future__ import annotations

import math

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import example, given, settings

from ranrein.twin.queueing import (
    backlog_delay_s,
    delay_fifo_s,
    delay_sharing_s,
    late_share,
    serve,
    utilisation,
)

amount = st.floats(0.0, 1e9, allow_subnormal=False)


@given(amount, amount, amount, st.one_of(amount, st.just(math.inf)))
@example(1e9, 0.1, 0.3, 0.7)
@example(0.1, 0.2, 1e-17, 0.1)
@example(1.0, 0.0, 1e-300, 1e-300)
@settings(max_examples=500)
def test_no_bit_is_lost(queue: float, offered: float, capacity: float, limit: float) -> None:
    served, waits, dropped = (float(part) for part in serve(queue, offered, capacity, limit))
    assert served + (waits + dropped) == queue + offered
    assert 0.0 <= served <= capacity
    assert 0.0 <= waits <= limit
    assert dropped >= 0.0
    assert served == pytest.approx(min(queue + offered, capacity), rel=1e-9, abs=1e-6)
    assert waits == pytest.approx(min(queue + offered - served, limit), rel=1e-9, abs=1e-6)


def test_no_bit_is_lost_among_a_million_random_periods() -> None:
    rng = np.random.default_rng(7)
    queue, offered, capacity, limit = 10.0 ** rng.uniform(-9.0, 6.0, (4, 1_000_000))
    served, waits, dropped = serve(queue, offered, capacity, limit)
    np.testing.assert_array_equal(served + (waits + dropped), queue + offered)
    assert np.all(served <= capacity)
    assert np.all(waits <= limit)


@pytest.mark.parametrize(
    ("queue", "offered", "capacity", "limit", "expected"),
    [
        (0.0, 3.0, 5.0, 10.0, (3.0, 0.0, 0.0)),
        (4.0, 3.0, 5.0, 10.0, (5.0, 2.0, 0.0)),
        (4.0, 9.0, 5.0, 6.0, (5.0, 6.0, 2.0)),
        (4.0, 9.0, 0.0, 6.0, (0.0, 6.0, 7.0)),
        (4.0, 9.0, 5.0, 0.0, (5.0, 0.0, 8.0)),
        (4.0, 9.0, 5.0, math.inf, (5.0, 8.0, 0.0)),
    ],
)
def test_periods_by_hand(
    queue: float, offered: float, capacity: float, limit: float, expected: tuple[float, ...]
) -> None:
    assert tuple(float(part) for part in serve(queue, offered, capacity, limit)) == expected


def test_an_empty_system_takes_the_service_time() -> None:
    assert delay_sharing_s(1.0, 0.0, 10.0) == pytest.approx(0.1)
    assert delay_fifo_s(1.0, 0.0, 10.0) == pytest.approx(0.1)
    assert late_share(0.2, 1.0, 0.0, 10.0) == 0.0
    assert late_share(0.05, 1.0, 0.0, 10.0) == 1.0


@pytest.mark.parametrize("load", [0.1, 0.5, 0.9])
def test_both_disciplines_agree_on_exponential_sizes(load: float) -> None:
    expected = 0.1 / (1.0 - load)  # M/M/1
    assert delay_sharing_s(1.0, 10.0 * load, 10.0) == pytest.approx(expected)
    assert delay_fifo_s(1.0, 10.0 * load, 10.0) == pytest.approx(expected)
    assert delay_fifo_s(1.0, 10.0 * load, 10.0, 0.0) == pytest.approx(0.1 + 0.05 * load / (1.0 - load))


@pytest.mark.parametrize("load", [0.3, 0.8])
def test_the_late_share_is_that_of_m_m_1(load: float) -> None:
    """P(W > t) = load exp(-(1 - load) t / service)."""
    slack = 0.4
    expected = load * math.exp(-(1.0 - load) * slack / 0.1)
    assert late_share(0.1 + slack, 1.0, 10.0 * load, 10.0) == pytest.approx(expected, rel=1e-12)


def test_the_late_share_follows_a_simulated_queue_of_equal_packets() -> None:
    """Lindley's recursion for M/D/1 at load 0.8, 200,000 packets, fixed seed."""
    load, service = 0.8, 0.1
    rng = np.random.default_rng(11)
    gaps = rng.exponential(service / load, 200_000)
    steps = np.cumsum(np.concatenate(([0.0], service - gaps[1:])))
    waits = steps - np.minimum.accumulate(steps)
    assert waits.mean() + service == pytest.approx(float(delay_fifo_s(1.0, 8.0, 10.0, 0.0)), rel=0.05)
    for slack in (0.1, 0.4, 0.8):
        expected = float(late_share(service + slack, 1.0, 8.0, 10.0, 0.0))
        assert (waits > slack).mean() == pytest.approx(expected, abs=0.03)


def test_overload_and_no_capacity_never_end() -> None:
    for offered, capacity in ((10.0, 10.0), (11.0, 10.0), (1.0, 0.0)):
        assert delay_sharing_s(1.0, offered, capacity) == math.inf
        assert delay_fifo_s(1.0, offered, capacity) == math.inf
        assert late_share(1e6, 1.0, offered, capacity) == 1.0
    assert utilisation(0.0, 0.0) == 0.0
    assert backlog_delay_s(5.0, 0.0) == math.inf
    assert backlog_delay_s(5.0, 10.0) == 0.5
    assert backlog_delay_s(0.0, 0.0) == 0.0


def test_bad_amounts_are_refused() -> None:
    for position, name in enumerate(("queue_mbit", "offered_mbit", "capacity_mbit", "limit_mbit")):
        for wrong in (-1.0, math.nan):
            values = [1.0, 1.0, 1.0, 1.0]
            values[position] = wrong
            with pytest.raises(ValueError, match=f"{name} = {wrong:g}"):
                serve(*values)
    with pytest.raises(ValueError, match="size_mbit = 0"):
        delay_sharing_s(0.0, 1.0, 1.0)
    with pytest.raises(ValueError, match="size_scv = -1"):
        delay_fifo_s(1.0, 1.0, 2.0, -1.0)
