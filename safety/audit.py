"""The audit log: one hash-chained record per decision, with signed checkpoints. No audit, no actuation."""

from __future__ import annotations

import base64
import errno
import fcntl
import os
import threading
from collections.abc import Mapping
from pathlib import Path

from ..twin.canonical import canonical_bytes, sha256_hex
from .audit_verify import (
    CHECKPOINT_TYPE,
    check_against_checkpoints,
    checkpoint_path,
    checkpoints_of,
    tree_of,
)
from .chain import GENESIS, ChainBroken, read_chain, seal
from .clock import Clock
from .files import sync_folder
from .keys import Role, Signer, TrustStore, trusted
from .statement import sign_statement, statement

CHECKPOINT_RECORDS = 100
CHECKPOINT_S = 60.0
_KEPT_BYTES = 4096  # of a torn line, in the record that reports it


class AuditUnavailable(RuntimeError):
    """The log cannot be written or cannot be trusted; nothing may be applied to a network."""


class AuditLog:
    """Append-only; one writer per file, any thread. Made by `AuditLog.open`."""

    def __init__(self, path: Path, signer: Signer, clock: Clock, durable: bool = True) -> None:
        """Take the file for this process alone; use `AuditLog.open`, which also checks what is in it."""
        self._path, self._signer, self._clock, self._durable = Path(path), signer, clock, durable
        self._lock = threading.RLock()
        self._broken = ""
        self._descriptor = _open_alone(self._path)
        self._checkpoints = _open_append(checkpoint_path(self._path))
        self._head, self._bytes, self._boot_id = GENESIS, 0, ""
        self._tree = tree_of([])
        self._checkpoint_due_s, self._checkpoint_size = float("-inf"), 0

    @classmethod
    def open(
        cls,
        path: Path,
        signer: Signer,
        clock: Clock,
        durable: bool = True,
        trust: TrustStore | None = None,
    ) -> AuditLog:
        """Open or create a log, check all of it, and record the start.

        A torn last line is dropped and reported as a record; anything else that does not fit the chain or the
        signed checkpoints is AuditUnavailable, as is a second writer. `durable=False` skips fsync, for
        simulations; `trust` names the service keys of earlier checkpoints when `signer` is not the only one.
        """
        if signer.identity.role is not Role.SERVICE:
            raise AuditUnavailable(
                f"{signer.identity.name} has the role {signer.identity.role}; use a service key"
            )
        log = cls(path, signer, clock, durable)
        try:
            log._resume(trust or trusted([signer.identity]))
        except AuditUnavailable:
            log._release()
            raise
        except OSError as error:
            log._release()
            raise AuditUnavailable(f"{path}: {error.strerror}; repair the disk and open it again") from error
        return log

    @property
    def size(self) -> int:
        """Records written so far."""
        return self._tree.size

    @property
    def head(self) -> str:
        """Hash of the last record; it vouches for every record before it."""
        return self._head

    def append(self, kind: str, actor: str, role: str, body: Mapping[str, object]) -> str:
        """Write one record, durably, and return its hash; AuditUnavailable on any failure.

        After a failure the log takes nothing more until it is opened again: the file may end in half a line.
        """
        with self._lock:
            line, digest = seal(self._fields(kind, actor, role, body), self._head)
            self._write(self._descriptor, line)
            self._bytes += len(line)
            self._head = digest
            self._tree.append(bytes.fromhex(digest))
            if self._checkpoint_is_due():
                self.checkpoint()
            return digest

    def checkpoint(self) -> None:
        """Sign size, Merkle root and head; done every 100 records, every 60 s of writing, and at close."""
        with self._lock:
            predicate = {
                "size": self.size, "root": self._tree.root().hex(), "head": self._head,
                "utc": self._clock.utc().isoformat(), "environment": self._signer.identity.environment,
            }  # fmt: skip
            payload = statement({self._path.name: str(predicate["root"])}, CHECKPOINT_TYPE, predicate)
            self._write(self._checkpoints, canonical_bytes(sign_statement(payload, self._signer)) + b"\n")
            self._checkpoint_size = self.size
            self._checkpoint_due_s = self._clock.monotonic_s() + CHECKPOINT_S

    def writable(self) -> bool:
        """Whether the next append should work: file in place, of the size we left, room on the disk."""
        try:
            found, room = os.fstat(self._descriptor), os.fstatvfs(self._descriptor)
            same_file = os.stat(self._path).st_ino == found.st_ino
        except OSError:
            return False
        return not self._broken and same_file and found.st_size == self._bytes and room.f_bavail > 0

    def close(self) -> None:
        """Sign a last checkpoint and release the file."""
        with self._lock:
            if not self._broken and self.size > self._checkpoint_size:
                self.checkpoint()
            self._release()

    def _fields(self, kind: str, actor: str, role: str, body: Mapping[str, object]) -> dict[str, object]:
        return {
            "seq": self.size, "utc": self._clock.utc().isoformat(), "monotonic_s": self._clock.monotonic_s(),
            "boot_id": self._boot_id, "kind": kind, "actor": actor, "role": role, "body": dict(body),
        }  # fmt: skip

    def _checkpoint_is_due(self) -> bool:
        new = self.size - self._checkpoint_size
        return new >= CHECKPOINT_RECORDS or self._clock.monotonic_s() >= self._checkpoint_due_s

    def _write(self, descriptor: int, line: bytes) -> None:
        if self._broken:
            raise AuditUnavailable(
                f"{self._path}: stopped after: {self._broken}; repair the disk and open it again"
            )
        try:
            written = os.write(descriptor, line)
            if written != len(line):
                raise OSError(errno.ENOSPC, f"only {written} of {len(line)} bytes written")
            if self._durable:
                os.fsync(descriptor)
        except OSError as error:
            self._broken = str(error.strerror)
            raise AuditUnavailable(f"{self._path}: {self._broken}; free space or repair the disk") from error

    def _resume(self, trust: TrustStore) -> None:
        lines, torn = _read_whole_lines(self._descriptor)
        signed, _ = _read_whole_lines(self._checkpoints)
        records = self._checked(lines, signed, trust)
        os.ftruncate(self._descriptor, len(lines))
        os.ftruncate(self._checkpoints, len(signed))
        self._tree, self._bytes = tree_of(records), len(lines)
        self._head = str(records[-1]["hash"]) if records else GENESIS
        started = f"{self._head} {self._clock.utc().isoformat()} {self._clock.monotonic_s()}"
        self._boot_id = sha256_hex(started.encode("ascii"))[:16]
        self.append("log_opened", self._signer.identity.name, Role.SERVICE, {"torn_tail": _described(torn)})

    def _checked(self, lines: bytes, signed: bytes, trust: TrustStore) -> list[dict[str, object]]:
        try:
            records = read_chain(lines)
            checkpoints = checkpoints_of(signed, trust)
            check_against_checkpoints(records, checkpoints)
        except ChainBroken as error:
            raise AuditUnavailable(f"{self._path}, {error}; keep the file and start a new log") from error
        if len(records) > 1 and not checkpoints:
            raise AuditUnavailable(
                f"{self._path}: {len(records)} records, no checkpoint; restore {self._path}.checkpoints"
            )
        return records

    def _release(self) -> None:
        self._broken = self._broken or "closed"
        for descriptor in (self._descriptor, self._checkpoints):
            if descriptor >= 0:
                os.close(descriptor)
        self._descriptor = self._checkpoints = -1


def _described(torn: bytes) -> dict[str, object] | None:
    if not torn:
        return None
    kept = base64.b64encode(torn[:_KEPT_BYTES]).decode("ascii")
    return {"bytes": len(torn), "sha256": sha256_hex(torn), "base64": kept}


def _open_alone(path: Path) -> int:
    descriptor = _open_append(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise AuditUnavailable(
            f"{path}: another process writes to it; stop that one or use another file"
        ) from error
    return descriptor


def _open_append(path: Path) -> int:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o640)
        sync_folder(path.parent)
    except OSError as error:
        raise AuditUnavailable(
            f"{path}: {error.strerror}; give the log a folder that can be written"
        ) from error
    return descriptor


def _read_whole_lines(descriptor: int) -> tuple[bytes, bytes]:
    """Complete lines of a file, and what stands after the last of them."""
    data = os.pread(descriptor, os.fstat(descriptor).st_size, 0)
    whole = data[: data.rfind(b"\n") + 1]
    return whole, data[len(whole) :]
