"""Tune the baselines as hard as an agent: on selection seeds, which nothing is ever judged on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..envs.baselines import Rule, candidates
from ..envs.registry import make_twin_task
from ..twin.params import Params
from ..twin.scenario import Scenario
from .episodes import Progress, no_progress, run_episodes
from .seeds import Domain, episode_seeds
from .workers import worker_pool

FEW, MANY = 32, 128  # episodes in the first round and in the second
SURVIVORS = 5  # settings per rule that reach the second round
MAX_VIOLATED = 0.01  # share of episodes; among those within it the least energy wins


@dataclass(frozen=True)
class Trial:
    """How one setting of a rule did."""

    rule: Rule
    energy_kwh: float
    violated_share: float

    @property
    def rank(self) -> tuple[float, float]:
        """Order trials, best first: feasible ones by energy, the others by how often they break a promise."""
        return max(0.0, self.violated_share - MAX_VIOLATED), self.energy_kwh


def tune(
    scenario: Scenario, problem: str, seed: int, workers: int, progress: Progress = no_progress
) -> list[Rule]:
    """Return the best setting of every rule, the best rule first, found by successive halving.

    Args:
        scenario: the network.
        problem: id of the control problem.
        seed: root of the selection seeds.
        workers: processes.
        progress: called with the share done.
    """
    few = episode_seeds(seed, Domain.SELECT, 0, FEW)
    many = episode_seeds(seed, Domain.SELECT, 1, MANY)
    best = []
    families = candidates(len(scenario.sleep.periods_ms))
    with worker_pool(workers) as pool:
        for done, rules in enumerate(families.values()):
            jobs = [(rule, scenario, problem, few) for rule in rules]
            first = sorted(pool.map(_try_job, jobs, chunksize=4), key=lambda trial: trial.rank)
            again = [(trial.rule, scenario, problem, many) for trial in first[:SURVIVORS]]
            best.append(min(pool.map(_try_job, again), key=lambda trial: trial.rank))
            progress((done + 1) / len(families))
    return [trial.rule for trial in sorted(best, key=lambda trial: trial.rank)]


def _try_job(job: tuple[Rule, Scenario, str, Sequence[int]]) -> Trial:
    rule, scenario, problem, seeds = job
    result = run_episodes(rule, _params(scenario), make_twin_task(problem), seeds)
    return Trial(rule, float(result.energy_kwh.mean()), result.violated_share)


_known: dict[str, Params] = {}


def _params(scenario: Scenario) -> Params:
    """Work a scenario out once per process."""
    name = repr(scenario)
    if name not in _known:
        _known.clear()
        _known[name] = Params.of(scenario)
    return _known[name]
