"""The radio twin as a world: a control problem on B replicas of a network, one compiled call per control period."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces

from ..twin.kpis import EVERY
from ..twin.params import Params
from ..twin.scenario import Scenario
from ..twin.state import State
from ..twin.types import F32, F64, I64, Bool
from .actions import Actions, ActionSpace, check_of
from .features import Observer, observation_space
from .infos import Shown, judged, judged_alone, standing
from .scenario_source import scenario_named
from .simulation import Outcome, Simulation
from .task import Task, Weighting, choices_of_task
from .topics import Topics
from .trail import Trail, hour_of, values_of
from .window import Window
from .world import Info, Picture, Told


class TwinWorld:
    """B replicas of a network under one control problem.

    Args:
        task: the control problem.
        params: the network.
        n_replicas: B.
    """

    def __init__(self, task: Task, params: Params, n_replicas: int) -> None:
        self.task = task
        self.params = params
        self.simulation = Simulation(params, n_replicas)
        self.action_space: ActionSpace = choices_of_task(task, params)
        self.observation_space: spaces.Box = observation_space(task.features, params)
        self.checked = check_of(self.action_space, n_replicas)  # actions as they come; see ``World.step``
        timing = params.scenario.timing
        self.periods_per_episode: int = timing.periods_per_episode
        self._last_step = timing.periods_per_episode * timing.steps_per_period
        self._observer = Observer(task.features, params)
        self._decode, self._reward_terms = task.decode, task.reward_terms
        self._weighting = Weighting(task.weights)
        self._shown = Shown.of(params)
        self._outcome: Outcome
        self._terms: dict[str, F64]

    @property
    def window(self) -> Window:
        """The two latest reports and what is in force."""
        return self.simulation.window

    @property
    def state(self) -> State:
        """Users, load, carriers."""
        return self.simulation.state

    @property
    def outcome(self) -> Outcome:
        """What the last control period brought."""
        return self._outcome

    def start(self, seeds: I64, episodes: I64) -> None:
        """Begin an episode in every replica, (B,) each."""
        self.simulation.start(seeds, episodes)

    def restart(self, rows: I64, seeds: I64, episodes: I64) -> None:
        """Begin a new episode in some replicas."""
        self.simulation.restart(rows, seeds, episodes)

    def step(self, actions: Any) -> None:  # noqa: ANN401
        """Run one control period under the legal command nearest to what is asked for."""
        self.obey(self.checked(actions))

    def obey(self, actions: Actions) -> None:
        """Run one control period under the legal command nearest to what actions of the space ask for."""
        simulation = self.simulation
        outcome = simulation.step(self._decode(self.params, actions, simulation.window.precedent))
        self._outcome, self._terms = outcome, self._reward_terms(self.params, outcome)

    def told(self) -> Told:
        """Return all about the last control period."""
        over = self.over()
        infos = self.judged() | self.standing()
        return self.observe(), self._weighting(self._terms), over, bool(over.any()), infos

    def told_alone(self) -> tuple[F32, float, bool, Info]:
        """Return observation, reward, whether the episode is over, and info of a batch of one, as of no batch."""
        info = judged_alone(self._outcome, self._terms) | self.standing(0)
        over = self.simulation.state.arrays.step.item() >= self._last_step
        return self.observe()[0], self._weighting(info["reward_terms"]), over, info

    def observe(self) -> F32:
        """Return what is observed now, (B, size)."""
        return self._observer(self.simulation.window)

    def standing(self, row: int | slice = EVERY) -> Info:
        """Return the latest report and the carrier states and settings in force."""
        return standing(self._shown, self.simulation.window, row)

    def judged(self) -> Info:
        """Return costs, reward terms and power of the last control period, each (B,)."""
        return judged(self._outcome, self._terms)

    def over(self) -> Bool:
        """Return which episodes have reached their time limit, (B,)."""
        return self.simulation.state.arrays.step >= self._last_step

    def masks(self) -> Bool:
        """Return which choices the static rules allow now, (B, sum of choices)."""
        return self.task.masks(self.params, self.window.precedent)

    def stay(self) -> Actions:
        """Return the choices that ask for the command in force, (B, A)."""
        return self.task.encode(self.params, self.window.precedent.command)

    def obeyed(self) -> Actions:
        """Return the choices that ask for the command in force, (B, A): it was obeyed in the last period."""
        return self.stay()

    def picture(self, mode: str) -> Picture:
        """Return what draws the network."""
        return _Picture(self.simulation, Topics.of(self.params, self.task), mode)


class _Picture:
    """A simulation and what draws it; that is made when it is first drawn."""

    def __init__(self, simulation: Simulation, topics: Topics, mode: str) -> None:
        self._simulation, self._topics, self._mode = simulation, topics, mode
        self._trail = Trail()
        self._renderer: Any = None

    def note(self) -> None:
        """Keep what the first replica reports now, for the curves."""
        window = self._simulation.window
        self._trail.add(hour_of(window), values_of(self._simulation.params, window))

    def draw(self) -> np.ndarray | None:
        """Draw the first replica as it is now."""
        if self._renderer is None:
            from .render.render import Renderer  # noqa: PLC0415  (matplotlib is an optional extra)

            self._renderer = Renderer(self._simulation.params, self._mode, self._trail, self._topics)
        return self._renderer.draw(self._simulation)

    def close(self) -> None:
        """Close the window, if there is one."""
        if self._renderer is not None:
            self._renderer.close()


def params_of(scenario: object) -> Params:
    """Work out whatever names a network; TypeError for anything else."""
    if isinstance(scenario, Params):
        return scenario
    if not isinstance(scenario, str | Scenario):
        raise TypeError(f"scenario is a {type(scenario).__name__}; give a name, a Scenario or Params")
    return Params.of(scenario_named(scenario) if isinstance(scenario, str) else scenario)
