"""The control plane of a running loop: what people ask arrives here, and is done in the loop's own thread."""

from __future__ import annotations

import json
import logging
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from ..safety.clock import Clock
from ..safety.keys import Environment, Role, TrustStore
from ..twin.canonical import canonical_bytes
from .control_queue import Inbox, Task
from .control_socket import (
    MOST_BYTES,
    SOCKET_NAME,
    Answer,
    ControlProblem,
    LoopUnreachable,
    find_stop,
    listen,
    receive,
    send,
    settle_stop,
)
from .operator_request import READS, Code, OperatorRequest, RequestRefused, SeenNonces, Verb, verify

__all__ = ["Answer", "ControlProblem", "ControlServer", "Limits", "LoopHandle", "LoopUnreachable", "send"]

_LOG = logging.getLogger(__name__)
_LOOK_S = 0.05  # how often the background thread looks whether it should end


class LoopHandle(Protocol):
    """What a loop lets people do; every call comes from the loop's own thread.

    Answers are JSON-ready. `granted` false is a refusal, with `refusals` (texts) saying why; a request that
    waits for a second person has `pending`, the id to approve. Answers to questions have no `granted`.
    """

    def request_mode(self, person: str, role: str, mode: str, reason: str) -> Answer:
        """Ask for another loop mode."""
        ...

    def approve(self, person: str, role: str, request_id: str) -> Answer:
        """Consent to a pending request, as another person."""
        ...

    def advise_list(self) -> Answer:
        """Open recommendations under `recommendations`, each with its `id`."""
        ...

    def advise_accept(self, person: str, role: str, recommendation_id: str) -> Answer:
        """Carry a recommendation out, if the shield still agrees now."""
        ...

    def advise_reject(self, person: str, role: str, recommendation_id: str, reason: str) -> Answer:
        """Set a recommendation aside."""
        ...

    def stop(self, person: str, role: str, reason: str) -> Answer:
        """Stop at once; idempotent, and never waits for a second person."""
        ...

    def status(self) -> Answer:
        """Where the loop stands."""
        ...

    def denied(self, who: str, verb: str, code: str, text: str) -> None:
        """Record a refused request; `who` begins with "unproven" where no signature proved it."""
        ...


@dataclass(frozen=True)
class Limits:
    """How much strangers may cost."""

    read_s: float = 5.0  # for a whole request to arrive
    answer_s: float = 8.0  # for the loop to get to it; less than clients wait
    connections: int = 16  # at once; more are turned away, and `ranrein stop` takes the stop file then
    queued: int = 64  # requests other than stops


_DEEDS: dict[Verb, Callable[[LoopHandle, OperatorRequest], Answer]] = {
    Verb.MODE: lambda loop, it: loop.request_mode(it.person, it.role, it.arguments["mode"], _reason(it)),
    Verb.APPROVE: lambda loop, it: loop.approve(it.person, it.role, it.arguments["request_id"]),
    Verb.ADVISE_LIST: lambda loop, _: loop.advise_list(),
    Verb.ADVISE_ACCEPT: lambda loop, it: loop.advise_accept(it.person, it.role, _advice(it)),
    Verb.ADVISE_REJECT: lambda loop, it: loop.advise_reject(it.person, it.role, _advice(it), _reason(it)),
    Verb.STATUS: lambda loop, _: loop.status(),
}


def _reason(request: OperatorRequest) -> str:
    return request.arguments["reason"]


def _advice(request: OperatorRequest) -> str:
    return request.arguments["recommendation_id"]


class ControlServer:
    """Takes signed requests from the socket of a state directory, and stops from its stop file.

    Args:
        state_dir: holds `control.sock` (mode 0600) and, when somebody writes one, `STOP`.
        trust: whose signatures count.
        clock: wall time of the people's machine, the system clock also when the network is simulated.
        handle: the loop; called from `serve_pending` alone.
        environment: only keys made for it open this loop; None where the network is a twin.
        limits: what strangers may cost.
    """

    def __init__(
        self,
        state_dir: Path,
        trust: TrustStore,
        clock: Clock,
        handle: LoopHandle,
        environment: Environment | None = None,
        limits: Limits = Limits(),
    ) -> None:
        self._dir, self._trust, self._clock, self._handle = Path(state_dir), trust, clock, handle
        self._environment, self._limits = environment, limits
        self._seen = SeenNonces(clock.utc())
        self._stopped_at: datetime | None = None
        self._inbox = Inbox(limits.queued)
        self._slots = threading.BoundedSemaphore(limits.connections)
        self._closing = threading.Event()
        self._listener: socket.socket | None = None
        self._accepter: threading.Thread | None = None

    def start(self) -> ControlServer:
        """Open the socket; ControlProblem when that is not possible. A server starts once."""
        self._listener = listen(self._dir)
        self._listener.settimeout(_LOOK_S)
        self._accepter = threading.Thread(target=self._accept, args=(self._listener,), daemon=True)
        self._accepter.start()
        return self

    def close(self) -> None:
        """Close the socket and turn away who still waits."""
        self._closing.set()
        if self._listener is not None and self._accepter is not None:
            self._accepter.join()
            self._listener.close()
            (self._dir / SOCKET_NAME).unlink(missing_ok=True)
        while (task := self._inbox.take()) is not None:
            if task.answer.set_running_or_notify_cancel():
                task.answer.set_result(_settles_nothing("closing", "the loop is closing"))

    def __enter__(self) -> ControlServer:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def wait(self, timeout_s: float) -> bool:
        """Whether a request is there, sleeping up to `timeout_s`; a stop file wakes nobody: ask for 1 s."""
        return self._inbox.wait(timeout_s)

    def serve_pending(self) -> int:
        """Carry out what has arrived, stops first, and say how many; what the handle raises comes through."""
        served = self._serve_stop_file()
        for _ in range(len(self._inbox)):
            task = self._inbox.take()
            if task is not None and task.answer.set_running_or_notify_cancel():
                self._serve(task)
                served += 1
            served += self._serve_stop_file()
        return served

    def _serve_stop_file(self) -> int:
        note = find_stop(self._dir)
        if note is None:
            return 0
        self._stop(f"unproven: {note.person}", Role.OPERATOR, f"stop file: {note.reason}")
        try:
            settle_stop(self._dir)
        except OSError as error:
            _LOG.warning("the stop file in %s stays and stops again: %s", self._dir, error.strerror)
        return 1

    def _serve(self, task: Task) -> None:
        try:
            task.answer.set_result(self._outcome(task.content))
        except BaseException as error:
            task.answer.set_result(_settles_nothing("failed", f"the loop failed: {error!r}"))
            raise

    def _outcome(self, content: OperatorRequest | RequestRefused) -> Answer:
        """Do what is asked, or record why not."""
        if isinstance(content, RequestRefused):
            return self._deny(content)
        if (refusal := self._superseded(content)) is not None:
            return self._deny(refusal)
        if content.verb is Verb.STOP:
            return self._stop(content.person, content.role, _reason(content))
        return _DEEDS[content.verb](self._handle, content)

    def _deny(self, refusal: RequestRefused) -> Answer:
        self._handle.denied(refusal.who, refusal.verb, refusal.code, refusal.text)
        return {"granted": False, "code": str(refusal.code), "refusals": [refusal.text]}

    def _stop(self, person: str, role: str, reason: str) -> Answer:
        answer = self._handle.stop(person, role, reason)
        self._stopped_at = self._clock.utc()
        return answer

    def _superseded(self, request: OperatorRequest) -> RequestRefused | None:
        """Refuse what was asked before the last stop: its author did not know of it."""
        late = self._stopped_at is not None and request.utc <= self._stopped_at
        if not late or request.verb is Verb.STOP or request.verb in READS:
            return None
        text = "the loop was stopped after this was asked; look at the status and ask again"
        return RequestRefused(Code.SUPERSEDED, text, request.person, request.verb)

    def _accept(self, listener: socket.socket) -> None:
        """Body of the background thread; each connection has a thread of its own and a deadline."""
        while not self._closing.is_set():
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            except OSError as error:
                _LOG.warning("the control socket took no connection: %s", error)
                self._closing.wait(1.0)
                continue
            if self._slots.acquire(blocking=False):
                threading.Thread(target=self._talk, args=(connection,), daemon=True).start()
            else:
                connection.close()

    def _talk(self, connection: socket.socket) -> None:
        try:
            with connection:
                answer = self._ask(self._read(connection))
                connection.settimeout(self._limits.read_s)
                connection.sendall(_line(answer))
        except OSError as error:
            _LOG.debug("a client of the control socket went away: %s", error)
        finally:
            self._slots.release()

    def _read(self, connection: socket.socket) -> OperatorRequest | RequestRefused:
        try:
            envelope = json.loads(receive(connection, MOST_BYTES, self._limits.read_s))
            if not isinstance(envelope, dict):
                raise ValueError(f"a {type(envelope).__name__} instead of an object")
            return verify(envelope, self._trust, self._clock.utc(), self._seen, self._environment)
        except RequestRefused as refusal:
            return refusal
        except (ValueError, RecursionError) as error:
            return RequestRefused(Code.MALFORMED, str(error))

    def _ask(self, content: OperatorRequest | RequestRefused) -> Answer:
        """What the loop's thread says; a request it does not get to in time is withdrawn, a stop never is."""
        task = Task(content, Future())
        if not self._inbox.put(task):
            _LOG.warning("the control queue is full, turned away: %s", content)
            return _settles_nothing("busy", f"{self._limits.queued} requests wait already")
        try:
            return task.answer.result(self._limits.answer_s)
        except TimeoutError:
            if task.is_stop or isinstance(content, RequestRefused):
                return _settles_nothing("no_answer", "the loop is busy; this stays in its queue")
            if task.answer.cancel():
                return _settles_nothing("no_answer", "the loop is busy; the request was withdrawn")
            return _settles_nothing("no_answer", "the loop is still at it; look at its status")


def _line(answer: Answer) -> bytes:
    try:
        return canonical_bytes(answer) + b"\n"
    except ValueError as error:
        return canonical_bytes(_settles_nothing("failed", f"the answer is no JSON: {error}")) + b"\n"


def _settles_nothing(code: str, text: str) -> Answer:
    """An answer with a code of `control_socket.UNANSWERED`."""
    return {"granted": False, "code": code, "refusals": [text]}
