"""What may be given to ``reset`` and to whoever makes a batch, and what is wrong with anything else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import cast

import numpy as np
from gymnasium.vector import AutoresetMode

from ..twin.types import Bool
from .catalogue import UnknownNameError

SEED_LIMIT = 2**62
_WHOLE = (int, np.integer)


def count_of(num_envs: object) -> int:
    """Return the size of a batch; ValueError if it is no whole number above 0."""
    if isinstance(num_envs, bool) or not isinstance(num_envs, _WHOLE) or num_envs < 1:
        raise ValueError(f"num_envs={num_envs!r}: give a whole number, 1 or more")
    return int(num_envs)


def autoreset_of(mode: object) -> AutoresetMode:
    """Return how a batch begins new episodes; UnknownNameError for what is no ``AutoresetMode`` or value of one."""
    names = [each.value for each in AutoresetMode]
    if not isinstance(mode, AutoresetMode) and mode not in names:
        raise UnknownNameError("autoreset mode", mode, names)
    return AutoresetMode(mode)


def seed_per_row(seed: object, n: int) -> list[int | None]:
    """Return the seed of every row, None where it goes on with its own.

    Raises:
        ValueError: if there are not n seeds, or one is no whole number in 0..2**62 - 1.
    """
    if seed is None:
        return [None] * n
    if isinstance(seed, _WHOLE) and not isinstance(seed, bool):
        return [_seed(int(seed) + row) for row in range(n)]
    rows = _rows(seed)
    if len(rows) != n:
        raise ValueError(f"{len(rows)} seeds for {n} environments; give one each")
    return [None if value is None else _seed(value) for value in rows]


def _rows(seeds: object) -> list[object]:
    if isinstance(seeds, list | tuple) or (isinstance(seeds, np.ndarray) and seeds.ndim == 1):
        return list(cast(Iterable[object], seeds))
    raise ValueError(f"seed {seeds!r}: give a whole number, or a list with one for each environment")


def _seed(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, _WHOLE):
        raise ValueError(f"seed {value!r} is no whole number in 0..2**62 - 1")
    if not 0 <= int(value) < SEED_LIMIT:
        raise ValueError(f"seed {value} is outside 0..2**62 - 1")
    return int(value)


def reset_mask(options: object, n: int) -> Bool:
    """Return which rows are reset, (n,).

    Raises:
        UnknownNameError: for another option than ``reset_mask``.
        ValueError: if options are no mapping, or the mask is not bool of shape (n,).
    """
    if options is not None and not isinstance(options, Mapping):
        raise ValueError(f'reset options are {options!r}; give {{"reset_mask": ...}} or None')
    given = dict(cast(Mapping[str, object], options or {}))
    unknown = set(given) - {"reset_mask"}
    if unknown:
        raise UnknownNameError("reset option", sorted(map(str, unknown))[0], ["reset_mask"])
    mask = np.asarray(given.get("reset_mask", np.ones(n, np.bool_)))
    if mask.shape != (n,) or mask.dtype != np.bool_:
        raise ValueError(f"reset_mask must be bool of shape ({n},), got {mask.dtype} {mask.shape}")
    return mask
