"""Lines that each carry the hash of the one before: what the audit log and the alpha ledger share."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from ..twin.canonical import canonical_bytes

GENESIS = "0" * 64


class ChainBroken(ValueError):
    """A line that does not continue the chain; `index` counts from 0."""

    def __init__(self, index: int, reason: str) -> None:
        super().__init__(f"line {index + 1}: {reason}")
        self.index = index
        self.reason = reason


def leaf_hash(data: bytes) -> bytes:
    """SHA-256 of a zero byte and the data: a leaf of an RFC 6962 tree (section 2.1)."""
    return hashlib.sha256(b"\x00" + data).digest()


def seal(fields: Mapping[str, object], prev: str) -> tuple[bytes, str]:
    """One line, ended by a newline, and its hash: the leaf hash of everything but the hash itself."""
    body = {**fields, "prev": prev}
    digest = leaf_hash(canonical_bytes(body)).hex()
    return canonical_bytes({**body, "hash": digest}) + b"\n", digest


def read_chain(data: bytes) -> list[dict[str, object]]:
    """Every record of a chained file, checked; ChainBroken at the first line that does not fit."""
    records: list[dict[str, object]] = []
    prev = GENESIS
    for index, line in enumerate(data.splitlines(keepends=True)):
        record = _read_line(index, line, prev)
        prev = str(record["hash"])
        records.append(record)
    return records


def _read_line(index: int, line: bytes, prev: str) -> dict[str, object]:
    if not line.endswith(b"\n"):
        raise ChainBroken(index, f"torn: {len(line)} bytes without a line end")
    try:
        return _checked(index, line, prev)
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ChainBroken(index, f"not JSON: {error}") from error


def _checked(index: int, line: bytes, prev: str) -> dict[str, object]:
    record = json.loads(line, parse_constant=str)
    if not isinstance(record, dict):
        raise ChainBroken(index, f"a JSON {type(record).__name__} instead of an object")
    if record.get("prev") != prev:
        raise ChainBroken(index, f"prev is {record.get('prev')!r}, but the line before has the hash {prev!r}")
    fields = {key: value for key, value in record.items() if key not in ("prev", "hash")}
    digest = leaf_hash(_canonical(index, {**fields, "prev": prev})).hex()
    if _canonical(index, {**fields, "prev": prev, "hash": digest}) + b"\n" != line:
        raise ChainBroken(
            index, f"its content has the hash {digest!r}, not the {record.get('hash')!r} it states"
        )
    return record


def _canonical(index: int, value: Mapping[str, object]) -> bytes:
    try:
        return canonical_bytes(value)
    except ValueError as error:
        raise ChainBroken(index, f"not canonical JSON: {error}") from error
