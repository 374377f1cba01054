"""The folder of a training run: what is where, and how to open it again."""

from __future__ import annotations

import json
import platform
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from ..envs.scenario_source import PREFIXES
from .config import ConfigError, TrainConfig, from_mapping

PACKAGES = ("ranrein", "numpy", "numba", "gymnasium", "torch", "stable-baselines3", "onnx", "onnxruntime")


@dataclass(frozen=True)
class RunFolder:
    """Paths inside a run folder."""

    path: Path

    @property
    def config(self) -> Path:
        """The configuration, JSON."""
        return self.path / "config.json"

    @property
    def curve(self) -> Path:
        """The learning curve, CSV, one row per update."""
        return self.path / "progress.csv"

    @property
    def tensorboard(self) -> Path:
        """The event files."""
        return self.path / "tensorboard"

    @property
    def checkpoint(self) -> Path:
        """Weights and optimiser, to go on training."""
        return self.path / "checkpoint.zip"

    @property
    def generators(self) -> Path:
        """States of the random generators and the number of steps, beside the checkpoint."""
        return self.path / "checkpoint.npz"

    @property
    def evaluations(self) -> Path:
        """One JSON line per evaluation."""
        return self.path / "eval.jsonl"

    @property
    def policy(self) -> Path:
        """The best policy so far, as a bundle."""
        return self.path / "policy"

    def read_config(self) -> TrainConfig:
        """Return what the run was started with; ConfigError if this is no run folder."""
        if not self.config.is_file():
            raise ConfigError(f"{str(self.path)!r} is not a training run: it has no {self.config.name}")
        return from_mapping(TrainConfig, json.loads(self.config.read_text(encoding="utf-8")))

    def read_evaluations(self) -> list[dict[str, Any]]:
        """Return the evaluations so far."""
        if not self.evaluations.exists():
            return []
        return [json.loads(line) for line in self.evaluations.read_text(encoding="utf-8").splitlines()]

    def keep_evaluation(self, row: dict[str, Any]) -> None:
        """Append one evaluation."""
        with self.evaluations.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row, sort_keys=True) + "\n")


def new_run(cfg: TrainConfig) -> RunFolder:
    """Make the folder of a new run.

    Raises:
        ConfigError: if the wanted folder holds something already.
    """
    path = Path(cfg.run_dir) if cfg.run_dir else _free(Path("runs") / default_name(cfg))
    if path.exists() and any(path.iterdir()):
        raise ConfigError(f"run_dir={str(path)!r} is not empty; choose another, or go on with resume={path}")
    path.mkdir(parents=True, exist_ok=True)
    run = RunFolder(path)
    write_json(run.config, asdict(replace(cfg, run_dir=None, resume=None)))
    write_json(path / "versions.json", versions())
    return run


def resumed(folder: Path, steps: int | None = None) -> TrainConfig:
    """Return the configuration with which the run in ``folder`` goes on, up to ``steps`` in all if given."""
    stored = RunFolder(folder).read_config()
    return replace(stored, resume=str(folder), steps=steps or stored.steps)


def default_name(cfg: TrainConfig) -> str:
    """Name a run after problem, scenario and seed."""
    problem = cfg.env.id.split("/")[-1].removesuffix("-v0").lower()
    return f"{problem}-{_slug(cfg.scenario)}-seed{cfg.seed}"


def versions(packages: Iterable[str] = PACKAGES) -> dict[str, str]:
    """Return the versions of Python and of the packages that results depend on."""
    return {"python": platform.python_version(), **{name: _version(name) for name in packages}}


def write_json(path: Path, data: Any) -> None:  # noqa: ANN401
    """Write readable JSON with sorted keys."""
    path.write_text(json.dumps(data, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _slug(scenario: str) -> str:
    """Return a scenario's name as part of a folder's name: of a path its end, and of an inventory its cluster."""
    if not scenario.startswith(PREFIXES):
        return scenario
    prefix, _, path = scenario.partition(":")
    end = re.sub(r"\.(csv|json)(?=$|@)", "", Path(path).name)
    return "-".join(re.findall(r"\w+", end)) or prefix


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _free(path: Path) -> Path:
    names = (path if n == 1 else path.with_name(f"{path.name}-{n}") for n in range(1, 10_000))
    return next(name for name in names if not name.exists())
