"""Begin learning where a rule leaves off: imitate it first, so that exploration starts from a network that works.

The rule acts on training episodes, wandering off now and then, so that what it would do is also known where exploration
leads. The policy learns its choices with some doubt left (label smoothing, Szegedy et al. 2016), because PPO improves
only what it still varies, and the critic learns what those choices brought.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from stable_baselines3 import PPO
from torch.distributions import Categorical
from torch.nn import functional

from ..envs.actions import choices_of
from ..envs.controller import Controller
from ..envs.vector import TwinVectorEnv
from ..twin.types import F32, F64, I64
from .seeds import Domain, episode_seeds

BATCH = 512
LEARNING_RATE = 2e-3
WANDERING = 0.1  # share of the choices that are drawn at random
DOUBT = 0.03  # probability that the policy spreads over the choices the rule did not take
CRITIC_WEIGHT = 0.05
ATTEMPT = 1 << 20  # of the training domain: episodes that no learner sees


@dataclass(frozen=True)
class Demonstration:
    """What a rule would do, and what came of it: one row per environment and control period."""

    observations: F32  # (N, obs)
    choices: I64  # (N, A)
    returns: F32  # (N,), discounted


def warm_start(model: PPO, env: TwinVectorEnv, rule: Controller, seed: int, epochs: int) -> None:
    """Let a fresh learner imitate a rule.

    Args:
        model: the learner; its policy is changed, nothing else.
        env: as the learner will see it, one replica per episode that is shown.
        rule: what to imitate.
        seed: names the episodes and the order in which they are learnt.
        epochs: how often all of them are gone through.
    """
    imitate(model, demonstrate(env, rule, model.gamma, seed), seed, epochs)


def demonstrate(env: TwinVectorEnv, rule: Controller, gamma: float, seed: int) -> Demonstration:
    """Run the rule for one episode in every replica."""
    n, random = env.num_envs, np.random.default_rng(seed)
    n_choices = choices_of(env.task.action_space(env.params))
    observation, _ = env.reset(seed=episode_seeds(seed, Domain.TRAIN, ATTEMPT, n))
    rule.begin(env.params, n)
    seen, wanted, rewards = [], [], []
    for _ in range(env.world.periods_per_episode):
        choices = rule.actions(env.params, env.window)
        astray = random.integers(0, n_choices, choices.shape)
        seen.append(observation)
        wanted.append(choices)
        observation, reward, *_ = env.step(
            np.where(random.random(choices.shape) < WANDERING, astray, choices)
        )
        rewards.append(reward)
    returns = discounted(np.stack(rewards), gamma)
    return Demonstration(np.concatenate(seen), np.concatenate(wanted), returns.ravel().astype(np.float32))


def discounted(rewards: F64, gamma: float) -> F64:
    """Return the discounted sums of what follows, (T, B); the last reward is taken to go on for ever."""
    returns = np.empty_like(rewards)
    ahead = rewards[-1] / (1.0 - gamma)
    for t in range(len(rewards) - 1, -1, -1):
        returns[t] = ahead = rewards[t] + gamma * ahead
    return returns


def imitate(model: PPO, shown: Demonstration, seed: int, epochs: int) -> None:
    """Fit the policy to the choices and the critic to the returns."""
    policy = model.policy
    optimizer = torch.optim.Adam(policy.parameters(), lr=LEARNING_RATE)
    generator = torch.Generator().manual_seed(seed)
    data = [torch.as_tensor(array) for array in (shown.observations, shown.choices, shown.returns)]
    for _ in range(epochs):
        for rows in torch.randperm(len(data[0]), generator=generator).split(BATCH):
            optimizer.zero_grad()
            _loss(model, *(part[rows] for part in data)).backward()
            optimizer.step()


def _loss(
    model: PPO, observations: torch.Tensor, choices: torch.Tensor, returns: torch.Tensor
) -> torch.Tensor:
    heads = cast(list[Categorical], model.policy.get_distribution(observations).distribution)
    values = model.policy.predict_values(observations).flatten()
    loss = CRITIC_WEIGHT * functional.mse_loss(values, returns)
    for column, head in enumerate(heads):
        loss = loss + functional.cross_entropy(head.logits, choices[:, column], label_smoothing=DOUBT)
    return loss
