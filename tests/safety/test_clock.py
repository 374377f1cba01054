from datetime import UTC, datetime, timedelta

import pytest

from ranrein.safety.clock import SimulatedClock, SystemClock

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def test_simulated_clock_moves_only_when_told():
    clock = SimulatedClock(NOON)
    clock.advance(2.5)
    assert clock.utc() == NOON + timedelta(seconds=2.5)
    assert clock.monotonic_s() == 2.5


def test_a_wall_clock_step_leaves_monotonic_time_alone():
    clock = SimulatedClock(NOON)
    clock.step_wall(-86_400.0)
    assert clock.utc() == NOON - timedelta(days=1)
    assert clock.monotonic_s() == 0.0


@pytest.mark.parametrize("seconds", [-1.0, float("nan"), float("inf")])
def test_time_never_runs_backwards(seconds):
    with pytest.raises(ValueError, match="seconds >= 0"):
        SimulatedClock(NOON).advance(seconds)


def test_a_start_without_a_time_zone_is_refused():
    with pytest.raises(ValueError, match="without a time zone"):
        SimulatedClock(datetime(2026, 1, 1))


def test_system_clock_is_aware_and_monotonic():
    clock = SystemClock()
    assert clock.utc().utcoffset() == timedelta(0)
    assert clock.monotonic_s() <= clock.monotonic_s()
