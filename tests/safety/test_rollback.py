import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ranrein.network.protocol import CARRIER_STATE, CONTROLLER, Change, ObjectState
from ranrein.safety.rollback import (
    BACKUP,
    FACTORY_SAFE,
    Snapshot,
    SnapshotRing,
    capacity_first,
    choose_target,
    human_conflicts,
    restore_command,
)
from ranrein.twin.command import Command

NAMES = ("a", "b", "c", "d")
STATES = st.lists(st.integers(0, 4), min_size=4, max_size=4)


def snapshot(*values, time_s=0.0):
    return Snapshot(time_s, dict(zip(NAMES, values, strict=True)), dict.fromkeys(NAMES, 0), f"at {time_s:g}")


def factory():
    return Snapshot.factory_safe(dict.fromkeys(NAMES, ObjectState(4, 9, "x")))


@pytest.fixture
def ring():
    return SnapshotRing(factory(), capacity=3, healthy_periods=2)


def prove(ring, *values, time_s):
    for _ in range(2):
        ring.watch(snapshot(*values, time_s=time_s), True)


def current(*values):
    return dict(zip(NAMES, values, strict=True))


def test_before_anything_is_known_the_factory_safe_configuration_is_the_last_known_good(ring):
    assert ring.last_known_good.source == FACTORY_SAFE
    assert set(ring.last_known_good.values.values()) == {0}


def test_a_configuration_is_good_only_after_enough_healthy_periods(ring):
    ring.watch(snapshot(0, 4, 0, 0, time_s=1), True)
    assert ring.last_known_good.source == FACTORY_SAFE
    ring.watch(snapshot(0, 4, 0, 0, time_s=2), True)
    assert ring.last_known_good.source == "at 2"


@pytest.mark.parametrize("health", [False, None, float("nan"), 1])
def test_a_period_not_known_to_be_healthy_starts_the_count_again(ring, health):
    for is_healthy in (True, health, True):
        ring.watch(snapshot(0, 4, 0, 0), is_healthy)
    assert ring.last_known_good.source == FACTORY_SAFE


def test_another_configuration_starts_the_count_again(ring):
    ring.watch(snapshot(0, 4, 0, 0), True)
    ring.watch(snapshot(0, 4, 4, 0), True)
    assert ring.last_known_good.source == FACTORY_SAFE


def test_the_factory_safe_configuration_never_drops_out(ring):
    for time_s in range(10):
        prove(ring, 0, time_s % 2, 0, 0, time_s=time_s)
    assert [found.source for found in ring] == ["at 9", "at 8", "at 7", FACTORY_SAFE]


def test_the_target_is_the_newest_snapshot_that_passes(ring):
    prove(ring, 0, 1, 0, 0, time_s=1)
    prove(ring, 0, 0, 4, 4, time_s=2)
    target = choose_target(ring, current(4, 4, 4, 4), lambda c: bool(c.carrier_state.max() < 4))
    assert target.source == "at 1"
    assert target.command.carrier_state.tolist() == [[0, 1, 0, 0]]


def test_where_nothing_passes_everything_wakes(ring):
    prove(ring, 0, 1, 0, 0, time_s=1)
    target = choose_target(ring, current(4, 4, 4, 4), lambda c: False)
    assert (target.source, target.snapshot) == (BACKUP, None)
    assert target.command.carrier_state.tolist() == [[0, 0, 0, 0]]


@pytest.mark.parametrize("answer", [None, 1, np.bool_(True), "yes"])
def test_anything_but_true_is_a_refusal(ring, answer):
    assert choose_target(ring, current(4, 4, 4, 4), lambda c: answer).source == BACKUP


def test_the_check_sees_the_command_that_would_be_sent_not_the_snapshot(ring):
    prove(ring, 0, 4, 4, 4, time_s=1)
    asked = []
    choose_target(ring, current(0, 0, 4, 4), lambda c: asked.append(c.carrier_state.tolist()) or True)
    assert asked == [[[0, 0, 4, 4]]]


def test_a_cell_the_snapshot_does_not_know_wakes(ring):
    prove(ring, 0, 1, 0, 0, time_s=1)
    target = choose_target(ring, {**current(4, 4, 4, 4), "new": 4}, lambda c: True)
    assert target.command.carrier_state[0, 4] == 0


@given(STATES, STATES)
def test_restoring_never_removes_capacity_and_reaches_the_target_otherwise(now, wanted):
    restored = restore_command(Command.of(now), Command.of(wanted)).carrier_state[0]
    assert np.all(restored <= np.array(now))
    assert np.all(restored <= np.array(wanted))
    assert np.all((restored == now) | (restored == wanted))


@given(STATES, STATES)
def test_capacity_comes_before_everything_that_takes_it_away(now, wanted):
    before = current(*now)
    changes = tuple(Change(n, CARRIER_STATE, v, 0) for n, v in zip(NAMES, wanted, strict=True))
    ordered = capacity_first(changes, before)
    deeper = [change.value > before[change.object_id] for change in ordered]
    assert sorted(deeper) == deeper
    assert set(ordered) == set(changes)


@pytest.mark.parametrize(
    ("now", "theirs"),
    [
        (ObjectState(4, 3, CONTROLLER), False),
        (ObjectState(0, 2, "factory"), False),
        (ObjectState(2, 4, "alice"), True),
        (ObjectState(4, 4, "alice"), True),
        (ObjectState(2, 3, "alice"), True),
        (ObjectState(1, 3, CONTROLLER), False),
    ],
    ids=["ours", "never written", "edited", "confirmed by a person", "edited instead", "garbled by us"],
)
def test_what_a_person_wrote_after_us_is_theirs(now, theirs):
    assert human_conflicts({"a": ObjectState(4, 3, CONTROLLER)}, {"a": now}) == (("a",) if theirs else ())


def test_a_ring_needs_room():
    with pytest.raises(ValueError, match="capacity=0"):
        SnapshotRing(factory(), capacity=0)
