"""From a configuration to a dataset on disk; interrupted, the same command goes on where it stopped."""

from __future__ import annotations

import copy
import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import gymnasium as gym
from gymnasium.envs.registration import EnvSpec

from ..envs.vector import TwinVectorEnv
from ..envs.world import WorldTask
from ..envs.worlds import budget_of
from ..twin.canonical import digest_of, source_digest
from ..twin.params import Params
from .collect_batch import Batch, load_batch, record, save_batch
from .collect_config import CollectConfig
from .collect_policy import Behaviour, behaviour_of
from .collect_store import Description, dataset_folder, write_dataset
from .config import ConfigError
from .digests import scenario_table
from .episodes import Progress, no_progress
from .evaluate import Setting
from .problem import any_problem_of
from .run_folder import versions, write_json
from .seeds import Domain, episode_seeds

REQUEST = "request.json"  # of unfinished work: what was asked for
_RECORDING = 0.9  # share of the time, the rest is writing
_PACKAGE = Path(__file__).resolve().parent.parent


def collect(config: CollectConfig, progress: Progress = no_progress) -> tuple[str, Path]:
    """Run the episodes and write the dataset; return its id and folder.

    Raises:
        ConfigError: for an unknown name, a dataset that exists, or unfinished work that was asked for otherwise.
        BundleError: if the policy must not be used here.
    """
    task, network = any_problem_of(config.env, config.scenario, config.load_file, config.load_column)
    setting = Setting(network, task, episode_seeds(config.seed, Domain.TRAIN, 0, config.episodes))
    behaviour = behaviour_of(config, setting)
    dataset_id = config.dataset or _default_id(config, behaviour)
    folder = dataset_folder(dataset_id, config.root)
    origin = _origin(config, behaviour, setting)
    unfinished = folder.with_name(f".{folder.name}.unfinished")
    _open(unfinished, origin)
    about = _description(config, dataset_id, setting, behaviour.name, origin)
    parts = list(_record_all(unfinished, config.batch, behaviour, setting, progress))
    write_dataset(folder, unfinished / "dataset", about, _read_all(parts, progress))
    shutil.rmtree(unfinished)
    return dataset_id, folder


def _record_all(
    folder: Path, size: int, behaviour: Behaviour, setting: Setting, progress: Progress
) -> Iterator[Path]:
    """Record what is not there yet; yield the files of all batches in order."""
    count = len(setting.seeds)
    for start in range(0, count, size):
        seeds = setting.seeds[start : start + size]
        path = folder / f"{start:08d}-{start + len(seeds):08d}.npz"
        if not path.exists():
            share = _part(progress, start / count, len(seeds) / count)
            save_batch(path, record(behaviour, setting, seeds, share))
        yield path


def _part(progress: Progress, start: float, width: float) -> Progress:
    return lambda share: progress(_RECORDING * (start + width * share))


def _read_all(parts: list[Path], progress: Progress) -> Iterator[Batch]:
    for done, path in enumerate(parts):
        yield load_batch(path)
        progress(_RECORDING + (1.0 - _RECORDING) * (done + 1) / len(parts))


def _open(folder: Path, origin: dict[str, Any]) -> None:
    """Begin the work, or go on with work that was asked for in the same way."""
    path = folder / REQUEST
    if not path.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        write_json(path, origin)
        return
    before = json.loads(path.read_text(encoding="utf-8"))
    changed = sorted(key for key in origin if before.get(key) != json.loads(json.dumps(origin))[key])
    if changed:
        what = f"unfinished work in {folder} was begun with another {', '.join(changed)}"
        raise ConfigError(f"{what}; finish it as it was begun, or delete that folder")


def _origin(config: CollectConfig, behaviour: Behaviour, setting: Setting) -> dict[str, Any]:
    """Return where the episodes come from, JSON-ready."""
    scenario = scenario_table(setting.params.scenario) if isinstance(setting.params, Params) else None
    return {
        "policy": {
            "name": behaviour.name,
            "digest": behaviour.digest,
            "settings": dict(behaviour.settings),
            "explore": behaviour.explore,
        },
        "scenario": {"name": config.scenario, "digest": digest_of(scenario or _other(setting.params))},
        "seeds": {"domain": Domain.TRAIN.name.lower(), "root": config.seed, "episodes": config.episodes},
        "env": asdict(config.env),
        "weights": setting.task.weights,
        "budget": budget_of(setting.task, setting.params),
        "batch": config.batch,
        "code": {name: source_digest(_PACKAGE / name) for name in ("twin", "envs")},
        "versions": versions(),
    }


def _other(network: Any) -> dict[str, str]:  # noqa: ANN401  (the network of any world)
    """Return what tells networks of another world apart."""
    return {"network": repr(network)}


def _description(
    config: CollectConfig, dataset_id: str, setting: Setting, policy: str, origin: dict[str, Any]
) -> Description:
    env = TwinVectorEnv(setting.task, setting.params, 1)
    return Description(
        dataset_id=dataset_id,
        observation_space=env.single_observation_space,
        action_space=env.single_action_space,
        spec=_spec(config, setting),
        algorithm_name=policy,
        text=f"{config.episodes} episodes of {config.env.id} on {config.scenario}, decided by {policy}",
        requirements=[f"ranrein=={version('ranrein')}"],
        origin=origin,
    )


def _spec(config: CollectConfig, setting: Setting) -> EnvSpec | None:
    """Return what makes the environment again, if names alone can."""
    if config.load_file is not None:
        return None
    spec = copy.deepcopy(gym.spec(config.env.id))
    weights = {} if config.env.weights is None else {"weights": config.env.weights}
    settings = config.env.given if isinstance(setting.task, WorldTask) else {}
    spec.kwargs = {**spec.kwargs, "scenario": config.scenario, **weights, **settings}
    return spec


def _default_id(config: CollectConfig, behaviour: Behaviour) -> str:
    """Name a dataset after problem, scenario and policy."""
    problem = config.env.id.split("/")[-1].removesuffix("-v0").lower()
    words = [problem, *re.findall(r"\w+", Path(config.scenario).name), *re.findall(r"\w+", behaviour.name)]
    return f"ranrein/{'-'.join(words)}-v0"
