"""A loop that comes after one that died: what sleeps because of us is woken, what people put to sleep is theirs."""

from __future__ import annotations

import pytest

from ranrein.network.actuator_faults import ActuatorFaults
from ranrein.safety.lifecycle import MODES, Mode

AWAKE = [0] * 7
ASLEEP = [0, 4, 0, 4, 0, 0, 0]


@pytest.fixture
def crashed(closed):
    """In CLOSED_LOOP with two confirmed sleepers, and gone without a word."""
    closed.run(2)
    assert (closed.states(), closed.loop.parts.gate.pending) == (ASLEEP, None)
    closed.loop.parts.audit.close()
    return closed


def changes_on_record(rig) -> list[list[object]]:
    return [[row["object"] for row in body["changes"]] for body in rig.records("gate_intent")]


def test_confirmed_sleepers_of_a_crashed_loop_are_woken_at_the_start(crashed, make_rig) -> None:
    rig = make_rig(on=crashed)
    cycle = rig.run()
    assert rig.states() == AWAKE
    assert rig.loop.mode is Mode.LOCKED
    assert "start" in cycle.outcome
    intent = rig.records("gate_intent")[-1]
    assert intent["authority"] == Mode.FALLBACK
    assert "start" in intent["reason"]
    assert rig.loop.parts.gate.pending is None


def test_a_loop_taken_over_before_its_first_period_is_the_same(crashed, make_rig) -> None:
    rig = make_rig(on=crashed)
    assert rig.loop.take_over()
    assert rig.states() == AWAKE
    assert not rig.loop.take_over()


def test_a_network_without_our_sleepers_is_left_alone(make_rig) -> None:
    rig = make_rig()
    rig.run(3)
    assert rig.writers() == {"factory"}
    assert not rig.records("gate_intent")


@pytest.mark.parametrize("cell", [0, 1, 5])  # a coverage cell, one of our sleepers, and another one
def test_a_persons_sleepers_are_never_touched(crashed, make_rig, cell: int) -> None:
    name = crashed.plant.cells[cell]
    crashed.plant.edit(name, 3, "alice")
    rig = make_rig(on=crashed)
    rig.run(3)
    assert rig.states() == [3 if c == cell else 0 for c in range(7)]
    assert rig.plant.read([name])[name].last_writer == "alice"


def test_a_network_asleep_by_a_persons_hand_alone_is_not_written_to(make_rig) -> None:
    rig = make_rig()
    for cell in (1, 3, 5):
        rig.plant.edit(rig.plant.cells[cell], 4, "alice")
    rig.run(3)
    assert rig.states() == [0, 4, 0, 4, 0, 4, 0]
    assert not changes_on_record(rig)


@pytest.mark.parametrize("mode", MODES)
def test_whatever_mode_a_loop_starts_in_it_gives_capacity_back_except_in_fault(
    crashed, make_rig, mode: Mode
) -> None:
    rig = make_rig(on=crashed)
    rig.loop.parts.keeper.mode = min(mode, Mode.ADVISORY, key=lambda it: it.rank)
    rig.run()
    assert rig.states() == (ASLEEP if mode is Mode.FAULT else AWAKE)


def test_after_the_reset_of_a_fault_capacity_is_given_back_too(crashed, make_rig) -> None:
    rig = make_rig(on=crashed)
    rig.loop.parts.keeper.mode = Mode.FAULT
    rig.run()
    assert rig.ask(Mode.LOCKED, "looked at it")["granted"]
    assert rig.states() == AWAKE


@pytest.mark.parametrize("fault", ["unreachable", "ignore", "half"])
def test_a_start_at_which_waking_fails_is_made_good(crashed, make_rig, fault: str) -> None:
    rig = make_rig(on=crashed)
    rig.plant.inject(ActuatorFaults(**{fault: 1}))
    rig.run()
    rig.run()
    assert rig.states() == AWAKE


def test_what_a_person_accepts_after_the_start_stays_asleep(crashed, make_rig) -> None:
    rig = make_rig(on=crashed)
    rig.climb(Mode.ADVISORY).run(3)
    (made,) = rig.desk.advise_list()["recommendations"]
    assert rig.desk.advise_accept("olga", "operator", made["id"])["granted"]
    rig.run(2)
    assert rig.states() == ASLEEP


@pytest.mark.parametrize("before", [Mode.ADVISORY, Mode.HOLD])
def test_nothing_of_ours_sleeps_where_nobody_watches(closed, before: Mode) -> None:
    closed.loop.parts.keeper.mode = before
    assert closed.ask(Mode.LOCKED)["granted"]
    assert closed.states() == AWAKE
