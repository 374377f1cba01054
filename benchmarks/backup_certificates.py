"""Certify the wake-everything backup in every shipped scenario: it alone must keep every promise.

Episodes run in batches of fixed seeds and are counted in a file after each, so that the work may be stopped and taken
up again, at background priority if need be; those of ``nationwide`` go round its clusters:

    nice -n 19 python -m benchmarks.backup_certificates
"""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from ranrein.agents.digests import scenario_table, versions
from ranrein.agents.episodes import run_episodes
from ranrein.agents.seeds import Domain, episode_seeds
from ranrein.envs.baselines import AlwaysOn
from ranrein.envs.catalogue import UnknownNameError, load_scenario, scenario_names
from ranrein.envs.energy_saving import EnergySaving
from ranrein.envs.inventory.scenario import cluster_scenario, clusters
from ranrein.envs.synthetic import NAME as COUNTRY
from ranrein.envs.synthetic import nationwide
from ranrein.safety.certificate import Claim, Verdict, judge, upper_bound
from ranrein.twin.canonical import digest_of, source_digest
from ranrein.twin.params import Params
from ranrein.twin.scenario import Scenario

from .runner import table

ROOT_SEED = 20261121
LIMIT, ALPHA = 1e-3, 0.05
ENOUGH = 3318  # clean episodes that settle the claim
TWIN = Path(__file__).resolve().parents[1] / "twin"


@dataclass(frozen=True)
class Tally:
    """Episodes that ran, in seed order; ``law`` names the scenario and the twin they ran on."""

    scenario: str
    law: str
    violated: tuple[int, ...] = ()  # episode numbers
    episodes: int = 0

    @property
    def values(self) -> np.ndarray:
        """One number per episode: 1 where a promise was broken."""
        values = np.zeros(self.episodes)
        values[list(self.violated)] = 1.0
        return values


@cache
def networks(name: str) -> tuple[Scenario, ...]:
    """Return the network of a name, or the clusters of the made-up country."""
    if name != COUNTRY:
        return (load_scenario(name),)
    country = nationwide()
    members = clusters(country)
    return tuple(cluster_scenario(country, sites, f"{name}@{i}") for i, sites in enumerate(members, start=1))


def law_of(name: str) -> str:
    """Name what a count of episodes is about: another scenario or another twin starts a new one."""
    tables = [scenario_table(network) for network in networks(name)]
    return digest_of({"scenario": tables, "twin": source_digest(TWIN), **versions()})


def read(folder: Path, name: str) -> Tally:
    """Return what was counted of a scenario before; nothing if its law has changed since."""
    path, fresh = folder / f"{name}.json", Tally(name, law_of(name))
    if not path.is_file():
        return fresh
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if found["law"] != fresh.law:
        return fresh
    return Tally(name, fresh.law, tuple(found["violated"]), found["episodes"])


def write(folder: Path, tally: Tally) -> None:
    """Keep a count; a crash leaves the old file or the new one."""
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f"{tally.scenario}.json.new"
    draft.write_text(json.dumps(asdict(tally), indent=2) + "\n", encoding="utf-8")
    draft.replace(folder / f"{tally.scenario}.json")


def more(tally: Tally, network: Scenario, count: int) -> Tally:
    """Run the next ``count`` episodes of the backup on a network."""
    first = tally.episodes
    seeds = episode_seeds(ROOT_SEED, Domain.STRESS, 0, first + count)[first:]
    broken = run_episodes(AlwaysOn(), Params.of(network), EnergySaving(), seeds).violated
    numbers = tuple(first + int(i) for i in np.flatnonzero(broken))
    return Tally(tally.scenario, tally.law, tally.violated + numbers, first + count)


def verdict(tally: Tally) -> Verdict:
    """Judge the claim that fewer than one episode in a thousand breaks a promise."""
    return judge(tally.values, Claim("violated episode", LIMIT, ALPHA)).verdict


def certify(folder: Path, name: str, most: int, batch: int) -> Tally:
    """Run a scenario until the claim is settled or ``most`` episodes have run."""
    tally, places = read(folder, name), networks(name)
    size = min(batch, -(-ENOUGH // len(places)))  # so that every cluster is looked at
    while tally.episodes < most and verdict(tally) is Verdict.INCONCLUSIVE:
        network = places[tally.episodes // size % len(places)]
        tally = more(tally, network, min(size - tally.episodes % size, most - tally.episodes))
        write(folder, tally)
        sys.stderr.write(f"\r{name}: {tally.episodes:,} episodes, {len(tally.violated)} violated ")
        sys.stderr.flush()
    return tally


def rows(tallies: Sequence[Tally]) -> str:
    """Return what was found as a table."""
    lines = [
        (
            t.scenario,
            f"{t.episodes:,}",
            len(t.violated),
            f"{upper_bound(t.values, ALPHA):.2e}",
            verdict(t).value,
        )
        for t in tallies
    ]
    return table(
        ("scenario", "episodes", "violated", f"upper bound, {1 - ALPHA:.0%}", f"below {LIMIT:g}"), lines
    )


def main() -> None:
    """Run, count and report."""
    parser = ArgumentParser(prog="python -m benchmarks.backup_certificates", description=__doc__)
    known = [*scenario_names(), COUNTRY]
    parser.add_argument("--scenario", nargs="*", default=known, help="all shipped ones")
    parser.add_argument("--episodes", type=int, default=ENOUGH, help="at most, per scenario")
    parser.add_argument("--batch", type=int, default=79, help="episodes side by side")
    parser.add_argument(
        "--out", type=Path, default=Path("runs/backup_certificates"), help="folder of the counts"
    )
    options = parser.parse_args()
    for name in options.scenario:
        if name not in known:
            parser.error(str(UnknownNameError("scenario", name, known)))
    found = [certify(options.out, name, options.episodes, options.batch) for name in options.scenario]
    sys.stdout.write(rows(found) + "\n")


if __name__ == "__main__":
    main()
