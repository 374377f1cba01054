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


def bad_actions(env: TwinVectorEnv) -> list[Any]:
    """What is not in the space: shape, type, values."""
    space, good = env.single_action_space, lowest(env.single_action_space, env.num_envs)
    other = np.float32 if good.dtype.kind in "iu" else np.int64
    above, below = highest(space, env.num_envs) + 1, good - 1
    one_bad = good.copy()
    one_bad[-1, -1] = above[-1, -1]
    none = good.astype(np.float64) * np.nan
    return [
        good[:, :-1],
        good[0, 0],
        good.astype(other),
        none,
        above,
        below,
        one_bad,
        good.astype(object),
        None,
    ]
