"""Shielded episodes: the numbers that certificates are made of."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from ranrein.agents.episodes import run_episodes
from ranrein.agents.shielded import ShieldedEpisodes, run_shielded
from ranrein.envs.baselines import AlwaysOn, LoadThreshold
from ranrein.envs.energy_saving import EnergySaving
from ranrein.envs.window import Window
from ranrein.safety.decision import Tier
from ranrein.safety.shield import Shield
from ranrein.twin.params import Params
from ranrein.twin.types import I64

SEEDS = [11, 12, 13, 14]
PERIODS = 36


@dataclass
class Noise:
    """Asks for anything at all."""

    name: str = "noise"

    def begin(self, params: Params, n: int) -> None:
        self.rng = np.random.default_rng(0)

    def actions(self, params: Params, window: Window) -> I64:
        return self.rng.integers(0, 5, (window.kpis.n_replicas, len(params.capacity_cells)))


@pytest.fixture(scope="module")
def shield(params: Params) -> Shield:
    timing = replace(params.scenario.timing, episode_s=PERIODS * params.scenario.timing.control_period_s)
    return Shield.of(replace(params, scenario=replace(params.scenario, timing=timing)), 1.3)


@pytest.fixture(scope="module")
def noisy(shield: Shield, task: EnergySaving) -> ShieldedEpisodes:
    return run_shielded(Noise(), shield, task, SEEDS)


def test_always_on_behind_the_shield_is_always_on(shield: Shield, task: EnergySaving) -> None:
    behind = run_shielded(AlwaysOn(), shield, task, SEEDS)
    bare = run_episodes(AlwaysOn(), shield.params, task, SEEDS)
    assert np.array_equal(behind.energy_kwh, bare.energy_kwh)
    assert np.allclose(behind.episode_return, bare.episode_return)
    assert np.array_equal(behind.cost, bare.cost)
    assert not behind.intervention.any()
    assert not behind.switches.any()
    assert behind.tiers[Tier.ACCEPTED] == 1.0


def test_a_policy_of_noise_is_overruled_most_of_the_time(noisy: ShieldedEpisodes) -> None:
    assert np.all(noisy.intervention > 0.5)
    assert noisy.tiers.sum() == pytest.approx(1.0)


def test_the_shield_makes_a_policy_of_noise_safer(
    noisy: ShieldedEpisodes, shield: Shield, task: EnergySaving
) -> None:
    bare = run_episodes(Noise(), shield.params, task, SEEDS)
    assert noisy.cost.sum() <= bare.cost.sum()
    assert noisy.violated.sum() == 0


def test_a_rerun_gives_the_same_bits(noisy: ShieldedEpisodes, shield: Shield, task: EnergySaving) -> None:
    again = run_shielded(Noise(), shield, task, SEEDS)
    for name in ("cost", "intervention", "energy_kwh", "episode_return", "tiers"):
        assert getattr(again, name).tobytes() == getattr(noisy, name).tobytes()
    assert again.envelope == noisy.envelope


def test_episodes_keep_the_order_of_their_seeds(shield: Shield, task: EnergySaving) -> None:
    rule = run_shielded(LoadThreshold(), shield, task, SEEDS)
    first = run_shielded(LoadThreshold(), shield, task, SEEDS[:2])
    assert np.array_equal(rule.energy_kwh[:2], first.energy_kwh)
    assert rule.seeds.tolist() == SEEDS


def test_one_broken_promise_makes_the_episode_a_violation(noisy: ShieldedEpisodes) -> None:
    costs = np.array([0.0, 1 / PERIODS, 1.0, np.nan])
    assert replace(noisy, cost=costs).violated.tolist() == [0.0, 1.0, 1.0, 1.0]


def test_the_envelope_holds_what_was_seen(noisy: ShieldedEpisodes, shield: Shield) -> None:
    assert set(noisy.envelope) == {*(f"area {g} offered Mbit/s" for g in range(3)), "connected users"}
    assert all(low < high for name, (low, high) in noisy.envelope.items() if name.startswith("area"))


def test_progress_is_told_to_the_end(shield: Shield, task: EnergySaving) -> None:
    shares: list[float] = []
    run_shielded(AlwaysOn(), shield, task, SEEDS[:1], shares.append)
    assert shares[-1] == 1.0
    assert len(shares) == PERIODS
