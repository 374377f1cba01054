"""Who decides while episodes are collected: a policy, a baseline or chance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

from ..twin.canonical import digest_of
from .bundle import CONTRACT, load_bundle
from .collect_config import CollectConfig
from .comparison import rules_of
from .config import ConfigError, nearest
from .evaluate import Setting

RANDOM = "random"


@dataclass(frozen=True)
class Behaviour:
    """What decides, and how often chance does instead."""

    name: str
    digest: str  # of the bundle, or of the rule's name and settings
    settings: Mapping[str, float]  # of a rule
    controller: Any  # of the problem's world; None where chance decides alone
    explore: float  # share of the choices that are replaced by random legal ones


def behaviour_of(config: CollectConfig, setting: Setting) -> Behaviour:
    """Return what ``policy`` names: chance, a baseline, or a policy on disk.

    Raises:
        ConfigError: if it names nothing, with the nearest baseline.
        BundleError: if there is a bundle that must not be used here.
    """
    name = config.policy.replace("_", " ")
    if name == RANDOM:
        return Behaviour(RANDOM, digest_of({"rule": RANDOM}), {}, None, 1.0)
    rules = {rule.name: rule for rule in rules_of(setting)}
    if name in rules:
        settings = _settings(rules[name])
        digest = digest_of({"rule": name, "settings": settings})
        return Behaviour(name, digest, settings, rules[name], config.explore)
    path = Path(config.policy)
    if not any((folder / CONTRACT).exists() for folder in (path, path / "policy")):
        what = f"policy={config.policy!r} is no baseline, no policy bundle and no run with one"
        raise ConfigError(f"{what}; {nearest(name, [RANDOM, *rules])}")
    policy = load_bundle(path, setting.params, config.env.id)
    return Behaviour(policy.name, policy.digest, {}, policy, config.explore)


def _settings(rule: object) -> dict[str, float]:
    """Return the numbers a rule decides by."""
    known = {f.name: getattr(rule, f.name) for f in fields(rule) if f.repr} if is_dataclass(rule) else {}
    return {name: value for name, value in known.items() if isinstance(value, int | float)}
