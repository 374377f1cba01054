"""The operator verbs from the command line to a loop and back: what arrives, what is printed, which code."""

import importlib
import json
import shlex
import threading
from unittest.mock import Mock, create_autospec

import pytest

from ranrein.agents.control import ControlServer, Limits, LoopHandle
from ranrein.agents.control_socket import find_stop
from ranrein.safety.audit import AuditLog
from ranrein.safety.clock import SystemClock
from ranrein.safety.keys import Environment, Role, create, load_signer, load_trusted
from ranrein.scripts import stop
from ranrein.scripts.exit_codes import ExitCode
from ranrein.scripts.main import main

PATIENCE_S = 60.0  # for what comes at once on an idle machine
VERBS = ("mode", "approve", "advise", "stop", "status", "keys", "audit")


@pytest.fixture
def state(tmp_path):
    """A state directory with an operator, a safety officer and a trainer."""
    folder = tmp_path / "loop"
    for name, role in (("ada", Role.OPERATOR), ("vera", Role.SAFETY_OFFICER), ("tom", Role.TRAINER)):
        create(folder / "keys", name, role, Environment.LAB)
    return folder


@pytest.fixture
def handle():
    fake = create_autospec(LoopHandle, instance=True)
    fake.status.return_value = {"mode": "LOCKED", "cells": [{"cell": "1[a]", "asleep": False}], "alarms": []}
    fake.request_mode.return_value = {"granted": False, "pending": "r1", "refusals": ["approvals: one more"]}
    fake.approve.return_value = {"granted": True, "mode": "GUARDED"}
    fake.advise_list.return_value = {"recommendations": [{"id": "7", "saves_w": 310.5}]}
    fake.advise_accept.return_value = {"granted": False, "refusals": ["expired: ask for a new one"]}
    fake.advise_reject.return_value = {"granted": True}
    fake.stop.return_value = {"granted": True, "mode": "SAFE_STOP"}
    return fake


@pytest.fixture
def loop(state, handle, monkeypatch):
    """A running loop, in a thread of its own; a busy machine may take its time."""
    monkeypatch.setattr(stop, "PATIENCE_S", PATIENCE_S)
    limits = Limits(read_s=PATIENCE_S, answer_s=PATIENCE_S)
    done = threading.Event()
    with ControlServer(state, load_trusted(state / "keys"), SystemClock(), handle, limits=limits) as server:

        def run():
            while not done.is_set():
                server.wait(0.01)
                server.serve_pending()

        thread = threading.Thread(target=run)
        thread.start()
        yield server
        done.set()
        thread.join()


@pytest.fixture
def call(state):
    return lambda line, name="ada": main([*shlex.split(line), "--state", str(state), "--as", name])


@pytest.mark.parametrize("verb", VERBS)
def test_help_shows_an_example_that_the_verb_can_parse(verb, capsys, monkeypatch):
    module = importlib.import_module(f"ranrein.scripts.{verb}")
    with pytest.raises(SystemExit) as left:
        main([verb, "--help"])
    assert left.value.code == ExitCode.OK
    assert f"example: {module.EXAMPLE}" in capsys.readouterr().out


@pytest.mark.parametrize("verb", VERBS)
def test_the_example_runs_as_printed(verb, state, loop, tmp_path, monkeypatch):
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "loop").symlink_to(state)
    monkeypatch.chdir(tmp_path)
    AuditLog.open(
        state / "audit.jsonl", create(state / "keys", "log", Role.SERVICE, Environment.LAB), SystemClock()
    ).close()
    line = importlib.import_module(f"ranrein.scripts.{verb}").EXAMPLE.replace("create ada", "create eve")
    assert main(shlex.split(line)[1:]) == (ExitCode.REFUSED if verb == "advise" else ExitCode.OK)


def test_a_mode_request_that_waits_for_a_second_person_says_for_what(call, handle, loop, capsys):
    assert call("mode guarded --reason 'canary ready'") == ExitCode.OK
    handle.request_mode.assert_called_once_with("ada", "operator", "GUARDED", "canary ready")
    assert "r1" in capsys.readouterr().out


def test_mode_without_a_mode_shows_it(call, loop, capsys):
    assert call("mode", "tom") == ExitCode.OK
    assert "LOCKED" in capsys.readouterr().out


@pytest.mark.parametrize(
    "line", ["mode FAULT", "mode SOMETIMES", "advise accept", "advise reject 7", "approve"]
)
def test_a_wrong_command_line_is_a_usage_error(line, call):
    with pytest.raises(SystemExit) as left:
        call(line)
    assert left.value.code == ExitCode.USAGE


def test_the_second_person_approves(call, handle, loop):
    assert call("approve r1", "vera") == ExitCode.OK
    handle.approve.assert_called_once_with("vera", "safety_officer", "r1")


def test_advice_is_listed_accepted_and_rejected(call, handle, loop, capsys):
    assert call("advise list", "tom") == ExitCode.OK
    assert "310.5" in capsys.readouterr().out
    assert call("advise accept 7") == ExitCode.REFUSED
    assert "refused: expired: ask for a new one" in capsys.readouterr().err
    assert call("advise reject 7 --reason crowd") == ExitCode.OK
    handle.advise_reject.assert_called_once_with("ada", "operator", "7", "crowd")


def test_the_wrong_role_is_refused(call, handle, loop, capsys):
    assert call("mode SHADOW", "tom") == ExitCode.REFUSED
    assert "tom is trainer" in capsys.readouterr().err
    handle.denied.assert_called_once()


def test_status_prints_names_as_they_are(call, loop, capsys):
    assert call("status") == ExitCode.OK
    text = capsys.readouterr().out
    assert "1[a]" in text
    assert "LOCKED" in text


def test_status_as_json_is_the_answer_itself(call, handle, loop, capsys):
    assert call("status --json") == ExitCode.OK
    assert json.loads(capsys.readouterr().out) == handle.status.return_value


def test_without_a_loop_every_verb_but_stop_is_unreachable(call, state, capsys):
    for line in ("status", "mode SHADOW", "approve r1", "advise list"):
        assert call(line) == ExitCode.UNREACHABLE
        error = capsys.readouterr().err
        assert str(state) in error
        assert "ranrein operate" in error
        assert "(No such file or directory)" in error


def test_stop_goes_through_the_socket(call, handle, loop, state):
    assert [call("stop --reason smoke") for _ in range(3)] == [ExitCode.OK] * 3
    handle.stop.assert_called_with("ada", "operator", "smoke")
    assert find_stop(state) is None


def test_stop_without_a_loop_leaves_the_stop_file_and_says_so(call, state, capsys):
    assert call("stop --reason smoke") == ExitCode.OK
    assert f"stop file written: {state / 'STOP'}" in capsys.readouterr().out
    note = find_stop(state)
    assert (note.person, note.reason) == ("ada", "smoke")


def test_stop_of_a_loop_that_hangs_leaves_the_stop_file(call, state, handle, monkeypatch):
    monkeypatch.setattr(stop, "PATIENCE_S", 0.1)
    with ControlServer(state, load_trusted(state / "keys"), SystemClock(), handle):
        assert call("stop") == ExitCode.OK
    assert find_stop(state) is not None


def test_stop_works_without_a_usable_key_and_with_any_text(call, state):
    (state / "keys" / "ada.key.pem").chmod(0o644)
    assert call("stop --reason 'caf\udce9'") == ExitCode.OK
    assert find_stop(state).reason == "caf?"


def test_stop_by_the_wrong_role_is_refused_and_leaves_no_file(call, state, handle, loop):
    assert call("stop", "tom") == ExitCode.REFUSED
    assert find_stop(state) is None
    handle.stop.assert_not_called()


@pytest.mark.parametrize("with_keys", [False, True])
def test_stop_in_a_directory_that_does_not_exist_fails_loudly(tmp_path, capsys, with_keys):
    create(tmp_path / "keys", "ada", Role.OPERATOR, Environment.LAB)
    keys = ["--keys", str(tmp_path / "keys")] if with_keys else []
    assert main(["stop", "--state", str(tmp_path / "none"), *keys]) == ExitCode.USAGE
    (told,) = capsys.readouterr().err.splitlines()
    assert f"--state {tmp_path / 'none'} is no folder, nothing was stopped; name the state directory" in told


def test_stop_that_cannot_be_left_as_a_file_fails_loudly(call, state, capsys, monkeypatch):
    monkeypatch.setattr(stop, "leave_stop", Mock(side_effect=PermissionError(13, "no", "STOP")))
    assert call("stop") == ExitCode.UNREACHABLE
    assert "the stop file cannot be written either" in capsys.readouterr().err


def test_who_asks_must_be_said_when_there_are_several(state, capsys):
    assert main(["status", "--state", str(state)]) == ExitCode.USAGE
    assert "--as NAME" in (error := capsys.readouterr().err)
    assert "ada, tom, vera" in error


def test_the_only_identity_need_not_be_named(tmp_path, capsys):
    create(tmp_path / "keys", "ada", Role.OPERATOR, Environment.LAB)
    assert main(["status", "--state", str(tmp_path)]) == ExitCode.UNREACHABLE


def test_keys_are_created_for_a_role_and_listed(tmp_path, capsys):
    at = ["--state", str(tmp_path)]
    assert main(["keys", "create", "ada", "--role", "operator", "--environment", "demo", *at]) == ExitCode.OK
    assert load_signer(tmp_path / "keys", "ada").identity.environment is Environment.DEMO
    capsys.readouterr()
    assert main(["keys", "list", "--json", *at]) == ExitCode.OK
    assert [row["name"] for row in json.loads(capsys.readouterr().out)["identities"]] == ["ada"]
    assert main(["keys", "create", "ada", "--role", "operator", *at]) == ExitCode.USAGE


@pytest.fixture
def log(state):
    """A closed audit log of three records."""
    path, service = state / "audit.jsonl", create(state / "keys", "log", Role.SERVICE, Environment.LAB)
    written = AuditLog.open(path, service, SystemClock(), durable=False)
    for kind in ("mode", "stop"):
        written.append(kind, "ada", "operator", {})
    written.close()
    return path


def test_a_log_nobody_touched_verifies(log, state, capsys):
    assert main(["audit", "verify", str(log), "--state", str(state)]) == ExitCode.OK
    assert "ok: " in (text := capsys.readouterr().out)
    assert "3 records" in text


def test_a_changed_log_is_broken_at_its_first_bad_record(log, state, capsys):
    log.write_bytes(log.read_bytes().replace(b'"kind":"mode"', b'"kind":"rest"'))
    assert main(["audit", "verify", "--state", str(state)]) == ExitCode.AUDIT_BROKEN
    assert "first bad record 1 of 3" in capsys.readouterr().err
    assert main(["audit", "verify", "--state", str(state), "--json"]) == ExitCode.AUDIT_BROKEN
    assert json.loads(capsys.readouterr().out)["first_bad"] == 1


def test_a_state_directory_that_is_not_there_is_told_before_who_asks(tmp_path, capsys):
    assert main(["status", "--state", str(tmp_path / "nope")]) == ExitCode.USAGE
    assert f"--state {tmp_path / 'nope'} is no folder" in capsys.readouterr().err


def test_a_log_that_is_not_there_is_named_with_the_repair(state, capsys):
    assert main(["audit", "verify", "--state", str(state)]) == ExitCode.USAGE
    assert f"{state / 'audit.jsonl'} is no file; name the log, or with --state DIR" in capsys.readouterr().err
