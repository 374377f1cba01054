"""A network of thousands of cells: its clusters run apart, over many processes or machines, and add up.

Clusters do not hear each other; the interference from outside a cluster's map is ``noise_rise_db``. Every finished
cluster is one line of a file, so that an interrupted run goes on.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from ..envs.baselines import rule_named, settings_of
from ..envs.catalogue import UnknownNameError
from ..envs.inventory.rows import InventoryError
from ..envs.inventory.scenario import cluster_scenario, clusters
from ..envs.scenario_source import NATIONWIDE, PREFIX, inventory_named
from ..envs.variants import split_variants, varied
from ..twin.canonical import digest_of, source_digest
from ..twin.scenario import Scenario
from .config import ConfigError
from .digests import scenario_table
from .executors import executor_named
from .nationwide_cluster import ClusterJob, ClusterResult, run_cluster
from .nationwide_config import NationwideConfig
from .run_folder import write_json
from .seeds import Domain, episode_seeds
from .stats import Interval, ratio_interval, share_interval

REQUEST, LINES, SUMMARY = "request.json", "clusters.jsonl", "summary.json"
_PACKAGE = Path(__file__).resolve().parent.parent
Report = Callable[[float, str], None]  # share done, what stands beside it


@dataclass(frozen=True)
class Summary:
    """What all clusters did together."""

    rule: str
    clusters: int
    sites: int
    cells: int
    users: int
    episodes: int  # of every cluster
    energy_kwh: float  # of one episode of the whole network
    always_on_kwh: float
    saving: Interval | None  # share of always-on energy; over clusters
    cost: float  # share of the control periods of clusters in which a promise was broken
    always_on_cost: float
    violated_share: Interval  # of the episodes of clusters
    always_on_violated_share: Interval
    worst: tuple[ClusterResult, ...]  # the clusters that broke promises most


def run_nationwide(config: NationwideConfig, report: Report) -> Summary:
    """Run every cluster that is not done yet, and add up.

    Raises:
        ConfigError: for an unknown name, a network that cannot be used, or a folder of another run.
        WorkerLostError: if a worker ended; what is done is kept.
    """
    jobs = list(_jobs(config))
    folder = Path(config.out)
    done = _open(folder, config, jobs)
    todo = [job for job in jobs if job.number not in done]
    with executor_named(config.executor, config.workers) as executor, (folder / LINES).open("a") as lines:
        for result in executor.map(run_cluster, todo):
            lines.write(json.dumps(asdict(result)) + "\n")
            lines.flush()
            done[result.number] = result
            report(len(done) / len(jobs), f"{len(done)} of {len(jobs)} clusters")
    summary = summarise(config, [done[job.number] for job in jobs])
    write_json(folder / SUMMARY, asdict(summary))
    return summary


def summarise(config: NationwideConfig, results: list[ClusterResult]) -> Summary:
    """Add up, in the order of the clusters, so that the sums have the same bits however they were run."""
    energy, awake = (
        np.array([getattr(r, name) for r in results]) for name in ("energy_kwh", "always_on_kwh")
    )
    episodes = sum(result.episodes for result in results)
    worst = sorted(results, key=lambda result: (-result.violated, -result.cost, result.number))[:5]
    return Summary(
        rule=config.rule.replace("_", " "),
        clusters=len(results),
        sites=sum(result.sites for result in results),
        cells=sum(result.cells for result in results),
        users=sum(result.users for result in results),
        episodes=config.episodes,
        energy_kwh=float(energy.sum()) / config.episodes,
        always_on_kwh=float(awake.sum()) / config.episodes,
        saving=ratio_interval(awake - energy, awake),
        cost=sum(result.cost for result in results) / episodes,
        always_on_cost=sum(result.always_on_cost for result in results) / episodes,
        violated_share=share_interval(sum(result.violated for result in results), episodes),
        always_on_violated_share=share_interval(sum(r.always_on_violated for r in results), episodes),
        worst=tuple(result for result in worst if result.violated),
    )


def _jobs(config: NationwideConfig) -> Iterator[ClusterJob]:
    try:
        rule = rule_named(config.rule.replace("_", " "), {})
        for number, scenario in _scenarios(config):
            seeds = tuple(episode_seeds(config.seed, Domain.EVALUATE, number, config.episodes))
            yield ClusterJob(number, scenario, rule, seeds, config.periods)
    except (UnknownNameError, InventoryError) as error:
        raise ConfigError(str(error)) from error


def _scenarios(config: NationwideConfig) -> Iterator[tuple[int, Scenario]]:
    base, variants = split_variants(config.scenario)
    if not base.startswith(PREFIX) and base != NATIONWIDE:
        raise ConfigError(f"scenario={config.scenario!r}: use {NATIONWIDE} or {PREFIX}PATH")
    inventory = inventory_named(base)
    groups = clusters(inventory)
    count = min(config.clusters or len(groups), len(groups))
    for index in np.linspace(0, len(groups) - 1, count).round().astype(int).tolist():
        scenario = cluster_scenario(inventory, groups[index], f"{inventory.name}@{index + 1}")
        yield index + 1, varied(scenario, variants) if variants else scenario


def _open(folder: Path, config: NationwideConfig, jobs: list[ClusterJob]) -> dict[int, ClusterResult]:
    """Make the folder, or return what a run of the same request has done in it."""
    request = _request(config, jobs)
    path, lines = folder / REQUEST, folder / LINES
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        lines.unlink(missing_ok=True)
        write_json(path, request)
        return {}
    before = json.loads(path.read_text(encoding="utf-8"))
    changed = sorted(key for key in request if before.get(key) != request[key])
    if changed:
        what = f"out={config.out!r} holds a run with other {', '.join(changed)}"
        raise ConfigError(f"{what}; choose another out=FOLDER, or delete that one")
    return _read(lines)


def _read(lines: Path) -> dict[int, ClusterResult]:
    """Return finished clusters; a last line that was cut off is dropped from the file too."""
    text = lines.read_text(encoding="utf-8") if lines.exists() else ""
    whole = text[: text.rfind("\n") + 1]
    if whole != text:
        lines.write_text(whole, encoding="utf-8")
    known = {field.name for field in fields(ClusterResult)}
    rows = [json.loads(line) for line in whole.splitlines()]
    return {row["number"]: ClusterResult(**row) for row in rows if row.keys() == known}


def _request(config: NationwideConfig, jobs: list[ClusterJob]) -> dict[str, Any]:
    """Return what decides the results; neither workers nor executor do."""
    return {
        "scenario": config.scenario,
        "network": digest_of([scenario_table(job.scenario) for job in jobs]),
        "rule": {"name": jobs[0].rule.name, "settings": settings_of(jobs[0].rule)},
        "episodes": config.episodes,
        "periods": config.periods,
        "clusters": [job.number for job in jobs],
        "seed": config.seed,
        "code": {name: source_digest(_PACKAGE / name) for name in ("twin", "envs")},
    }
