"""``TwinVectorEnv``: the native batch, and ``TwinEnv``: a view of a batch of one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, SupportsFloat

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from ..twin.types import F32, F64, Bool
from .catalogue import UnknownNameError
from .reset_checks import autoreset_of, count_of, reset_mask, seed_per_row
from .simulation import Simulation
from .world import Picture, Told, World
from .world_twin import TwinWorld, params_of
from .worlds import AnyTask, budget_of, constraints_digest_of, network_of, world_of

__all__ = ["RENDER_MODES", "TwinEnv", "TwinVectorEnv", "params_of"]

RENDER_MODES = ["rgb_array", "human"]
_BOOL = np.dtype(np.bool_)


class TwinVectorEnv(VectorEnv[Any, Any, Any]):
    """A control problem on B replicas of a network, one compiled call per decision.

    Args:
        task: the control problem.
        scenario: name of a scenario, or what ``network_of`` takes in place of one, such as ready ``Params``.
        num_envs: B.
        autoreset_mode: SAME_STEP (default), NEXT_STEP or DISABLED.

    Raises:
        UnknownNameError: for an unknown scenario.
        ValueError: if B is no whole number above 0.
    """

    metadata: dict[str, Any] = {"render_modes": [], "autoreset_mode": AutoresetMode.SAME_STEP}  # noqa: RUF012

    def __init__(
        self,
        task: AnyTask,
        scenario: Any = None,  # noqa: ANN401
        num_envs: int = 1,
        autoreset_mode: AutoresetMode = AutoresetMode.SAME_STEP,
    ) -> None:
        self.task = task
        self.__doc__ = type(task).__doc__ or type(self).__doc__  # what this one is about
        self.params = network_of(task, scenario)
        self.num_envs = count_of(num_envs)
        self.world: World = world_of(task, self.params, num_envs)
        self._mode = autoreset_of(autoreset_mode)
        self.metadata = {**self.metadata, "autoreset_mode": self._mode}
        self.single_action_space = self.world.action_space
        self.single_observation_space = self.world.observation_space
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self._seeds = np.full(num_envs, -1, np.int64)  # -1: none yet
        self._episodes = np.zeros(num_envs, np.int64)
        self._waits = self._mode == AutoresetMode.NEXT_STEP
        self._pending = np.zeros(num_envs, np.bool_)  # NEXT_STEP: rows to restart
        self.has_begun = False  # whether there was a reset

    @property
    def budget(self) -> float:
        """Largest allowed episode mean of ``info["cost"]``."""
        return budget_of(self.task, self.params)

    @property
    def constraints_digest(self) -> str:
        """Digest of the promises that judge an episode, as certificates carry it; see ``twin/promises.py``."""
        return constraints_digest_of(self.params)

    @property
    def np_random_seed(self) -> tuple[int, ...]:  # pyright: ignore[reportIncompatibleMethodOverride]  (as of SyncVectorEnv)
        """Seed of every row: ``reset(seed=...)`` with them begins the same episodes; -1 before the first reset."""
        return tuple(self._seeds.tolist())

    @property
    def simulation(self) -> Simulation:
        """The running twin; AttributeError where the control problem has another world."""
        if not isinstance(self.world, TwinWorld):
            raise AttributeError(f"{type(self.task).__name__} does not run on the twin; see `world`")
        return self.world.simulation

    @property
    def window(self) -> Any:  # noqa: ANN401  (each world shows its controllers something else)
        """What a controller may look at now; ResetNeeded before the first reset."""
        if not self.has_begun:
            raise gym.error.ResetNeeded("call reset() first: nothing has been reported yet")
        return self.world.window

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[F32, dict[str, Any]]:
        """Begin an episode in every replica, or in the rows of ``options["reset_mask"]``: in none if it names none.

        The first reset begins one everywhere.

        Args:
            seed: one number (row i takes ``seed + i``) or one per row; None goes on to the next episode of the seed.
            options: ``{"reset_mask": (B,) bool}`` or nothing.

        Raises:
            ValueError: for unknown options, a mask of the wrong shape, or seeds out of range.
        """
        mask = reset_mask(options, self.num_envs)
        self._take_seeds(seed, mask)
        if mask.all() or not self.has_begun:
            self.world.start(self._seeds, self._episodes)
        elif mask.any():
            self._restart(np.flatnonzero(mask))
        self.has_begun, self._pending[mask] = True, False
        return self.world.observe(), self.world.standing()

    def step(self, actions: Any) -> tuple[F32, F64, Bool, Bool, dict[str, Any]]:  # noqa: ANN401
        """Run one control period, or whatever passes until the next decision.

        Raises:
            ValueError: if an action is not in the space; nothing has changed then.
        """
        if not self.has_begun:
            raise _reset_first("step")
        self.world.step(actions)
        observation, rewards, truncated, any_over, infos = told = self.world.told()
        if any_over or self._waits:
            observation = self._restarted_next(told) if self._waits else self._restarted_now(told)
        return observation, rewards, np.zeros(self.num_envs, _BOOL), truncated, infos

    def step_alone(self, actions: Any) -> tuple[F32, float, bool, dict[str, Any]]:  # noqa: ANN401
        """Return observation, reward, whether the episode is over, and info of a batch of one, as of no batch."""
        if not self.has_begun:
            raise _reset_first("step")
        self.world.step(actions)
        return self.world.told_alone()

    def action_masks(self) -> Bool:
        """Return which choices are allowed now, (B, sum of choices)."""
        if not self.has_begun:
            raise _reset_first("action_masks")
        return self.world.masks()

    def _restarted_next(self, told: Told) -> F32:
        """Begin the episodes that were over at the step before: NEXT_STEP."""
        observation, rewards, truncated, _, infos = told
        waiting = np.flatnonzero(self._pending)
        if len(waiting):
            self._episodes[waiting] += 1
            self._restart(waiting)
            rewards[waiting], truncated[waiting] = 0.0, False
            infos |= self.world.standing()
            observation = self.world.observe()
        self._pending[:] = truncated
        return observation

    def _restarted_now(self, told: Told) -> F32:
        """Begin new episodes where they are over: SAME_STEP."""
        observation, _, truncated, _, infos = told
        if self._mode == AutoresetMode.DISABLED:
            return observation
        rows = np.flatnonzero(truncated)
        final = np.full(self.num_envs, None, dtype=object)
        for row in rows.tolist():
            final[row] = observation[row]
        infos["final_info"] = {name: value for name, value in infos.items() if not name.startswith("_")}
        infos["final_obs"], infos["_final_obs"], infos["_final_info"] = (
            final,
            truncated.copy(),
            truncated.copy(),
        )
        self._episodes[rows] += 1
        self._restart(rows)
        infos |= self.world.standing()
        return self.world.observe()

    def _restart(self, rows: np.ndarray) -> None:
        self.world.restart(rows, self._seeds[rows], self._episodes[rows])
        self._pending[rows] = False

    def _take_seeds(self, seed: int | Sequence[int | None] | None, mask: Bool) -> None:
        given = seed_per_row(seed, self.num_envs)
        if not self.has_begun:
            entropy = np.random.SeedSequence().generate_state(self.num_envs, np.uint64)
            self._seeds = (entropy >> np.uint64(2)).astype(np.int64)
        for row in np.flatnonzero(mask):
            value = given[row]
            if value is None:
                self._episodes[row] += self.has_begun
            else:
                self._seeds[row], self._episodes[row] = value, 0


def _reset_first(what: str) -> gym.error.ResetNeeded:
    return gym.error.ResetNeeded(f"call reset() before {what}()")


class TwinEnv(gym.Env[Any, Any]):
    """One network: a view of ``TwinVectorEnv`` with one replica; same seed, same bits.

    ``__doc__`` of an environment is that of its control problem: actions, observations, rewards, episodes.
    """

    metadata: dict[str, Any] = {"render_modes": RENDER_MODES, "render_fps": 12}  # noqa: RUF012

    def __init__(
        self,
        task: AnyTask,
        scenario: Any = None,  # noqa: ANN401
        render_mode: str | None = None,
    ) -> None:
        if render_mode is not None and render_mode not in RENDER_MODES:
            raise UnknownNameError("render mode", render_mode, RENDER_MODES)
        self.batch = TwinVectorEnv(task, scenario, 1, AutoresetMode.DISABLED)
        self.__doc__ = type(task).__doc__ or type(self).__doc__  # what this one is about
        self.action_space = self.batch.single_action_space
        self.observation_space = self.batch.single_observation_space
        self.render_mode = render_mode
        self._picture: Picture | None = None

    @property
    def budget(self) -> float:
        """Largest allowed episode mean of ``info["cost"]``."""
        return self.batch.budget

    @property
    def constraints_digest(self) -> str:
        """Digest of the promises that judge an episode; see ``TwinVectorEnv.constraints_digest``."""
        return self.batch.constraints_digest

    @property
    def np_random_seed(self) -> int:
        """Seed of the episodes, drawn where none was given; see ``TwinVectorEnv.np_random_seed``."""
        return self.batch.np_random_seed[0]

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[F32, dict[str, Any]]:
        """Begin an episode; see ``TwinVectorEnv.reset``."""
        super().reset(seed=seed)
        observation, _ = self.batch.reset(seed=None if seed is None else [seed], options=options)
        self._frame()
        return observation[0], self.batch.world.standing(0)

    def step(self, action: Any) -> tuple[F32, SupportsFloat, bool, bool, dict[str, Any]]:  # noqa: ANN401
        """Go on to the next decision; see ``TwinVectorEnv.step``."""
        observation, reward, truncated, info = self.batch.step_alone([action])
        self._frame()
        return observation, reward, False, truncated, info

    def action_masks(self) -> Bool:
        """Return which choices are allowed now, (sum of choices,)."""
        return self.batch.action_masks()[0]

    def render(self) -> np.ndarray | None:
        """Draw the network: (720, 1280, 3) uint8 for ``rgb_array``, a window for ``human``.

        Raises:
            ResetNeeded: before the first reset.
        """
        if self.render_mode is None:
            gym.logger.warn(
                "render() does nothing: make the environment with render_mode='rgb_array' or 'human'"
            )
            return None
        if not self.batch.has_begun:
            raise gym.error.ResetNeeded("call reset() before render()")
        picture = self._note() if self._picture is None else self._picture
        return picture.draw()

    def __getstate__(self) -> dict[str, Any]:
        """Pickle everything but the picture: its window opens anew and its curves begin anew."""
        return vars(self) | {"_picture": None}

    def close(self) -> None:
        """Close the window, if there is one."""
        if self._picture is not None:
            self._picture.close()
            self._picture = None

    def _frame(self) -> None:
        if self.render_mode is None:
            return
        picture = self._note()
        if self.render_mode == "human":
            picture.draw()

    def _note(self) -> Picture:
        """Show the present period to the picture, which is made if there is none."""
        if self._picture is None:
            self._picture = self.batch.world.picture(str(self.render_mode))
        self._picture.note()
        return self._picture
