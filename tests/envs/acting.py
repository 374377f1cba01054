"""Actions of any space, for tests that hold for every control problem."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces

from ranrein.envs.actions import ActionSpace, n_choices
from ranrein.envs.vector import TwinVectorEnv


def drawn(space: ActionSpace, rng: np.random.Generator, *rows: int) -> np.ndarray:
    """Any action of the space, or rows of them."""
    if isinstance(space, spaces.Box):
        return rng.uniform(-1.0, 1.0, (*rows, *space.shape)).astype(np.float32)
    return rng.integers(0, space.nvec, (*rows, *space.shape))


def lowest(space: ActionSpace, *rows: int) -> np.ndarray:
    """The first choice everywhere, or the least number."""
    least = space.low if isinstance(space, spaces.Box) else np.zeros(space.shape, np.int64)
    return np.tile(least, (*rows, 1)) if rows else least.copy()


def highest(space: ActionSpace, *rows: int) -> np.ndarray:
    """The last choice everywhere, or the largest number."""
    largest = space.high if isinstance(space, spaces.Box) else space.nvec - 1
    return np.tile(largest, (*rows, 1)) if rows else largest.copy()


def masks_of(env: TwinVectorEnv) -> list[np.ndarray]:
    """What is allowed of every element, (B, choices) each; an empty list where there are no choices."""
    masks, space = env.action_masks(), env.single_action_space
    assert masks.shape == (env.num_envs, n_choices(space))
    return np.split(masks, np.cumsum(space.nvec)[:-1], axis=1) if masks.size else []


def random_actions(env: TwinVectorEnv, rng: np.random.Generator) -> np.ndarray:
    """Any actions that the masks allow."""
    masks = masks_of(env)
    if not masks:
        return drawn(env.single_action_space, rng, env.num_envs)
    return np.stack([np.argmax(rng.random(m.shape) * m, axis=1) for m in masks], axis=1)


def nearest_allowed(env: TwinVectorEnv, actions: np.ndarray) -> np.ndarray:
    """The choices that the masks allow and that come nearest to actions, (B, A)."""
    masks = masks_of(env)
    if not masks:
        return actions
    away = [np.abs(np.arange(m.shape[1]) - actions[:, [i]]) for i, m in enumerate(masks)]
    return np.stack([np.where(m, d, np.inf).argmin(axis=1) for m, d in zip(masks, away, strict=True)], axis=1)


N_BAD = 15


def bad_actions(env: TwinVectorEnv) -> list[Any]:
    """What is not in the space: shape, type, values."""
    space, good = env.single_action_space, lowest(env.single_action_space, env.num_envs)
    other = np.float32 if good.dtype.kind in "iu" else np.int64
    above, just_outside = highest(space, env.num_envs) + 1, good.copy()
    column = int(highest(space).argmin())  # where the fewest choices are
    just_outside[1, column] = above[1, column]
    found = [
        good[:, :-1],
        good[0, 0],
        good.astype(other),
        good.astype(np.float64) * np.nan,
        above,
        good - 1,
        just_outside,
        np.full_like(good, np.iinfo(np.int64).max) if other is np.float32 else np.nextafter(above, 0) + 1,
        good.astype(object),
        good.astype(bool),
        good.astype(np.uint64) + np.uint64(2**63),
        good.astype(np.float64) + np.inf,
        [[0], [0] * (len(good[0]) + 1)],
        "up",
        None,
    ]
    assert len(found) == N_BAD
    return found
