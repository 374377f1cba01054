"""The loop without its network or its log: nothing raises, nothing new is applied, and it goes on afterwards."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from ranrein.network.protocol import NetworkError, NetworkUnavailable, VersionConflict
from ranrein.safety.lifecycle import LADDER, MODES, Mode
from ranrein.safety.record import Refusal
from ranrein.safety.sanity import MAX_AGE_PERIODS
from ranrein.safety.watch import Trip

OPERATOR, OFFICER = ("operator", "operator"), ("officer", "safety_officer")
AWAKE = [0] * 7
ASLEEP = [0, 4, 0, 4, 0, 0, 0]
PERIOD_S = 300.0
SITES = [("observe", 0), *(("read", k) for k in range(7)), *(("apply", k) for k in range(3))]


class Line:
    """The line to a network: some of the coming calls get no answer."""

    def __init__(self, plant, monkeypatch: pytest.MonkeyPatch) -> None:
        self.answers: Callable[[str, int], bool] = lambda name, index: True
        self.error: type[NetworkError] = NetworkUnavailable
        self.struck: list[tuple[str, int]] = []
        self._asked = dict.fromkeys(("observe", "read", "apply"), 0)
        for name in self._asked:
            monkeypatch.setattr(plant, name, self._broken(name, getattr(plant, name)))

    def fail(
        self, answers: Callable[[str, int], bool], error: type[NetworkError] = NetworkUnavailable
    ) -> None:
        """Decide from now on, by the name and number of a call, whether it is answered."""
        self.answers, self.error = answers, error
        self._asked = dict.fromkeys(self._asked, 0)

    def down(self) -> None:
        self.fail(lambda name, index: False)

    def up(self) -> None:
        self.fail(lambda name, index: True)

    def _broken(self, name: str, real: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object) -> object:
            index = self._asked[name]
            self._asked[name] += 1
            if self.answers(name, index):
                return real(*arguments)
            self.struck.append((name, index))
            raise self.error("no answer")

        return call


@pytest.fixture
def line(closed, monkeypatch: pytest.MonkeyPatch) -> Line:
    return Line(closed.plant, monkeypatch)


def states(rig) -> list[int]:
    """What is in force, past the line."""
    return [rig.plant._objects[name].value for name in rig.plant.cells]


def periods_on_record(rig) -> list[int]:
    return [body["period"] for body in rig.records("decision")]


def live_through(rig, line: Line, answers: Callable[[str, int], bool], error: type[NetworkError]) -> None:
    """One period with a broken line in it, and one without."""
    before = states(rig)
    line.fail(answers, error)
    decided = rig.loop.cycle().decision.applied.carrier_state[0].tolist()
    most = decided if rig.loop.mode in (Mode.GUARDED, Mode.CLOSED_LOOP) else before
    assert all(now <= max(*may) for now, *may in zip(states(rig), before, most, strict=True))
    line.up()
    rig.plant.wait(PERIOD_S)
    rig.run()
    assert periods_on_record(rig) == list(range(rig.loop.at.period))


@pytest.mark.parametrize(("from_there_on", "error"), [(False, VersionConflict), (True, NetworkUnavailable)])
@pytest.mark.parametrize("mode", MODES)
def test_no_call_that_fails_ends_the_loop(
    closed, line: Line, mode: Mode, from_there_on: bool, error: type[NetworkError]
) -> None:
    for site, number in SITES:
        closed.loop.parts.keeper.mode = mode

        def answers(name: str, index: int, site: str = site, number: int = number) -> bool:
            return name != site or not (index >= number if from_there_on else index == number)

        live_through(closed, line, answers, error)
    assert {("observe", 0), ("read", 0)} <= set(line.struck)


@pytest.mark.parametrize(("site", "number"), SITES)
def test_no_call_that_fails_during_a_rollback_ends_the_loop(
    closed, line: Line, monkeypatch: pytest.MonkeyPatch, site: str, number: int
) -> None:
    watch = closed.loop.parts.watch
    look = type(watch).look
    monkeypatch.setattr(watch, "look", lambda *a: (look(watch, *a), setattr(watch, "safe_now", False)))
    live_through(closed, line, lambda name, index: (name, index) != (site, number), NetworkUnavailable)
    assert closed.loop.mode in (Mode.HOLD, Mode.FAULT)
    assert states(closed) == AWAKE or closed.loop.mode is Mode.FAULT


@pytest.mark.parametrize("mode", MODES)
def test_a_network_that_does_not_answer_latches_hold(closed, line: Line, mode: Mode) -> None:
    closed.loop.parts.keeper.mode = mode
    line.down()
    cycle = closed.loop.cycle()
    held = mode in (Mode.ADVISORY, Mode.GUARDED, Mode.CLOSED_LOOP)
    assert closed.loop.mode is (Mode.HOLD if held else mode)
    assert states(closed) == ASLEEP
    assert "no answer" in cycle.silence
    assert closed.records("decision")[-1]["silence"] == cycle.silence
    assert closed.records("decision")[-1]["in force"] is None
    line.up()
    closed.run(2)
    assert closed.loop.mode is (Mode.HOLD if held else mode) or mode is Mode.ROLLING_BACK


def test_a_rollback_goes_on_when_the_network_is_back(closed, line: Line) -> None:
    closed.loop.parts.keeper.mode = Mode.ROLLING_BACK
    line.down()
    closed.run()
    assert closed.loop.mode is Mode.ROLLING_BACK
    line.up()
    closed.run()
    assert (closed.loop.mode, states(closed)) == (Mode.HOLD, AWAKE)


def test_an_unconfirmed_change_runs_out_when_nothing_is_heard_of_it(
    rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.climb(Mode.GUARDED)
    rig.loop.cycle()
    assert rig.loop.parts.gate.pending is not None
    line = Line(rig.plant, monkeypatch)
    line.fail(lambda name, index: name != "observe")
    for _ in range(2):
        rig.plant.wait(PERIOD_S)
        rig.loop.cycle()
    assert rig.loop.parts.gate.pending is None
    assert (rig.loop.mode, states(rig)) == (Mode.HOLD, AWAKE)


def test_sleepers_are_woken_when_reports_stay_away_for_longer_than_they_may_be_old(
    closed, line: Line
) -> None:
    line.fail(lambda name, index: name != "observe")
    for _ in range(MAX_AGE_PERIODS):
        closed.run()
        assert states(closed) == ASLEEP
    closed.run()
    assert (closed.loop.mode, states(closed)) == (Mode.HOLD, AWAKE)


def test_capacity_that_could_not_be_given_back_is_given_back_when_the_network_answers(
    closed, line: Line
) -> None:
    line.down()
    closed.run(MAX_AGE_PERIODS + 2)
    assert states(closed) == ASLEEP
    line.up()
    closed.run()
    assert (closed.loop.mode, states(closed)) == (Mode.HOLD, AWAKE)


def test_authority_lost_while_nothing_can_be_written_is_answered_later(closed, line: Line) -> None:
    line.fail(lambda name, index: name != "apply")
    closed.refusals.append(Refusal("expired", "it has expired"))
    closed.run()
    assert (closed.loop.mode, states(closed)) == (Mode.ADVISORY, ASLEEP)
    line.up()
    closed.run()
    assert states(closed) == AWAKE


def test_a_step_down_that_could_not_be_written_is_made_good_in_the_next_period(closed, line: Line) -> None:
    line.down()
    assert closed.desk.request_mode(*OPERATOR, Mode.ADVISORY, "enough")["granted"]
    assert states(closed) == ASLEEP
    line.up()
    closed.run()
    assert states(closed) == AWAKE


def test_a_silent_period_is_told_as_such(closed, line: Line) -> None:
    line.down()
    closed.run()
    status = closed.desk.status()
    assert set(status["margins"].values()) == {None}
    assert status["power W"] is None
    assert not closed.loop.facts().twin_synchronised
    line.up()
    closed.run()
    assert closed.loop.facts().twin_synchronised


def test_the_belief_goes_on_through_the_silence(closed, line: Line) -> None:
    supervisor = closed.loop.parts.supervisor
    step = supervisor.belief.members.arrays.step.copy()
    line.down()
    closed.run(2)
    per_period = closed.loop.params.scenario.timing.steps_per_period
    assert np.array_equal(supervisor.belief.members.arrays.step, step + 2 * per_period)
    line.up()
    closed.run(3)
    assert closed.loop.at.latest.decision.tier[0] != 1  # the reports count again


@pytest.mark.parametrize("senseless", [False, True])
def test_a_loop_does_not_begin_without_a_first_report(
    rig, monkeypatch: pytest.MonkeyPatch, senseless: bool
) -> None:
    observe = rig.plant.observe

    def first() -> object:
        if not senseless:
            raise NetworkUnavailable("no report yet")
        return replace(observe(), time_s=np.full(1, np.nan))

    monkeypatch.setattr(rig.plant, "observe", first)
    assert rig.run().silence
    assert not rig.ask(Mode.SHADOW)["granted"]
    monkeypatch.setattr(rig.plant, "observe", observe)
    assert not rig.run().silence
    assert rig.ask(Mode.SHADOW)["granted"]
    assert periods_on_record(rig) == [0, 1]


@pytest.mark.parametrize(("field", "value"), [
    ("prb_tot_dl", np.nan), ("volume_dl", np.inf), ("volume_dl", 1e30), ("time_s", np.nan), ("age_s", np.inf),
    ("site_power", np.nan),
])  # fmt: skip
def test_one_senseless_value_in_a_report_puts_nothing_to_sleep_and_raises_nothing(
    closed, monkeypatch: pytest.MonkeyPatch, field: str, value: float
) -> None:
    observe = closed.plant.observe

    def poisoned() -> object:
        kpis = observe()
        values = getattr(kpis, field).copy()
        values.flat[0] = value
        return replace(kpis, **{field: values})

    monkeypatch.setattr(closed.plant, "observe", poisoned)
    closed.run()
    assert states(closed) == AWAKE
    assert periods_on_record(closed) == list(range(closed.loop.at.period))


# Without a log


def test_without_a_log_nothing_is_written_and_hold_is_latched(
    closed, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed.break_audit(monkeypatch)
    for mode in MODES:
        closed.loop.parts.keeper.mode = mode
        for _ in range(2):
            closed.run()
            assert states(closed) == ASLEEP
            assert closed.loop.authority().mode.rank <= Mode.HOLD.rank
        above = mode in (Mode.ADVISORY, Mode.GUARDED, Mode.CLOSED_LOOP)
        if mode is not Mode.ROLLING_BACK:
            assert closed.loop.mode is (Mode.HOLD if above else mode)


@pytest.mark.parametrize("failures", [0, 2])
def test_a_log_that_is_about_to_be_full_is_reason_enough_to_hold(
    closed, monkeypatch: pytest.MonkeyPatch, failures: int
) -> None:
    monkeypatch.setattr(closed.loop.parts.audit, "writable", lambda: False)
    closed.policy.fails = failures > 0
    for _ in range(failures):
        closed.loop.parts.watch.failing.record(True)
    closed.run()
    assert (closed.loop.mode, states(closed)) == (Mode.HOLD, ASLEEP)
    assert periods_on_record(closed) == list(range(closed.loop.at.period))
    assert "audit_writable" in closed.records("mode_changed")[-1]["reason"]


@pytest.mark.parametrize("call", ["write", "fsync"])
@pytest.mark.parametrize("mode", LADDER)
def test_a_full_disk_ends_in_hold_at_or_below_what_was(
    rig, monkeypatch: pytest.MonkeyPatch, mode: Mode, call: str
) -> None:
    if mode is not Mode.LOCKED:
        rig.climb(mode)
    audit = rig.loop.parts.audit
    audit._durable = True  # the rig's log skips fsync
    before, broken = states(rig), OSError(errno.ENOSPC, "No space left on device")

    def full(*_: object) -> int:
        raise broken

    with monkeypatch.context() as disk:
        disk.setattr(os, call, full)
        rig.run()
        assert rig.loop.mode is (Mode.HOLD if mode.rank >= Mode.ADVISORY.rank else mode)
        rig.run()
    assert all(now <= then for now, then in zip(states(rig), before, strict=True))
    rig.run()  # space is back, but the log stays closed until it is opened again
    assert rig.loop.mode is (Mode.HOLD if mode.rank >= Mode.ADVISORY.rank else mode)
    assert '"mode":"HOLD"' in (rig.folder / "mode.json").read_text() or mode.rank < Mode.ADVISORY.rank


def test_what_could_not_be_recorded_is_in_the_process_log(
    closed, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    closed.break_audit(monkeypatch)
    period = closed.run().period
    assert f"'period': {period}" in caplog.text
    assert "mode_changed" in caplog.text


def test_without_a_log_a_change_on_trial_is_undone(rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.climb(Mode.GUARDED)
    rig.loop.cycle()
    assert rig.loop.parts.gate.pending is not None
    rig.break_audit(monkeypatch)
    for _ in range(2):
        rig.plant.wait(PERIOD_S)
        rig.loop.cycle()
    assert (rig.loop.parts.gate.pending, states(rig)) == (None, AWAKE)


@pytest.mark.parametrize("step", [(Mode.CLOSED_LOOP, Mode.HOLD), (Mode.HOLD, Mode.LOCKED)])
def test_without_a_log_people_get_down_but_not_up(
    closed, step: tuple[Mode, Mode], monkeypatch: pytest.MonkeyPatch
) -> None:
    closed.loop.parts.keeper.mode = step[0]
    closed.break_audit(monkeypatch)
    answer = closed.ask(step[1])
    assert answer["granted"] is (step[1] is Mode.HOLD)
    assert closed.loop.mode is Mode.HOLD
    assert answer["granted"] or "no audit" in str(answer["refusals"])


def test_a_stop_is_obeyed_without_a_log_and_without_a_network(
    closed, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed.break_audit(monkeypatch)
    line.down()
    for mode in MODES:
        closed.loop.parts.keeper.mode = mode
        for _ in range(3):
            assert closed.desk.stop(*OPERATOR, "now")["granted"]
            assert closed.loop.mode is (mode if mode in (Mode.LOCKED, Mode.FAULT) else Mode.SAFE_STOP)


def test_a_stop_without_a_network_is_carried_out_as_soon_as_there_is_one(closed, line: Line) -> None:
    line.down()
    closed.desk.stop(*OPERATOR, "now")
    closed.run()
    assert states(closed) == ASLEEP
    line.up()
    closed.run()
    assert (closed.loop.mode, states(closed)) == (Mode.SAFE_STOP, AWAKE)


def test_a_refused_request_can_be_refused_without_a_log(rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.run()
    rig.break_audit(monkeypatch)
    rig.desk.denied("mallory", "mode", "unknown_person", "who is that?")
    assert not rig.desk.advise_accept(*OPERATOR, "nothing")["granted"]
    assert not rig.desk.advise_reject(*OPERATOR, "nothing", "why")["granted"]
    assert not rig.desk.approve(*OFFICER, "nothing")["granted"]
    assert not rig.desk.request_mode(*OPERATOR, Mode.CLOSED_LOOP, "why not")["granted"]


def test_a_mode_that_could_not_be_kept_is_kept_later(closed, monkeypatch: pytest.MonkeyPatch) -> None:
    path = closed.folder / "mode.json"
    with monkeypatch.context() as disk:
        disk.setattr("ranrein.agents.authorisation.replace_file", _full)
        closed.desk.stop(*OPERATOR, "now")
        closed.run()
        assert "SAFE_STOP" not in path.read_text()
    closed.run()
    assert "SAFE_STOP" in path.read_text()


def _full(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_harm_without_a_log_ends_in_fault_for_people_to_see(closed, monkeypatch: pytest.MonkeyPatch) -> None:
    watch = closed.loop.parts.watch
    look = type(watch).look
    monkeypatch.setattr(watch, "look", lambda *a: (look(watch, *a), setattr(watch, "safe_now", False)))
    closed.break_audit(monkeypatch)
    assert closed.run().trip is Trip.HARM
    assert (closed.loop.mode, states(closed)) == (Mode.FAULT, ASLEEP)
