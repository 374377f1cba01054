"""A loss system as a world: one decision per request, B replicas in one compiled call."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np
from gymnasium import spaces

from ..twin.kernels.loss_door import BEYOND, BUSY_PERCENT, COST, ELAPSED_S, REVENUE, REWARD, TERM, UNKNOWN
from ..twin.kpis import EVERY
from ..twin.loss.door import Answered, Room, Worth, answer_doors, door_of, revenue_of
from ..twin.loss.simulation import LossState, await_request, begin_loss
from ..twin.loss.start import SteadyStart
from ..twin.types import F32, F64, I32, I64, Bool, Rows
from .actions import ChoiceCheck
from .loss_scenario import LossScenario
from .loss_trail import LossTrail
from .task import Weighting
from .world import Info, Picture, Told, alone

REFUSE, ADMIT = 0, 1
PROMISE = "beyond capacity"
EARNED = "revenue"


class LossWindow(NamedTuple):
    """What a controller may look at: who asks, and who is in service."""

    request: I32  # (B,), class at the door
    held: I64  # (B, K), admissions in service


class AdmissionTask(Protocol):
    """What a loss system needs to know of its control problem."""

    @property
    def weights(self) -> dict[str, float]:
        """Weight of the reward term."""
        ...

    def action_space(self, network: LossScenario) -> spaces.MultiDiscrete:
        """Return the space of one action."""
        ...

    def observation_space(self, network: LossScenario) -> spaces.Box:
        """Return the space of one observation."""
        ...

    def observe(self, network: LossScenario, window: LossWindow) -> F32:
        """Return the observation, (B, size)."""
        ...

    def scaled(self, network: LossScenario, revenue: F64) -> F64:
        """Return the reward term ``revenue`` of what answers bring, in [0, 1]."""
        ...


class LossWorld:
    """B replicas of a loss system; see ``World``.

    Args:
        task: the control problem.
        network: the loss system and the length of an episode.
        n_replicas: B.
    """

    state: LossState
    _answered: I64  # (B,), requests of the episode
    _last: Answered
    _any_over: bool

    def __init__(self, task: AdmissionTask, network: LossScenario, n_replicas: int) -> None:
        self.task = task
        self.network = network
        self.action_space: spaces.MultiDiscrete = task.action_space(network)
        self.observation_space: spaces.Box = task.observation_space(network)
        self.periods_per_episode: int = network.episode_requests
        self._start = SteadyStart(network.system)
        revenue = revenue_of(network.system)
        term = task.scaled(network, revenue)
        worth = Worth(revenue, term, Weighting(task.weights)({EARNED: term}))
        self._door = door_of(network.system, worth, network.episode_requests)
        self._check = ChoiceCheck(self.action_space, n_replicas)
        self._room = Room(n_replicas, network.system.n_classes)

    @property
    def window(self) -> LossWindow:
        """Who asks, and who is in service."""
        return LossWindow(self.state.request.copy(), self.state.arrays.held.copy())

    def start(self, seeds: I64, episodes: I64) -> None:
        """Begin an episode in every replica, (B,) each."""
        self.state = self._begun(seeds, episodes)
        self._answered = np.zeros(len(seeds), np.int64)

    def restart(self, rows: I64, seeds: I64, episodes: I64) -> None:
        """Begin a new episode in some replicas."""
        self.state.assign(rows, self._begun(seeds, episodes))
        self._answered[rows] = 0

    def step(self, actions: Any) -> None:  # noqa: ANN401
        """Answer the request at each door, and go on to the next."""
        asked, told = self._check.taken(actions), self._room()
        n_over = answer_doors(self._door, self.state.arrays, self._answered, asked, told)
        if n_over == UNKNOWN:
            raise self._check.refusal(asked)
        self._last, self._any_over = told, n_over > 0

    def told(self) -> Told:
        """Return all about the last decision."""
        shown, amounts, offered, admitted, held, request, command, over = self._last
        infos: Info = {
            "cost": amounts[COST],
            "costs": {PROMISE: amounts[BEYOND]},
            "reward_terms": {EARNED: amounts[TERM]},
            "revenue": amounts[REVENUE],
            "elapsed_s": amounts[ELAPSED_S],
            "request": request,
            "in_service": held,
            "kpis": {
                "DRB.EstabAtt": offered,
                "DRB.EstabSucc": admitted,
                "RRU.PrbTotDl": amounts[BUSY_PERCENT],
            },
            "command": command,
        }
        return shown, amounts[REWARD], over, self._any_over, infos

    def told_alone(self) -> tuple[F32, float, bool, Info]:
        """Return observation, reward, whether the episode is over, and info of a batch of one, as of no batch."""
        observation, rewards, _, any_over, infos = self.told()
        return observation[0], rewards.item(), any_over, alone(infos)

    def observe(self) -> F32:
        """Return what is observed now, (B, size)."""
        arrays = self.state.arrays
        return self.task.observe(self.network, LossWindow(arrays.request, arrays.held))

    def standing(self, row: int | slice = EVERY) -> Info:
        """Return who asks, who is in service, and the report of the time since the last request."""
        arrays = self.state.arrays
        request, busy = arrays.request[row], 100.0 * self._busy_share(row)
        single = isinstance(row, int)
        return {
            "request": int(request) if single else request.astype(np.int64),
            "in_service": arrays.held[row].copy(),
            "kpis": {
                "DRB.EstabAtt": arrays.offered[row].copy(),
                "DRB.EstabSucc": arrays.admitted[row].copy(),
                "RRU.PrbTotDl": busy.item() if single else busy,
            },
            "command": self.obeyed()[row].astype(np.int8),
        }

    def judged(self) -> Info:
        """Return costs, reward terms, revenue and time of the last decision, each (B,)."""
        *_, infos = self.told()
        return {name: infos[name] for name in ("cost", "costs", "reward_terms", "revenue", "elapsed_s")}

    def over(self) -> Bool:
        """Return which episodes have had all their requests, (B,)."""
        return self._answered >= self.periods_per_episode

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
        return self.state.arrays.admitted.sum(axis=1, keepdims=True)

    def picture(self, mode: str) -> Picture:
        """Return what draws the units in use, the request at the door, and the episode so far."""
        return _Picture(self, mode)

    def _begun(self, seeds: I64, episodes: I64) -> LossState:
        state = begin_loss(self.network.system, seeds, episodes, self._start(seeds, episodes))
        await_request(state)
        return state

    def _busy_share(self, rows: Rows | int) -> F64:
        """Return the share of the capacity in use on average, until the request that waits now."""
        arrays = self.state.arrays
        mean = arrays.unit_s[rows] / np.maximum(arrays.elapsed_s[rows], np.finfo(np.float64).tiny)
        return mean / self.network.system.capacity


class _Picture:
    """A world and what draws its first replica; that is made when it is first drawn."""

    def __init__(self, world: LossWorld, mode: str) -> None:
        self._world, self._mode = world, mode
        self._trail = LossTrail(world.network.system)
        self._painter: Any = None

    def note(self) -> None:
        """Keep what the last answer brought, for the curves."""
        standing = self._world.standing(0)
        has_begun = standing["kpis"]["DRB.EstabAtt"].sum() > 0
        self._trail.note(standing, alone(self._world.judged()) if has_begun else None)

    def draw(self) -> np.ndarray | None:
        """Draw the first replica as it is now."""
        if self._painter is None:
            from .render.loss import LossPainter  # noqa: PLC0415  (matplotlib is an optional extra)

            self._painter = LossPainter(self._world.network, self._mode)
        return self._painter.draw(self._trail, int(self._world.state.request[0]))

    def close(self) -> None:
        """Close the window, if there is one."""
        if self._painter is not None:
            self._painter.close()


def fits(network: LossScenario, window: LossWindow) -> Bool:
    """Return whether the request at each door fits, (B,)."""
    free = network.system.capacity - window.held @ network.system.units
    return network.system.units[window.request] <= free
