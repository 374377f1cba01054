"""Episodes as a dataset that ``minari.load_dataset`` reads; needs the extra ``offline``.

Written through Minari's own storage classes, episode by episode: ``minari.create_dataset_from_buffers`` would hold
everything in memory, and ``DataCollector`` needs JAX.
"""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import minari
import numpy as np
from gymnasium import Space
from gymnasium.envs.registration import EnvSpec
from minari.data_collector import EpisodeBuffer
from minari.dataset.minari_dataset import parse_dataset_id
from minari.dataset.minari_storage import MinariStorage
from minari.storage import get_dataset_path

from .collect_batch import Batch
from .config import ConfigError

_OVERHEAD, _LEAST_FREE = 2, 2**18  # HDF5 takes 1.7 times the bytes of short episodes, 1.2 times of long ones
ENV_VARIABLE = "MINARI_DATASETS_PATH"


@dataclass(frozen=True)
class Description:
    """What stands beside the episodes of a dataset."""

    dataset_id: str
    observation_space: Space[Any]
    action_space: Space[Any]
    spec: EnvSpec | None  # makes the environment again; None where no name stands for its scenario
    algorithm_name: str
    text: str
    requirements: list[str]
    origin: dict[str, Any]  # policy, scenario, seeds, versions: JSON-ready, under the key "ranrein"


def dataset_folder(dataset_id: str, root: str | None) -> Path:
    """Return where a dataset belongs, as an absolute path: Minari joins a relative one to itself.

    Raises:
        ConfigError: if the id is malformed, or there is such a dataset already.
    """
    try:
        parse_dataset_id(dataset_id)
    except (ValueError, TypeError) as error:
        raise ConfigError(
            f"dataset={dataset_id!r}: use NAME-vNUMBER or NAMESPACE/NAME-vNUMBER of letters, digits, - and _, "
            "with a NAMESPACE of two characters or more"
        ) from error
    folder = ((get_dataset_path() if root is None else Path(root)) / dataset_id).resolve()
    if folder.exists():
        raise ConfigError(
            f"dataset={dataset_id!r} exists already: {folder}; give another dataset=NAME-vNUMBER"
        )
    return folder


def write_dataset(folder: Path, work: Path, about: Description, batches: Iterable[Batch]) -> None:
    """Write all episodes below ``work`` and then move them to ``folder``: whole or not there.

    Raises:
        OSError: if the disk is full, or ``folder`` appeared meanwhile.
    """
    shutil.rmtree(work, ignore_errors=True)
    (work / "data").mkdir(parents=True)
    storage = _storage(work / "data", about)
    for batch in batches:
        _require_room(work, batch)
        storage.update_episodes(_buffers(batch))
    folder.parent.mkdir(parents=True, exist_ok=True)
    work.rename(folder)


def _require_room(folder: Path, batch: Batch) -> None:
    """Refuse to begin what would not fit: HDF5 crashes the process when a disk fills up while it writes."""
    arrays = [value for value in vars(batch).values() if isinstance(value, np.ndarray)]
    needed = _OVERHEAD * sum(array.nbytes for array in [*arrays, *batch.infos.values()]) + _LEAST_FREE
    if shutil.disk_usage(folder).free < needed:
        raise OSError(errno.ENOSPC, f"No space left on device: {needed / 1e6:.0f} MB needed", str(folder))


def _storage(data: Path, about: Description) -> MinariStorage:
    storage = MinariStorage.new(
        data, about.observation_space, about.action_space, about.spec, data_format="hdf5"
    )
    storage.update_metadata(
        {
            "dataset_id": about.dataset_id,
            "minari_version": minari.__version__,
            "algorithm_name": about.algorithm_name,
            "description": about.text,
            "requirements": about.requirements,
            "ranrein": about.origin,
        }
    )
    return storage


def _buffers(batch: Batch) -> Iterator[EpisodeBuffer]:
    for row, seed in enumerate(batch.seeds.tolist()):
        yield EpisodeBuffer(
            seed=seed,
            observations=batch.observations[row],
            actions=batch.actions[row],
            rewards=batch.rewards[row],
            terminations=batch.truncations[row] & False,
            truncations=batch.truncations[row],
            infos=_nested({name: values[row] for name, values in batch.infos.items()}),
        )


def _nested(flat: dict[str, Any]) -> dict[str, Any]:
    """Return names with a slash as a mapping of its own."""
    nested: dict[str, Any] = {}
    for name, value in flat.items():
        group, _, leaf = name.rpartition("/")
        (nested.setdefault(group, {}) if group else nested)[leaf] = value
    return nested
