"""The alpha ledger: each certification attempt gets less, so that retrying until it passes does not work.

Attempt j for one use case, envelope and twin gets alpha * 6 / (pi^2 j^2). All attempts together then have at
most the chance alpha of a false PASS.
"""

from __future__ import annotations

import fcntl
import math
import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from .chain import GENESIS, ChainBroken, read_chain, seal
from .clock import require_utc
from .files import sync_folder


class LedgerError(RuntimeError):
    """The ledger cannot be trusted or written; nothing may be certified until it is repaired."""


@dataclass(frozen=True)
class LedgerKey:
    """What attempts are counted for: a new policy is a new attempt, a new envelope or twin a new count."""

    use_case: str
    envelope_digest: str
    twin_digest: str


@dataclass(frozen=True)
class Attempt:
    """A durable permission to certify once, at the level `alpha_granted`."""

    number: int
    alpha_total: float
    alpha_granted: float
    alpha_spent: float
    line_digest: str


def granted_alpha(alpha: float, number: int) -> float:
    """Share of alpha for attempt `number` (1, 2, ...); all shares add up to alpha."""
    return alpha * 6.0 / (math.pi * number) ** 2


class AlphaLedger:
    """An append-only, hash-chained file of certification attempts; safe for many processes."""

    def __init__(self, path: Path) -> None:
        self._path = Path(path)

    def open_attempt(self, key: LedgerKey, alpha: float, policy_digest: str, utc: datetime) -> Attempt:
        """Write and fsync the next attempt for `key`; call it before the first episode is run.

        LedgerError when the file is damaged or cannot be written, ValueError for an alpha outside (0, 1).
        """
        if not 0.0 < alpha < 1.0:
            raise ValueError(f"alpha is {alpha!r}; it must lie strictly between 0 and 1")
        with self._locked() as descriptor:
            records = self._records(descriptor)
            number = sum(_counts_for(record, key) for record in records) + 1
            fields = {
                **asdict(key), "attempt": number, "alpha_total": alpha,
                "alpha_granted": granted_alpha(alpha, number),
                "policy_digest": policy_digest, "utc": require_utc(utc, "utc").isoformat(),
            }  # fmt: skip
            line, digest = seal(fields, str(records[-1]["hash"]) if records else GENESIS)
            _append(descriptor, line)
        spent = sum(granted_alpha(alpha, j) for j in range(1, number + 1))
        return Attempt(number, alpha, granted_alpha(alpha, number), spent, digest)

    def attempts(self, key: LedgerKey) -> list[dict[str, object]]:
        """Every attempt opened for `key`, oldest first; LedgerError when the file is damaged."""
        with self._locked() as descriptor:
            return [record for record in self._records(descriptor) if _counts_for(record, key)]

    @contextmanager
    def _locked(self) -> Generator[int, None, None]:
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        except OSError as error:
            raise LedgerError(
                f"{self._path}: {error.strerror}; certify where the ledger can be written"
            ) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield descriptor
            sync_folder(self._path.parent)
        except OSError as error:
            raise LedgerError(f"{self._path}: {error.strerror}; no attempt is granted") from error
        finally:
            os.close(descriptor)

    def _records(self, descriptor: int) -> list[dict[str, object]]:
        with os.fdopen(os.dup(descriptor), "rb") as file:
            file.seek(0)
            data = file.read()
        try:
            return read_chain(data)
        except ChainBroken as error:
            raise LedgerError(f"{self._path}, {error}. {_repair(error)}") from error


def _counts_for(record: dict[str, object], key: LedgerKey) -> bool:
    return all(record.get(field) == value for field, value in asdict(key).items())


def _append(descriptor: int, line: bytes) -> None:
    written = os.write(descriptor, line)
    if written != len(line):
        raise OSError(28, f"only {written} of {len(line)} bytes were written")
    os.fsync(descriptor)


def _repair(error: ChainBroken) -> str:
    if error.reason.startswith("torn"):
        return "No attempt was granted from a torn line: remove that line and open the attempt again."
    return "Restore the ledger from its copy; the attempts after this line cannot be counted as they stand."
