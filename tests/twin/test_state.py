"""How an episode begins, and what copies and views of a state share."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ranrein.twin.kernels.layout import StateArrays
from ranrein.twin.params import Params
from ranrein.twin.seeding import make_keys, normal, unit
from ranrein.twin.state import NEVER_S, State, begin, gather_crowd, open_period


def _start(params: Params, n: int, first: int = 0) -> State:
    return begin(params, np.arange(first, first + n), np.zeros(n, np.int64))


def _assert_equal(one: StateArrays, other: StateArrays) -> None:
    for name, a, b in zip(one._fields, one, other, strict=True):
        np.testing.assert_array_equal(a, b, err_msg=name)


def _mix(x: int) -> int:
    """The finaliser of SplitMix64 in Python's integers."""
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    x = (x ^ x >> 27) * 0x94D049BB133111EB % 2**64
    return x ^ x >> 31


def test_keys_come_from_the_published_generator() -> None:
    first_output = 0xE220A8397B1DCDAF  # of SplitMix64 seeded with 0
    assert int(make_keys(np.zeros(1, np.int64), np.zeros(1, np.int64))[0]) == _mix(first_output)


def test_keys_of_many_seeds_and_episodes_are_all_different() -> None:
    seeds, episodes = np.meshgrid(np.arange(300), np.arange(300))
    assert len(np.unique(make_keys(seeds.ravel(), episodes.ravel()))) == 300 * 300


def test_random_numbers_have_the_moments_of_their_law() -> None:
    key, who = make_keys(np.arange(100), np.zeros(100, np.int64))[:, None], np.arange(2000)[None, :]
    step = np.zeros(1, np.int64)
    uniform, bell = unit(key, step, who, 3), normal(key, step, who, 4)
    assert uniform.min() >= 0
    assert uniform.max() < 1
    assert [uniform.mean(), uniform.var()] == pytest.approx([1 / 2, 1 / 12], abs=3e-3)
    assert [bell.mean(), bell.var()] == pytest.approx([0, 1], abs=1e-2)


def test_the_same_seed_begins_with_the_same_bits(urban: Params) -> None:
    _assert_equal(_start(urban, 4).arrays, _start(urban, 4).arrays)


def test_the_beginning_does_not_depend_on_the_batch(urban: Params) -> None:
    batch = _start(urban, 9)
    for i in (0, 4, 8):
        _assert_equal(_start(urban, 1, first=i).arrays, batch.rows([i]).arrays)


def test_an_episode_begins_awake_at_midnight_with_nothing_measured(urban: Params) -> None:
    arrays = _start(urban, 3).arrays
    for values in (arrays.step, arrays.carrier, arrays.wake_left_s, arrays.cell_sum, arrays.elapsed_s):
        assert not np.any(values)
    assert np.all(arrays.serving == -1)


def test_everybody_stands_on_the_map_and_replicas_differ(urban: Params) -> None:
    arrays = _start(urban, 64).arrays
    for place in (arrays.user_x, arrays.user_y):
        assert np.all((place >= 0) & (place <= urban.scenario.width_m))
        assert len(np.unique(place[:, 0])) == 64


def test_crowds_stand_around_their_venue(urban: Params) -> None:
    arrays, law = _start(urban, 64).arrays, urban.scenario.surge
    half = urban.scenario.users.crowd // 2
    crowd = slice(urban.scenario.users.resident, urban.scenario.users.resident + half)
    venue = urban.arrays.venue_xy[arrays.surge[:, 0, 4].astype(int)]
    assert np.all(np.abs(arrays.user_x[:, crowd] - venue[:, :1]) <= law.radius_m + 1e-3)
    assert np.all(np.abs(arrays.user_y[:, crowd] - venue[:, 1:]) <= law.radius_m + 1e-3)
    assert len(np.unique(arrays.surge[:, 0, 4])) == len(law.venues)


def test_gathering_moves_only_the_crowd_of_its_slot(urban: Params) -> None:
    state = _start(urban, 4)
    before, crowd = state.copy(), urban.scenario.users.resident + urban.scenario.users.crowd // 2
    state.arrays.surge[2, 1, 4] = 1.0
    gather_crowd(urban, state, np.array([2]), 1)
    moved = state.arrays.user_x != before.arrays.user_x
    assert np.all(moved[2, crowd:])
    assert not np.any(moved[:, :crowd])
    assert not np.any(moved[[0, 1, 3]])


def test_users_weigh_one_on_average(urban: Params) -> None:
    weight = _start(urban, 400).arrays.user_weight
    assert weight.mean() == pytest.approx(1.0, abs=0.01)
    assert np.log(weight).std() == pytest.approx(urban.scenario.users.weight_spread, abs=0.01)


def test_the_given_share_of_users_is_indoors_and_loses_more_at_higher_frequencies(urban: Params) -> None:
    loss_db = _start(urban, 400).arrays.indoor_db
    indoors = loss_db[:, 0] > 0
    assert indoors.mean() == pytest.approx(urban.scenario.users.indoor_share, abs=0.01)
    assert np.all(loss_db >= 0)
    assert np.all(np.diff(loss_db[:, :, :].mean(axis=(0, 2))) > 0)


def test_surges_follow_their_law(urban: Params) -> None:
    law, surge = urban.scenario.surge, _start(urban, 4000).arrays.surge[:, 0].astype(float)
    comes = surge[:, 0] < NEVER_S
    assert comes.mean() == pytest.approx(law.probability, abs=0.03)
    hours = surge[comes, 0] / 3600
    for values, limits in ((hours, law.hours), (surge[:, 1], law.ramp_s), (surge[:, 2], law.hold_s)):
        assert limits[0] <= values.min() < values.max() <= limits[1] + 1e-3
        assert values.mean() == pytest.approx(sum(limits) / 2, rel=0.03)


def test_nothing_is_injected_unless_somebody_does(urban: Params) -> None:
    injected = _start(urban, 8).arrays.surge[:, 1]
    assert np.all(injected[:, 0] == NEVER_S)
    assert np.all(injected[:, 3] == 0)


def test_the_row_of_the_profile_is_drawn_among_all_days(tiny: Params) -> None:
    load = replace(tiny.scenario.load, profile=((1.0, 2.0), (2.0, 1.0), (1.0, 1.0)))
    params = Params.of(replace(tiny.scenario, load=load))
    days = _start(params, 600).arrays.day
    assert np.all(np.bincount(days, minlength=3) > 150)


def test_a_view_shares_and_a_selection_copies(urban: Params) -> None:
    state = _start(urban, 4)
    state.view(1, 3).arrays.load[:] = 0.5
    state.rows([0]).arrays.load[:] = 0.9
    assert state.arrays.load[:, 0].tolist() == [0.0, 0.5, 0.5, 0.0]


def test_repeating_puts_copies_side_by_side(urban: Params) -> None:
    state = _start(urban, 2).repeat(3)
    assert state.n_replicas == 6
    assert state.arrays.key.tolist() == np.repeat(_start(urban, 2).arrays.key, 3).tolist()


def test_assigning_overwrites_only_the_named_replicas(urban: Params) -> None:
    state, other = _start(urban, 4), _start(urban, 2, first=50)
    state.assign(np.array([3, 1]), other)
    _assert_equal(state.rows([3, 1]).arrays, other.arrays)
    _assert_equal(state.rows([0, 2]).arrays, _start(urban, 4).rows([0, 2]).arrays)


def test_opening_a_period_clears_the_sums_and_nothing_else(urban: Params) -> None:
    state = _start(urban, 2)
    state.arrays.cell_sum[:], state.arrays.offered_mbit[:], state.arrays.elapsed_s[:] = 1.0, 2.0, 3.0
    open_period(state)
    _assert_equal(state.arrays, _start(urban, 2).arrays)
