"""Is the problem worth solving? Baselines and bound, before anything is trained."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..envs.baselines import AlwaysOn, Greedy, Rule
from ..envs.bounds import EnergyBound, energy_bound
from ..envs.energy_saving import EnergySaving
from ..envs.registry import make_twin_task
from ..twin.params import Params
from ..twin.scenario import Scenario
from .config import EnvConfig
from .episodes import Progress, no_progress
from .evaluate import Row, Setting, Table, evaluate
from .workers import worker_pool

LEAST_GREEDY_VIOLATIONS = 0.20
LEAST_GAP = 0.05  # of always-on energy between the best baseline and the bound


@dataclass(frozen=True)
class Worth:
    """What is known before training."""

    tuned: tuple[Rule, ...]
    table: Table  # baselines only
    bound: EnergyBound
    greedy_violated: float
    gap: float  # (best feasible baseline - bound) / always on, energy
    wake_periods: float  # longest wake-up delay in control periods

    @property
    def problems(self) -> tuple[str, ...]:
        """Why the problem is not worth solving; empty when it is."""
        found = []
        if not self.greedy_violated > LEAST_GREEDY_VIOLATIONS:
            found.append(
                f"greedy sleeping breaks a promise in only {self.greedy_violated:.0%} of the episodes"
            )
        if not self.gap > LEAST_GAP:
            found.append(f"the bound is only {self.gap:.1%} of always-on energy below the best baseline")
        if not self.wake_periods >= 1:
            found.append(f"waking takes only {self.wake_periods:.2f} control periods")
        return tuple(found)


def baselines_of(tuned: Sequence[Rule]) -> list[Rule]:
    """Return every baseline of the tables."""
    return [AlwaysOn(), *tuned, Greedy()]


@dataclass(frozen=True)
class Job:
    """What is assessed."""

    params: Params
    task: EnergySaving
    env: EnvConfig
    tuned: Sequence[Rule]
    seeds: Sequence[int]
    workers: int


def assess(job: Job, progress: Progress = no_progress) -> Worth:
    """Run baselines and bound on the evaluation seeds, the bound spread over processes."""
    scenario = job.params.scenario
    parts = [p.tolist() for p in np.array_split(np.asarray(job.seeds, np.int64), job.workers * 2) if len(p)]
    with worker_pool(job.workers) as pool:
        running = pool.map(_bound_job, [(scenario, job.env, tuple(part)) for part in parts])
        setting = Setting(job.params, job.task, job.seeds)
        table = evaluate([], baselines_of(job.tuned), setting, None, lambda share: progress(share / 2))
        pieces = list(running)
    progress(1.0)
    bound = EnergyBound(
        np.concatenate([piece.episode_return for piece in pieces]),
        np.concatenate([piece.energy_kwh for piece in pieces]),
    )
    rows = {row.controller: row for row in table.rows}
    always = _energy_kwh(rows[AlwaysOn().name])
    best = _energy_kwh(rows[table.best_baseline]) if table.best_baseline is not None else always
    return Worth(
        tuned=tuple(job.tuned),
        table=table,
        bound=bound,
        greedy_violated=rows[Greedy().name].violated_share.mean,
        gap=(best - float(bound.energy_kwh.mean())) / always,
        wake_periods=max(scenario.sleep.wake_delay_s) / scenario.timing.control_period_s,
    )


def _energy_kwh(row: Row) -> float:
    return math.nan if row.energy_kwh is None else row.energy_kwh.mean


def _bound_job(job: tuple[Scenario, EnvConfig, Sequence[int]]) -> EnergyBound:
    scenario, env, seeds = job
    task = make_twin_task(env.id, env.weights)
    if not isinstance(task, EnergySaving):
        raise TypeError(f"{env.id} has no energy bound")
    return energy_bound(Params.of(scenario), task, np.asarray(seeds, np.int64))
