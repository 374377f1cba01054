from datetime import UTC, datetime

import pytest

from ranrein.safety.clock import SimulatedClock
from ranrein.safety.lease import Lease


@pytest.fixture
def clock():
    return SimulatedClock(datetime(2026, 1, 1, tzinfo=UTC))


def test_no_lease_is_alive_before_it_is_granted(clock):
    lease = Lease(clock, 3.0)
    assert not lease.alive()
    assert not lease.renew(0)


def test_renewing_in_time_keeps_the_lease(clock):
    lease = Lease(clock, 3.0)
    epoch = lease.grant()
    for _ in range(5):
        clock.advance(2.0)
        assert lease.renew(epoch)
    assert lease.alive(epoch)


def test_a_lapsed_epoch_never_comes_back(clock):
    lease = Lease(clock, 3.0)
    epoch = lease.grant()
    clock.advance(3.0)
    assert not lease.alive()
    assert not lease.renew(epoch)
    assert not lease.alive()


def test_a_stale_epoch_is_fenced_by_a_newer_grant(clock):
    lease = Lease(clock, 3.0)
    old = lease.grant()
    new = lease.grant()
    assert new > old
    assert not lease.renew(old)
    assert lease.alive(new)
    assert not lease.alive(old)


def test_epochs_go_on_after_a_restart(clock):
    assert Lease(clock, 3.0, epoch=7).grant() == 8


def test_a_wall_clock_step_does_not_touch_the_lease(clock):
    lease = Lease(clock, 3.0)
    lease.grant()
    clock.step_wall(365 * 86_400.0)
    assert lease.alive()


@pytest.mark.parametrize("ttl_s", [0.0, -1.0, float("nan"), float("inf")])
def test_a_lease_without_end_is_refused(clock, ttl_s):
    with pytest.raises(ValueError, match="ttl_s"):
        Lease(clock, ttl_s)
