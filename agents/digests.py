"""Digests of everything a certificate binds, taken from the objects that run."""

from __future__ import annotations

import platform
from dataclasses import asdict
from importlib import metadata
from pathlib import Path

from ..safety.shield import Shield
from ..twin.canonical import digest_of, digest_of_files, source_digest
from ..twin.promises import constraints_digest
from ..twin.scenario import Scenario

_ROOT = Path(__file__).resolve().parent.parent
BOUND_LIBRARIES = ("numpy", "numba", "onnxruntime")


def running_digests(shield: Shield, policy_digest: str) -> dict[str, str]:
    """Return the digest of every part that a certificate speaks of.

    Args:
        shield: as it runs, with its calibration.
        policy_digest: of the policy bundle.
    """
    scenario = shield.params.scenario
    twin = _ROOT / "twin"
    return {
        "policy": policy_digest,
        "shield": digest_of({"code": source_digest(_ROOT / "safety"), "config": shield_table(shield)}),
        "backup": digest_of_files([twin / "backup.py"], root=twin),
        "twin": source_digest(twin),
        "scenario": digest_of(scenario_table(scenario)),
        "constraints": constraints_digest(scenario, twin),
        "timing": digest_of({"timing": asdict(scenario.timing), "sleep": asdict(scenario.sleep)}),
        "dependencies": digest_of(
            {**versions(), "python": platform.python_version(), "machine": platform.machine()}
        ),
    }


def versions() -> dict[str, str]:
    """Return the versions of the libraries that can change a decision."""
    return {name: metadata.version(name) for name in BOUND_LIBRARIES}


def shield_table(shield: Shield) -> dict[str, object]:
    """Return the shield's settings as plain data."""
    margin = shield.margin_of
    return {
        "look": asdict(shield.look),
        "rules": shield.rules.as_table(),
        "margins": f"{margin.__module__}.{margin.__qualname__}",
    }


def scenario_table(scenario: Scenario) -> dict[str, object]:
    """Return a scenario as plain data."""
    return asdict(scenario)
