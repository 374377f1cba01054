"""Faults and attacks that an operating loop must survive, as an operator would try them out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from ranrein.agents.authorisation import stored_mode
from ranrein.network.actuator_faults import ActuatorFaults
from ranrein.safety.decision import Reason, Tier
from ranrein.safety.lifecycle import Mode
from ranrein.safety.watch import Trip

OPERATOR = ("operator", "operator")
AWAKE = [0] * 7
PERIOD_S = 300.0


def endless() -> object:
    return endless()


def out_of_memory() -> object:
    raise MemoryError


@pytest.mark.parametrize(
    "answer",
    [
        endless, out_of_memory, lambda: None, lambda: "sleep", lambda: np.full((1, 4), np.nan),
        lambda: np.full((1, 4), 10**9), lambda: np.full((1, 4), 3.7), lambda: np.zeros((2, 4), np.int64),
        lambda: np.zeros((1, 9), np.int64), lambda: np.zeros((1, 1), np.int64),
    ],
    ids=[
        "recurses", "memory", "None", "text", "NaN", "out of range", "fractions", "two rows", "too wide", "too narrow",
    ],
)  # fmt: skip
def test_whatever_a_policy_answers_nothing_senseless_is_applied(
    closed, monkeypatch: pytest.MonkeyPatch, answer: Callable[[], object]
) -> None:
    monkeypatch.setattr(closed.policy, "actions", lambda params, window: answer())
    trips = [closed.run().trip for _ in range(3)]
    assert trips[-1] is Trip.POLICY
    assert (closed.loop.mode, closed.states()) == (Mode.FALLBACK, AWAKE)


def test_a_report_that_comes_again_is_not_acted_upon(closed, monkeypatch: pytest.MonkeyPatch) -> None:
    frozen = closed.plant.observe()
    closed.run()
    monkeypatch.setattr(closed.plant, "observe", frozen.copy)
    cycle = closed.run()
    assert Reason(int(cycle.decision.reason[0])) is Reason.REPORT_OUT_OF_ORDER
    assert closed.states() == AWAKE


def test_a_report_older_than_the_last_one_is_not_acted_upon(closed, monkeypatch: pytest.MonkeyPatch) -> None:
    observe = closed.plant.observe
    older = lambda: replace(kpis := observe(), time_s=kpis.time_s - 3 * PERIOD_S)  # noqa: E731
    monkeypatch.setattr(closed.plant, "observe", older)
    cycle = closed.run()
    assert Reason(int(cycle.decision.reason[0])) is Reason.REPORT_OUT_OF_ORDER
    assert closed.states() == AWAKE


def test_values_older_than_two_periods_are_not_acted_upon(closed, monkeypatch: pytest.MonkeyPatch) -> None:
    observe = closed.plant.observe
    stale = lambda: replace(kpis := observe(), age_s=np.full_like(kpis.age_s, 3 * PERIOD_S))  # noqa: E731
    monkeypatch.setattr(closed.plant, "observe", stale)
    cycle = closed.run()
    assert Tier(int(cycle.decision.tier[0])) is Tier.T0_SANITY
    assert closed.states() == AWAKE


@pytest.mark.parametrize(
    ("strikes", "trip"),
    [("outside", Trip.ENVELOPE), ("drifting", Trip.FIDELITY), ("changed", Trip.INTERVENTIONS)],
)
def test_a_doubt_ends_in_advisory_with_everything_awake(closed, strikes: str, trip: Trip) -> None:
    for _ in range(10):
        getattr(closed.loop.parts.watch, strikes).record(True)
    assert closed.run().trip is trip
    assert (closed.loop.mode, closed.states()) == (Mode.ADVISORY, AWAKE)
    assert not closed.ask(Mode.GUARDED)["granted"]  # the dwell begins anew


def test_an_actuator_that_fails_during_the_rollback_ends_in_a_latched_fault(closed) -> None:
    closed.run(2)
    closed.loop.parts.watch.look = lambda *_: setattr(closed.loop.parts.watch, "safe_now", False)
    closed.plant.inject(ActuatorFaults(ignore=20))
    assert closed.run().trip is Trip.HARM
    assert closed.loop.mode is Mode.FAULT
    assert closed.states() != AWAKE
    closed.plant.inject(ActuatorFaults())
    closed.run(2)
    assert closed.loop.mode is Mode.FAULT
    assert closed.ask(Mode.SHADOW)["granted"] is False


def test_what_could_not_be_undone_is_undone_as_soon_as_the_network_answers(rig) -> None:
    rig.climb(Mode.GUARDED)
    apply = rig.plant.apply

    def last_words(*arguments: object) -> object:
        receipt = apply(*arguments)
        rig.plant.inject(ActuatorFaults(unreachable=50))
        return receipt

    rig.plant.apply = last_words
    rig.run()
    rig.plant.apply = apply
    rig.plant.inject(ActuatorFaults())
    assert rig.loop.mode is Mode.FAULT
    assert rig.states() != AWAKE
    rig.run()
    assert (rig.loop.mode, rig.states()) == (Mode.FAULT, AWAKE)


@pytest.mark.parametrize("fault", ["ignore", "half", "wrong_object"])
def test_a_change_that_is_not_as_intended_is_undone_and_holds_the_loop(rig, fault: str) -> None:
    rig.climb(Mode.GUARDED)
    rig.plant.inject(ActuatorFaults(**{fault: 1}))
    rig.run()
    assert (rig.loop.mode, rig.states()) == (Mode.HOLD, AWAKE)
    moves = [(body["from"], body["to"]) for body in rig.records("mode_changed")]
    assert moves[-2:] == [("GUARDED", "ROLLING_BACK"), ("ROLLING_BACK", "HOLD")]


def test_a_time_out_that_applied_is_no_mismatch(rig) -> None:
    rig.climb(Mode.GUARDED)
    rig.plant.inject(ActuatorFaults(timeout_but_applied=1))
    rig.run()
    assert rig.loop.mode is Mode.GUARDED
    assert rig.states() != AWAKE


def test_a_restart_after_a_trip_does_not_arm_the_policy_again(closed, make_rig) -> None:
    closed.loop.parts.watch.look = lambda *_: setattr(closed.loop.parts.watch, "safe_now", False)
    closed.run()
    assert closed.loop.mode is Mode.HOLD
    closed.loop.parts.audit.close()
    rig = make_rig(on=closed)
    rig.loop.parts.keeper.mode = stored_mode(closed.folder / "mode.json")
    rig.run(5)
    assert (rig.loop.mode, rig.states()) == (Mode.HOLD, AWAKE)


def test_silence_is_no_success_of_the_canary(rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.climb(Mode.GUARDED).run(1)
    before = rig.loop.at.canary_healthy
    rig.plant.inject(ActuatorFaults(unreachable=1))
    rig.run()
    assert rig.loop.at.canary_healthy <= before
    rig.run()
    assert not rig.loop.facts().canary_passed


def test_a_controller_that_was_paused_and_comes_back_is_fenced(closed, make_rig) -> None:
    closed.clock.advance(10 * PERIOD_S)
    cycle = closed.run()
    assert cycle.authority.mode.rank <= Mode.LOCKED.rank
    assert closed.states() == AWAKE  # it can only give back
    closed.run(5)
    assert closed.states() == AWAKE


def test_a_policy_that_chatters_is_slowed_down_by_the_dwell(rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.climb(Mode.CLOSED_LOOP)
    sleepy = rig.policy.actions
    awake = lambda params, window: sleepy(params, window) * 0  # noqa: E731
    slept = np.zeros(7, int)
    for period in range(24):
        before = np.array(rig.states())
        monkeypatch.setattr(rig.policy, "actions", awake if period % 2 else sleepy)
        rig.run()
        slept += np.array(rig.states()) > before
    least = rig.loop.parts.supervisor.shield.rules.min_dwell_periods
    assert slept.max() >= 1
    assert slept.max() <= 24 / (least + 1) + 1


def test_two_stops_and_a_promotion_in_one_period_end_in_the_stop(closed) -> None:
    closed.loop.parts.keeper.mode = Mode.GUARDED
    pending = closed.desk.request_mode(*OPERATOR, Mode.CLOSED_LOOP, "go").get("pending")
    closed.desk.stop(*OPERATOR, "now")
    closed.desk.stop(*OPERATOR, "now")
    assert not closed.desk.approve("officer", "safety_officer", str(pending))["granted"]
    assert (closed.loop.mode, closed.states()) == (Mode.SAFE_STOP, AWAKE)
