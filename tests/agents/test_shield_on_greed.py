"""The shield behind a policy that was trained to be greedy: its broken promises all but vanish."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ranrein.agents.bundle import OnnxPolicy, contract_of, policy_from
from ranrein.agents.certify import calibrated_shield
from ranrein.agents.config import PpoConfig
from ranrein.agents.episodes import run_episodes, started
from ranrein.agents.export import Exporter
from ranrein.agents.sb3_vec import TwinVecEnv
from ranrein.agents.seeds import Domain, episode_seeds
from ranrein.agents.shielded import run_shielded
from ranrein.agents.training import build_ppo
from ranrein.agents.warm_start import demonstrate, imitate
from ranrein.envs.baselines import Greedy
from ranrein.envs.energy_saving import EnergySaving
from ranrein.envs.vector import TwinVectorEnv
from ranrein.safety.shield import Shield
from ranrein.safety.supervisor import Supervisor
from ranrein.twin.params import Params

SEEDS = episode_seeds(5, Domain.STRESS, 0, 64)
LEAST_FALL = 0.95


@pytest.fixture(scope="module")
def greedy(params: Params, task: EnergySaving) -> OnnxPolicy:
    """A network trained to sleep whatever the present traffic does not need, at twice the load that is wise."""
    torch.set_num_threads(1)
    env = TwinVectorEnv(task, params, 32)
    model = build_ppo(PpoConfig(n_envs=32, n_steps=16, batch_size=64), TwinVecEnv(env), 0)
    contract = contract_of("ranrein/EnergySaving-v0", task, params, {})
    exporter = Exporter.of(model.policy, contract.choices)
    imitate(model, demonstrate(env, Greedy(coverage_mbps=150.0), 0.9, seed=0), seed=0, epochs=10)
    return policy_from(exporter.model(model.policy), contract, task, "greedy")


@pytest.fixture(scope="module")
def shield(params: Params) -> Shield:
    return calibrated_shield(params)


def test_broken_promises_fall_by_more_than_nine_in_ten(
    greedy: OnnxPolicy, shield: Shield, params: Params, task: EnergySaving
) -> None:
    bare = run_episodes(greedy, params, task, SEEDS).violated.sum()
    kept = run_shielded(greedy, shield, task, SEEDS).violated.sum()
    assert bare >= len(SEEDS) / 2
    assert kept <= (1 - LEAST_FALL) * bare


def test_no_raw_action_is_executed_while_any_guard_is_false(
    greedy: OnnxPolicy, shield: Shield, params: Params, task: EnergySaving
) -> None:
    simulation = started(params, SEEDS[:8])
    supervisor = Supervisor(shield, 1)
    supervisor.start(simulation.window.kpis, simulation.window.precedent.command)
    overruled = 0
    for _ in range(params.scenario.timing.periods_per_episode):
        window = simulation.window
        proposal = task.decode(params, greedy.actions(params, window), window.precedent)
        decision = supervisor.decide(proposal)
        asleep = decision.applied.carrier_state.any(axis=1)
        assert np.all(decision.margins[asleep] >= 0)
        raw = np.all(decision.applied.carrier_state == proposal.carrier_state, axis=1)
        overruled += int(np.sum(~raw))
        outcome = simulation.step(decision.applied)
        assert np.array_equal(outcome.command.carrier_state, decision.applied.carrier_state)
        supervisor.learn(simulation.window.kpis, outcome.command)
    assert overruled > 0
