"""Configuration of a verb: YAML groups composed by hydra with overrides, as plain containers."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from hydra import compose as hydra_compose
from hydra import initialize_config_module
from hydra.core.config_store import ConfigStore
from hydra.errors import HydraException, OverrideParseException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from ranrein.agents.bench.config import BenchConfig
from ranrein.agents.certify_config import CertifyConfig
from ranrein.agents.collect_config import CollectConfig
from ranrein.agents.config import ConfigError, EvaluateConfig, PpoConfig, TrainConfig, nearest
from ranrein.agents.demo_config import DemoConfig
from ranrein.agents.fit.config import CalibrateConfig
from ranrein.agents.nationwide_config import NationwideConfig
from ranrein.agents.operate_config import OperateConfig
from ranrein.agents.shadow.config import ShadowConfig
from ranrein.envs.catalogue import scenario_names
from ranrein.envs.registry import TASKS, all_scenarios, own_scenario
from ranrein.envs.scenario_source import PREFIXES, candidates
from ranrein.envs.variants import split_variants

VERSION_BASE = "1.3"
SCENARIO = "scenario="
DEFAULTS = "_defaults"  # ends the names of what the dataclasses hold; nobody chooses them
ANY_WORLD = ("train", "evaluate", "collect")  # verbs that know control problems beside those on the twin


def compose(name: str, overrides: Sequence[str] = ()) -> dict[str, Any]:
    """Compose ``conf/<name>.yaml`` with overrides such as ``steps=1000`` or ``agent.n_envs=8``.

    ``scenario=NAME`` names a shipped scenario, an inventory or a fit; it is not merged in and may hold any character.
    Where none is named, neither here nor by an experiment, it is the control problem's own.

    Raises:
        ConfigError: for an unknown setting or choice, naming the nearest.
    """
    _register_defaults()
    for item in overrides:
        if item.startswith("=") or ("=" not in item and not item.startswith("~")):
            raise ConfigError(f"{item!r} is no setting; write key=value")
    chosen = [item.removeprefix(SCENARIO) for item in overrides if item.startswith(SCENARIO)]
    rest = [item for item in overrides if not item.startswith(SCENARIO)]
    try:
        with initialize_config_module("ranrein.conf", version_base=VERSION_BASE):
            config: Any = OmegaConf.to_container(hydra_compose(name, rest), resolve=True)
    except OverrideParseException as error:
        raise ConfigError(f"{error.override!r} cannot be read: {str(error).splitlines()[0]}") from error
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError(_explain(name, str(error))) from error
    if chosen:
        return config | {"scenario": _scenario(name, chosen[-1])}
    return config if config.get("scenario") or "env" not in config else config | {"scenario": _own(config)}


def as_yaml(config: dict[str, Any]) -> str:
    """Return a configuration as YAML."""
    return OmegaConf.to_yaml(OmegaConf.create(config))


def _register_defaults() -> None:
    """Make the dataclasses' defaults known to the YAML files, so that they stand in one place."""
    store = ConfigStore.instance()
    known = {
        "train": TrainConfig(),
        "evaluate": EvaluateConfig(),
        "shadow": ShadowConfig(),
        "collect": CollectConfig(),
    }
    for name, defaults in known.items():
        plain = {key: value for key, value in asdict(defaults).items() if key not in ("env", "agent")}
        plain["scenario"] = ""  # that of the problem, which is not known yet
        store.store(name=f"{name}{DEFAULTS}", node=plain)
    for name, own in {"certify": CertifyConfig(), "operate": OperateConfig(), "bench": BenchConfig()}.items():
        store.store(name=f"{name}{DEFAULTS}", node=json.loads(json.dumps(asdict(own))))
    store.store(name=f"calibrate{DEFAULTS}", node=json.loads(json.dumps(asdict(CalibrateConfig()))))
    store.store(name=f"nationwide{DEFAULTS}", node=asdict(NationwideConfig()))
    store.store(name=f"demo{DEFAULTS}", node=json.loads(json.dumps(asdict(DemoConfig()))))
    store.store(group="agent", name=f"ppo{DEFAULTS}", node=json.loads(json.dumps(asdict(PpoConfig()))))


def _own(config: dict[str, Any]) -> str:
    """Return the scenario of the problem that is configured; nothing where there is no such problem."""
    problem = config["env"]["id"]
    return own_scenario(problem) if problem in TASKS else ""


def _scenario(verb: str, name: str) -> str:
    known = all_scenarios() if verb in ANY_WORLD else scenario_names()
    try:
        base = split_variants(name)[0]
    except ValueError as error:
        raise ConfigError(str(error)) from error
    if not base.startswith(PREFIXES) and base not in known:
        raise ConfigError(f"unknown scenario {base!r}; {nearest(base, candidates(base, known))}")
    return name


def _explain(name: str, message: str) -> str:
    """Shorten hydra's message to what was wrong and the nearest valid name."""
    key = re.search(r"Could not override '([^']+)'|Key '([^']+)' is not in struct", message)
    choice = re.search(
        r"Could not find '([^/']+)/([^']*)'(?:.|\n)*?Available options in '[^']+':\n((?:\t\S+\n?)+)", message
    )
    if choice:
        valid = [option for option in choice[3].split() if not option.endswith(DEFAULTS)]
        return f"unknown {choice[1]} {choice[2]!r}; {nearest(choice[2], valid)}"
    if key:
        wrong = key[1] or key[2]
        return f"unknown setting {wrong!r}; {nearest(wrong, _settings(compose(name)))}"
    return message.splitlines()[0]


def _settings(config: dict[str, Any], prefix: str = "") -> list[str]:
    found: list[str] = []
    for name, value in config.items():
        found += [
            f"{prefix}{name}",
            *(_settings(value, f"{prefix}{name}.") if isinstance(value, dict) else []),
        ]
    return found
