"""Failures: availability, group outages, detection, and independence of the batch."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from ranrein.twin.faults import FailureCause, down, outages
from ranrein.twin.seeding import make_keys
from ranrein.twin.types import U64

HOUR = 3600.0
UNIT = FailureCause("radio unit", ((0,), (1,), (2,)), mtbf_h=100.0, mttr_h=10.0)
POWER = FailureCause("site power", ((0, 1), (2, 3)), mtbf_h=50.0, mttr_h=5.0)


def _keys(count: int, first: int = 0) -> U64:
    return make_keys(np.arange(first, first + count), np.zeros(count, np.int64))


@pytest.mark.parametrize("k", [0.7, 1.0, 3.0])
@pytest.mark.parametrize("at_h", [0.0, 37.0, 400.0])
def test_availability_is_the_same_at_every_time(k: float, at_h: float) -> None:
    cause = replace(UNIT, weibull_k=k)
    is_down = down([cause], 3, _keys(4000), at_h * HOUR)
    expected = 1.0 - cause.availability
    error = math.sqrt(expected * (1.0 - expected) / is_down.size)
    assert is_down.mean() == pytest.approx(expected, abs=4.0 * error)


@pytest.mark.parametrize("k", [0.7, 1.0, 3.0])
def test_availability_in_the_long_run(k: float) -> None:
    cause = replace(UNIT, weibull_k=k)
    found = outages(cause, 0, _keys(20), 1e5 * HOUR)
    lasted = np.minimum(found.end_s, 1e5 * HOUR) - np.minimum(found.start_s, 1e5 * HOUR)
    share = lasted.sum(axis=-1) / (1e5 * HOUR)
    error = share.std() / math.sqrt(share.size)
    assert share.mean() == pytest.approx(1.0 - 100.0 / 110.0, abs=4.0 * error)
    assert error < 0.002
    failures = np.isfinite(found.start_s).sum(axis=-1).mean()
    assert failures == pytest.approx(1e5 / 110.0, rel=0.03)


def test_repairs_follow_failures_and_are_noticed_late() -> None:
    found = outages(UNIT, 0, _keys(50), 1000.0 * HOUR)
    real = np.isfinite(found.start_s)
    assert np.all(found.end_s[real] > found.start_s[real])
    later = real[..., 1:]
    assert np.all(found.start_s[..., 1:][later] > found.end_s[..., :-1][later])
    delay = found.noticed_s[real] - found.start_s[real]
    assert delay.min() >= 60.0
    assert delay.max() <= 300.0
    assert delay.mean() == pytest.approx(180.0, abs=10.0)


def test_the_shape_decides_between_early_failures_and_wear() -> None:
    ups = {}
    for k in (0.7, 1.0, 3.0):
        found = outages(replace(UNIT, weibull_k=k), 0, _keys(50), 2000.0 * HOUR)
        real = np.isfinite(found.start_s[..., 1:])
        up = found.start_s[..., 1:][real] - found.end_s[..., :-1][real]
        ups[k] = up.std() / up.mean()
    assert ups[0.7] > 1.15
    assert ups[1.0] == pytest.approx(1.0, abs=0.1)
    assert ups[3.0] < 0.5


def test_a_common_cause_takes_its_group_down_together() -> None:
    is_down = down([POWER], 5, _keys(300), np.arange(20) * HOUR)
    np.testing.assert_array_equal(is_down[:, 0], is_down[:, 1])
    np.testing.assert_array_equal(is_down[:, 2], is_down[:, 3])
    assert np.any(is_down[:, 0] != is_down[:, 2])
    assert not is_down[:, 4].any()


def test_causes_add_up_and_are_independent() -> None:
    keys, times = _keys(6000), np.array([0.0, 10.0 * HOUR])
    both = down([UNIT, POWER], 4, keys, times)
    expected = 1.0 - UNIT.availability * POWER.availability
    assert both[:, 0].mean() == pytest.approx(expected, abs=4.0 * math.sqrt(expected / 6000))
    twice = down([UNIT, replace(UNIT, name="again")], 4, keys, times)
    assert twice.sum() > 1.5 * down([UNIT], 4, keys, times).sum()


def test_the_network_knows_later_than_it_fails() -> None:
    keys, times = _keys(400), np.arange(0.0, 50.0 * HOUR, 60.0)
    cause = replace(UNIT, detection_s=(300.0, 300.0))
    real, known = down([cause], 3, keys, times), down([cause], 3, keys, times, noticed=True)
    assert not np.any(known & ~real)
    np.testing.assert_array_equal(known[..., 5:] & real[..., :-5], known[..., 5:])
    assert 0 < (real & ~known).sum() < real.sum()


def test_an_outage_has_the_same_bits_in_any_batch_and_horizon() -> None:
    causes = [replace(UNIT, weibull_k=1.7), POWER]
    times = np.arange(48) * HOUR
    together = down(causes, 4, _keys(40), times)
    for row in (0, 7, 39):
        np.testing.assert_array_equal(together[row], down(causes, 4, _keys(1, row), times)[0])
    np.testing.assert_array_equal(together[..., 30], down(causes, 4, _keys(40), times[30])[..., 0])
    long, short = outages(UNIT, 0, _keys(40), 500.0 * HOUR), outages(UNIT, 0, _keys(1, 7), 50.0 * HOUR)
    reach = np.isfinite(short.start_s[0])
    count = reach.shape[-1]
    assert long.start_s[7, :, :count][reach].tobytes() == short.start_s[0][reach].tobytes()
    assert long.end_s[7, :, :count][reach].tobytes() == short.end_s[0][reach].tobytes()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"mtbf_h": 0.0}, '"radio unit" mtbf_h = 0'),
        ({"mttr_h": float("nan")}, "mttr_h = nan"),
        ({"weibull_k": -1.0}, "weibull_k = -1"),
        ({"detection_s": (300.0, 60.0)}, "detection_s"),
        ({"groups": ((0,), ())}, "needs an object"),
    ],
)
def test_impossible_causes_are_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(UNIT, **change)  # type: ignore[arg-type]


def test_wrong_objects_times_and_horizons_are_refused() -> None:
    with pytest.raises(ValueError, match="group 2 names object 2: give indices from 0 to 1"):
        down([UNIT], 2, _keys(1), 0.0)
    with pytest.raises(ValueError, match="time_s = -1"):
        down([UNIT], 3, _keys(1), -1.0)
    with pytest.raises(ValueError, match="fails more than 3000 times"):
        outages(replace(UNIT, mtbf_h=1e-6, mttr_h=1e-6), 0, _keys(1), 1e5 * HOUR)
