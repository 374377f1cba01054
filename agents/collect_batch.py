"""Whole episodes, step by step: what a dataset is made of, and how a batch of it is kept until all are there."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from gymnasium.vector import AutoresetMode

from ..envs.actions import choices_of
from ..envs.vector import TwinVectorEnv
from ..twin.types import F32, F64, I64, Bool
from .collect_policy import Behaviour
from .episodes import Progress, no_progress
from .evaluate import Setting

_CHANCE = 0x45585052  # separates these draws from all others of a seed
_INFO = "info:"


@dataclass(frozen=True)
class Batch:
    """N episodes of T decisions."""

    seeds: I64  # (N,)
    observations: F32  # (N, T + 1, size)
    actions: I64  # (N, T, A), what was asked for
    rewards: F64  # (N, T)
    truncations: Bool  # (N, T)
    infos: dict[str, np.ndarray]  # (N, T + 1, ...); row 0 of a cost is NaN: nothing has been judged yet


def record(
    behaviour: Behaviour, setting: Setting, seeds: Sequence[int], progress: Progress = no_progress
) -> Batch:
    """Run one episode per seed as one batch; no episode depends on those beside it."""
    env = TwinVectorEnv(setting.task, setting.params, len(seeds), AutoresetMode.DISABLED)
    dice = [np.random.default_rng([_CHANCE, int(seed)]) for seed in seeds]
    seen, masks = [env.reset(seed=[int(seed) for seed in seeds])[0]], [env.action_masks()]
    actions, rewards, ends, costs = [], [], [], []
    if behaviour.controller is not None:
        behaviour.controller.begin(setting.params, len(seeds))
    for period in range(periods := env.world.periods_per_episode):
        actions.append(_chosen(behaviour, setting, env, masks[-1], dice))
        observation, reward, _, truncated, info = env.step(actions[-1])
        seen.append(observation)
        masks.append(env.action_masks())
        rewards.append(reward)
        ends.append(truncated)
        costs.append({"cost": info["cost"], **{f"costs/{k}": v for k, v in info["costs"].items()}})
        progress((period + 1) / periods)
    infos = {name: np.stack([np.full(len(seeds), np.nan), *(c[name] for c in costs)], 1) for name in costs[0]}
    return Batch(
        seeds=np.asarray(seeds, np.int64),
        observations=np.stack(seen, axis=1),
        actions=np.stack(actions, axis=1),
        rewards=np.stack(rewards, axis=1),
        truncations=np.stack(ends, axis=1),
        infos=infos | {"action_mask": np.stack(masks, axis=1)},
    )


def _chosen(
    behaviour: Behaviour, setting: Setting, env: TwinVectorEnv, masks: Bool, dice: list[np.random.Generator]
) -> I64:
    """Return the actions of every replica, (N, A): the controller's, some of them replaced by chance."""
    choices = choices_of(env.world.action_space)
    actions = np.zeros((len(dice), len(choices)), np.int64)
    if behaviour.controller is not None:
        actions = np.asarray(behaviour.controller.actions(setting.params, env.window), np.int64)
    if not behaviour.explore:
        return actions
    draws = np.stack([each.random(len(choices) + int(choices.sum())) for each in dice])
    replaced, weights = draws[:, : len(choices)] < behaviour.explore, draws[:, len(choices) :] + 1.0
    parts = np.split(weights * masks, np.cumsum(choices)[:-1], axis=1)
    return np.where(replaced, np.stack([part.argmax(axis=1) for part in parts], axis=1), actions)


def save_batch(path: Path, batch: Batch) -> None:
    """Write a batch; the file is whole or not there."""
    arrays = {name: value for name, value in vars(batch).items() if name != "infos"}
    arrays |= {f"{_INFO}{name}": value for name, value in batch.infos.items()}
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        np.savez(file, **arrays)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def load_batch(path: Path) -> Batch:
    """Read a batch that ``save_batch`` wrote."""
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    infos = {name.removeprefix(_INFO): value for name, value in arrays.items() if name.startswith(_INFO)}
    return Batch(**{name: value for name, value in arrays.items() if not name.startswith(_INFO)}, infos=infos)
