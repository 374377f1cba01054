"""The seam below the environments: what a batch of episodes of some control problem does.

``TwinVectorEnv`` keeps what Gymnasium asks for (seeds, restarts); a world keeps what is simulated and may be asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

import numpy as np
from gymnasium import spaces

from ..twin.kpis import EVERY
from ..twin.types import F32, F64, I64, Bool
from .actions import Actions, ActionSpace
from .features import FeatureList

Info = dict[str, Any]
Told = tuple[F32, F64, Bool, bool, Info]


class Picture(Protocol):
    """Draws the first replica of a world."""

    def note(self) -> None:
        """Keep what the curves of the episode show of this moment; called after every reset and step."""
        ...

    def draw(self) -> np.ndarray | None:
        """Draw it as it is now: (H, W, 3) uint8, or None where a window shows it."""
        ...

    def close(self) -> None:
        """Close the window, if there is one."""
        ...


class World(Protocol):
    """B replicas of a control problem; begun by ``start``, then moved one decision at a time."""

    @property
    def action_space(self) -> ActionSpace:
        """Space of one replica's action."""
        ...

    @property
    def observation_space(self) -> spaces.Box:
        """Space of one replica's observation, every element in [-1, 1]."""
        ...

    @property
    def periods_per_episode(self) -> int:
        """Decisions in an episode."""
        ...

    @property
    def window(self) -> Any:  # noqa: ANN401  (each world shows its controllers something else)
        """What a controller may look at now."""
        ...

    @property
    def state(self) -> Any:  # noqa: ANN401
        """What is simulated; its ``arrays`` is a named tuple with one row per replica."""
        ...

    def start(self, seeds: I64, episodes: I64) -> None:
        """Begin an episode in every replica, (B,) each."""
        ...

    def restart(self, rows: I64, seeds: I64, episodes: I64) -> None:
        """Begin a new episode in some replicas; ``seeds`` and ``episodes`` are those of the rows."""
        ...

    def step(self, actions: Any) -> None:  # noqa: ANN401
        """Obey actions (B, A), or what the rules make of them, and go on to the next decision.

        Raises:
            ValueError: if an action is not in the space; nothing has changed then.
        """
        ...

    def told(self) -> Told:
        """Return all about the last step; the caller may keep and change it.

        Observations (B, size), rewards (B,), which episodes have reached their time limit (B,), whether any has, and
        infos as ``judged`` and ``standing`` say.
        """
        ...

    def observe(self) -> F32:
        """Return what is observed now, (B, size)."""
        ...

    def standing(self, row: int | slice = EVERY) -> Info:
        """Return what is known now, of one replica or of all: at least ``kpis`` and ``command``."""
        ...

    def judged(self) -> Info:
        """Return ``cost``, ``costs``, ``reward_terms`` and amounts of the last step, each (B,)."""
        ...

    def told_alone(self) -> tuple[F32, float, bool, Info]:
        """Return observation, reward, whether the episode is over, and info of a batch of one, as of no batch."""
        ...

    def over(self) -> Bool:
        """Return which episodes have reached their time limit, (B,)."""
        ...

    def masks(self) -> Bool:
        """Return which choices are allowed now, (B, sum of choices)."""
        ...

    def stay(self) -> Actions:
        """Return the choices that are obeyed in place of what is not allowed now, (B, A)."""
        ...

    def obeyed(self) -> Actions:
        """Return the choices that the last step obeyed, (B, A)."""
        ...

    def picture(self, mode: str) -> Picture:
        """Return what draws this world; drawing needs matplotlib."""
        ...


@runtime_checkable
class WorldTask(Protocol):
    """A control problem on another world than the radio twin: it brings its networks and its world."""

    @property
    def scenarios(self) -> tuple[str, ...]:
        """Names of the scenarios it can run on, the default first."""
        ...

    @property
    def features(self) -> FeatureList:
        """What an agent sees."""
        ...

    @property
    def weights(self) -> dict[str, float]:
        """Weight of every reward term."""
        ...

    @property
    def budget(self) -> float:
        """Largest allowed episode mean of ``cost``."""
        ...

    def network(self, scenario: object, settings: Mapping[str, object]) -> Any:  # noqa: ANN401
        """Return what the scenario and its settings describe; ValueError says what is wrong with them."""
        ...

    def world(self, network: Any, n_replicas: int) -> World:  # noqa: ANN401
        """Return B replicas of a network."""
        ...

    def action_space(self, network: Any) -> spaces.MultiDiscrete:  # noqa: ANN401
        """Return the space of one action."""
        ...

    def observe(self, network: Any, window: Any) -> F32:  # noqa: ANN401
        """Return the observation of every replica, (B, size), from what a controller may look at."""
        ...

    def legal(self, network: Any, window: Any, actions: I64) -> I64:  # noqa: ANN401
        """Return what is obeyed when ``actions`` (B, A) are asked for."""
        ...


def alone(info: Info) -> Info:
    """Return the info of a batch of one as of no batch: (1,) becomes a number, (1, ...) an array."""
    return {name: alone(value) if isinstance(value, dict) else _first(value) for name, value in info.items()}


def _first(values: np.ndarray) -> Any:  # noqa: ANN401  (a number or an array)
    return values.item() if values.ndim == 1 else values[0]
