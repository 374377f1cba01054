"""Where the time of PPO training goes: into the kernel, the learner, or neither; and how much memory it takes."""

from __future__ import annotations

import resource
import sys
from dataclasses import dataclass
from statistics import median
from typing import Any

import torch

from ...envs.task import Task
from ...envs.vector import TwinVectorEnv
from ...safety.clock import Clock
from ...twin.advance import advance
from ...twin.command import Command
from ...twin.params import Params
from ...twin.types import F32, Bool
from ..config import PpoConfig
from ..sb3_vec import TwinVecEnv
from ..training import build_ppo

UPDATES = 2  # rollouts, each with its update, that are timed; one before them is not
_BYTES_PER_UNIT = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss


@dataclass(frozen=True)
class TrainingTime:
    """Seconds of a stretch of PPO."""

    total_s: float
    env_s: float  # within the environment, kernel included
    kernel_s: float
    steps: int  # control periods, over all environments
    peak_bytes: int  # of this process until then

    @property
    def outside(self) -> float:
        """Share of the time neither in the kernel nor in the learner."""
        return (self.env_s - self.kernel_s) / self.total_s


class TimedVecEnv(TwinVecEnv):
    """The adapter with a stop watch."""

    def __init__(self, env: TwinVectorEnv, clock: Clock) -> None:
        super().__init__(env, clock=clock)
        self.env_s, self.calls = 0.0, 0

    def step_wait(self) -> tuple[F32, F32, Bool, list[dict[str, Any]]]:
        """Run one control period and note how long it takes."""
        started_s = self._clock.monotonic_s()
        result = super().step_wait()
        self.env_s += self._clock.monotonic_s() - started_s
        self.calls += 1
        return result


def time_training(params: Params, task: Task, agent: PpoConfig, clock: Clock) -> TrainingTime:
    """Train for a few updates and split the time; the kernel's is measured on the very same replicas afterwards."""
    torch.set_num_threads(1)
    env = TimedVecEnv(TwinVectorEnv(task, params, agent.n_envs), clock)
    model, rollout = build_ppo(agent, env, 0), agent.n_envs * agent.n_steps
    model.learn(rollout)
    env.env_s, env.calls = 0.0, 0
    started_s = clock.monotonic_s()
    model.learn(UPDATES * rollout, reset_num_timesteps=False)
    total_s, env_s, calls = clock.monotonic_s() - started_s, env.env_s, env.calls
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _BYTES_PER_UNIT
    return TrainingTime(total_s, env_s, calls * _kernel_s(env.env, clock), calls * agent.n_envs, peak)


def _kernel_s(env: TwinVectorEnv, clock: Clock, rounds: int = 65) -> float:
    """Return the time of the kernel per control period of the whole batch, the median of some."""
    state, steps = env.simulation.state.copy(), env.params.scenario.timing.steps_per_period
    command, times = Command(state.arrays.carrier.copy()), list[float]()
    for _ in range(rounds):
        started_s = clock.monotonic_s()
        advance(env.params, state, command, steps)
        times.append(clock.monotonic_s() - started_s)
    return median(times)
