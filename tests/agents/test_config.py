"""Configuration: what is wrong is refused with the field and the nearest valid name."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest

from ranrein.agents.config import ConfigError, EvaluateConfig, PpoConfig, TrainConfig, from_mapping


@pytest.mark.parametrize("kind", [TrainConfig, EvaluateConfig, PpoConfig])
def test_defaults_survive_the_way_through_plain_data(kind: type) -> None:
    assert from_mapping(kind, json.loads(json.dumps(asdict(kind())))) == kind()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"stps": 5}, "unknown setting 'stps'; did you mean 'steps'"),
        ({"agent": {"n_env": 8}}, "unknown setting 'agent.n_env'; did you mean 'n_envs'"),
        ({"steps": "many"}, "steps = 'many'"),
        ({"steps": 0}, "steps = 0"),
        ({"steps": 1.5}, "steps = 1.5"),
        ({"seed": 2**32}, "seed = 4294967296"),
        ({"agent": {"net_arch": [64, 0]}}, r"agent.net_arch.1 = 0"),
        ({"agent": {"batch_size": 7}}, "batch_size=7 does not divide"),
    ],
)
def test_wrong_settings_are_named(data: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        from_mapping(TrainConfig, data)
