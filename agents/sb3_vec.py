"""Stable-Baselines3's ``VecEnv`` over the native batch: Python work only for the rows whose episode ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode
from stable_baselines3.common.vec_env import VecEnv
from stable_baselines3.common.vec_env.base_vec_env import VecEnvIndices

from ..envs.vector import TwinVectorEnv
from ..safety.clock import Clock, SystemClock
from ..twin.types import F32, F64, I64, Bool
from .episodes import JOULES_PER_KWH
from .seeds import Domain, episode_seeds

_PHASES = 8  # times of day at which replicas begin; each costs a restart per day


class TwinVecEnv(VecEnv):
    """SB3's view of a ``TwinVectorEnv`` (SAME_STEP).

    When an episode ends, its info holds ``terminal_observation``, ``TimeLimit.truncated``, ``episode``
    (r, l, t) and ``sums``: what cost, reward terms and energy added up to. The first episodes begin before
    learning does, so that the replicas are spread over the day; they have no ``episode``.

    Args:
        env: the native batch.
        attempt: another one draws other episodes (a resumed run).
        clock: for ``t``.

    Raises:
        ValueError: if the batch begins new episodes in another way.
    """

    def __init__(self, env: TwinVectorEnv, attempt: int = 0, clock: Clock | None = None) -> None:
        mode = env.metadata["autoreset_mode"]
        if mode != AutoresetMode.SAME_STEP:
            raise ValueError(
                f"autoreset_mode={mode.value!r}: Stable-Baselines3 needs 'SameStep'; leave it out"
            )
        self.env = env
        self.render_mode = None
        super().__init__(env.num_envs, env.single_observation_space, env.single_action_space)
        self._attempt = attempt
        self._clock: Clock = clock or SystemClock()
        self._began_s = self._clock.monotonic_s()
        self._seeds_now: list[int] = episode_seeds(0, Domain.TRAIN, attempt, env.num_envs)
        self._actions = np.zeros(env.action_space.shape or (), env.action_space.dtype)
        self._names: tuple[str, ...] = ()
        self._sums: F64 = np.zeros((env.num_envs, 0))
        self._length: I64 = np.zeros(env.num_envs, np.int64)
        self._whole: Bool = np.zeros(env.num_envs, np.bool_)

    def seed(self, seed: int | None = None) -> Sequence[int | None]:
        """Choose the training episodes; they begin at the next ``reset``."""
        if seed is not None:
            self._seeds_now = episode_seeds(seed, Domain.TRAIN, self._attempt, self.num_envs)
        return list(self._seeds_now)

    def reset(self) -> F32:
        """Begin an episode in every replica, then let groups of them begin anew over one day in which nothing is done.

        So every update sees the whole day.
        """
        observations, _ = self.env.reset(seed=self._seeds_now)
        self._whole[:] = False
        self._clear(np.arange(self.num_envs))
        periods = self.env.world.periods_per_episode
        due = np.arange(self.num_envs) * _PHASES // self.num_envs * periods // _PHASES
        for period in range(int(due[-1]) + 1):
            observations, *_ = self.env.step(self.env.world.stay())
            if np.any(due == period):
                observations, _ = self.env.reset(options={"reset_mask": due == period})
        return observations

    def step_async(self, actions: np.ndarray) -> None:
        """Keep the actions for ``step_wait``."""
        self._actions = actions

    def step_wait(self) -> tuple[F32, F32, Bool, list[dict[str, Any]]]:
        """Run one control period."""
        observations, rewards, _, truncated, batch = self.env.step(self._actions)
        self._add(rewards, batch)
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        rows = np.flatnonzero(truncated)
        for row in rows.tolist():
            infos[row] = self._ended(row, batch["final_obs"][row])
        self._clear(rows)
        return observations, rewards.astype(np.float32), truncated, infos

    def close(self) -> None:
        """Close the batch."""
        self.env.close()

    def get_attr(self, attr_name: str, indices: VecEnvIndices = None) -> list[Any]:
        """Return an attribute of the batch, once per replica."""
        if attr_name == "render_mode":
            return [None] * len(self._chosen(indices))
        return [getattr(self.env, attr_name)] * len(self._chosen(indices))

    def set_attr(self, attr_name: str, value: Any, indices: VecEnvIndices = None) -> None:  # noqa: ANN401
        """Refuse: the replicas are one batch and share every attribute."""
        raise NotImplementedError(f"cannot set {attr_name!r}: build the TwinVectorEnv with what you need")

    def env_method(
        self,
        method_name: str,
        *args: Any,  # noqa: ANN401
        indices: VecEnvIndices = None,
        **kwargs: Any,  # noqa: ANN401
    ) -> list[Any]:
        """Call a method of the batch once; its rows are the answers of the replicas."""
        answers = getattr(self.env, method_name)(*args, **kwargs)
        return [answers[row] for row in self._chosen(indices)]

    def env_is_wrapped(self, wrapper_class: type[Any], indices: VecEnvIndices = None) -> list[bool]:
        """Tell that no replica is wrapped."""
        return [False] * len(self._chosen(indices))

    def _chosen(self, indices: VecEnvIndices) -> list[int]:
        return list(self._get_indices(indices))

    def _add(self, rewards: F64, batch: dict[str, Any]) -> None:
        parts = {
            "return": rewards,
            "cost": batch["cost"],
            **self._amounts(batch),
            **{f"cost/{name}": values for name, values in batch["costs"].items()},
            **{f"reward/{name}": values for name, values in batch["reward_terms"].items()},
        }
        if not self._names:
            self._names, self._sums = tuple(parts), np.zeros((self.num_envs, len(parts)))
        self._sums += np.stack(list(parts.values()), axis=1)
        self._length += 1

    def _amounts(self, batch: dict[str, Any]) -> dict[str, F64]:
        """Return what is spent or earned in one step: energy on the twin, revenue where there are slices."""
        amounts = {"revenue": batch["revenue"]} if "revenue" in batch else {}
        if "power_w" in batch:
            period_s = self.env.params.scenario.timing.control_period_s
            amounts["energy_kwh"] = batch["power_w"] * (period_s / JOULES_PER_KWH)
        return amounts

    def _ended(self, row: int, final: F32) -> dict[str, Any]:
        info: dict[str, Any] = {"terminal_observation": final, "TimeLimit.truncated": True}
        if self._whole[row]:
            sums = dict(zip(self._names, self._sums[row].tolist(), strict=True))
            elapsed_s = self._clock.monotonic_s() - self._began_s
            info["episode"] = {"r": sums["return"], "l": int(self._length[row]), "t": elapsed_s}
            info["sums"] = sums
        self._whole[row] = True
        return info

    def _clear(self, rows: np.ndarray) -> None:
        self._sums[rows] = 0.0
        self._length[rows] = 0
