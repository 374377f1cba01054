"""Digests: each names its part, and changes with it and with nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ranrein.agents import digests as module
from ranrein.agents.digests import running_digests
from ranrein.safety.record import REQUIRED_DIGESTS
from ranrein.safety.shield import Shield
from ranrein.twin.params import Params
from ranrein.twin.sla import margins

POLICY = "0" * 64


def other_margins(kpis: object, sla: object) -> object:
    return margins(kpis, sla)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def shield(params: Params) -> Shield:
    return Shield.of(params, 1.3)


def changed(shield: Shield, other: Shield, policy: str = POLICY) -> set[str]:
    before, after = running_digests(shield, POLICY), running_digests(other, policy)
    return {name for name in before if before[name] != after[name]}


def with_scenario(shield: Shield, **changes: object) -> Shield:
    params = replace(shield.params, scenario=replace(shield.params.scenario, **changes))
    return replace(shield, params=params)


def test_everything_a_certificate_binds_is_named(shield: Shield) -> None:
    found = running_digests(shield, POLICY)
    assert set(found) == set(REQUIRED_DIGESTS)
    assert all(len(value) == 64 for value in found.values())
    assert changed(shield, shield) == set()


def test_another_policy_changes_the_policy_digest_alone(shield: Shield) -> None:
    assert changed(shield, shield, "1" * 64) == {"policy"}


SHIELDS = {
    "demand factor": lambda s: replace(s, look=replace(s.look, demand_factor=1.31)),
    "imagined crowd": lambda s: replace(s, look=replace(s.look, burst_peak_mbps=1.0)),
    "settling": lambda s: replace(s, look=replace(s.look, settle_steps=1)),
    "sleepers at once": lambda s: replace(s, rules=replace(s.rules, max_new_sleeps=3)),
    "dwell": lambda s: replace(s, rules=replace(s.rules, min_dwell_periods=2)),
    "margins": lambda s: replace(s, margin_of=other_margins),
}


@pytest.mark.parametrize("what", SHIELDS)
def test_another_setting_of_the_shield_changes_its_digest_alone(shield: Shield, what: str) -> None:
    assert changed(shield, SHIELDS[what](shield)) == {"shield"}


def test_another_promise_changes_constraints_and_scenario(shield: Shield) -> None:
    sla = replace(shield.params.scenario.sla, guaranteed_mbps=2.9)
    assert changed(shield, with_scenario(shield, sla=sla)) == {"constraints", "scenario"}


def test_another_period_changes_timing_and_scenario(shield: Shield) -> None:
    scenario = shield.params.scenario
    timing = replace(scenario.timing, control_period_s=600.0)
    sleep = replace(scenario.sleep, wake_delay_s=(0.0, 0.0, 0.0, 60.0, 360.0))
    assert changed(shield, with_scenario(shield, timing=timing)) == {"timing", "scenario"}
    assert changed(shield, with_scenario(shield, sleep=sleep)) == {"timing", "scenario"}


def test_any_other_field_of_the_scenario_changes_its_digest(shield: Shield) -> None:
    surge = replace(shield.params.scenario.surge, probability=0.81)
    assert changed(shield, with_scenario(shield, surge=surge)) == {"scenario"}
    assert changed(shield, with_scenario(shield, radio_seed=2)) == {"scenario"}


def test_another_library_version_changes_dependencies(
    shield: Shield, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = running_digests(shield, POLICY)
    monkeypatch.setattr(module.metadata, "version", lambda name: "0.0.1")
    after = running_digests(shield, POLICY)
    assert {name for name in before if before[name] != after[name]} == {"dependencies"}


SOURCES = {
    "twin/backup.py": {"backup", "twin"},
    "twin/sla.py": {"constraints", "twin"},
    "twin/kernels/judge.py": {"constraints", "twin"},
    "twin/kernels/step.py": {"twin"},
    "safety/shield.py": {"shield"},
}


@pytest.mark.parametrize("path", SOURCES)
def test_one_character_of_source_changes_what_it_is_part_of(
    shield: Shield, path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for part in ("twin", "safety"):
        for source in (module._ROOT / part).rglob("*.py"):
            copy = tmp_path / source.relative_to(module._ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(source.read_bytes())
    before = running_digests(shield, POLICY)
    monkeypatch.setattr(module, "_ROOT", tmp_path)
    assert running_digests(shield, POLICY) == before
    with (tmp_path / path).open("a") as file:
        file.write("#")
    after = running_digests(shield, POLICY)
    assert {name for name in before if before[name] != after[name]} == SOURCES[path]
