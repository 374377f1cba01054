"""Movement: speeds, places, memory and routes; the same user in any batch."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ranrein.twin.mobility import GaussMarkov, RandomWaypoint, along_route, speeds_kmh
from ranrein.twin.seeding import make_keys

KEY = make_keys(np.array([9]), np.array([0]))
USERS = np.arange(500)
WALK = RandomWaypoint(1000.0, 600.0, (3.0, 30.0), pause_s=20.0)
DRIFT = GaussMarkov(1000.0, 600.0, mean_speed_kmh=30.0, memory_s=20.0)


def test_waypoint_users_stay_on_the_map_within_their_speed_and_pause() -> None:
    x, y = WALK.positions(KEY, USERS, np.arange(600.0))
    assert x.min() >= 0.0
    assert x.max() <= 1000.0
    assert y.min() >= 0.0
    assert y.max() <= 600.0
    speed_kmh = 3.6 * np.hypot(np.diff(x, axis=0), np.diff(y, axis=0))
    assert speed_kmh.max() <= 30.0 + 1e-9
    assert 0.02 < (speed_kmh == 0.0).mean() < 0.3


def test_waypoint_users_of_one_speed_walk_straight_at_it() -> None:
    x, y = RandomWaypoint(1e5, 1e5, (30.0, 30.0)).positions(KEY, USERS, np.arange(60.0))
    travelled = np.hypot(np.diff(x, axis=0), np.diff(y, axis=0))
    assert np.median(travelled) == pytest.approx(30.0 / 3.6, rel=1e-9)
    assert (np.abs(travelled - 30.0 / 3.6) < 1e-6).mean() > 0.99


def test_waypoint_positions_do_not_depend_on_the_times_asked_for_or_the_batch() -> None:
    times = np.array([0.0, 100.0, 700.0, 5000.0])
    x, _ = WALK.positions(KEY, USERS[:20], times)
    for row, time in enumerate(times):
        np.testing.assert_array_equal(x[row], WALK.positions(KEY, USERS[:20], time)[0][0])
    for user in (0, 7, 19):
        np.testing.assert_array_equal(x[:, user], WALK.positions(KEY, USERS[user : user + 1], times)[0][:, 0])


def _drive(users: np.ndarray, steps: int) -> np.ndarray:
    moving = [DRIFT.begin(KEY, users)]
    for step in range(1, steps + 1):
        moving.append(DRIFT.move(moving[-1], KEY, np.array([step]), users, 1.0))
    return np.stack(moving)


def test_gauss_markov_keeps_its_mean_speed_and_forgets_in_its_memory() -> None:
    history = _drive(USERS, 100)
    speed_kmh = 3.6 * np.hypot(history[:, 2], history[:, 3])
    for row in (0, 50, 100):
        error = speed_kmh[row].std() / math.sqrt(USERS.size)
        assert speed_kmh[row].mean() == pytest.approx(30.0, abs=4.0 * error)
    wide = GaussMarkov(1e9, 1e9, 30.0, 20.0)  # no mirrors
    moving = first = wide.begin(KEY, np.arange(20_000))
    for step in range(1, 21):
        moving = wide.move(moving, KEY, np.array([step]), np.arange(20_000), 1.0)
    assert np.corrcoef(first[2], moving[2])[0, 1] == pytest.approx(math.exp(-1.0), abs=0.03)


def test_gauss_markov_users_stay_on_the_map_and_move_by_their_velocity() -> None:
    history = _drive(USERS, 100)
    assert history[:, 0].min() >= 0.0
    assert history[:, 0].max() <= 1000.0
    assert history[:, 1].max() <= 600.0
    moved = np.abs(np.diff(history[:, 0], axis=0))
    assert np.all(moved <= np.abs(history[1:, 2]) + 1e-9)
    np.testing.assert_array_equal(_drive(USERS[3:4], 30)[:, :, 0], history[:31, :, 3])


def test_a_user_turns_round_at_the_edge() -> None:
    steady = GaussMarkov(1000.0, 600.0, 30.0, memory_s=1e12)
    moving = np.array([[998.0], [3.0], [5.0], [-4.0]])
    after = steady.move(moving, KEY, np.array([1]), np.array([0]), 1.0)
    np.testing.assert_allclose(after[:, 0], [997.0, 1.0, -5.0, 4.0], atol=1e-3)


def test_a_route_is_followed_at_its_length() -> None:
    square = [(0.0, 0.0), (100.0, 0.0), (100.0, 50.0)]
    x, y = along_route(square, [0.0, 50.0, 100.0, 125.0, 150.0, 999.0])
    np.testing.assert_allclose(x, [0, 50, 100, 100, 100, 100])
    np.testing.assert_allclose(y, [0, 0, 0, 25, 50, 50])
    around = 150.0 + math.hypot(100.0, 50.0)
    np.testing.assert_allclose(along_route(square, around + 50.0, loop=True), (50.0, 0.0), atol=1e-9)


def test_speed_classes_come_in_their_shares() -> None:
    speeds = speeds_kmh(KEY, np.arange(20_000), (0.7, 0.2, 0.1))
    for speed, share in ((3.0, 0.7), (30.0, 0.2), (120.0, 0.1)):
        assert (speeds == speed).mean() == pytest.approx(
            share, abs=4.0 * math.sqrt(share * (1 - share) / 20_000)
        )
    assert set(speeds_kmh(KEY, USERS, (0.0, 0.0, 1.0))) == {120.0}


def test_impossible_movement_is_refused() -> None:
    with pytest.raises(ValueError, match=r"RandomWaypoint\.speed_kmh = \(0\.0, 3\.0\)"):
        RandomWaypoint(10.0, 10.0, (0.0, 3.0))
    with pytest.raises(ValueError, match=r"RandomWaypoint\.width_m = -1"):
        RandomWaypoint(-1.0, 10.0)
    with pytest.raises(ValueError, match="not ascending"):
        WALK.positions(KEY, USERS, [5.0, 1.0])
    with pytest.raises(ValueError, match=r"GaussMarkov\.memory_s = 0"):
        GaussMarkov(10.0, 10.0, memory_s=0.0)
    with pytest.raises(ValueError, match=r"shape \(2,\)"):
        along_route([0.0, 1.0], 1.0)
    with pytest.raises(ValueError, match="no length after corner 1"):
        along_route([(0, 0), (1, 0), (1, 0)], 1.0)
    with pytest.raises(ValueError, match=r"add up to 1\.1"):
        speeds_kmh(KEY, USERS, (0.7, 0.3, 0.1))
