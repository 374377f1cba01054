"""Run a controller over many seeds at once, one whole episode each, and keep what is worth judging."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..envs.controller import Controller
from ..envs.simulation import Outcome, Simulation
from ..envs.task import Task, weighted
from ..envs.world import WorldTask
from ..envs.worlds import AnyTask, budget_of
from ..twin.params import Params
from ..twin.sla import CONSTRAINTS, costs, is_unsafe, margins
from ..twin.types import F32, F64, I8, I64, Bool
from .world_episodes import run_in_world

JOULES_PER_KWH = 3.6e6
ENERGY = "energy"  # the reward term of problems in which carriers sleep

Progress = Callable[[float], None]  # called with the share done, 0 to 1


def no_progress(_share: float) -> None:
    """Report progress to nobody."""


@dataclass(frozen=True)
class Episodes:
    """Results of one controller, one row per seed."""

    controller: str
    seeds: I64  # (N,)
    episode_return: F64  # (N,)
    energy_kwh: F64  # (N,), NaN where energy is not at stake
    cost: F64  # (N,), episode mean: share of control periods in which a constraint was broken
    violated: Bool  # (N,), the mean cost exceeds the budget
    switches: F64  # (N,), changes of a carrier's state; NaN where none can change
    constraint_cost: dict[str, F64]  # by constraint, (N,), episode mean
    reward_terms: dict[str, F64]  # by term, (N,), episode mean
    revenue_per_s: F64 | None = None  # (N,), where there is revenue

    @property
    def violated_share(self) -> float:
        """Share of episodes that exceed the budget."""
        return float(self.violated.mean())


@dataclass
class _Tally:
    """Running sums over the periods, each (N,)."""

    sums: dict[str, F64] = field(default_factory=dict)

    def add(self, name: str, values: F64) -> None:
        self.sums[name] = self.sums.get(name, 0.0) + values

    def add_all(self, prefix: str, values: dict[str, F64]) -> None:
        for name, value in values.items():
            self.add(prefix + name, value)

    def means(self, prefix: str, periods: int) -> dict[str, F64]:
        return {k.removeprefix(prefix): v / periods for k, v in self.sums.items() if k.startswith(prefix)}


def run_episodes(
    controller: Controller,
    params: Any,  # noqa: ANN401  (the network of any world)
    task: AnyTask,
    seeds: Sequence[int],
    progress: Progress = no_progress,
) -> Episodes:
    """Run one episode per seed, all of them as one batch.

    Raises:
        ValueError: if there are no seeds, or the controller's actions do not fit the task.
    """
    if isinstance(task, WorldTask):
        return _run_elsewhere(controller, params, task, seeds, progress)
    simulation = started(params, seeds)
    controller.begin(params, len(seeds))
    tally, periods = _Tally(), params.scenario.timing.periods_per_episode
    for period in range(periods):
        outcome = decide(controller, simulation, task)
        _account(tally, params, task, outcome)
        progress((period + 1) / periods)
    return _episodes(controller.name, np.asarray(seeds, np.int64), tally, task, periods)


def _run_elsewhere(
    controller: Controller,
    network: Any,  # noqa: ANN401
    task: WorldTask,
    seeds: Sequence[int],
    progress: Progress,
) -> Episodes:
    _require_seeds(seeds)
    sums, periods = run_in_world(controller, network, task, seeds, progress)
    tally, unknown = _Tally(sums), np.full(len(seeds), np.nan)
    cost = sums["unsafe"] / periods
    return Episodes(
        controller=controller.name,
        seeds=np.asarray(seeds, np.int64),
        episode_return=sums["return"],
        energy_kwh=unknown,
        cost=cost,
        violated=~(cost <= budget_of(task, network)),
        switches=unknown,
        constraint_cost=tally.means("cost:", periods),
        reward_terms=tally.means("term:", periods),
        revenue_per_s=sums["revenue"] / sums["elapsed_s"],
    )


def _require_seeds(seeds: Sequence[int]) -> None:
    if not len(seeds):
        raise ValueError("no seeds: give at least one episode to run")


def started(params: Params, seeds: Sequence[int]) -> Simulation:
    """Begin the first episode of every seed."""
    _require_seeds(seeds)
    simulation = Simulation(params, len(seeds))
    simulation.start(np.asarray(seeds, np.int64), np.zeros(len(seeds), np.int64))
    return simulation


def decide(controller: Controller, simulation: Simulation, task: Task) -> Outcome:
    """Let the controller choose and run one control period."""
    params, window = simulation.params, simulation.window
    return simulation.step(task.decode(params, controller.actions(params, window), window.precedent))


def _account(tally: _Tally, params: Params, task: Task, outcome: Outcome) -> None:
    truth, sla = outcome.truth, params.scenario.sla
    margin = margins(truth, sla)
    terms = task.reward_terms(params, outcome)
    changed = outcome.before.carrier_state != outcome.command.carrier_state
    tally.add("return", weighted(terms, task.weights))
    tally.add("joules", truth.total_power_w * truth.granularity_s)
    tally.add("unsafe", is_unsafe(margin).astype(np.float64))
    tally.add("switches", changed.sum(axis=1).astype(np.float64))
    tally.add_all("term:", terms)
    tally.add_all("cost:", dict(zip(CONSTRAINTS, costs(margin, sla).T, strict=True)))


def _episodes(name: str, seeds: I64, tally: _Tally, task: Task, periods: int) -> Episodes:
    cost, at_stake = tally.sums["unsafe"] / periods, 1.0 if ENERGY in task.weights else np.nan
    return Episodes(
        controller=name,
        seeds=seeds,
        episode_return=tally.sums["return"],
        energy_kwh=at_stake * tally.sums["joules"] / JOULES_PER_KWH,
        cost=cost,
        violated=~(cost <= task.budget),
        switches=at_stake * tally.sums["switches"],
        constraint_cost=tally.means("cost:", periods),
        reward_terms=tally.means("term:", periods),
    )


@dataclass(frozen=True)
class Day:
    """One episode of one network, period by period (T periods, C cells)."""

    controller: str
    cells: tuple[str, ...]
    hour: F64  # (T,), end of the period
    load: F32  # (T, C), PRB utilisation in %
    power_w: F64  # (T,)
    carrier_state: I8  # (T, C)
    unsafe: Bool  # (T,)


def record_day(controller: Controller, params: Params, task: Task, seed: int) -> Day:
    """Run one episode and keep what a day plot shows."""
    simulation = started(params, [seed])
    controller.begin(params, 1)
    outcomes = [
        decide(controller, simulation, task) for _ in range(params.scenario.timing.periods_per_episode)
    ]
    truths = [outcome.truth for outcome in outcomes]
    return Day(
        controller=controller.name,
        cells=tuple(cell.name for cell in params.cells),
        hour=np.array([truth.time_s[0] for truth in truths]) / 3600.0,
        load=np.stack([truth.prb_tot_dl[0] for truth in truths]),
        power_w=np.array([truth.total_power_w[0] for truth in truths]),
        carrier_state=np.stack([outcome.command.carrier_state[0] for outcome in outcomes]),
        unsafe=np.array([is_unsafe(margins(truth, params.scenario.sla))[0] for truth in truths]),
    )
