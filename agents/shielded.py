"""Run a policy behind the shield over many episodes, batched; the evidence that certificates are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..envs.controller import Controller
from ..envs.task import Task
from ..safety.decision import Tier
from ..safety.envelope import enclose
from ..safety.shield import Shield
from ..safety.supervisor import Supervisor
from ..twin.sla import is_unsafe, margins
from ..twin.types import F64, I64
from .episodes import JOULES_PER_KWH, Progress, no_progress, started

BELIEF_SEED = 0x52414E  # the belief's own random streams, never those of an episode


@dataclass(frozen=True)
class ShieldedEpisodes:
    """Results of one policy behind the shield, one row per seed."""

    seeds: I64  # (N,)
    cost: F64  # (N,), share of control periods in which a promise was broken
    intervention: F64  # (N,), share of decisions that the shield changed
    energy_kwh: F64  # (N,)
    switches: F64  # (N,), changes of a carrier's state
    episode_return: F64  # (N,)
    tiers: F64  # (5,), share of decisions settled by each Tier
    envelope: dict[str, tuple[float, float]]

    @property
    def violated(self) -> F64:
        """1 where any promise was broken in the episode, (N,)."""
        return (~(self.cost <= 0)).astype(np.float64)


def run_shielded(
    controller: Controller, shield: Shield, task: Task, seeds: Sequence[int], progress: Progress = no_progress
) -> ShieldedEpisodes:
    """Run one episode per seed as one batch, every command decided by the shield."""
    params, n = shield.params, len(seeds)
    simulation = started(params, seeds)
    supervisor = Supervisor(shield, BELIEF_SEED)
    supervisor.start(simulation.window.kpis, simulation.window.precedent.command)
    controller.begin(params, n)
    totals = {name: np.zeros(n) for name in ("cost", "intervention", "joules", "switches", "return")}
    tiers, envelope = np.zeros(len(Tier)), {}
    periods = params.scenario.timing.periods_per_episode
    for period in range(periods):
        window = simulation.window
        decision = supervisor.decide(
            task.decode(params, controller.actions(params, window), window.precedent)
        )
        outcome = simulation.step(decision.applied)
        supervisor.learn(simulation.window.kpis, outcome.command)
        envelope = enclose(params, simulation.window.kpis, envelope)
        terms = task.reward_terms(params, outcome)
        totals["return"] += sum(task.weights[k] * v for k, v in terms.items()) / sum(task.weights.values())
        totals["cost"] += is_unsafe(margins(outcome.truth, params.scenario.sla))
        totals["intervention"] += decision.intervened
        changed = outcome.before.carrier_state != outcome.command.carrier_state
        totals["switches"] += changed.sum(axis=1)
        totals["joules"] += outcome.truth.total_power_w * outcome.truth.granularity_s
        tiers += np.bincount(decision.tier, minlength=len(Tier))
        progress((period + 1) / periods)
    return ShieldedEpisodes(
        seeds=np.asarray(seeds, np.int64),
        cost=totals["cost"] / periods,
        intervention=totals["intervention"] / periods,
        energy_kwh=totals["joules"] / JOULES_PER_KWH,
        switches=totals["switches"],
        episode_return=totals["return"],
        tiers=tiers / (n * periods),
        envelope=envelope,
    )
