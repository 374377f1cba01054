"""One byte string per value: canonical JSON, and the digests that bind certificates and logs to it."""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Iterable, Mapping
from enum import Enum
from pathlib import Path

import numpy as np


def canonical_bytes(value: object) -> bytes:
    """JSON with sorted keys, no spaces, UTF-8; equal values give equal bytes.

    numpy scalars become the Python number they hold and enums their value. Anything else that is not JSON,
    and NaN or infinity, is a ValueError that names the field.
    """
    text = json.dumps(
        _plain(value, "$"), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return text.encode("utf-8")


def sha256_hex(data: bytes) -> str:
    """SHA-256 in lower-case hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def digest_of(value: object) -> str:
    """SHA-256 of the canonical bytes of a JSON value."""
    return sha256_hex(canonical_bytes(value))


def digest_of_files(paths: Iterable[Path], root: Path | None = None) -> str:
    """SHA-256 over names (relative to `root`) and bytes of files, whatever order they are given in.

    Without `root` it is the deepest folder that holds them all. No file at all is a ValueError.
    """
    files = [Path(path) for path in paths]
    if not files:
        raise ValueError(
            "digest_of_files got no file: an empty list would give every empty folder one digest"
        )
    base = Path(os.path.commonpath([path.parent for path in files])) if root is None else root
    rows = sorted((path.relative_to(base).as_posix(), sha256_hex(path.read_bytes())) for path in files)
    return digest_of(rows)


def source_digest(package: Path) -> str:
    """Digest of every Python source below a package folder: changes when any line of the code does."""
    return digest_of_files(Path(package).rglob("*.py"), Path(package))


def _plain(value: object, field: str) -> object:
    if isinstance(value, Enum):
        return _plain(value.value, field)
    if isinstance(value, np.generic):
        return _plain(value.item(), field)
    if isinstance(value, Mapping):
        return {_key(key, field): _plain(item, f"{field}.{key}") for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, f"{field}[{i}]") for i, item in enumerate(value)]
    return _scalar(value, field)


def _scalar(value: object, field: str) -> object:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return _finite(value, field)
    if isinstance(value, str):
        return _text(value, field)
    raise ValueError(
        f"{field} is a {type(value).__name__}, which JSON does not know; convert it to plain values"
    )


def _finite(value: float, field: str) -> float:
    if not math.isfinite(value):
        raise ValueError(
            f"{field} is {value}, which has no canonical form; leave it out or give a finite number"
        )
    return float(value)


def _text(value: str, field: str) -> str:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ValueError(f"{field} is {value!r}, which is not valid Unicode: {error.reason}") from error
    return str(value)


def _key(key: object, field: str) -> str:
    if not isinstance(key, str):
        raise ValueError(f"{field} has the key {key!r} of type {type(key).__name__}; use text as keys")
    return _text(key, field)
