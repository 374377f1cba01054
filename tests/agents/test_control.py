"""People reach a running loop through its socket, its stop file, and not otherwise; nobody can block it."""

import socket
import stat
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from unittest.mock import create_autospec

import pytest

from ranrein.agents import control_socket
from ranrein.agents.control import ControlProblem, ControlServer, Limits, LoopHandle, LoopUnreachable, send
from ranrein.agents.control_socket import SOCKET_NAME, STOP_NAME, address_of, exchange, find_stop, leave_stop
from ranrein.agents.operator_request import VERB_ARGUMENTS, Verb, compose, sign
from ranrein.safety.clock import SystemClock
from ranrein.safety.keys import Environment, Role, create, trusted

CLOCK = SystemClock()
PATIENCE_S = 60.0  # for what comes at once on an idle machine
PATIENT = Limits(read_s=PATIENCE_S, answer_s=PATIENCE_S, connections=8, queued=4)
GRANTED = {"granted": True}


@pytest.fixture(scope="module")
def signers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    return {role: create(folder, str(role), role, Environment.LAB) for role in Role}


@pytest.fixture
def state(tmp_path):
    return tmp_path / "loop"


@pytest.fixture
def handle():
    """A loop that grants everything; the calls it got are its record."""
    fake = create_autospec(LoopHandle, instance=True)
    for name in ("request_mode", "approve", "advise_accept", "advise_reject", "stop"):
        getattr(fake, name).return_value = GRANTED
    fake.advise_list.return_value = {"recommendations": [{"id": "7"}]}
    fake.status.return_value = {"mode": "LOCKED"}
    return fake


@pytest.fixture
def server(state, handle, signers):
    """A server whose loop is this test: nothing is served until the test says so."""
    with the_server(state, handle, signers) as started:
        yield started


def the_server(state, handle, signers, limits=PATIENT, environment=None):
    trust = trusted(signer.identity for signer in signers.values())
    return ControlServer(state, trust, CLOCK, handle, environment, limits)


@contextmanager
def looping(server):
    """The loop's thread, serving until the test is done with it."""
    done = threading.Event()

    def loop():
        while not done.is_set():
            server.wait(0.01)
            server.serve_pending()

    thread = threading.Thread(target=loop)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


@pytest.fixture
def running(server):
    with looping(server):
        yield server


def signed(signer, verb=Verb.STATUS, **changed):
    arguments = {**dict.fromkeys(VERB_ARGUMENTS[verb], "x"), **changed}
    return sign(compose(verb, arguments, signer, CLOCK.utc()), signer)


def ask(state, envelope):
    return send(state, envelope, PATIENCE_S)


class Sent:
    """A request on its way: sent by a thread of its own, so that the test can be the loop."""

    def __init__(self, state, envelope):
        self.answer = None
        self._thread = threading.Thread(target=self._send, args=(state, envelope))
        self._thread.start()

    def _send(self, state, envelope):
        try:
            self.answer = ask(state, envelope)
        except LoopUnreachable as error:
            self.answer = error

    def get(self):
        self._thread.join()
        return self.answer


def queue(server, state, *envelopes):
    """Requests that have arrived, in this order, and wait for the loop."""
    sent = []
    for envelope in envelopes:
        sent.append(Sent(state, envelope))
        wait_until(lambda: len(server._inbox) == len(sent))
    return sent


def wait_until(condition):
    due = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < due, f"waited {PATIENCE_S} s in vain"
        time.sleep(0.01)


CALLS = [
    (Verb.MODE, {"mode": "SHADOW", "reason": "why"}, "request_mode", ("SHADOW", "why")),
    (Verb.APPROVE, {"request_id": "r1"}, "approve", ("r1",)),
    (Verb.ADVISE_ACCEPT, {"recommendation_id": "7"}, "advise_accept", ("7",)),
    (Verb.ADVISE_REJECT, {"recommendation_id": "7", "reason": "no"}, "advise_reject", ("7", "no")),
    (Verb.STOP, {"reason": "smoke"}, "stop", ("smoke",)),
]


@pytest.mark.parametrize("case", CALLS, ids=lambda case: case[0])
def test_a_request_arrives_with_who_asked(case, state, handle, signers, running):
    verb, arguments, method, passed = case
    assert ask(state, signed(signers[Role.OPERATOR], verb, **arguments)) == GRANTED
    getattr(handle, method).assert_called_once_with("operator", "operator", *passed)


def test_questions_are_answered_to_any_identity(state, signers, running):
    assert ask(state, signed(signers[Role.TRAINER])) == {"mode": "LOCKED"}
    answer = ask(state, signed(signers[Role.TRAINER], Verb.ADVISE_LIST))
    assert answer == {"recommendations": [{"id": "7"}]}


def test_the_handle_is_called_from_the_loops_own_thread(state, handle, signers, server):
    callers = []
    handle.status.side_effect = lambda: callers.append(threading.current_thread()) or {}
    sent = queue(server, state, signed(signers[Role.OPERATOR]))
    assert server.serve_pending() == 1
    assert [item.get() for item in sent] == [{}]
    assert callers == [threading.current_thread()]


def test_the_socket_is_for_its_owner_alone(state, server):
    assert stat.S_IMODE((state / SOCKET_NAME).stat().st_mode) == 0o600


def test_a_replayed_request_is_refused_and_recorded(state, handle, signers, running):
    envelope = signed(signers[Role.OPERATOR], Verb.MODE)
    assert ask(state, envelope) == GRANTED
    assert ask(state, envelope)["code"] == "replayed"
    assert handle.request_mode.call_count == 1
    assert handle.denied.call_args.args[:3] == ("operator", "mode", "replayed")


def test_an_unsigned_request_is_refused_and_recorded(state, handle, signers, running):
    answer = ask(state, {**signed(signers[Role.OPERATOR], Verb.STOP), "signatures": []})
    assert (answer["granted"], answer["code"]) == (False, "unsigned")
    assert handle.denied.call_args.args[:3] == ("unproven: unknown", "unknown", "unsigned")
    handle.stop.assert_not_called()


def test_the_wrong_role_is_refused_and_recorded_by_name(state, handle, signers, running):
    answer = ask(state, signed(signers[Role.TRAINER], Verb.MODE))
    assert "mode needs operator; trainer is trainer" in answer["refusals"][0]
    assert handle.denied.call_args.args[:3] == ("trainer", "mode", "wrong_role")
    handle.request_mode.assert_not_called()


def test_a_lab_key_does_not_open_a_live_loop(state, handle, signers):
    with the_server(state, handle, signers, environment=Environment.LIVE) as live, looping(live):
        assert ask(state, signed(signers[Role.OPERATOR]))["code"] == "environment"


@pytest.mark.parametrize("garbage", [b"hello\n", b"[1]\n", b"\xff\x00\n", b"[" * 60000 + b"\n", b"{}\n"])
def test_garbage_is_refused_and_recorded(garbage, state, handle, running):
    assert b'"granted":false' in exchange(state, garbage, PATIENCE_S)
    assert handle.denied.call_args.args[2] in ("malformed", "unsigned")


def connect(state):
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    client.settimeout(PATIENCE_S)
    with address_of(state) as address:
        client.connect(address)
    return client


def test_a_huge_message_is_cut_off(state, handle, signers, running):
    with connect(state) as client, pytest.raises(OSError, match=r"Broken pipe|reset"):
        client.sendall(b"x" * 2**26)
    wait_until(lambda: handle.denied.called)
    assert "more than 65536 bytes" in handle.denied.call_args.args[3]
    assert ask(state, signed(signers[Role.OPERATOR]))["mode"] == "LOCKED"


def test_the_client_does_not_send_what_would_be_cut_off(state, signers, server):
    with pytest.raises(ValueError, match="65536 at most"):
        ask(state, {**signed(signers[Role.OPERATOR]), "more": "x" * 65536})


def test_a_hanging_client_blocks_neither_others_nor_the_loop(state, signers, running):
    with connect(state), connect(state) as slow:
        slow.sendall(b'{"payload":')
        assert ask(state, signed(signers[Role.OPERATOR]))["mode"] == "LOCKED"


def test_a_client_that_leaves_before_the_answer_harms_nobody(state, signers, running):
    with connect(state) as client:
        client.sendall(b"hello\n")
    assert ask(state, signed(signers[Role.OPERATOR]))["mode"] == "LOCKED"


def test_more_clients_than_there_are_places_are_turned_away_until_one_is_free(state, signers, handle):
    limits = replace(PATIENT, connections=1)
    with the_server(state, handle, signers, limits) as busy, looping(busy):
        with connect(state) as hanging:
            hanging.sendall(b"{")
            with pytest.raises(LoopUnreachable):
                ask(state, signed(signers[Role.OPERATOR]))
        wait_until(lambda: busy._slots._value == 1)
        assert ask(state, signed(signers[Role.OPERATOR]))["mode"] == "LOCKED"


def test_a_stop_goes_before_what_was_queued_and_that_is_refused(state, handle, signers, server):
    operator, officer = signers[Role.OPERATOR], signers[Role.SAFETY_OFFICER]
    requests = [signed(operator, Verb.MODE), signed(officer, Verb.APPROVE), signed(operator, Verb.STATUS)]
    sent = queue(server, state, *requests, signed(operator, Verb.STOP))
    server.serve_pending()
    mode, approval, status, stop = (item.get() for item in sent)
    assert stop == GRANTED
    assert mode["code"] == approval["code"] == "superseded"
    assert status == {"mode": "LOCKED"}
    assert [call[0] for call in handle.method_calls] == ["stop", "denied", "denied", "status"]


def test_what_is_asked_after_a_stop_counts_again(state, handle, signers, running):
    ask(state, signed(signers[Role.OPERATOR], Verb.STOP))
    assert ask(state, signed(signers[Role.OPERATOR], Verb.MODE, mode="LOCKED")) == GRANTED


def test_a_stop_pressed_three_times_acts_once(state, handle, signers, running):
    mode = ["CLOSED_LOOP"]
    actuations = []

    def stop(*_):
        actuations.extend(["restore"] if mode[0] != "SAFE_STOP" else [])
        mode[0] = "SAFE_STOP"
        return {"granted": True, "mode": mode[0]}

    handle.stop.side_effect = stop
    answers = [ask(state, signed(signers[Role.OPERATOR], Verb.STOP)) for _ in range(3)]
    assert answers == [{"granted": True, "mode": "SAFE_STOP"}] * 3
    assert actuations == ["restore"]


def test_a_full_queue_turns_requests_away_but_takes_a_stop(state, handle, signers, server):
    sent = queue(server, state, *(signed(signers[Role.OPERATOR]) for _ in range(PATIENT.queued)))
    with pytest.raises(LoopUnreachable, match="busy"):
        ask(state, signed(signers[Role.OPERATOR]))
    stop = Sent(state, signed(signers[Role.OPERATOR], Verb.STOP))
    wait_until(lambda: len(server._inbox) == PATIENT.queued + 1)
    assert server.serve_pending() == PATIENT.queued + 1
    assert stop.get() == GRANTED
    assert all(item.get() == {"mode": "LOCKED"} for item in sent)


@pytest.mark.parametrize(("verb", "calls"), [(Verb.MODE, []), (Verb.STOP, ["stop"])])
def test_a_loop_that_does_not_look_withdraws_requests_but_keeps_stops(verb, calls, state, handle, signers):
    with the_server(state, handle, signers, Limits(answer_s=0.1)) as hung:
        with pytest.raises(LoopUnreachable, match="no_answer"):
            ask(state, signed(signers[Role.OPERATOR], verb))
        assert hung.serve_pending() == len(calls)
    assert [call[0] for call in handle.method_calls] == calls


def test_what_the_loop_raises_reaches_the_loop_and_the_client_is_told(state, handle, signers, server):
    handle.request_mode.side_effect = OSError("disk full")
    sent = queue(server, state, signed(signers[Role.OPERATOR], Verb.MODE))
    with pytest.raises(OSError, match="disk full"):
        server.serve_pending()
    assert "disk full" in str(sent[0].get())


def test_an_answer_that_is_no_json_names_its_field(state, handle, signers, running):
    handle.status.return_value = {"margin": float("nan")}
    with pytest.raises(LoopUnreachable, match=r"failed.*margin is nan"):
        ask(state, signed(signers[Role.OPERATOR]))


def test_a_closing_server_turns_away_who_waits_and_removes_its_socket(state, handle, signers):
    with the_server(state, handle, signers) as server:
        sent = queue(server, state, signed(signers[Role.OPERATOR], Verb.MODE))
    assert "closing" in str(sent[0].get())
    assert not (state / SOCKET_NAME).exists()
    handle.request_mode.assert_not_called()


def test_where_no_loop_runs_the_client_says_where_it_looked_and_what_to_do(state, signers):
    with pytest.raises(LoopUnreachable, match=rf"{state}.*ranrein operate.*--state DIR"):
        ask(state, signed(signers[Role.OPERATOR]))


def test_a_loop_takes_the_place_of_one_that_died(state, handle, signers):
    state.mkdir()
    with address_of(state) as address, socket.socket(socket.AF_UNIX) as dead:
        dead.bind(address)
    with the_server(state, handle, signers) as server, looping(server):
        assert ask(state, signed(signers[Role.OPERATOR]))["mode"] == "LOCKED"


def test_a_second_loop_in_one_directory_is_refused(state, handle, signers, running):
    with pytest.raises(ControlProblem, match="another loop answers"):
        the_server(state, handle, signers).start()
    assert ask(state, signed(signers[Role.OPERATOR]))["mode"] == "LOCKED"


def test_a_file_in_the_way_is_named_and_kept(state, handle, signers):
    state.mkdir()
    (state / SOCKET_NAME).write_text("mine")
    with pytest.raises(ControlProblem, match="is no socket"):
        the_server(state, handle, signers).start()
    assert (state / SOCKET_NAME).read_text() == "mine"


def test_a_long_directory_name_does_not_matter(tmp_path, handle, signers):
    state = tmp_path / ("a" * 100) / ("b" * 100)
    with the_server(state, handle, signers) as server, looping(server):
        assert (state / SOCKET_NAME).is_socket()
        assert ask(state, signed(signers[Role.OPERATOR]))["mode"] == "LOCKED"


def test_an_address_that_cannot_be_bound_is_a_clear_error(tmp_path, handle, signers, monkeypatch):
    monkeypatch.setattr(control_socket, "_LONGEST_ADDRESS", 4096)
    with pytest.raises(ControlProblem, match=r"AF_UNIX path too long.*shorter name"):
        the_server(tmp_path / ("a" * 200), handle, signers).start()


def test_a_stop_file_stops_once_and_is_put_aside(state, handle, server):
    leave_stop(state, "ada", "smoke")
    leave_stop(state, "bob", "fire")
    assert server.serve_pending() == 1
    assert server.serve_pending() == 0
    handle.stop.assert_called_once_with("unproven: ada", "operator", "stop file: smoke")
    assert (state / "STOP.done").exists()


def test_a_stop_file_written_while_no_loop_ran_stops_the_next_one_first(state, handle, signers):
    state.mkdir()
    leave_stop(state, "ada", "smoke")
    with the_server(state, handle, signers) as server:
        sent = queue(server, state, signed(signers[Role.OPERATOR], Verb.MODE))
        server.serve_pending()
        assert sent[0].get()["code"] == "superseded"
    assert handle.method_calls[0][0] == "stop"


def test_a_stop_file_that_appears_between_two_requests_stops_before_the_second(
    state, handle, signers, server
):
    handle.advise_accept.side_effect = lambda *_: leave_stop(state, "ada", "smoke") and GRANTED
    sent = queue(server, state, *(signed(signers[Role.OPERATOR], Verb.ADVISE_ACCEPT) for _ in range(2)))
    server.serve_pending()
    assert sent[0].get() == GRANTED
    assert sent[1].get()["code"] == "superseded"
    assert [call[0] for call in handle.method_calls] == ["advise_accept", "stop", "denied"]


def test_a_stop_file_works_where_the_socket_was_never_opened(state, handle, signers):
    state.mkdir()
    (state / STOP_NAME).touch()
    the_server(state, handle, signers).serve_pending()
    handle.stop.assert_called_once()


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff", b"[]", b'{"person":1}', b"[" * 50000, b'{"person":"\\ud800","reason":"\\ud800"}'],
)
def test_whatever_stands_in_a_stop_file_it_stops_and_can_be_recorded(content, tmp_path):
    (tmp_path / STOP_NAME).write_bytes(content)
    note = find_stop(tmp_path)
    assert (note.person + note.reason).encode()


def test_a_stop_file_that_is_no_file_stops_too(tmp_path):
    assert find_stop(tmp_path) is None
    (tmp_path / STOP_NAME).symlink_to("nowhere")
    assert find_stop(tmp_path) is not None


def test_a_stop_that_fails_leaves_its_file_for_the_next_look(state, handle, server):
    leave_stop(state, "ada", "smoke")
    handle.stop.side_effect = OSError("audit")
    with pytest.raises(OSError, match="audit"):
        server.serve_pending()
    handle.stop.side_effect = None
    assert server.serve_pending() == 1
