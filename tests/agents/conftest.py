"""What the tests of learning share: one network, its problem, and one tiny training run."""

from __future__ import annotations

from pathlib import Path

import pytest

from ranrein.agents.config import PpoConfig, TrainConfig
from ranrein.agents.training import train
from ranrein.envs.energy_saving import EnergySaving
from ranrein.envs.vector import params_of
from ranrein.twin.params import Params

TASK_ID = "ranrein/EnergySaving-v0"
TINY = PpoConfig(n_envs=8, n_steps=36, batch_size=144, n_epochs=2, net_arch=(16,))


@pytest.fixture(scope="session")
def params() -> Params:
    return params_of("urban")


@pytest.fixture(scope="session")
def task() -> EnergySaving:
    return EnergySaving()


@pytest.fixture(scope="session")
def tiny_config(tmp_path_factory: pytest.TempPathFactory) -> TrainConfig:
    folder = tmp_path_factory.mktemp("runs") / "tiny"
    return TrainConfig(agent=TINY, steps=4608, eval_every=2304, eval_episodes=4, run_dir=str(folder))


@pytest.fixture(scope="session")
def run(tiny_config: TrainConfig) -> Path:
    """A finished run of 4,608 steps; tests copy it before they change it."""
    return train(tiny_config)
