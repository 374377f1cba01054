"""What `bench` measures: the kernel, its numpy oracle, the environments, the shield and a policy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...envs.task import Task
from ...envs.vector import TwinEnv, TwinVectorEnv
from ...safety.shield import Shield
from ...safety.supervisor import Supervisor
from ...twin.advance import advance
from ...twin.carrier import CarrierState
from ...twin.command import Command
from ...twin.kernels.direct import direct
from ...twin.kernels.layout import make_scratch
from ...twin.kernels.step import advance_replicas
from ...twin.params import Params
from ...twin.reference.reference import advance_reference
from ...twin.state import State, begin, open_period
from ...twin.types import F64
from ..bundle import OnnxPolicy, contract_of, load_bundle, policy_from, require_energy_saving
from ..config import EnvConfig, PpoConfig
from ..episodes import started
from ..export import Exporter
from ..run_folder import versions
from ..sb3_vec import TwinVecEnv
from ..training import build_ppo
from .peer import PEER, peer_hint, peer_steps

TASK_ID = EnvConfig().id
KERNEL_STEPS = 20  # twin steps per call
REFERENCE_REPLICAS = 8


@dataclass(frozen=True)
class Case:
    """Something to be timed."""

    name: str
    run: Callable[[], object]


@dataclass(frozen=True)
class Subject:
    """What is measured, and in which sizes."""

    params: Params
    task: Task
    task_id: str
    policy: OnnxPolicy
    batches: tuple[int, ...]  # replicas of the twin
    num_envs: int


def cases_of(subject: Subject) -> list[Case]:
    """Return every case, ready to run."""
    params, n = subject.params, subject.num_envs
    period = params.scenario.timing.steps_per_period
    sizes = (1, n) if n > 1 else (1,)
    return [
        *(kernel_case(f"kernel B={b}", params, b, KERNEL_STEPS) for b in subject.batches),
        reference_case("reference", params, REFERENCE_REPLICAS),
        kernel_case(f"kernel B={REFERENCE_REPLICAS} as the reference", params, REFERENCE_REPLICAS, 1),
        Case("env n=1", _single(subject)),
        Case(f"env n={n} vector", _vector(subject)),
        *(Case(name, step) for name, step in peer_steps(n).items() if name != PEER or not peer_hint()),
        *(kernel_case(f"kernel of a control period B={b}", params, b, period) for b in sizes),
        *(Case(f"shield B={b}", _shield(params, b)) for b in sizes),
        *(Case(f"policy B={b}", _policy(subject, b)) for b in sizes),
    ]


def kernel_case(name: str, params: Params, n_replicas: int, n_steps: int) -> Case:
    """Advance a batch by some steps with everything awake, day after day: the compiled code alone."""
    state, command = _day(params, n_replicas)
    morning, last = state.copy(), params.scenario.timing.episode_s / params.scenario.timing.twin_step_s
    arguments = params.arrays, state.arrays, command.settings, n_steps, make_scratch(state.arrays)
    run = direct(advance_replicas, *arguments)

    def case() -> None:
        if state.arrays.step[0] >= last:
            state.assign(slice(None), morning)
        run(*arguments)

    return Case(name, case)


def reference_case(name: str, params: Params, n_replicas: int) -> Case:
    """Advance a batch by one step in plain numpy."""
    state, command = _day(params, n_replicas)
    return Case(name, lambda: advance_reference(params, state, command, 1))


def oracle_difference(params: Params) -> float:
    """Run the kernel and the numpy oracle through one control period; return the largest relative difference.

    Of the sums of any cell, relative to the largest such sum.
    """
    sums: list[F64] = []
    for run in (advance, advance_reference):
        state, command = _day(params, REFERENCE_REPLICAS)
        run(params, state, command, params.scenario.timing.steps_per_period)
        sums.append(state.arrays.cell_sum)
    largest = np.maximum(np.abs(sums[1]).max(axis=(0, 1)), 1e-9)
    return float((np.abs(sums[0] - sums[1]).max(axis=(0, 1)) / largest).max())


def policy_of(path: str | None, params: Params, task: Task) -> OnnxPolicy:
    """Return the policy to time: the one named, or an untrained one of the default shape.

    Raises:
        BundleError: if the named one cannot be loaded.
    """
    if path is not None:
        require_energy_saving(Path(path), "timed")
        return load_bundle(Path(path), params)
    agent = PpoConfig(n_envs=8, n_steps=64, batch_size=512)
    model = build_ppo(agent, TwinVecEnv(TwinVectorEnv(task, params, agent.n_envs), 0), 0)
    contract = contract_of(TASK_ID, task, params, versions())
    return policy_from(
        Exporter.of(model.policy, contract.choices).model(model.policy), contract, task, "untrained"
    )


def _day(params: Params, n_replicas: int) -> tuple[State, Command]:
    seeds = np.arange(n_replicas, dtype=np.int64)
    state = begin(params, seeds, np.zeros_like(seeds))
    open_period(state)
    return state, Command.all_active(n_replicas, params.n_cells)


def _single(subject: Subject) -> Callable[[], object]:
    env = TwinEnv(subject.task, subject.params)
    env.reset(seed=0)
    awake = np.zeros(len(subject.params.capacity_cells), np.int64)

    def step() -> None:
        if env.step(awake)[3]:
            env.reset()

    return step


def _vector(subject: Subject) -> Callable[[], object]:
    env = TwinVectorEnv(subject.task, subject.params, subject.num_envs)
    env.reset(seed=0)
    awake = np.zeros((subject.num_envs, len(subject.params.capacity_cells)), np.int64)
    return lambda: env.step(awake)


def _shield(params: Params, n: int) -> Callable[[], object]:
    """Judge one proposal again and again: light sleep for all capacity, so that the shield looks ahead."""
    simulation = started(params, list(range(n)))
    supervisor = Supervisor(Shield.of(params), 0)
    supervisor.start(simulation.window.kpis, simulation.window.precedent.command)
    states = np.where(params.is_capacity, CarrierState.LIGHT_SLEEP, CarrierState.ACTIVE).astype(np.int8)
    proposal = Command(np.tile(states, (n, 1)))
    return lambda: supervisor.shield.decide(supervisor.belief, proposal, supervisor.memory)


def _policy(subject: Subject, n: int) -> Callable[[], object]:
    size = len(subject.policy.contract.observation)
    observations = np.random.default_rng(0).uniform(-1.0, 1.0, (n, size)).astype(np.float32)
    return lambda: subject.policy.act(observations)
