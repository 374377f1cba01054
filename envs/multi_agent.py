"""The same problems with many deciders: a PettingZoo ``ParallelEnv`` in which every cell or site is an agent.

Needs the extra ``multiagent``.
"""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces

from ..twin.types import F32, I64
from .actions import Actions, ActionSpace
from .agent_shares import Share, shares_of
from .catalogue import UnknownNameError
from .registry import make_env
from .vector import RENDER_MODES, TwinEnv
from .world_twin import TwinWorld

try:
    from pettingzoo import ParallelEnv
except ModuleNotFoundError as error:
    hint = "the multi-agent view needs PettingZoo: pip install 'ranrein[multiagent]'"
    raise ModuleNotFoundError(hint, name=error.name) from error

AGENTS = ("cell", "site")
ByAgent = dict[str, Any]


def parallel_env(
    task: str,
    scenario: Any = None,  # noqa: ANN401  (a name, or what `network_of` takes)
    agents: str = "cell",
    render_mode: str | None = None,
    weights: dict[str, float] | None = None,
    **variant: bool,
) -> TwinParallelEnv:
    """Make the multi-agent view of a registered id on the twin, such as ``ranrein/EnergySaving-v0``.

    Args:
        task: id of a control problem whose every choice is about one cell.
        scenario: see ``make_env``.
        agents: "cell" or "site".
        render_mode: see ``make_env``.
        weights: see ``make_env``.
        variant: see ``make_env``.

    Raises:
        ValueError: for an unknown name, naming the nearest, or a problem that does not split by cell.
    """
    if agents not in AGENTS:
        raise UnknownNameError("kind of agents", agents, list(AGENTS))
    return TwinParallelEnv(make_env(task, scenario, render_mode, weights, **variant), agents)


class TwinParallelEnv(ParallelEnv[str, F32, Any]):
    """A team that controls one network; with the same joint action it does, bit for bit, what the single one does.

    Observations:
        What is reported of the agent's cells and of the coverage cells below them, and what concerns the whole network.
        ``state()`` is the observation of the single environment.

    Actions:
        ``Discrete`` where an agent has one choice, else ``MultiDiscrete``. ``infos[agent]["action_mask"]`` is what
        ``sample(mask)`` of its space takes. Its part of the ``Box``, and no mask, where the single one has a ``Box``.

    Rewards:
        The reward of the team, to every agent: their mean is the reward of the single environment, their sum is not.

    Episode End:
        All agents are truncated together after ``episode_s``.

    Args:
        env: the single environment.
        agents: "cell" or "site".

    Raises:
        ValueError: if a choice is not about exactly one cell.
    """

    metadata: dict[str, Any] = {"render_modes": RENDER_MODES, "name": "ranrein_v0", "is_parallelizable": True}  # noqa: RUF012

    def __init__(self, env: TwinEnv, agents: str) -> None:
        world = env.batch.world
        if not isinstance(world, TwinWorld):
            kind = type(env.batch.task).__name__
            raise ValueError(f"{kind} has choices that are not about a cell; use the single environment")
        self.env = env
        self.render_mode = env.render_mode
        self._shares: dict[str, Share] = shares_of(world.task, world.params, by_site=agents == "site")
        self.possible_agents: list[str] = list(self._shares)
        self.agents: list[str] = []
        self._space = world.action_space
        self._choices = _choices(self._space)
        self._mask_starts = np.cumsum([0, *self._choices])
        self.observation_spaces = {name: self._observation_space(s) for name, s in self._shares.items()}
        self.action_spaces = {name: self._action_space(share) for name, share in self._shares.items()}
        self._state: F32 = np.zeros(0, np.float32)

    @property
    def budget(self) -> float:
        """Largest allowed episode mean of ``info["cost"]``."""
        return self.env.budget

    @property
    def constraints_digest(self) -> str:
        """Digest of the promises that judge an episode; see ``TwinVectorEnv.constraints_digest``."""
        return self.env.constraints_digest

    @property
    def state_space(self) -> spaces.Space[Any]:
        """The space of ``state()``."""
        return self.env.observation_space

    def observation_space(self, agent: str) -> spaces.Space[Any]:
        """Return the space of an agent's observation, every element in [-1, 1]."""
        return self.observation_spaces[agent]

    def action_space(self, agent: str) -> spaces.Space[Any]:
        """Return the space of an agent's action."""
        return self.action_spaces[agent]

    def reset(
        self, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[ByAgent, ByAgent]:
        """Begin an episode; see ``TwinEnv.reset``. Options are not used: PettingZoo's own test passes what it likes."""
        observation, info = self.env.reset(seed=seed)
        self.agents = list(self.possible_agents)
        return self._seen(observation), self._told(info)

    def step(self, actions: ByAgent) -> tuple[ByAgent, ByAgent, ByAgent, ByAgent, ByAgent]:
        """Run one control period under the joint action.

        Raises:
            ResetNeeded: before the first reset and after the end of an episode.
            ValueError: if an agent is missing or unknown, or an action is not in its space; nothing has changed then.
        """
        if not self.agents:
            raise gym.error.ResetNeeded("call reset(): no agent is alive")
        observation, reward, terminated, truncated, info = self.env.step(self.joint(actions))
        seen, told = self._seen(observation), self._told(info)
        rewards, ends, cuts = (dict.fromkeys(self.agents, v) for v in (float(reward), terminated, truncated))
        if truncated:
            self.agents = []
        return seen, rewards, ends, cuts, told

    def joint(self, actions: ByAgent) -> Actions:
        """Return the action of the single environment, (A,); see ``step``."""
        wrong = set(actions) ^ set(self.possible_agents)
        if wrong:
            names = ", ".join(sorted(map(str, wrong)))
            raise ValueError(f"actions must name every agent once; missing or unknown: {names}")
        joint: Any = np.zeros(self._space.shape, self._space.dtype)
        for name, share in self._shares.items():
            if not self.action_spaces[name].contains(actions[name]):
                raise ValueError(f"action {actions[name]!r} of {name} is not in {self.action_spaces[name]}")
            joint[share.actions] = actions[name]
        return joint

    def state(self) -> F32:
        """Return the observation of the single environment; ResetNeeded before the first reset."""
        if not self._state.size:
            raise gym.error.ResetNeeded("call reset() before state()")
        return self._state.copy()

    def render(self) -> np.ndarray | None:
        """Draw the network; see ``TwinEnv.render``."""
        return self.env.render()

    def close(self) -> None:
        """Close the window, if there is one."""
        self.env.close()

    def _seen(self, observation: F32) -> ByAgent:
        self._state = observation
        return {name: observation[share.elements] for name, share in self._shares.items()}

    def _told(self, info: dict[str, Any]) -> ByAgent:
        if not len(self._choices):
            return {name: dict(info) for name in self._shares}
        allowed = np.split(self.env.action_masks().astype(np.int8), self._mask_starts[1:-1])
        return {
            name: {**info, "action_mask": _single([allowed[i] for i in share.actions])}
            for name, share in self._shares.items()
        }

    def _observation_space(self, share: Share) -> spaces.Space[Any]:
        return spaces.Box(-1.0, 1.0, (len(share.elements),), np.float32)

    def _action_space(self, share: Share) -> spaces.Space[Any]:
        if isinstance(self._space, spaces.Box):
            return spaces.Box(self._space.low[share.actions], self._space.high[share.actions])
        choices = self._choices[share.actions]
        return spaces.Discrete(int(choices[0])) if len(choices) == 1 else spaces.MultiDiscrete(choices)


def _choices(space: ActionSpace) -> I64:
    """Return how many choices every element has, (A,); nothing of a box."""
    return np.asarray(space.nvec if isinstance(space, spaces.MultiDiscrete) else [], np.int64)


def _single(masks: list[np.ndarray]) -> Any:  # noqa: ANN401  (as `sample` takes it)
    return masks[0] if len(masks) == 1 else tuple(masks)
