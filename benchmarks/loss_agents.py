"""PPO on loss systems with an exact answer: how much it closes of the gap between admitting all and the optimum.

The systems of the literature come from a CSV file (``--systems``, with the columns ``case``, ``capacity``, ``b_units``,
``lambda``, ``mu`` and ``reward_per_admission``), the others are drawn from seeds on which nothing was tuned. A trained
policy is read as a table over all states and judged by the exact gain of that table, so nothing here is luck.

    python -m benchmarks.loss_agents --drawn 4
"""

from __future__ import annotations

import csv
import json
import sys
from argparse import ArgumentParser
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ranrein.agents.bundle import load_bundle
from ranrein.agents.config import TrainConfig, from_mapping
from ranrein.agents.training import train
from ranrein.envs.loss_scenario import LOSS_SYSTEM, loss_scenario
from ranrein.envs.loss_world import ADMIT, LossWindow
from ranrein.scripts.hydra_config import compose
from ranrein.twin.loss.chain import performance
from ranrein.twin.loss.optimum import optimum
from ranrein.twin.loss.states import LossStates, accept_all_table
from ranrein.twin.loss.system import LossSystem
from ranrein.twin.types import Bool

from .runner import table

Settings = Mapping[str, Any]
ROOT_SEED = 20261121  # of the drawn systems
LEAST_GAP = (
    1e-3  # of the optimum; below it admitting whatever fits is as good as optimal, and a share says nothing
)
TARGET = 0.9


@dataclass(frozen=True)
class Outcome:
    """What a policy earns, and what there was to earn, per unit of time."""

    name: str
    accept_all: float
    learned: float
    best: float

    @property
    def closed(self) -> float:
        """Share of the gap that is closed; NaN where there is none to speak of."""
        gap = self.best - self.accept_all
        return (self.learned - self.accept_all) / gap if gap > LEAST_GAP * self.best else float("nan")


def from_file(path: Path) -> dict[str, Settings]:
    """Return the systems of a file by name."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {
        row["case"]: {
            "capacity": int(row["capacity"]),
            "units": [int(n) for n in row["b_units"].split()],
            "arrival_rates": [float(n) for n in row["lambda"].split()],
            "service_rates": [float(n) for n in row["mu"].split()],
            "rewards": [float(n) for n in row["reward_per_admission"].split()],
        }
        for row in rows
    }


def drawn(seed: int) -> Settings:
    """Draw a system: two or three classes, offered 1 to 1.6 times the capacity, the larger the better paid per unit."""
    random = np.random.default_rng((ROOT_SEED, seed))
    classes = int(random.integers(2, 4))
    units = np.sort(random.choice(np.arange(1, 7), classes, replace=False))
    capacity = int(random.integers(12, 31))
    service = random.uniform(0.5, 2.0, classes)
    share = random.dirichlet(np.full(classes, 4.0))
    arriving = random.uniform(1.0, 1.6) * capacity * share * service / units
    rewards = units * np.sort(random.uniform(0.5, 5.0, classes)) / service
    return {
        "capacity": capacity,
        "units": units.tolist(),
        **{
            name: [round(float(n), 4) for n in values]
            for name, values in (
                ("arrival_rates", arriving),
                ("service_rates", service),
                ("rewards", rewards),
            )
        },
    }


def learned_table(policy: Any, system: LossSystem, network: Any) -> Bool:  # noqa: ANN401  (a bundle of any world)
    """Read a policy as a table: whether it admits each class in each state, (*shape, K)."""
    states = LossStates.of(system)
    admitted = np.zeros((states.n_states, system.n_classes), np.bool_)
    for k in range(system.n_classes):
        window = LossWindow(np.full(states.n_states, k, np.int32), states.counts)
        admitted[:, k] = policy.actions(network, window)[:, 0] == ADMIT
    return np.stack(
        [states.spread(admitted[:, k] & states.fits[:, k], False) for k in range(system.n_classes)], -1
    )


def learn(name: str, settings: Settings, folder: Path, steps: int, seed: int) -> Outcome:
    """Train on a system, unless the run is there already, and judge what was learnt."""
    network = loss_scenario(LOSS_SYSTEM, settings)
    run = folder / f"{name}-seed{seed}"
    if not (run / "policy").is_dir():
        data = compose("train", ["experiment=slice_admission", f"steps={steps}", f"seed={seed}"])
        data["env"]["settings"] = dict(settings)
        train(from_mapping(TrainConfig, data | {"run_dir": str(run), "eval_every": steps // 3}))
    policy = load_bundle(run / "policy", network)
    system = network.system
    return Outcome(
        f"{name}, seed {seed}",
        performance(system, accept_all_table(system)).gain,
        performance(system, learned_table(policy, system, network)).gain,
        optimum(system).gain,
    )


def row(found: Outcome) -> tuple[str, ...]:
    """Return a line of the report."""
    verdict = "no gap" if np.isnan(found.closed) else "met" if found.closed >= TARGET else "MISSED"
    share = "" if np.isnan(found.closed) else f"{found.closed:.2%}"
    gains = (f"{gain:.4f}" for gain in (found.accept_all, found.learned, found.best))
    return found.name, *gains, share, f"{1.0 - found.learned / found.best:.3%}", verdict


def main() -> None:
    """Train, judge and report."""
    parser = ArgumentParser(prog="python -m benchmarks.loss_agents", description=__doc__)
    parser.add_argument("--systems", type=Path, help="CSV file of systems")
    parser.add_argument("--drawn", type=int, default=4, help="systems drawn beside them")
    parser.add_argument("--steps", type=int, default=1_500_000, help="of training, each")
    parser.add_argument("--seed", type=int, default=0, help="of training")
    parser.add_argument(
        "--out", type=Path, default=Path("runs/loss_agents"), help="folder of runs and results"
    )
    options = parser.parse_args()
    systems = from_file(options.systems) if options.systems else {}
    systems |= {f"drawn-{i}": drawn(i) for i in range(options.drawn)}
    found = []
    for name, settings in systems.items():
        found.append(learn(name, settings, options.out, options.steps, options.seed))
        sys.stderr.write("  ".join(row(found[-1])) + "\n")
    header = (
        "system",
        "admit all",
        "PPO",
        "optimum",
        "gap closed",
        "below optimum",
        f"at least {TARGET:.0%}",
    )
    (options.out / "results.json").write_text(json.dumps([asdict(one) for one in found], indent=2) + "\n")
    sys.stdout.write(table(header, [row(one) for one in found]) + "\n")


if __name__ == "__main__":
    main()
