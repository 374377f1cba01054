"""Whether a verb can write where it is asked to: looked at before it begins, not after the work is done."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from ranrein.agents.config import ConfigError

from .main import OUT_OF_SPACE


def require_folder(key: str, folder: str | Path) -> None:
    """Refuse a folder that cannot be written to, or cannot be made; nothing is left behind.

    Raises:
        ConfigError: naming ``key``, the folder, what is in its way, and the repair.
    """
    _require(key, Path(folder), Path(folder), "FOLDER")


def require_file(key: str, file: str | Path) -> None:
    """Refuse a file that is a folder, or whose folder ``require_folder`` refuses; ConfigError likewise."""
    path = Path(file)
    if path.is_dir():
        raise ConfigError(f"{key}={str(path)!r} is a folder; give {key}=FILE")
    _require(key, path, path.parent, "FILE")


def _require(key: str, given: Path, folder: Path, kind: str) -> None:
    repair = f"give another {key}={kind}"
    place = next(path for path in (folder, *folder.absolute().parents) if os.path.lexists(path))
    if not place.is_dir():
        what = "is no folder" if place == given else f"cannot be made: {place} is no folder"
        raise ConfigError(f"{key}={str(given)!r} {what}; {repair}")
    try:
        _lstat(given)
        with tempfile.TemporaryDirectory(prefix=".ranrein-", dir=place):
            return
    except OSError as error:
        if error.errno in OUT_OF_SPACE:
            raise
        raise ConfigError(f"{key}={str(given)!r} cannot be written ({error.strerror}); {repair}") from error


def _lstat(path: Path) -> None:
    """Ask for what is there, so that a name that cannot be is refused; nothing may be there."""
    try:
        path.lstat()
    except FileNotFoundError:
        return
