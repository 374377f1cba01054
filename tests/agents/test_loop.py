"""The operating loop: what reaches the network in which mode, and what happens when something fails."""

from __future__ import annotations

import numpy as np
import pytest

from ranrein.agents.authorisation import stored_mode
from ranrein.network.actuator_faults import ActuatorFaults
from ranrein.network.protocol import NetworkUnavailable
from ranrein.safety.audit_verify import verify_log
from ranrein.safety.guards import PolicyState
from ranrein.safety.keys import trusted
from ranrein.safety.lifecycle import MODES, Mode
from ranrein.safety.record import Refusal
from ranrein.safety.rollback import Snapshot
from ranrein.safety.watch import Trip
from ranrein.twin.params import Params

OPERATOR, OFFICER = ("operator", "operator"), ("officer", "safety_officer")
AWAKE = [0] * 7
PERIOD_S = 300.0


# What may reach the network


@pytest.mark.parametrize("mode", [Mode.LOCKED, Mode.SHADOW, Mode.ADVISORY])
def test_below_guarded_nothing_reaches_the_network(rig, mode: Mode) -> None:
    if mode is not Mode.LOCKED:
        rig.climb(mode)
    cycle = rig.run(5)
    assert rig.loop.mode is mode
    assert cycle.decision.applied.carrier_state.any()
    assert rig.states() == AWAKE
    assert rig.writers() == {"factory"}


def test_in_guarded_only_the_canary_cells_are_touched(rig, params: Params) -> None:
    rig.policy.greedy = True
    rig.climb(Mode.GUARDED).run(8)
    states = dict(zip(rig.plant.cells, rig.states(), strict=True))
    asleep = {name for name, state in states.items() if state}
    assert asleep
    assert asleep <= set(rig.loop.settings.canary_cells)


def test_in_closed_loop_what_the_shield_decided_is_in_force(closed) -> None:
    for _ in range(6):
        cycle = closed.run()
        assert np.array_equal(cycle.decision.applied.carrier_state[0], closed.states())


def test_sleepers_are_woken_before_a_promise_breaks_when_traffic_grows(closed) -> None:
    closed.policy.greedy = True
    closed.run(2)
    closed.plant.inject_surge(1, 0.0, 2400.0, 3600.0, 80.0)
    cycles = [closed.run() for _ in range(12)]
    assert any(not cycle.decision.applied.carrier_state.any() for cycle in cycles)
    assert not any(cycle.trip is Trip.HARM for cycle in cycles)


# Climbing the ladder


def test_a_missing_certificate_keeps_guarded_shut_and_says_so(rig) -> None:
    rig.climb(Mode.ADVISORY).run(3)
    rig.refusals.append(Refusal("missing", "no certificate was given"))
    answer = rig.ask(Mode.GUARDED)
    assert not answer["granted"]
    assert any("certificate_valid" in text for text in answer["refusals"])
    assert rig.loop.mode is Mode.ADVISORY


@pytest.mark.parametrize("change", [
    {"policy_state": PolicyState.TESTED}, {"shield_failures": ("never fires",)}, {"trainer": ""},
    {"trainer": "operator"}, {"certifier": "officer"},
])  # fmt: skip
def test_guarded_is_refused_with_a_reason(make_rig, change: dict[str, object]) -> None:
    rig = make_rig(**change)
    rig.run(3)
    rig.loop.parts.keeper.mode = Mode.ADVISORY
    answer = rig.ask(Mode.GUARDED)
    assert not answer["granted"]
    assert answer["refusals"]
    assert rig.loop.mode is Mode.ADVISORY


def test_the_same_person_twice_is_one_person(rig) -> None:
    rig.climb(Mode.ADVISORY).run(3)
    pending = rig.desk.request_mode(*OPERATOR, Mode.GUARDED, "go")["pending"]
    for role in ("operator", "safety_officer"):
        assert not rig.desk.approve("operator", role, str(pending))["granted"]
    assert rig.loop.mode is Mode.ADVISORY
    assert (
        rig.desk.approve(*OFFICER, str(pending))["granted"] is False
    )  # the operator's own consent was replaced
    assert rig.desk.approve(*OPERATOR, str(pending))["granted"]


@pytest.mark.parametrize("to", [Mode.ADVISORY, Mode.GUARDED, Mode.CLOSED_LOOP])
def test_no_step_of_the_ladder_can_be_skipped(rig, to: Mode) -> None:
    rig.run(5)
    assert not rig.ask(to)["granted"]
    assert rig.loop.mode is Mode.LOCKED


def test_a_new_mode_must_stand_for_its_dwell_before_the_next(rig) -> None:
    rig.climb(Mode.ADVISORY)
    answer = rig.ask(Mode.GUARDED)
    assert not answer["granted"]
    assert any("dwell_ok" in text for text in answer["refusals"])


@pytest.mark.parametrize(
    ("mode", "counts"),
    [(mode, mode in (Mode.SHADOW, Mode.ADVISORY, Mode.GUARDED, Mode.CLOSED_LOOP)) for mode in MODES],
)
def test_only_decisions_of_shadow_and_above_count_as_shadow_decisions(rig, mode: Mode, counts: bool) -> None:
    rig.loop.parts.keeper.mode = mode
    rig.loop.cycle()
    assert rig.loop.at.shadow_decisions == counts


def test_time_in_locked_does_not_open_advisory(rig) -> None:
    rig.run(5)
    assert rig.ask(Mode.SHADOW)["granted"]
    rig.run(1)
    answer = rig.ask(Mode.ADVISORY)
    assert any("enough_shadow_decisions" in text for text in answer["refusals"])
    rig.run(1)
    assert rig.ask(Mode.ADVISORY)["granted"]


def test_a_policy_that_decides_nothing_does_not_open_advisory(rig) -> None:
    rig.climb(Mode.SHADOW)
    rig.policy.fails = True
    rig.run(5)
    assert rig.loop.at.shadow_decisions == 0
    assert not rig.ask(Mode.ADVISORY)["granted"]


@pytest.mark.parametrize("strikes", ["changed", "failing"])
def test_what_the_policy_did_before_it_acted_does_not_trip_guarded(rig, strikes: str) -> None:
    rig.climb(Mode.ADVISORY)
    for _ in range(20):
        getattr(rig.loop.parts.watch, strikes).record(True)
    rig.run(3)
    assert rig.ask(Mode.GUARDED)["granted"]
    assert rig.run().trip is None
    assert rig.loop.mode is Mode.GUARDED


def test_what_the_policy_did_in_guarded_counts_in_closed_loop(rig) -> None:
    rig.climb(Mode.GUARDED).run(3)
    for _ in range(10):
        rig.loop.parts.watch.changed.record(True)
    assert rig.ask(Mode.CLOSED_LOOP)["granted"]
    assert rig.run().trip is Trip.INTERVENTIONS


def test_strikes_begin_anew_each_time_the_policy_begins_to_act(rig) -> None:
    rig.climb(Mode.GUARDED).run()
    rig.ask(Mode.ADVISORY)
    rig.run(3)
    for _ in range(10):
        rig.loop.parts.watch.changed.record(True)
    assert rig.ask(Mode.GUARDED)["granted"]
    assert rig.run().trip is None


def test_too_many_periods_outside_the_envelope_keep_guarded_shut(rig) -> None:
    rig.climb(Mode.ADVISORY).run(3)
    for _ in range(3):
        rig.loop.parts.watch.outside.record(True)
    assert any("in_scope" in text for text in rig.ask(Mode.GUARDED)["refusals"])


# Failing policies


def test_a_policy_that_raises_is_replaced_by_the_plan(closed) -> None:
    closed.policy.fails = True
    cycle = closed.run()
    assert cycle.proposal is None
    assert closed.loop.mode is Mode.CLOSED_LOOP
    assert closed.states() == AWAKE


def test_the_third_failure_ends_in_fallback_with_everything_awake(closed) -> None:
    closed.policy.fails = True
    trips = [closed.run().trip for _ in range(3)]
    assert trips == [None, None, Trip.POLICY]
    assert closed.loop.mode is Mode.FALLBACK
    assert closed.states() == AWAKE


def test_a_late_answer_is_dropped(closed) -> None:
    closed.policy.takes_s = 61.0
    cycle = closed.run()
    assert cycle.decision.reason[0] == 10
    assert closed.states() == AWAKE


# Losing authority


def test_a_certificate_that_stops_counting_takes_authority_at_once(closed) -> None:
    closed.refusals.append(Refusal("expired", "it has expired"))
    cycle = closed.run()
    assert "certificate_valid" in cycle.outcome
    assert closed.loop.mode is Mode.ADVISORY
    assert closed.states() == AWAKE


def test_a_lapsed_lease_fences_the_loop(closed) -> None:
    before = closed.states()
    closed.clock.advance(4 * PERIOD_S)
    cycle = closed.run(3)
    assert cycle.authority.mode.rank <= Mode.LOCKED.rank
    assert closed.loop.mode.rank <= Mode.ADVISORY.rank
    assert all(now <= then for now, then in zip(closed.states(), before, strict=True))  # at most awake again


def test_a_stop_wakes_everything_even_after_the_lease_lapsed(closed) -> None:
    closed.clock.advance(4 * PERIOD_S)
    closed.run()
    closed.desk.stop(*OPERATOR, "now")
    closed.run()
    assert closed.states() == AWAKE


@pytest.mark.parametrize("down", [Mode.LOCKED, Mode.SHADOW, Mode.ADVISORY])
def test_a_step_down_from_acting_gives_capacity_back(closed, down: Mode) -> None:
    assert closed.desk.request_mode(*OPERATOR, down, "enough")["granted"]
    assert closed.states() == AWAKE


# Stop


@pytest.mark.parametrize("mode", [Mode.SHADOW, Mode.ADVISORY, Mode.GUARDED, Mode.CLOSED_LOOP])
def test_stop_wakes_everything_from_every_mode_and_again_is_the_same(rig, mode: Mode) -> None:
    rig.climb(mode).run(2)
    for _ in range(3):
        assert rig.desk.stop(*OPERATOR, "now")["granted"]
        assert rig.loop.mode is Mode.SAFE_STOP
        assert rig.states() == AWAKE
    rig.run(3)
    assert (rig.loop.mode, rig.states()) == (Mode.SAFE_STOP, AWAKE)


@pytest.mark.parametrize("mode", [Mode.HOLD, Mode.FALLBACK, Mode.ROLLING_BACK])
def test_stop_works_from_the_modes_of_trouble_too(closed, mode: Mode) -> None:
    closed.loop.parts.keeper.mode = mode
    assert closed.desk.stop(*OPERATOR, "now")["granted"]
    assert (closed.loop.mode, closed.states()) == (Mode.SAFE_STOP, AWAKE)


def test_a_stop_on_locked_touches_nothing(rig) -> None:
    rig.run(2)
    rig.plant.edit(rig.plant.cells[1], 4, "alice")
    assert rig.desk.stop(*OPERATOR, "now")["granted"]
    rig.run(2)
    assert rig.loop.mode is Mode.LOCKED
    assert rig.states()[1] == 4


def test_a_stop_undoes_a_change_that_is_still_pending(rig) -> None:
    rig.climb(Mode.GUARDED)
    rig.loop.cycle()
    assert rig.loop.parts.gate.pending is not None
    rig.desk.stop(*OPERATOR, "now")
    assert rig.loop.parts.gate.pending is None
    assert rig.states() == AWAKE


# Advice


def test_accepted_advice_is_applied_and_confirmed(rig) -> None:
    rig.climb(Mode.ADVISORY).run()
    (made,) = rig.desk.advise_list()["recommendations"]
    assert rig.desk.advise_accept(*OPERATOR, made["id"])["granted"]
    assert rig.states() == [0, 4, 0, 4, 0, 0, 0]
    rig.run(2)
    assert rig.loop.parts.gate.pending is None
    assert rig.states() == [0, 4, 0, 4, 0, 0, 0]


def test_expired_advice_is_refused(rig) -> None:
    rig.climb(Mode.ADVISORY).run()
    (made,) = rig.desk.advise_list()["recommendations"]
    rig.policy.fails = True
    rig.run(2)
    answer = rig.desk.advise_accept(*OPERATOR, made["id"])
    assert not answer["granted"]
    assert rig.states() == AWAKE
    assert rig.records("advice_refused")


def test_advice_is_shielded_again_when_it_is_accepted(rig) -> None:
    rig.climb(Mode.ADVISORY).run()
    (made,) = rig.desk.advise_list()["recommendations"]
    rig.loop.parts.supervisor.belief.members.arrays.area_load[:] *= 5
    answer = rig.desk.advise_accept(*OPERATOR, made["id"])
    assert answer["refusals"] == ["the shield no longer agrees with it"]
    assert rig.states() == AWAKE


@pytest.mark.parametrize("down", [Mode.SHADOW, Mode.LOCKED])
def test_advice_is_worth_nothing_after_a_step_down(rig, down: Mode) -> None:
    rig.climb(Mode.ADVISORY).run()
    (made,) = rig.desk.advise_list()["recommendations"]
    rig.ask(down)
    assert not rig.desk.advise_accept(*OPERATOR, made["id"])["granted"]
    assert rig.states() == AWAKE


def withdrawn(rig) -> list[object]:
    return [body["id"] for body in rig.records("advice_withdrawn")]


def test_advice_that_the_loop_no_longer_gives_is_withdrawn_on_record(rig) -> None:
    rig.climb(Mode.ADVISORY).run()
    (made,) = rig.desk.advise_list()["recommendations"]
    assert withdrawn(rig) == []
    rig.policy.fails = True  # the plan keeps everything awake: nothing would change any more
    rig.run()
    assert rig.desk.advise_list()["recommendations"] == []
    assert withdrawn(rig) == [made["id"]]
    assert not rig.desk.advise_accept(*OPERATOR, made["id"])["granted"]
    assert rig.states() == AWAKE


@pytest.mark.parametrize("why", ["silence", "mode", "certificate"])
def test_advice_ends_with_whatever_it_came_from(rig, monkeypatch: pytest.MonkeyPatch, why: str) -> None:
    rig.climb(Mode.ADVISORY).run()
    (made,) = rig.desk.advise_list()["recommendations"]
    if why == "silence":
        rig.plant.inject(ActuatorFaults(unreachable=1))
    elif why == "mode":
        rig.ask(Mode.SHADOW)
    else:
        monkeypatch.setattr(rig.loop.parts.lease, "alive", lambda *_: False)
    rig.run()
    assert rig.desk.advise_list()["recommendations"] == []
    assert withdrawn(rig) == [made["id"]]


def test_advice_that_was_taken_is_not_withdrawn(rig) -> None:
    rig.climb(Mode.ADVISORY).run()
    (made,) = rig.desk.advise_list()["recommendations"]
    assert rig.desk.advise_reject(*OPERATOR, made["id"], "not tonight")["granted"]
    rig.policy.fails = True
    rig.run(2)
    assert withdrawn(rig) == []


def test_what_advice_put_to_sleep_is_woken_when_a_crowd_comes(rig) -> None:
    rig.climb(Mode.ADVISORY).run()
    (made,) = rig.desk.advise_list()["recommendations"]
    rig.desk.advise_accept(*OPERATOR, made["id"])
    rig.run(2)
    rig.crowd()
    rig.run(6)
    assert rig.states() == AWAKE


# Harm


def test_harm_rolls_back_to_hold_with_everything_awake(closed) -> None:
    closed.run(4)
    closed.crowd()
    cycles = [closed.run() for _ in range(4)]
    assert Trip.HARM in [cycle.trip for cycle in cycles]
    assert closed.loop.mode is Mode.HOLD
    assert closed.states() == AWAKE


def test_harm_is_never_answered_with_the_configuration_that_did_it(
    closed, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed.run(6)
    assert next(iter(closed.loop.parts.ring)).values == dict(
        zip(closed.plant.cells, closed.states(), strict=True)
    )
    watch = closed.loop.parts.watch
    look = type(watch).look
    monkeypatch.setattr(watch, "look", lambda *a: (look(watch, *a), setattr(watch, "safe_now", False)))
    assert closed.run().trip is Trip.HARM
    assert (closed.loop.mode, closed.states()) == (Mode.HOLD, AWAKE)


def test_without_harm_nothing_is_rolled_back(closed) -> None:
    for _ in range(12):
        cycle = closed.run()
        assert cycle.trip not in (Trip.HARM, Trip.UNRECOVERABLE)
        assert not cycle.outcome.startswith("rolled back")
    assert closed.loop.mode not in (Mode.HOLD, Mode.ROLLING_BACK)


def test_a_rollback_that_the_network_interrupted_is_finished(closed, monkeypatch: pytest.MonkeyPatch) -> None:
    closed.run(4)
    gate, snapshot = closed.loop.parts.gate, closed.loop.parts.gate.snapshot

    def unreachable(source: str) -> Snapshot:
        monkeypatch.setattr(gate, "snapshot", snapshot)
        raise NetworkUnavailable("no answer")

    closed.crowd()
    closed.run()
    monkeypatch.setattr(gate, "snapshot", unreachable)
    assert "no answer" in closed.run().outcome
    assert closed.loop.mode is Mode.ROLLING_BACK
    closed.run()
    assert (closed.loop.mode, closed.states()) == (Mode.HOLD, AWAKE)


def test_a_hold_does_not_leave_a_crowd_without_capacity(closed) -> None:
    closed.desk.request_mode(*OPERATOR, Mode.HOLD, "let me look")
    closed.crowd()
    closed.run(6)
    assert closed.states() == AWAKE


def test_an_actuator_that_lies_is_found_out_and_undone(rig) -> None:
    rig.climb(Mode.GUARDED)
    rig.plant.inject(ActuatorFaults(ignore=1))
    cycle = rig.run()
    assert cycle.outcome.startswith("REVERTED")
    assert rig.states() == AWAKE


# Records


def test_every_period_leaves_one_record_and_the_log_verifies(closed) -> None:
    closed.crowd()
    closed.run(5)
    closed.loop.parts.audit.checkpoint()
    report = verify_log(closed.folder / "audit.jsonl", trusted([closed.service.identity]))
    assert report.ok, report
    assert [body["period"] for body in closed.records("decision")] == list(range(closed.loop.at.period))


def test_people_and_their_reasons_are_in_the_log(closed) -> None:
    (change,) = [body for body in closed.records("mode_changed") if body["to"] == Mode.CLOSED_LOOP]
    assert set(change["people"]) == {"operator", "officer"}
    assert change["reason"] == "the next step"


def test_without_an_audit_log_nothing_new_is_applied(rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.climb(Mode.GUARDED)
    rig.break_audit(monkeypatch)
    for _ in range(3):
        rig.run()
        assert rig.states() == AWAKE
        assert rig.writers() == {"factory"}
    assert rig.loop.authority().mode.rank <= Mode.HOLD.rank


def test_without_an_audit_log_advice_cannot_be_accepted(rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.climb(Mode.ADVISORY).run()
    (made,) = rig.desk.advise_list()["recommendations"]
    rig.break_audit(monkeypatch)
    assert rig.desk.advise_accept(*OPERATOR, made["id"])["refusals"] == ["authority is HOLD"]
    assert rig.states() == AWAKE


# People edit the network, and loops restart


def test_what_a_person_wrote_is_left_alone_for_the_dwell(closed) -> None:
    name = closed.plant.cells[1]
    closed.plant.edit(name, 0, "alice")
    closed.run(2)
    assert closed.states()[1] == 0
    assert closed.plant.read([name])[name].last_writer == "alice"


def test_a_rollback_keeps_what_a_person_wrote(rig) -> None:
    rig.climb(Mode.GUARDED)
    rig.loop.cycle()
    name = rig.loop.settings.canary_cells[0]
    rig.plant.edit(name, 3, "alice")
    rig.loop.parts.gate.revert("drill")
    assert rig.plant.read([name])[name].value == 3
    assert rig.plant.read([name])[name].last_writer == "alice"


def test_a_restart_comes_up_no_higher_than_advisory(closed) -> None:
    path = closed.folder / "mode.json"
    assert stored_mode(path) is Mode.ADVISORY
    closed.desk.stop(*OPERATOR, "now")
    assert stored_mode(path) is Mode.SAFE_STOP


# What is shown


def test_the_status_says_where_the_loop_stands_and_why(closed) -> None:
    closed.refusals.append(Refusal("expired", "it has expired"))
    status = closed.desk.status()
    assert (status["mode"], status["authority"]) == ("CLOSED_LOOP", "ADVISORY")
    assert any("certificate_valid" in text for text in status["limited by"])
    assert set(status["margins"]) == {"throughput", "coverage", "blocking"}


def test_a_recommendation_can_be_rejected_once(rig) -> None:
    rig.climb(Mode.ADVISORY).run()
    (made,) = rig.desk.advise_list()["recommendations"]
    assert rig.desk.advise_reject(*OPERATOR, made["id"], "not tonight")["granted"]
    assert not rig.desk.advise_reject(*OPERATOR, made["id"], "not tonight")["granted"]
    assert not rig.desk.advise_accept(*OPERATOR, made["id"])["granted"]
