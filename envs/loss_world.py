"""A loss system as a world: one decision per request, B replicas in one compiled call."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
from gymnasium import spaces

from ..twin.kpis import EVERY
from ..twin.loss_simulation import LossState, await_request, begin_loss
from ..twin.types import F32, F64, I32, I64, Bool, Rows
from .actions import Actions
from .loss_scenario import LossScenario
from .loss_start import SteadyStart
from .world import Info, Picture

REFUSE, ADMIT = 0, 1
BEYOND = "beyond capacity"


class LossWindow(NamedTuple):
    """What a controller may look at: who asks, and who is in service."""

    request: I32  # (B,), class at the door
    held: I64  # (B, K), admissions in service


class Answer(NamedTuple):
    """What one decision brought."""

    request: I32  # (B,), class that had asked
    asked: Bool  # (B,), to admit it
    admitted: Bool  # (B,)
    revenue: F64  # (B,), the reward, or less the penalty


class AdmissionTask(Protocol):
    """What a loss system needs to know of its control problem."""

    def action_space(self, network: LossScenario) -> spaces.MultiDiscrete:
        """Return the space of one action."""
        ...

    def observation_space(self, network: LossScenario) -> spaces.Box:
        """Return the space of one observation."""
        ...

    def observe(self, network: LossScenario, window: LossWindow) -> F32:
        """Return the observation, (B, size)."""
        ...

    def reward_terms(self, network: LossScenario, answer: Answer) -> dict[str, F64]:
        """Return the named terms, each (B,) in [0, 1]."""
        ...


class LossWorld:
    """B replicas of a loss system; see ``World``.

    Args:
        task: the control problem.
        network: the loss system and the length of an episode.
        n_replicas: B.
    """

    state: LossState

    def __init__(self, task: AdmissionTask, network: LossScenario, n_replicas: int) -> None:
        self.task = task
        self.network = network
        self.action_space: spaces.MultiDiscrete = task.action_space(network)
        self.observation_space: spaces.Box = task.observation_space(network)
        self.periods_per_episode: int = network.episode_requests
        self._system = network.system
        self._start = SteadyStart(network.system)
        self._answered = np.zeros(n_replicas, np.int64)
        self._answer = self._nothing_yet(n_replicas)
        self._busy = np.zeros(n_replicas)

    @property
    def window(self) -> LossWindow:
        """Who asks, and who is in service."""
        return LossWindow(self.state.request.copy(), self.state.arrays.held.copy())

    def start(self, seeds: I64, episodes: I64) -> None:
        """Begin an episode in every replica, (B,) each."""
        self.state = self._begun(seeds, episodes)
        self._answered = np.zeros(len(seeds), np.int64)
        self._answer = self._nothing_yet(len(seeds))
        self._busy = self._busy_share(slice(None))

    def restart(self, rows: I64, seeds: I64, episodes: I64) -> None:
        """Begin a new episode in some replicas."""
        self.state.assign(rows, self._begun(seeds, episodes))
        self._answered[rows] = 0
        self._answer.admitted[rows] = False
        self._busy[rows] = self._busy_share(rows)

    def step(self, actions: Actions) -> None:
        """Answer the request at each door, and go on to the next."""
        asked = actions[:, 0] == ADMIT
        request, admitted, revenue, self._busy = self.network.door.decide(self.state, asked)
        self._answer = Answer(request, asked, admitted, revenue)
        self._answered += 1

    def observe(self) -> F32:
        """Return what is observed now, (B, size)."""
        arrays = self.state.arrays
        return self.task.observe(self.network, LossWindow(arrays.request, arrays.held))

    def standing(self, row: int | slice = EVERY) -> Info:
        """Return who asks, who is in service, and the report of the time since the last request."""
        arrays = self.state.arrays
        request = arrays.request[row]
        return {
            "request": int(request) if isinstance(row, int) else request.astype(np.int64),
            "in_service": arrays.held[row].copy(),
            "kpis": {
                "DRB.EstabAtt": arrays.offered[row].copy(),
                "DRB.EstabSucc": arrays.admitted[row].copy(),
                "RRU.PrbTotDl": 100.0 * (self._busy[row].item() if isinstance(row, int) else self._busy[row]),
            },
            "command": self._answer.admitted[row, None].astype(np.int8)
            if isinstance(row, slice)
            else self._answer.admitted[row : row + 1].astype(np.int8),
        }

    def judged(self) -> Info:
        """Return costs, reward terms, revenue and time of the last decision, each (B,)."""
        cost = (self._answer.asked & ~self._answer.admitted).astype(np.float64)
        return {
            "cost": cost,
            "costs": {BEYOND: cost.copy()},
            "reward_terms": self.task.reward_terms(self.network, self._answer),
            "revenue": self._answer.revenue,
            "elapsed_s": self.state.arrays.elapsed_s.copy(),
        }

    def judged_alone(self) -> Info:
        """Return ``judged`` of a batch of one, as numbers."""
        return {
            name: {part: each.item() for part, each in value.items()}
            if isinstance(value, dict)
            else value.item()
            for name, value in self.judged().items()
        }

    def over(self) -> Bool:
        """Return which episodes have had all their requests, (B,)."""
        return self._answered >= self.periods_per_episode

    def over_alone(self) -> bool:
        """Return ``over`` of a batch of one."""
        return self._answered.item() >= self.periods_per_episode

    def masks(self) -> Bool:
        """Return whether refusing and admitting are possible, (B, 2)."""
        possible = np.ones((self.state.n_replicas, 2), np.bool_)
        possible[:, ADMIT] = fits(self.network, self.window)
        return possible

    def stay(self) -> I64:
        """Return that everybody refuses, (B, 1): what does not fit is refused."""
        return np.full((self.state.n_replicas, 1), REFUSE, np.int64)

    def obeyed(self) -> I64:
        """Return what became of the last requests, (B, 1)."""
        return self._answer.admitted[:, None].astype(np.int64)

    def picture(self, mode: str) -> Picture:
        """Return what draws the units in use and the request at the door."""
        from .render_loss import LossPicture  # noqa: PLC0415  (matplotlib is an optional extra)

        return LossPicture(self.network, lambda: self.standing(0), mode)

    def _begun(self, seeds: I64, episodes: I64) -> LossState:
        state = begin_loss(self._system, seeds, episodes, self._start(seeds, episodes))
        await_request(state)
        return state

    def _nothing_yet(self, n: int) -> Answer:
        none = np.zeros(n, np.bool_)
        return Answer(np.zeros(n, np.int32), none, none.copy(), np.zeros(n))

    def _busy_share(self, rows: Rows) -> F64:
        """Return the share of the capacity in use until the first request."""
        arrays = self.state.arrays
        mean = arrays.unit_s[rows] / np.maximum(arrays.elapsed_s[rows], np.finfo(np.float64).tiny)
        return mean / self._system.capacity


def fits(network: LossScenario, window: LossWindow) -> Bool:
    """Return whether the request at each door fits, (B,)."""
    free = network.system.capacity - window.held @ network.system.units
    return network.system.units[window.request] <= free
