import errno
import json
import os
import re
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ranrein.envs.catalogue import load_scenario
from ranrein.network.actuator_faults import ActuatorFaults
from ranrein.network.plant import SimulatedNetwork
from ranrein.network.protocol import CONTROLLER, ObjectState
from ranrein.safety.audit import AuditLog, AuditUnavailable
from ranrein.safety.chain import read_chain
from ranrein.safety.clock import SimulatedClock
from ranrein.safety.gate import Gate, GateSettings, Status
from ranrein.safety.gate_rules import PERMITS, Permit, default_confirm_s
from ranrein.safety.keys import Role
from ranrein.safety.lease import Lease
from ranrein.safety.lifecycle import MODES, Mode
from ranrein.twin.command import Command
from ranrein.twin.params import Params
from ranrein.twin.rules import Rules

SLEEP_TWO = [0, 4, 0, 4, 0, 0, 0]
AWAKE = [0] * 7
NOW = datetime(2026, 3, 1, tzinfo=UTC)


_PARAMS = Params.of(load_scenario("urban"))


def _fresh():
    clock = SimulatedClock(NOW)
    plant = SimulatedNetwork(_PARAMS, 7, clock)
    return clock, plant, Gate(plant, Rules.of(_PARAMS), Recorder(), clock, plant.cells)


class Killed(BaseException):
    """Stands for kill -9: nothing catches it."""


class Recorder:
    """An audit log in memory that can be broken, or kill the process after a kind of record."""

    def __init__(self):
        self.records, self.broken_from, self.killed_after = [], None, None

    def append(self, kind, actor, role, body):
        if self.broken_from is not None and kind in self.broken_from:
            raise AuditUnavailable("no space left")
        self.records.append(json.loads(json.dumps({"kind": kind, "actor": actor, "body": body})))
        if kind == self.killed_after:
            raise Killed
        return ""

    @property
    def kinds(self):
        return [record["kind"] for record in self.records]


@pytest.fixture
def params():
    return _PARAMS


@pytest.fixture
def plant(params, clock):
    return SimulatedNetwork(params, 7, clock)


@pytest.fixture
def audit():
    return Recorder()


@pytest.fixture
def make_gate(plant, params, clock, audit):
    def make(**settings):
        return Gate(plant, Rules.of(params), audit, clock, plant.cells, GateSettings(**settings))

    return make


@pytest.fixture
def gate(make_gate):
    return make_gate()


def submit(gate, states=SLEEP_TWO, mode="CLOSED_LOOP", step=0, **others):
    return gate.submit(Command.of(states), mode, "test", others.pop("timeout_s", None), step, **others)


def values(plant):
    return [found.value for found in plant.read(plant.cells).values()]


def test_a_change_is_applied_verified_and_pending(gate, plant, audit):
    outcome = submit(gate)
    assert outcome.status is Status.PENDING
    assert [change.object_id for change in outcome.changes] == ["macro-0-n78", "macro-1-n78"]
    assert values(plant) == SLEEP_TWO
    assert gate.pending.key == outcome.key
    assert audit.kinds == ["gate_intent", "gate_verified"]


def test_a_confirmed_change_stays(gate, plant, clock, audit):
    key = submit(gate).key
    assert gate.confirm(key).status is Status.CONFIRMED
    clock.advance(10_000.0)
    assert gate.tick() is None
    assert (values(plant), gate.pending) == (SLEEP_TWO, None)
    assert audit.kinds[-1] == "gate_confirmed"


def test_an_unconfirmed_change_undoes_itself_when_the_timer_runs_out(gate, plant, clock, audit):
    submit(gate, timeout_s=120.0)
    clock.advance(119.0)
    assert gate.tick() is None
    clock.advance(1.0)
    outcome = gate.tick()
    assert (outcome.status, values(plant), gate.pending) == (Status.REVERTED, AWAKE, None)
    assert audit.kinds[-2:] == ["gate_reverting", "gate_reverted"]
    assert "timer" in audit.records[-1]["body"]["reason"]


def test_the_timer_does_not_follow_the_wall_clock(gate, clock):
    submit(gate, timeout_s=120.0)
    clock.step_wall(1e7)
    assert gate.tick() is None


def test_a_late_confirmation_reverts_even_without_a_tick(gate, plant, clock):
    key = submit(gate, timeout_s=60.0).key
    clock.advance(60.0)
    assert gate.confirm(key).status is Status.REVERTED
    assert values(plant) == AWAKE


def test_only_the_pending_key_can_be_confirmed(gate, plant):
    submit(gate)
    assert gate.confirm("other").status is Status.REFUSED
    assert gate.pending is not None


@pytest.mark.parametrize(("delay_s", "timeout_s"), [(0.0, 60.0), (60.0, 180.0), (300.0, 600.0)])
def test_the_default_timer_is_three_delays_within_one_and_ten_minutes(delay_s, timeout_s):
    assert default_confirm_s(delay_s) == timeout_s


def test_the_default_timer_is_used(make_gate):
    gate = make_gate(actuation_delay_s=60.0)
    submit(gate)
    assert gate.pending.deadline_s == 180.0


def test_what_is_so_already_needs_nothing(gate, audit):
    for mode in ("CLOSED_LOOP", "LOCKED"):
        assert submit(gate, AWAKE, mode).status is Status.NOTHING_TO_DO
    assert audit.kinds == ["gate_nothing", "gate_nothing"]


@pytest.mark.parametrize("mode", MODES)
def test_the_mode_limits_what_may_be_changed(gate, plant, mode):
    assert (submit(gate, mode=mode).status is Status.PENDING) == (PERMITS[mode] is Permit.RULES)
    assert (values(plant) == SLEEP_TWO) == (PERMITS[mode] is Permit.RULES)


@pytest.mark.parametrize("mode", [Mode.FALLBACK, Mode.SAFE_STOP, Mode.ROLLING_BACK])
def test_where_the_policy_may_not_act_capacity_can_still_be_given_back(gate, plant, mode):
    plant.edit("macro-0-n78", 4, "alice")
    assert submit(gate, AWAKE, mode).status is Status.PENDING
    assert values(plant) == AWAKE


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"command": "sleep"}, "command is a str"),
        ({"command": Command.of([0] * 6)}, r"shape \(1, 6\)"),
        ({"command": Command.of([AWAKE, AWAKE])}, r"shape \(2, 7\)"),
        ({"command": Command(np.zeros((1, 7), np.int8), ssb_period=np.ones((1, 7), np.int8))}, "SSB periods"),
        ({"authority_mode": "closed"}, "authority_mode is 'closed'"),
        ({"authority_mode": None}, "authority_mode is None"),
        ({"reason": " "}, "reason is ' '"),
        ({"reason": "\ud800"}, "reason is"),
        ({"confirm_timeout_s": 601.0}, "confirm_timeout_s is 601.0"),
        ({"confirm_timeout_s": float("nan")}, "confirm_timeout_s is nan"),
        ({"confirm_timeout_s": 0.0}, "confirm_timeout_s is 0.0"),
        ({"step": -1}, "step is -1"),
        ({"step": 1.0}, "step is 1.0"),
        ({"step": True}, "step is True"),
        ({"epoch": "1"}, "epoch is '1'"),
    ],
)
def test_a_malformed_request_is_refused_and_recorded(gate, plant, audit, changes, words):
    request = {
        "command": Command.of(SLEEP_TWO), "authority_mode": "CLOSED_LOOP", "reason": "test",
        "confirm_timeout_s": 60.0, "step": 0,
    }  # fmt: skip
    outcome = gate.submit(**{**request, **changes})
    assert outcome.status is Status.REFUSED
    assert re.search(words, outcome.reason)
    assert audit.kinds == ["gate_refused"]
    assert values(plant) == AWAKE


def test_a_command_changed_after_it_was_built_is_checked_again(gate):
    command = Command.of(SLEEP_TWO)
    command.carrier_state[0, 1] = 9
    assert "[0, 4, 9]" in gate.submit(command, "CLOSED_LOOP", "test", 60.0, 0).reason


@pytest.mark.parametrize(
    ("states", "rule"),
    [
        ([4, 0, 0, 0, 0, 0, 0], "coverage layer never sleeps"),
        ([0, 4, 0, 4, 0, 4, 0], "too many cells go to sleep at once"),
    ],
)
def test_the_static_rules_are_checked_again(gate, plant, states, rule):
    outcome = submit(gate, states)
    assert (outcome.status, values(plant)) == (Status.REFUSED, AWAKE)
    assert rule in outcome.reason


def test_dwell_counts_from_what_was_read_back(gate, plant):
    gate.confirm(submit(gate, [0, 1, 0, 0, 0, 0, 0], step=5).key)
    for step in (6, 7):
        assert "changed too recently" in submit(gate, [0, 4, 0, 0, 0, 0, 0], step=step).reason
    assert submit(gate, [0, 4, 0, 0, 0, 0, 0], step=8).status is Status.PENDING


def test_a_reverted_cell_rests_too(gate):
    submit(gate, step=5)
    gate.revert("harm")
    assert "changed too recently" in submit(gate, step=6).reason


def test_one_change_set_per_period_may_put_cells_to_sleep(gate):
    gate.confirm(submit(gate).key)
    assert "already" in submit(gate, [0, 4, 0, 4, 0, 4, 0]).reason


def test_a_stale_step_is_refused(gate):
    submit(gate, AWAKE, step=5)
    assert "older than step 5" in submit(gate, step=4).reason


def test_the_same_message_twice_has_one_effect(gate, plant, audit):
    first, again = submit(gate), submit(gate)
    assert (again.status, again.key) == (Status.PENDING, first.key)
    assert plant.read(["macro-0-n78"])["macro-0-n78"].version == 1
    assert audit.kinds.count("gate_intent") == 1


def test_a_second_change_waits_for_the_first(gate, plant):
    submit(gate)
    outcome = submit(gate, [0, 4, 0, 4, 0, 4, 0], step=1)
    assert outcome.status is Status.REFUSED
    assert "pending" in outcome.reason
    assert values(plant) == SLEEP_TWO


def test_repeating_what_is_pending_in_the_next_period_changes_nothing(gate, plant):
    key = submit(gate).key
    assert submit(gate, step=1).status is Status.NOTHING_TO_DO
    assert (gate.pending.key, values(plant)) == (key, SLEEP_TWO)


def test_capacity_never_waits_for_a_pending_change(gate, plant, audit):
    plant.edit("plaza-0-n78s", 4, "alice")
    submit(gate, [0, 4, 0, 4, 0, 0, 4])
    outcome = submit(gate, [0, 4, 0, 0, 0, 0, 0], "FALLBACK", step=1)
    assert (outcome.status, values(plant)) == (Status.PENDING, AWAKE)
    assert "superseded" in next(r for r in audit.records if r["kind"] == "gate_reverted")["body"]["reason"]


def test_a_lapsed_or_foreign_epoch_is_fenced_off(make_gate, clock, plant):
    lease = Lease(clock, 900.0)
    gate = make_gate(lease=lease)
    old, new = lease.grant(), lease.grant()
    for epoch in (None, old, new + 1):
        assert "does not hold the lease" in submit(gate, epoch=epoch).reason
    clock.advance(900.0)
    assert submit(gate, epoch=new).status is Status.REFUSED
    assert values(plant) == AWAKE
    assert submit(gate, epoch=lease.grant()).status is Status.PENDING


@pytest.mark.parametrize("fault", ["ignore", "half", "wrong_object"])
def test_a_lying_actuator_is_found_out_and_undone(gate, plant, fault):
    plant.inject(ActuatorFaults(**{fault: 1}))
    outcome = submit(gate)
    assert (outcome.status, gate.pending) == (Status.REVERTED, None)
    assert "instead of" in outcome.reason
    assert values(plant) == AWAKE


def test_a_timeout_that_applied_is_settled_by_the_read_back(gate, plant):
    plant.inject(ActuatorFaults(timeout_but_applied=1))
    assert submit(gate).status is Status.PENDING
    assert plant.read(["macro-0-n78"])["macro-0-n78"] == ObjectState(4, 1, CONTROLLER)


def test_an_unreachable_network_refuses_before_anything_is_intended(gate, plant, audit):
    plant.inject(ActuatorFaults(unreachable=1))
    assert "could not be read" in submit(gate).reason
    assert audit.kinds == ["gate_refused"]


def test_a_restore_that_cannot_reach_the_network_is_a_fault_until_a_tick_succeeds(gate, plant, audit):
    submit(gate)
    plant.inject(ActuatorFaults(unreachable=2))
    assert gate.revert("harm").status is Status.FAULT
    assert gate.pending.owes_restore
    assert gate.confirm(gate.pending.key).status is Status.FAULT
    assert values(plant) == SLEEP_TWO
    assert gate.tick().status is Status.REVERTED
    assert values(plant) == AWAKE
    assert audit.kinds.count("gate_fault") == 2


def test_a_restore_that_is_ignored_is_tried_again(gate, plant):
    submit(gate)
    plant.inject(ActuatorFaults(ignore=2))
    assert gate.revert("harm").status is Status.REVERTED
    assert values(plant) == AWAKE


def test_a_restore_that_is_always_ignored_is_a_fault(gate, plant):
    submit(gate)
    plant.inject(ActuatorFaults(ignore=100))
    outcome = gate.revert("harm")
    assert outcome.status is Status.FAULT
    assert "could not be written back" in outcome.reason


def test_what_a_person_edited_between_apply_and_rollback_is_kept(gate, plant, audit):
    submit(gate)
    plant.edit("macro-0-n78", 2, "alice")
    outcome = gate.revert("harm")
    assert (outcome.status, values(plant)) == (Status.CONFLICT, [0, 2, 0, 0, 0, 0, 0])
    assert audit.records[-1]["body"]["kept"] == ["macro-0-n78"]


def test_a_person_who_edits_before_the_loop_has_looked_wins_once(gate, plant):
    submit(gate, AWAKE)
    plant.edit("macro-0-n78", 2, "alice")
    outcome = submit(gate, step=1)
    assert (outcome.status, values(plant)) == (Status.CONFLICT, [0, 2, 0, 0, 0, 0, 0])
    assert "changed too recently" in submit(gate, [0, 4, 0, 0, 0, 0, 0], step=2).reason
    assert submit(gate, [0, 2, 0, 4, 0, 0, 0], step=2).status is Status.PENDING


def test_an_edit_between_read_and_write_is_a_conflict_and_nothing_is_written(gate, plant, monkeypatch):
    real = plant.apply

    def edited_first(patch, key):
        monkeypatch.setattr(plant, "apply", real)
        plant.edit("macro-1-n78", 3, "alice")
        return real(patch, key)

    monkeypatch.setattr(plant, "apply", edited_first)
    outcome = submit(gate)
    assert (outcome.status, values(plant)) == (Status.CONFLICT, [0, 0, 0, 3, 0, 0, 0])
    assert "VersionConflict" in outcome.reason


def test_capacity_is_given_and_seen_before_any_is_taken(gate, plant, monkeypatch):
    plant.edit("macro-0-n78", 4, "alice")
    sent, real = [], plant.apply
    monkeypatch.setattr(plant, "apply", lambda patch, key: sent.append(patch.changes) or real(patch, key))
    submit(gate, [0, 0, 0, 4, 0, 0, 0])
    assert [[change.value for change in changes] for changes in sent] == [[0], [4]]


def test_if_waking_fails_nothing_is_put_to_sleep(gate, plant):
    plant.edit("macro-0-n78", 4, "alice")
    plant.inject(ActuatorFaults(ignore=1))
    assert submit(gate, [0, 0, 0, 4, 0, 0, 0]).status is Status.REVERTED
    assert values(plant) == [0, 4, 0, 0, 0, 0, 0]


def test_undoing_a_wake_up_takes_no_capacity_away(gate, plant):
    plant.edit("macro-0-n78", 4, "alice")
    submit(gate, AWAKE)
    assert gate.revert("harm").status is Status.REVERTED
    assert values(plant) == AWAKE


def test_without_an_audit_record_nothing_is_written(gate, plant, audit):
    audit.broken_from = {"gate_intent"}
    outcome = submit(gate)
    assert (outcome.status, gate.pending, values(plant)) == (Status.REFUSED, None, AWAKE)
    assert "no audit, no actuation" in outcome.reason


def test_a_log_that_breaks_after_the_write_leads_back(gate, plant, audit):
    audit.broken_from = {"gate_verified", "gate_reverting", "gate_reverted"}
    assert submit(gate).status is Status.REVERTED
    assert values(plant) == AWAKE


def test_a_broken_log_keeps_nobody_from_giving_capacity_back(gate, plant, audit, clock):
    key = submit(gate, timeout_s=60.0).key
    audit.broken_from = {"gate_confirmed", "gate_reverting", "gate_reverted"}
    assert gate.confirm(key).status is Status.REFUSED
    clock.advance(60.0)
    assert gate.tick().status is Status.REVERTED
    assert values(plant) == AWAKE


def kill_after_record(kind):
    return lambda audit, plant, patch: setattr(audit, "killed_after", kind)


def kill_at_write(number, after):
    """Die at the n-th write to the network, before or after it took effect."""

    def arrange(audit, plant, patch):
        real, count = plant.apply, []

        def apply(changes, key):
            count.append(key)
            if len(count) == number and not after:
                raise Killed
            receipt = real(changes, key)
            if len(count) == number:
                raise Killed
            return receipt

        patch.setattr(plant, "apply", apply)

    return arrange


CRASHES = {
    "after the intent": kill_after_record("gate_intent"),
    "before the first write": kill_at_write(1, after=False),
    "between objects": kill_at_write(1, after=True),
    "after all writes": kill_at_write(2, after=True),
    "after verify": kill_after_record("gate_verified"),
}


@pytest.mark.parametrize("crash", CRASHES)
def test_a_killed_gate_is_recovered_to_a_configuration_without_less_capacity(
    make_gate, plant, audit, monkeypatch, crash
):
    plant.edit("plaza-0-n78s", 4, "alice")
    with monkeypatch.context() as patch:
        CRASHES[crash](audit, plant, patch)
        with pytest.raises(Killed):
            submit(make_gate(), [0, 4, 0, 4, 0, 0, 0])
    audit.killed_after = None
    outcome = make_gate().recover(audit.records)
    woken = crash in ("between objects", "after all writes", "after verify")
    assert outcome.status is (Status.REVERTED if woken else Status.NOTHING_TO_DO)
    assert values(plant) == [0, 0, 0, 0, 0, 0, 0 if woken else 4]
    assert audit.kinds[-1] == ("gate_reverted" if woken else "gate_aborted")
    assert make_gate().recover(audit.records).reason == "no change was left unfinished"


def test_a_gate_killed_during_rollback_resumes_it(make_gate, plant, audit, monkeypatch):
    gate = make_gate()
    submit(gate)
    plant.inject(ActuatorFaults(half=1))
    with monkeypatch.context() as patch:
        kill_at_write(1, after=True)(audit, plant, patch)
        with pytest.raises(Killed):
            gate.revert("harm")
    assert values(plant) == [0, 0, 0, 4, 0, 0, 0]
    assert make_gate().recover(audit.records).status is Status.REVERTED
    assert values(plant) == AWAKE


def test_a_confirmed_change_survives_a_restart(make_gate, plant, audit):
    gate = make_gate()
    gate.confirm(submit(gate).key)
    assert make_gate().recover(audit.records).status is Status.NOTHING_TO_DO
    assert values(plant) == SLEEP_TWO


def test_recovery_keeps_what_a_person_edited_meanwhile(make_gate, plant, audit):
    submit(make_gate())
    plant.edit("macro-0-n78", 3, "alice")
    assert make_gate().recover(audit.records).status is Status.CONFLICT
    assert values(plant) == [0, 3, 0, 0, 0, 0, 0]


def test_recovery_of_an_unreachable_network_goes_on_at_the_tick(make_gate, plant, audit):
    submit(make_gate())
    plant.inject(ActuatorFaults(unreachable=1))
    gate = make_gate()
    assert gate.recover(audit.records).status is Status.FAULT
    assert gate.tick().status is Status.REVERTED
    assert values(plant) == AWAKE


def test_the_gate_works_on_the_real_log_and_recovers_from_its_bytes(
    plant, params, clock, keys, tmp_path, monkeypatch
):
    path = tmp_path / "audit.jsonl"
    log = AuditLog.open(path, keys[Role.SERVICE], clock, durable=False)
    gate = Gate(plant, Rules.of(params), log, clock, plant.cells)
    assert submit(gate).status is Status.PENDING
    log.close()
    reopened = AuditLog.open(path, keys[Role.SERVICE], clock)
    again = Gate(plant, Rules.of(params), reopened, clock, plant.cells)
    assert again.recover(read_chain(path.read_bytes())).status is Status.REVERTED

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        assert "No space left" in submit(again, [0, 0, 0, 0, 0, 4, 0], step=9).reason
    assert values(plant) == AWAKE
    reopened.close()


def test_a_snapshot_is_what_is_read_back(gate, plant):
    plant.edit("macro-0-n78", 2, "alice")
    taken = gate.snapshot("before the drill")
    assert list(taken.values.values()) == [0, 2, 0, 0, 0, 0, 0]
    assert (taken.versions["macro-0-n78"], taken.source) == (1, "before the drill")


FAULTS = st.builds(
    ActuatorFaults,
    ignore=st.integers(0, 2), half=st.integers(0, 2), timeout_but_applied=st.integers(0, 2),
    wrong_object=st.integers(0, 1), unreachable=st.integers(0, 3),
)  # fmt: skip
EDITS = st.lists(st.tuples(st.sampled_from([1, 3, 5, 6]), st.integers(0, 4)), max_size=3)


@given(start=EDITS, wanted=EDITS, between=EDITS, faults=FAULTS)
@settings(max_examples=150, deadline=None)
def test_no_rollback_ever_deepens_a_sleep_or_touches_an_edit(start, wanted, between, faults):
    clock, plant, gate = _fresh()
    for cell, value in start:
        plant.edit(plant.cells[cell], value, "before")
    states = values(plant)
    for cell, value in wanted:
        states[cell] = value
    submit(gate, states)
    for cell, value in between:
        plant.edit(plant.cells[cell], value, "alice")
    edited = {plant.cells[cell]: plant.read(plant.cells)[plant.cells[cell]] for cell, _ in between}
    held = values(plant)
    plant.inject(faults)
    clock.advance(600.0)
    for _ in range(6):
        gate.tick()
    plant.inject(ActuatorFaults())
    assert gate.pending is None or gate.tick().status is not Status.FAULT
    if faults.wrong_object == 0:
        assert np.all(np.array(values(plant)) <= np.array(held))
        assert edited.items() <= plant.read(plant.cells).items()
