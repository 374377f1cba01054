"""One cluster of a large network under a rule and under none: what a worker does."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..envs.baselines import AlwaysOn, Rule
from ..envs.energy_saving import EnergySaving
from ..twin.params import Params
from ..twin.scenario import Scenario
from .episodes import Episodes, run_episodes


@dataclass(frozen=True)
class ClusterJob:
    """What a worker is sent: some kilobytes, whatever the network."""

    number: int  # of the cluster, from 1
    scenario: Scenario
    rule: Rule
    seeds: tuple[int, ...]
    periods: int | None


@dataclass(frozen=True)
class ClusterResult:
    """What a cluster did; floats are sums over its episodes."""

    number: int
    name: str
    sites: int
    cells: int
    users: int
    episodes: int
    energy_kwh: float
    always_on_kwh: float
    episode_return: float
    cost: float  # episode means of the share of control periods in which a promise was broken
    always_on_cost: float
    violated: int  # episodes whose cost exceeds the budget
    always_on_violated: int
    switches: float


def run_cluster(job: ClusterJob) -> ClusterResult:
    """Run all episodes of a cluster, under the rule and always on."""
    params, task = Params.of(_shortened(job.scenario, job.periods)), EnergySaving()
    ruled, awake = (run_episodes(rule, params, task, job.seeds) for rule in (job.rule, AlwaysOn()))
    return ClusterResult(
        number=job.number,
        name=job.scenario.name,
        sites=len(job.scenario.sites),
        cells=params.n_cells,
        users=params.n_users,
        episodes=len(job.seeds),
        energy_kwh=float(ruled.energy_kwh.sum()),
        always_on_kwh=float(awake.energy_kwh.sum()),
        episode_return=float(ruled.episode_return.sum()),
        cost=float(ruled.cost.sum()),
        always_on_cost=float(awake.cost.sum()),
        violated=_violated(ruled),
        always_on_violated=_violated(awake),
        switches=float(ruled.switches.sum()),
    )


def _violated(episodes: Episodes) -> int:
    return int(episodes.violated.sum())


def _shortened(scenario: Scenario, periods: int | None) -> Scenario:
    if periods is None:
        return scenario
    timing = scenario.timing
    return replace(scenario, timing=replace(timing, episode_s=periods * timing.control_period_s))
