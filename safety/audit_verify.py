"""Checking an audit log against itself and its signed checkpoints, without the process that wrote it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .chain import ChainBroken, read_chain
from .keys import Role, TrustStore
from .merkle import Accumulator
from .statement import verify_envelope

CHECKPOINT_TYPE = "urn:ranrein:audit-checkpoint:v1"
Record = dict[str, object]


class TailTruncated(ChainBroken):
    """A signed checkpoint counts more records than the log has."""


@dataclass(frozen=True)
class Checkpoint:
    """What was signed: the root over the first `size` records of a log."""

    size: int
    root: str


@dataclass(frozen=True)
class VerifyReport:
    """Outcome of a verification; `first_bad` is the first record nobody can vouch for."""

    ok: bool
    records: int
    first_bad: int | None = None
    reason: str = ""
    tail_truncated: bool = False


def checkpoint_path(path: Path) -> Path:
    """Where the signed checkpoints of a log stand; export copies of that file."""
    return Path(path).with_name(Path(path).name + ".checkpoints")


def verify_log(path: Path, trust: TrustStore, checkpoints_path: Path | None = None) -> VerifyReport:
    """Check every record, the chain, and every checkpoint; OSError when the log cannot be read.

    Give an exported copy as `checkpoints_path` to notice a log rewritten or cut together with its own.
    Records after the last checkpoint are covered by the chain alone: whoever can write the file can cut them.
    """
    data = Path(path).read_bytes()
    try:
        records = read_chain(data)
        _check_sequence(records)
        checkpoints = _read_checkpoints(checkpoints_path or checkpoint_path(path), trust, len(records))
        check_against_checkpoints(records, checkpoints)
    except ChainBroken as error:
        lines = len(data.splitlines())
        return VerifyReport(False, lines, error.index, error.reason, isinstance(error, TailTruncated))
    if not checkpoints:
        return VerifyReport(False, len(records), 0, "no signed checkpoint vouches for this log")
    return VerifyReport(True, len(records))


def tree_of(records: Sequence[Record]) -> Accumulator:
    """The Merkle tree over the hashes of checked records."""
    tree = Accumulator()
    for record in records:
        tree.append(bytes.fromhex(str(record["hash"])))
    return tree


def checkpoints_of(data: bytes, trust: TrustStore) -> list[Checkpoint]:
    """Signed checkpoints, one per line; ChainBroken when one is damaged or no trusted service signed it."""
    checkpoints: list[Checkpoint] = []
    for line in data.splitlines():
        try:
            checkpoints.append(_checkpoint(line, trust))
        except (ValueError, KeyError, TypeError) as error:
            vouched = checkpoints[-1].size if checkpoints else 0
            raise ChainBroken(vouched, f"checkpoint {len(checkpoints) + 1}: {error}") from error
    return checkpoints


def check_against_checkpoints(records: Sequence[Record], checkpoints: Sequence[Checkpoint]) -> None:
    """ChainBroken at the first record no signed root vouches for; TailTruncated when records are missing."""
    tree, vouched = Accumulator(), 0
    for checkpoint in sorted(checkpoints, key=lambda item: item.size):
        if checkpoint.size > len(records):
            text = f"a checkpoint counts {checkpoint.size} records, {len(records)} are left"
            raise TailTruncated(len(records), text)
        for record in records[tree.size : checkpoint.size]:
            tree.append(bytes.fromhex(str(record["hash"])))
        if tree.root().hex() != checkpoint.root:
            text = f"records {vouched} to {checkpoint.size - 1} are not the ones that were signed"
            raise ChainBroken(vouched, text)
        vouched = checkpoint.size


def _read_checkpoints(path: Path, trust: TrustStore, records: int) -> list[Checkpoint]:
    if not path.is_file():
        raise ChainBroken(
            0, f"its checkpoints {path} are missing; bring back an exported copy ({records} records)"
        )
    return checkpoints_of(path.read_bytes(), trust)


def _checkpoint(line: bytes, trust: TrustStore) -> Checkpoint:
    payload = verify_envelope(json.loads(line), trust, Role.SERVICE)
    predicate = payload["predicate"]
    if payload.get("predicateType") != CHECKPOINT_TYPE or not isinstance(predicate, dict):
        raise ValueError(f"predicateType is {payload.get('predicateType')!r}, expected {CHECKPOINT_TYPE!r}")
    return Checkpoint(int(predicate["size"]), str(predicate["root"]))


def _check_sequence(records: Sequence[Record]) -> None:
    for index, record in enumerate(records):
        if record.get("seq") != index:
            raise ChainBroken(index, f"seq is {record.get('seq')!r}, expected {index}")
