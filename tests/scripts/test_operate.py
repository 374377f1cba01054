"""`ranrein operate` as people meet it: a process of its own, reached through its socket, ended by Ctrl-C."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ranrein.agents.assembly import LoopPlan, assemble
from ranrein.agents.config import from_mapping
from ranrein.agents.desk import LoopDesk
from ranrein.agents.identities import ensure_identities
from ranrein.agents.loop import OperatingLoop
from ranrein.agents.loop_parts import LoopSettings
from ranrein.agents.operate_config import OperateConfig
from ranrein.agents.operate_job import next_midnight, opened, telemetry_path
from ranrein.envs.vector import params_of
from ranrein.network.actuator_faults import ActuatorFaults
from ranrein.network.plant import SimulatedNetwork
from ranrein.network.telemetry import read_log, require_granularity
from ranrein.safety.clock import SimulatedClock, SystemClock
from ranrein.safety.keys import Environment
from ranrein.safety.lifecycle import Mode
from ranrein.safety.shield import Shield
from ranrein.scripts import operate, stop
from ranrein.scripts.exit_codes import ExitCode
from ranrein.scripts.hydra_config import compose
from ranrein.scripts.main import main
from ranrein.twin.carrier import CarrierState

PATIENCE_S = 300.0  # for what takes seconds on an idle machine
START = "import sys; from ranrein.scripts.main import main; sys.exit(main(sys.argv[1:]))"


@dataclass
class Session:
    """A finished run: exit code, what it said, and what the operator's verbs were told."""

    state: Path
    code: int
    output: str
    codes: dict[str, int]
    stopped: dict[str, object]


def command(run: Path, state: Path, *more: str) -> list[str]:
    own = ["operate", f"policy={run}", "scenario=tiny", f"state={state}", "shadow_decisions=1", *more]
    return [sys.executable, "-c", START, *own]


@pytest.fixture(scope="module")
def patient_stop() -> Generator[None]:
    """`ranrein stop` waits for the loop of a busy machine, and leaves no stop file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stop, "PATIENCE_S", PATIENCE_S)
        yield


@pytest.fixture(scope="module")
def session(tiny_run: Path, tmp_path_factory: pytest.TempPathFactory, patient_stop: None) -> Session:
    """Climb from LOCKED to ADVISORY, fail to climb further, stop, look, and press Ctrl-C."""
    state = tmp_path_factory.mktemp("loop")
    said = state.with_name(f"{state.name}.txt")  # a pipe that nobody reads would stop the process when full
    with said.open("w") as file:
        process = subprocess.Popen(
            command(tiny_run, state, "pace=3000"), stdout=file, stderr=subprocess.STDOUT
        )
    try:
        wait_until(lambda: answers(state), process, said, "answer")
        codes = {"shadow": ask(state, "mode", "shadow", "--reason", "test")}
        wait_until(lambda: shadow_decisions(state) >= 1, process, said, "shadow decision")
        codes |= {mode: ask(state, "mode", mode, "--reason", "test") for mode in ("advisory", "guarded")}
        codes |= {"stop": ask(state, "stop", "--reason", "test"), "status": ask(state, "status")}
        stopped = json.loads((state / "mode.json").read_text())
        wait_until(lambda: len(lines(state / "telemetry.jsonl")) > 2, process, said, "second record")
        process.send_signal(signal.SIGINT)
        process.wait(PATIENCE_S)
    finally:
        process.kill()
        process.wait()
    return Session(state, process.returncode, said.read_text(), codes, stopped)


def wait_until(reached: Callable[[], bool], process: subprocess.Popen[bytes], said: Path, what: str) -> None:
    due = time.monotonic() + PATIENCE_S
    while not reached():
        assert process.poll() is None, said.read_text()
        assert time.monotonic() < due, f"no {what}"
        time.sleep(0.05)


def answers(state: Path) -> bool:
    """Whether the loop takes requests: its socket has a name before it listens."""
    return (state / "control.sock").exists() and verb(state, "status") == ExitCode.OK


def lines(path: Path) -> list[bytes]:
    """Lines of a log that is being written, without the last, which may be half written."""
    return path.read_bytes().split(b"\n")[:-1]


def shadow_decisions(state: Path) -> int:
    records = [json.loads(line) for line in lines(state / "audit.jsonl")]
    return sum(record["kind"] == "decision" and record["body"]["mode"] == Mode.SHADOW for record in records)


def verb(state: Path, *words: str) -> int:
    return main([*words, "--state", str(state), "--as", "operator"])


def ask(state: Path, *words: str) -> int:
    """Exit code of a verb, asked again while a busy machine keeps the loop from taking it."""
    due = time.monotonic() + PATIENCE_S
    while (code := verb(state, *words)) == ExitCode.UNREACHABLE and time.monotonic() < due:
        time.sleep(0.05)
    return code


def test_people_open_the_loop_as_far_as_its_papers_allow(session: Session) -> None:
    assert session.codes["shadow"] == session.codes["advisory"] == session.codes["status"] == ExitCode.OK
    assert session.codes["guarded"] == ExitCode.REFUSED


def test_a_stop_is_obeyed_and_kept(session: Session) -> None:
    assert session.codes["stop"] == ExitCode.OK
    assert session.stopped["mode"] == Mode.SAFE_STOP


def test_ctrl_c_ends_the_process_cleanly_and_keeps_the_mode(session: Session) -> None:
    assert session.code == ExitCode.INTERRUPTED
    assert "left in mode SAFE_STOP" in session.output
    assert "Traceback" not in session.output
    assert not (session.state / "control.sock").exists()


def test_it_says_at_the_start_why_it_opens_no_further_and_how_to_open_it(session: Session) -> None:
    assert "not above ADVISORY: no certificate was given" in session.output
    assert f"ranrein mode shadow --state {session.state}" in session.output
    assert "mode ADVISORY" in session.output


def test_the_audit_log_verifies_and_names_who_asked_for_what(session: Session) -> None:
    assert main(["audit", "verify", "--state", str(session.state)]) == ExitCode.OK
    records = [json.loads(line) for line in (session.state / "audit.jsonl").read_text().splitlines()]
    moves = [record["body"]["to"] for record in records if record["kind"] == "mode_changed"]
    assert moves == ["SHADOW", "ADVISORY", "SAFE_STOP"]
    assert {record["actor"] for record in records if record["kind"] == "mode_changed"} == {"operator"}
    assert records[-1]["kind"] == "loop_ended"


def test_the_telemetry_can_be_run_in_shadow(session: Session) -> None:
    log = read_log(session.state / "telemetry.jsonl")
    require_granularity(log, 300.0)
    records = list(log)
    assert len(records) >= 2
    assert not any(record.gap_periods for record in records)


def test_a_restart_begins_where_the_loop_was_left_but_never_above_advisory(
    tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mode.json").write_text('{"mode":"CLOSED_LOOP","version":7}')
    arguments = [f"policy={tiny_run}", "scenario=tiny", f"state={tmp_path}", "pace=0", "periods=2"]
    assert [operate.main(arguments), operate.main(arguments)] == [ExitCode.OK, ExitCode.OK]
    assert "left in mode ADVISORY" in capsys.readouterr().out
    assert {path.name for path in tmp_path.glob("telemetry*")} == {"telemetry.jsonl", "telemetry-2.jsonl"}


def test_capacity_that_only_this_process_watches_over_is_given_back_at_the_end(
    tmp_path: Path, constant_policy: Callable[[Path, int], None]
) -> None:
    constant_policy(tmp_path / "policy", CarrierState.TRX_MUTED)
    (tmp_path / "mode.json").write_text('{"mode":"ADVISORY","version":1}')
    config = OperateConfig(policy=str(tmp_path), scenario="tiny", state=str(tmp_path), pace=0.0)
    shield = Shield.of(params_of("tiny"))
    with opened(config, shield, SystemClock()) as operation:
        operation.run(2, threading.Event(), lambda: None)
        (made,) = operation.desk.advise_list()["recommendations"]
        assert operation.desk.advise_accept("ada", "operator", made["id"])["granted"]
        assert operation.standing()["carriers"] == {"mast-0-n78": "TRX_MUTED"}
    assert not operation.loop.in_force().carrier_state.any()
    assert operation.loop.mode is Mode.ADVISORY


def test_a_loop_that_died_leaves_its_sleepers_to_the_next_which_wakes_them_before_anything_else(
    tmp_path: Path, constant_policy: Callable[[Path, int], None]
) -> None:
    constant_policy(tmp_path / "policy", CarrierState.TRX_MUTED)
    (tmp_path / "mode.json").write_text('{"mode":"ADVISORY","version":1}')
    shield, clock = Shield.of(params_of("tiny")), SimulatedClock(datetime(2026, 3, 1, tzinfo=UTC))
    plant = SimulatedNetwork(shield.params, 0, clock)
    plan = LoopPlan(tmp_path, tmp_path, None, shield.params, LoopSettings(), shield)
    service = ensure_identities(tmp_path, Environment.LAB)["service"]
    dead = assemble(plan, plant, clock, service)
    live(dead, plant)
    (made,) = dead.advice.current(dead.at.period)
    assert LoopDesk(dead, clock).advise_accept("ada", "operator", made.id)["granted"]
    live(dead, plant)
    assert dead.in_force().carrier_state.any()
    assert dead.parts.gate.pending is None
    dead.parts.audit.close()  # what the system does with the files of a dead process
    loop = assemble(plan, plant, clock, service)
    assert not loop.in_force().carrier_state.any()
    assert loop.mode is Mode.ADVISORY
    loop.parts.audit.close()


def live(loop: OperatingLoop, plant: SimulatedNetwork) -> None:
    for _ in range(2):
        loop.cycle()
        plant.wait(300.0)


def test_capacity_is_given_back_even_when_the_run_breaks_down(
    tmp_path: Path, constant_policy: Callable[[Path, int], None]
) -> None:
    constant_policy(tmp_path / "policy", CarrierState.TRX_MUTED)
    (tmp_path / "mode.json").write_text('{"mode":"ADVISORY","version":1}')
    config = OperateConfig(policy=str(tmp_path), scenario="tiny", state=str(tmp_path), pace=0.0)

    loops: list[OperatingLoop] = []

    def break_down() -> None:
        raise RuntimeError("a bug")

    def operate_and_break_down() -> None:
        with opened(config, Shield.of(params_of("tiny")), SystemClock()) as operation:
            loops.append(operation.loop)
            operation.run(2, threading.Event(), lambda: None)
            (made,) = operation.desk.advise_list()["recommendations"]
            assert operation.desk.advise_accept("ada", "operator", made["id"])["granted"]
            operation.run(1, threading.Event(), break_down)

    with pytest.raises(RuntimeError, match="a bug"):
        operate_and_break_down()
    assert not loops[0].in_force().carrier_state.any()


def test_a_network_that_does_not_answer_is_shown_and_logged_as_such(
    tiny_run: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    config = OperateConfig(policy=str(tiny_run), scenario="tiny", state=str(tmp_path), pace=0.0)
    with opened(config, Shield.of(params_of("tiny")), SystemClock()) as operation:
        operation.run(1, threading.Event(), lambda: None)
        operation.plant.inject(ActuatorFaults(unreachable=2))
        operation.run(1, threading.Event(), lambda: None)
        assert "unknown" in str(operation.standing()["carriers"])
        operation.run(1, threading.Event(), lambda: None)
    assert len(list(read_log(tmp_path / "telemetry.jsonl"))) == 2
    assert "no telemetry record" not in caplog.text


def test_defaults_are_those_of_the_dataclass() -> None:
    assert from_mapping(OperateConfig, compose("operate")) == OperateConfig()


def test_the_first_day_is_never_in_the_past() -> None:
    now = datetime(2026, 12, 31, 23, 59, tzinfo=UTC)
    assert next_midnight(now) == datetime(2027, 1, 1, tzinfo=UTC)


def test_telemetry_is_never_overwritten(tmp_path: Path) -> None:
    for expected in ("telemetry.jsonl", "telemetry-2.jsonl", "telemetry-3.jsonl"):
        path = telemetry_path(tmp_path)
        assert path.name == expected
        path.touch()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["policy=RUN", "network=netconf"], "only"),
        ([], "policy is missing"),
        (["policy=RUN", "scenario=urbn"], "did you mean 'urban'"),
        (["policy=RUN", "scenario=tiny", 'canary_cells=["mast-0-n87"]'], "did you mean 'mast-0-n78'"),
        (["policy=nowhere", "scenario=tiny"], "neither a policy bundle nor a run"),
        (["policy=RUN", "scenario=tiny", "load_file=nowhere.csv"], "give a readable CSV"),
        (["policy=RUN", "scenario=tiny", "load_column=dl"], "needs load_file=PATH"),
        (["pace=-1"], "pace"),
    ],
)
def test_what_is_wrong_in_the_command_is_a_usage_error(
    arguments: list[str], words: str, tiny_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [text.replace("RUN", str(tiny_run)) for text in arguments]
    assert operate.main([*given, f"state={tmp_path}"]) == ExitCode.USAGE
    assert words in capsys.readouterr().err


def test_help_shows_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        operate.main(["--help"])
    assert operate.EXAMPLE in capsys.readouterr().out
