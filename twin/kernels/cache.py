"""Where compiled kernels are kept.

numba names a cached kernel after one source file only, so a change in a helper would silently run the old
code. The folder is therefore named by the digest of all kernel sources.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

import numba


def _cache_root() -> Path:
    base = os.environ.get("XDG_CACHE_HOME")
    return Path(base) if base else Path.home() / ".cache"


def kernel_digest() -> str:
    """Return the SHA-256 of all kernel sources, in hexadecimal."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def use_kernel_cache() -> None:
    """Point numba at the folder of these sources, unless the user chose one with NUMBA_CACHE_DIR."""
    if os.environ.get("NUMBA_CACHE_DIR"):
        return
    folder = _cache_root() / "ranrein" / "kernels" / kernel_digest()[:16]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        folder = Path(tempfile.gettempdir()) / f"ranrein-kernels-{os.getuid()}" / kernel_digest()[:16]
        folder.mkdir(parents=True, exist_ok=True)
    numba.config.CACHE_DIR = str(folder)  # type: ignore[attr-defined]
