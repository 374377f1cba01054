"""The way into a running loop from the same machine: a socket in its state directory, and a stop file."""

from __future__ import annotations

import json
import os
import socket
import stat
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..safety.clock import SystemClock
from ..safety.files import write_new
from ..twin.canonical import canonical_bytes

SOCKET_NAME, STOP_NAME, STOPPED_NAME = "control.sock", "STOP", "STOP.done"
MOST_BYTES, MOST_ANSWER_BYTES = 64 * 1024, 4 * 1024 * 1024
UNANSWERED = ("busy", "closing", "failed", "no_answer")  # codes of an answer that settles nothing
_LONGEST_ADDRESS = 100  # bytes; the kernels take 104 to 108
_STOP_BYTES = MOST_BYTES

Answer = dict[str, object]


class LoopUnreachable(RuntimeError):
    """No loop took the request."""


class ControlProblem(RuntimeError):
    """The socket cannot be opened; the loop must not start without it."""


@dataclass(frozen=True)
class StopNote:
    """Who wrote the stop file, as they say, and why."""

    person: str
    reason: str


@contextmanager
def address_of(state_dir: Path) -> Generator[str]:
    """A name for the socket that fits into an address, whatever the length of the folder's own name."""
    address = str(state_dir.absolute() / SOCKET_NAME)
    if len(os.fsencode(address)) <= _LONGEST_ADDRESS:
        yield address
        return
    with tempfile.TemporaryDirectory(prefix="loop-") as folder:
        link = Path(folder) / "s"
        link.symlink_to(state_dir.absolute(), target_is_directory=True)
        yield str(link / SOCKET_NAME)


def listen(state_dir: Path, backlog: int = 64) -> socket.socket:
    """The socket of this state directory, for its owner alone; ControlProblem naming what is in the way."""
    path = state_dir / SOCKET_NAME
    state_dir.mkdir(parents=True, exist_ok=True)
    _clear(path)
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with address_of(state_dir) as address:
            server.bind(address)
        path.chmod(0o600)  # before anyone can connect
        server.listen(backlog)
    except OSError as error:
        server.close()
        text = f"{path}: {error.strerror or error}; use a state directory on a local disk with a shorter name"
        raise ControlProblem(text) from error
    return server


def exchange(state_dir: Path, message: bytes, timeout_s: float) -> bytes:
    """Send one line and return the line that comes back; OSError or ValueError."""
    with (
        address_of(state_dir) as address,
        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client,
    ):
        client.settimeout(timeout_s)
        client.connect(address)
        client.sendall(message)
        return receive(client, MOST_ANSWER_BYTES, timeout_s)


def send(state_dir: Path, signed: Mapping[str, object], timeout_s: float = 10.0) -> Answer:
    """What the loop says to a signed request; a refusal is an answer with `granted` false.

    LoopUnreachable when there is no loop, or when it does not get to the request: nothing was done then,
    except that a stop stays in force.
    """
    message = canonical_bytes(signed) + b"\n"
    if len(message) > MOST_BYTES:
        raise ValueError(f"the request has {len(message)} bytes, {MOST_BYTES} at most; give shorter texts")
    try:
        answer = json.loads(exchange(Path(state_dir), message, timeout_s))
    except (OSError, ValueError) as error:
        what = getattr(error, "strerror", None) or error
        text = f"no loop answers in {state_dir} ({what}); start one with `ranrein operate` or name its folder"
        raise LoopUnreachable(f"{text} with --state DIR") from error
    if not isinstance(answer, dict) or answer.get("code") in UNANSWERED:
        raise LoopUnreachable(f"the loop in {state_dir} did not take the request: {answer}; ask again")
    return answer


def receive(connection: socket.socket, limit: int, timeout_s: float) -> bytes:
    """One line, within `timeout_s` in all; TimeoutError, or ValueError when it is too long or cut off."""
    clock, data = SystemClock(), bytearray()
    due_s = clock.monotonic_s() + timeout_s
    while not data.endswith(b"\n"):
        left_s = due_s - clock.monotonic_s()
        if not left_s > 0.0:
            raise TimeoutError(f"no whole message within {timeout_s} s")
        connection.settimeout(left_s)
        chunk = connection.recv(65536)
        data += chunk
        if not chunk:
            raise ValueError(f"the connection ended after {len(data)} bytes, within a message")
        if len(data) > limit:
            raise ValueError(f"a message of more than {limit} bytes")
    return bytes(data)


def leave_stop(state_dir: Path, person: str, reason: str) -> Path:
    """Write the stop file; one that stands there already is kept, as it stops just the same. OSError."""
    path, note = state_dir / STOP_NAME, {"person": words(person, 64), "reason": words(reason)}
    try:
        write_new(path, canonical_bytes(note) + b"\n")
    except FileExistsError:
        return path
    return path


def words(text: str, longest: int = 2000) -> str:
    """The text as every record can hold it: valid Unicode, at most `longest` characters."""
    return text.encode("utf-8", "replace").decode("utf-8")[:longest]


def find_stop(state_dir: Path) -> StopNote | None:
    """The stop file, if there is one. Whatever stands under its name stops, also an empty file."""
    path = state_dir / STOP_NAME
    if not os.path.lexists(path):
        return None
    try:
        note = json.loads(_head(path))
        return StopNote(words(str(note["person"]), 64), words(str(note["reason"])))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return StopNote("unknown", "the file says nothing readable")


def settle_stop(state_dir: Path) -> None:
    """Put the stop file aside once the stop has been carried out; OSError when it cannot be moved."""
    os.replace(state_dir / STOP_NAME, state_dir / STOPPED_NAME)


def _head(path: Path) -> bytes:
    """First bytes of a regular file; never waits, as reading a pipe would."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    with os.fdopen(descriptor, "rb") as file:
        return file.read(_STOP_BYTES) if stat.S_ISREG(os.fstat(descriptor).st_mode) else b""


def _clear(path: Path) -> None:
    """Remove the socket of a loop that died; ControlProblem when a loop answers or it is no socket."""
    if not os.path.lexists(path):
        return
    if not stat.S_ISSOCK(path.lstat().st_mode):
        raise ControlProblem(f"{path} is no socket; move it away")
    with address_of(path.parent) as address, socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(address)
        except ConnectionRefusedError:
            path.unlink(missing_ok=True)
            return
        except TimeoutError:
            pass  # somebody is there, too busy to answer
    raise ControlProblem(f"another loop answers at {path}; stop it, or give this one its own state directory")
