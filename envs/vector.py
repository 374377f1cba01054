"""``TwinVectorEnv``: the native batch, and ``TwinEnv``: a view of a batch of one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, SupportsFloat

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from ..twin.kernels.rules import outside_rows
from ..twin.params import Params
from ..twin.scenario import Scenario
from ..twin.types import F32, F64, I64, Bool
from .catalogue import UnknownNameError
from .features import Observer, observation_space
from .infos import judged, judged_alone, standing
from .scenario_source import scenario_named
from .simulation import Outcome, Simulation
from .task import Task, Weighting
from .window import Window

RENDER_MODES = ["rgb_array", "human"]
_SEED_LIMIT = 2**62


class TwinVectorEnv(VectorEnv[Any, Any, Any]):
    """A control problem on B replicas of a network, one compiled call per control period.

    Args:
        task: the control problem.
        scenario: name of a shipped scenario, a ``Scenario`` or ready ``Params``.
        num_envs: B.
        autoreset_mode: SAME_STEP (default), NEXT_STEP or DISABLED.

    Raises:
        UnknownNameError: for an unknown scenario.
    """

    metadata: dict[str, Any] = {"render_modes": [], "autoreset_mode": AutoresetMode.SAME_STEP}  # noqa: RUF012

    def __init__(
        self,
        task: Task,
        scenario: str | Scenario | Params,
        num_envs: int = 1,
        autoreset_mode: AutoresetMode = AutoresetMode.SAME_STEP,
    ) -> None:
        self.task = task
        self.params = params_of(scenario)
        self.num_envs = num_envs
        self._mode = AutoresetMode(autoreset_mode)
        self.metadata = {**self.metadata, "autoreset_mode": self._mode}
        self.single_action_space = task.action_space(self.params)
        self._choices: I64 = np.asarray(self.single_action_space.nvec, np.int64)
        self.single_observation_space = observation_space(task.features, self.params)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.simulation = Simulation(self.params, num_envs)
        self._weighting = Weighting(task.weights)
        timing = self.params.scenario.timing
        self._last_step = timing.periods_per_episode * timing.steps_per_period
        self._observer = Observer(task.features, self.params)
        self._seeds = np.zeros(num_envs, np.int64)
        self._episodes = np.zeros(num_envs, np.int64)
        self._pending = np.zeros(num_envs, np.bool_)  # NEXT_STEP: rows to restart
        self._started = False

    @property
    def budget(self) -> float:
        """Largest allowed episode mean of ``info["cost"]``."""
        return self.task.budget

    @property
    def window(self) -> Window:
        """What a controller may look at now; ResetNeeded before the first reset."""
        if not self._started:
            raise gym.error.ResetNeeded("call reset() first: nothing has been reported yet")
        return self.simulation.window

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[F32, dict[str, Any]]:
        """Begin an episode in every replica, or in the rows of ``options["reset_mask"]``.

        Args:
            seed: one number (row i takes ``seed + i``) or one per row; None goes on to the next episode of the seed.
            options: ``{"reset_mask": (B,) bool}`` or nothing.

        Raises:
            ValueError: for unknown options, a mask of the wrong shape, or seeds out of range.
        """
        mask = self._reset_mask(options)
        self._take_seeds(seed, mask)
        if self._started and not mask.all():
            self._restart(np.flatnonzero(mask))
        else:
            self.simulation.start(self._seeds, self._episodes)
        self._started, self._pending[:] = True, False
        return self._observe(), standing(self.simulation.window)

    def step(self, actions: Any) -> tuple[F32, F64, Bool, Bool, dict[str, Any]]:  # noqa: ANN401
        """Run one control period.

        Raises:
            ValueError: if an action is not in the space; nothing has changed then.
        """
        outcome, terms = self._run_period(actions)
        rewards = self._weighting(terms)
        infos = judged(outcome, terms) | standing(self.simulation.window)
        truncated = self.simulation.state.arrays.step >= self._last_step
        if self._mode == AutoresetMode.NEXT_STEP and self._pending.any():
            waiting = np.flatnonzero(self._pending)
            self._episodes[waiting] += 1
            self._restart(waiting)
            rewards[waiting], truncated[waiting] = 0.0, False
        observation = self._autoreset(truncated, infos)
        return observation, rewards, np.zeros(self.num_envs, np.bool_), truncated, infos

    def step_alone(self, actions: Any) -> tuple[F32, float, bool, dict[str, Any]]:  # noqa: ANN401
        """Return observation, reward, whether the episode is over, and info of a batch of one, as of no batch."""
        outcome, terms = self._run_period(actions)
        info = judged_alone(outcome, terms) | standing(self.simulation.window, 0)
        over = self.simulation.state.arrays.step.item() >= self._last_step
        return self._observe()[0], self._weighting(info["reward_terms"]), over, info

    def _run_period(self, actions: Any) -> tuple[Outcome, dict[str, F64]]:  # noqa: ANN401
        if not self._started:
            raise gym.error.ResetNeeded("call reset() before step()")
        actions = self._checked(actions)
        wanted = self.task.decode(self.params, actions, self.simulation.window.precedent)
        outcome = self.simulation.step(wanted)
        return outcome, self.task.reward_terms(self.params, outcome)

    def action_masks(self) -> Bool:
        """Return which choices the static rules allow now, (B, sum of choices)."""
        return self.task.masks(self.params, self.window.precedent)

    def _autoreset(self, truncated: Bool, infos: dict[str, Any]) -> F32:
        observation = self._observe()
        self._pending = truncated.copy() if self._mode == AutoresetMode.NEXT_STEP else self._pending
        if self._mode != AutoresetMode.SAME_STEP or not truncated.any():
            return observation
        rows = np.flatnonzero(truncated)
        final = np.full(self.num_envs, None, dtype=object)
        for row in rows:
            final[row] = observation[row]
        infos["final_info"] = {name: value for name, value in infos.items() if not name.startswith("_")}
        infos["final_obs"], infos["_final_obs"], infos["_final_info"] = (
            final,
            truncated.copy(),
            truncated.copy(),
        )
        self._episodes[rows] += 1
        self._restart(rows)
        return self._observe()

    def _restart(self, rows: np.ndarray) -> None:
        self.simulation.restart(rows, self._seeds[rows], self._episodes[rows])
        self._pending[rows] = False

    def _observe(self) -> F32:
        return self._observer(self.simulation.window)

    def _checked(self, actions: Any) -> I64:  # noqa: ANN401
        array = np.asarray(actions)
        if array.shape != (self.num_envs, len(self._choices)):
            raise ValueError(f"actions have shape {array.shape}, need {(self.num_envs, len(self._choices))}")
        if array.dtype.kind not in "iu":
            raise ValueError(f"actions are {array.dtype}, need integers 0..{int(self._choices.max()) - 1}")
        checked = array.astype(np.int64)
        if outside_rows(checked, self._choices):
            raise ValueError(
                f"actions hold values outside 0..{int(self._choices.max()) - 1}: {np.unique(array)}"
            )
        return checked

    def _reset_mask(self, options: dict[str, Any] | None) -> Bool:
        unknown = set(options or {}) - {"reset_mask"}
        if unknown:
            raise UnknownNameError("reset option", sorted(unknown)[0], ["reset_mask"])
        mask = np.asarray((options or {}).get("reset_mask", np.ones(self.num_envs, np.bool_)))
        if mask.shape != (self.num_envs,) or mask.dtype != np.bool_:
            raise ValueError(
                f"reset_mask must be bool of shape ({self.num_envs},), got {mask.dtype} {mask.shape}"
            )
        return mask

    def _take_seeds(self, seed: int | Sequence[int | None] | None, mask: Bool) -> None:
        given = self._seed_per_row(seed)
        if not self._started:
            entropy = np.random.SeedSequence().generate_state(self.num_envs, np.uint64)
            self._seeds = (entropy >> np.uint64(2)).astype(np.int64)
        for row in np.flatnonzero(mask):
            value = given[row]
            if value is None:
                self._episodes[row] += 1
            else:
                self._seeds[row], self._episodes[row] = value, 0

    def _seed_per_row(self, seed: int | Sequence[int | None] | None) -> list[int | None]:
        """Return the seed of every row, None where it goes on; ValueError names what is wrong."""
        if seed is None:
            return [None] * self.num_envs
        given = [seed + i for i in range(self.num_envs)] if isinstance(seed, int | np.integer) else list(seed)
        if len(given) != self.num_envs:
            raise ValueError(f"{len(given)} seeds for {self.num_envs} environments; give one each")
        for value in given:
            if value is not None and not 0 <= int(value) < _SEED_LIMIT:
                raise ValueError(f"seed {value} is outside 0..2**62 - 1")
        return [None if value is None else int(value) for value in given]


class TwinEnv(gym.Env[Any, Any]):
    """One network: a view of ``TwinVectorEnv`` with one replica; same seed, same bits."""

    metadata: dict[str, Any] = {"render_modes": RENDER_MODES, "render_fps": 12}  # noqa: RUF012

    def __init__(self, task: Task, scenario: str | Scenario | Params, render_mode: str | None = None) -> None:
        if render_mode is not None and render_mode not in RENDER_MODES:
            raise UnknownNameError("render mode", render_mode, RENDER_MODES)
        self.batch = TwinVectorEnv(task, scenario, 1, AutoresetMode.DISABLED)
        self.action_space = self.batch.single_action_space
        self.observation_space = self.batch.single_observation_space
        self.render_mode = render_mode
        self._renderer: Any = None

    @property
    def budget(self) -> float:
        """Largest allowed episode mean of ``info["cost"]``."""
        return self.batch.budget

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[F32, dict[str, Any]]:
        """Begin an episode; see ``TwinVectorEnv.reset``."""
        super().reset(seed=seed)
        observation, _ = self.batch.reset(seed=None if seed is None else [seed], options=options)
        self._frame()
        return observation[0], standing(self.batch.window, 0)

    def step(self, action: Any) -> tuple[F32, SupportsFloat, bool, bool, dict[str, Any]]:  # noqa: ANN401
        """Run one control period; see ``TwinVectorEnv.step``."""
        observation, reward, truncated, info = self.batch.step_alone(np.asarray(action)[None])
        self._frame()
        return observation, reward, False, truncated, info

    def action_masks(self) -> Bool:
        """Return which choices the static rules allow now, (sum of choices,)."""
        return self.batch.action_masks()[0]

    def render(self) -> np.ndarray | None:
        """Draw the network: (H, W, 3) uint8 for ``rgb_array``, a window for ``human``."""
        if self.render_mode is None:
            gym.logger.warn(
                "render() does nothing: make the environment with render_mode='rgb_array' or 'human'"
            )
            return None
        if self._renderer is None:
            from .render import Renderer  # noqa: PLC0415  (matplotlib is an optional extra)

            self._renderer = Renderer(self.batch.params, self.render_mode)
        return self._renderer.draw(self.batch.simulation)

    def close(self) -> None:
        """Close the window, if there is one."""
        if self._renderer is not None:
            self._renderer.close()
            self._renderer = None

    def _frame(self) -> None:
        if self.render_mode == "human":
            self.render()


def params_of(scenario: str | Scenario | Params) -> Params:
    """Work out whatever names a network."""
    if isinstance(scenario, Params):
        return scenario
    return Params.of(scenario_named(scenario) if isinstance(scenario, str) else scenario)
