"""The radio twin with requests for slices at its door: what may be answered depends on who asks and on free slots."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from gymnasium import spaces

from ..twin.command import Command
from ..twin.kpis import EVERY
from ..twin.params import Params
from ..twin.rules import Rules, project
from ..twin.scenario import Scenario
from ..twin.slice_report import Money, SliceReport
from ..twin.slicing import SECONDS_PER_HOUR, Tier
from ..twin.state import State
from ..twin.types import F32, F64, I64, Bool
from .actions import Actions, ActionSpace
from .catalogue import UnknownArgumentError, UnknownNameError
from .loss_scenario import LOSS_SYSTEM
from .scenario_source import PREFIXES, candidates, scenario_named
from .simulation import Outcome, Simulation
from .task import Task
from .variants import split_variants
from .window import Window
from .world import Info, Picture, Told, alone
from .world_twin import TwinWorld

Watch = Callable[[Simulation, Command], dict[str, F64]]


class SliceWorld:
    """B replicas of a network under a problem whose last R choices answer the requests at the door.

    Args:
        task: the control problem; an answer is a ``Tier``.
        params: a network with slices.
        n_replicas: B.
        watch: looks at the network and what is asked for before every control period, and counts something, (B,) each.
    """

    def __init__(self, task: Task, params: Params, n_replicas: int, watch: Watch | None = None) -> None:
        self.task = task
        self.params = params
        self._twin = TwinWorld(task, params, n_replicas)
        self._watch = watch
        self._watched: Info = {}
        self.action_space: ActionSpace = self._twin.action_space
        self.observation_space: spaces.Box = self._twin.observation_space
        self.periods_per_episode: int = self._twin.periods_per_episode

    @property
    def simulation(self) -> Simulation:
        """The running twin."""
        return self._twin.simulation

    @property
    def window(self) -> Window:
        """The two latest reports, what is in force, who asks and who is served."""
        return self._twin.window

    @property
    def state(self) -> State:
        """Users, load, carriers, slices."""
        return self._twin.state

    def start(self, seeds: I64, episodes: I64) -> None:
        """Begin an episode in every replica, (B,) each."""
        self._twin.start(seeds, episodes)

    def restart(self, rows: I64, seeds: I64, episodes: I64) -> None:
        """Begin a new episode in some replicas."""
        self._twin.restart(rows, seeds, episodes)

    def step(self, actions: Any) -> None:  # noqa: ANN401
        """Run one control period; requests that cannot be admitted are refused."""
        possible = answerable(self.params, self.window, np.asarray(self._twin.checked(actions), np.int64))
        if self._watch is not None:
            wanted = self.task.decode(self.params, possible, self.window.precedent)
            self._watched = {"conflicts": self._watch(self.simulation, wanted)}
        self._twin.obey(possible)

    def told(self) -> Told:
        """Return all about the last control period."""
        observation, rewards, over, any_over, infos = self._twin.told()
        return observation, rewards, over, any_over, infos | self._earned() | self._known()

    def told_alone(self) -> tuple[F32, float, bool, Info]:
        """Return observation, reward, whether the episode is over, and info of a batch of one, as of no batch."""
        observation, reward, over, info = self._twin.told_alone()
        return observation, reward, over, info | alone(self._earned()) | self._known(0)

    def observe(self) -> F32:
        """Return what is observed now, (B, size)."""
        return self._twin.observe()

    def standing(self, row: int | slice = EVERY) -> Info:
        """Return the latest report, the command in force, and what is known of slices."""
        return self._twin.standing(row) | self._known(row)

    def judged(self) -> Info:
        """Return costs, reward terms, power, money and time of the last control period, each (B,)."""
        return self._twin.judged() | self._earned()

    def over(self) -> Bool:
        """Return which episodes have reached their time limit, (B,)."""
        return self._twin.over()

    def masks(self) -> Bool:
        """Return which choices are allowed now, (B, sum of choices)."""
        masks = self._twin.masks()
        n_answers = self.params.scenario.slicing.requests * len(Tier)
        possible = np.repeat(can_admit(self.params, self.window), len(Tier), axis=1)
        possible[:, Tier.REFUSED :: len(Tier)] = True
        masks[:, -n_answers:] &= possible
        return masks

    def stay(self) -> Actions:
        """Return the choices that change nothing and refuse every request, (B, A)."""
        choices = self._twin.stay()
        choices[:, -self.params.scenario.slicing.requests :] = Tier.REFUSED
        return choices

    def obeyed(self) -> Actions:
        """Return the choices that the last step obeyed, (B, A)."""
        return self._twin.obeyed()

    def picture(self, mode: str) -> Picture:
        """Return what draws the network."""
        return self._twin.picture(mode)

    def _earned(self) -> Info:
        """Return money, time and what was counted of the last control period, each (B,)."""
        revenue, penalty = money_in(self._twin.outcome)
        period_s = self.params.scenario.timing.control_period_s
        money = {"revenue": revenue - penalty, "penalty": penalty}
        return money | {"elapsed_s": np.full(len(revenue), period_s)} | self._watched

    def _known(self, row: int | slice = EVERY) -> Info:
        """Return what is known of slices, of one replica or of all."""
        report = slices_of(self.window)
        return {"slices": {name: values[row].copy() for name, values in vars(report).items()}}


def sliced_network(scenario: object, names: tuple[str, ...], settings: Mapping[str, object]) -> Params:
    """Return the network of a scenario with slices.

    Args:
        scenario: one of ``names`` or what a prefix such as ``file:`` names, harder with ``+VARIANT`` behind it, a
            ``Scenario`` or ready ``Params``.
        names: scenarios that may be named.
        settings: none is taken.

    Raises:
        UnknownNameError: for another name, or any setting, naming the nearest.
        ValueError: if the network has no slices, or none pays or costs anything.
    """
    if isinstance(scenario, str):
        _check_name(scenario, names)
    given = [name for name, value in settings.items() if value is not None]
    if given:
        raise UnknownArgumentError(sorted(given)[0])
    if not isinstance(scenario, str | Scenario | Params):
        raise TypeError(f"scenario is a {type(scenario).__name__}; give a name, a Scenario or Params")
    made = scenario_named(scenario) if isinstance(scenario, str) else scenario
    params = made if isinstance(made, Params) else Params.of(made)
    if not params.scenario.slicing.types:
        raise ValueError(f"scenario {params.scenario.name!r} has no slices; give it `slicing` with types")
    least, most = money_limits(params)
    if not most > least:
        raise ValueError(
            f"scenario {params.scenario.name!r}: every revenue_per_hour and penalty_per_hour of slicing.types is 0: "
            "there is nothing to earn; set some"
        )
    return params


def _check_name(scenario: str, names: tuple[str, ...]) -> None:
    base, variants = split_variants(scenario)
    if base not in names and not base.startswith(PREFIXES):
        raise UnknownNameError("scenario", base, candidates(base, names))
    if variants and base == LOSS_SYSTEM:
        raise ValueError(
            f"scenario {scenario!r}: {base} takes no variant, they are for the twin; it takes numbers, such as capacity"
        )


def slices_of(window: Window) -> SliceReport:
    """Return what is known of slices; ValueError where the network has none."""
    if window.slices is None:
        raise ValueError("the network has no slices; take a scenario with `slicing`")
    return window.slices


def free_slots(params: Params, report: SliceReport) -> I64:
    """Return how many slots are free when the waiting requests are answered, (B,): those whose time is up count."""
    period_h = params.scenario.timing.control_period_s / SECONDS_PER_HOUR
    # of a free slot nothing is left
    return (report.left_hours <= np.float32(period_h)).sum(axis=1)


def can_admit(params: Params, window: Window) -> Bool:
    """Return whether somebody asks at each place and a slot is free, (B, R)."""
    report = slices_of(window)
    return (report.request_kind >= 0) & (free_slots(params, report) > 0)[:, None]


def answerable(params: Params, window: Window, actions: I64) -> I64:
    """Return the actions (B, A) with answers that can be given: nobody is admitted who does not ask or has no slot.

    When more are admitted than slots are free, the first ones in the order of the places get them.
    """
    report, places = slices_of(window), params.scenario.slicing.requests
    wanted = (actions[:, -places:] != Tier.REFUSED) & (report.request_kind >= 0)
    fits = np.cumsum(wanted, axis=1) <= free_slots(params, report)[:, None]
    possible = actions.copy()
    possible[:, -places:] = np.where(wanted & fits, actions[:, -places:], Tier.REFUSED)
    return possible


def legal_actions(task: Task, params: Params, window: Window, actions: I64) -> I64:
    """Return the actions (B, A) that are obeyed when ``actions`` are asked for."""
    wanted = task.decode(params, answerable(params, window, actions), window.precedent)
    return task.encode(params, project(Rules.of(params), window.precedent, wanted))


def net_earnings(params: Params, money: Money) -> F64:
    """Return revenue less penalties of the control period, scaled to [0, 1], (B,).

    0 is every slot taken by the type that loses most when its promise breaks, 1 every slot by the one that pays best.
    """
    least, most = money_limits(params)
    return np.minimum(np.maximum((money.revenue - money.penalty - least) / (most - least), 0.0), 1.0)


def money_limits(params: Params) -> tuple[float, float]:
    """Return the least and the most that slices can bring in a control period."""
    slicing, hours = params.scenario.slicing, params.scenario.timing.control_period_s / SECONDS_PER_HOUR
    most = max(kind.revenue_per_hour for kind in slicing.types)
    loss = max(kind.penalty_per_hour - kind.revenue_per_hour * kind.reduced_revenue for kind in slicing.types)
    return -max(loss, 0.0) * slicing.slots * hours, most * slicing.slots * hours


def money_in(outcome: Outcome) -> Money:
    """Return what slices brought; ValueError where the network has none."""
    if outcome.money is None:
        raise ValueError("the network has no slices; take a scenario with `slicing`")
    return outcome.money
