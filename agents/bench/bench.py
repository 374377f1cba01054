"""How fast is it here? All cases in one run, on one thread, interleaved, the best of several rounds each."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from ...safety.clock import Clock
from ..config import EnvConfig, PpoConfig
from ..episodes import Progress, no_progress
from ..problem import decided_problem_of
from ..run_folder import versions, write_json
from .cases import (
    KERNEL_STEPS,
    REFERENCE_REPLICAS,
    Case,
    Subject,
    cases_of,
    oracle_difference,
    policy_of,
)
from .config import BenchConfig
from .envs import env_cases, env_rows
from .peer import PEER, PEER_ID, PEER_USERS, SINGLE, VECTOR
from .training import TrainingTime, time_training

MOST_CALLS = 1 << 20  # per round


@dataclass(frozen=True)
class Timing:
    """The best time of a case."""

    name: str
    seconds: float  # per call
    calls: int  # per round


@dataclass(frozen=True)
class Figure:
    """One number that people read."""

    name: str
    value: float
    unit: str


@dataclass(frozen=True)
class Measured:
    """What came of a measurement."""

    machine: dict[str, str | int]
    timings: dict[str, Timing]
    figures: list[Figure]


def bench(config: BenchConfig, clock: Clock, progress: Progress = no_progress) -> Measured:
    """Measure, and write what was found as JSON to ``config.out``.

    Raises:
        ConfigError: for an unknown scenario.
        BundleError: if the policy cannot be loaded.
    """
    env = EnvConfig()
    task, params = decided_problem_of(env, config.scenario)
    training = time_training(params, task, replace(PpoConfig(), n_envs=config.train_envs), clock)
    policy = policy_of(config.policy, params, task)
    subject = Subject(params, task, env.id, policy, config.batches, config.num_envs)
    cases = [*cases_of(subject), *env_cases(config.num_envs, env.id)]
    timings = measure(cases, config, clock, progress)
    seconds = {name: timing.seconds for name, timing in timings.items()}
    others = [Figure(*row) for row in env_rows(config.num_envs, seconds, env.id)]
    shown = [
        *figures(subject, seconds),
        *others,
        *training_figures(config, training),
        *_oracle_figures(subject),
    ]
    found = Measured(_machine(), timings, shown)
    _write(found, config)
    return found


def measure(
    cases: Sequence[Case], config: BenchConfig, clock: Clock, progress: Progress
) -> dict[str, Timing]:
    """Time every case once per round and keep its best, so that a busy moment hits all of them alike."""
    calls = {case.name: calls_for(case.run, config.seconds, clock) for case in cases}
    best = dict.fromkeys(calls, float("inf"))
    for done in range(config.repeats):
        for case in cases:
            best[case.name] = min(best[case.name], _seconds(case.run, calls[case.name], clock))
        progress((done + 1) / config.repeats)
    return {name: Timing(name, best[name], calls[name]) for name in calls}


def calls_for(run: Callable[[], object], seconds: float, clock: Clock) -> int:
    """Return how many calls fill a round; the first call, which may compile, is not counted."""
    run()
    calls = 1
    while calls < MOST_CALLS and _seconds(run, calls, clock) * calls < seconds / 2:
        calls *= 2
    return calls


def figures(subject: Subject, seconds: dict[str, float]) -> list[Figure]:
    """Work the times out into what people compare."""
    n, users = subject.num_envs, subject.params.n_users
    found = []
    for b in subject.batches:
        step_s = seconds[f"kernel B={b}"] / (b * KERNEL_STEPS)
        found += [
            Figure(f"twin kernel, B={b}", 1e6 * step_s, "us per replica-step"),
            Figure(f"twin kernel, B={b}", 1e-6 * users / step_s, "million UE-steps/s"),
        ]
    twin = seconds["reference"] / seconds[f"kernel B={REFERENCE_REPLICAS} as the reference"]
    found.append(Figure(f"twin kernel over numpy, B={REFERENCE_REPLICAS}", twin, "times as fast"))
    name, inside = subject.task_id, seconds["kernel of a control period B=1"]
    found += _env_figures(f"{name}, single", seconds["env n=1"], inside, 1)
    inside = seconds[f"kernel of a control period B={n}"]
    found += _env_figures(f"{name}, vector of {n}", seconds[f"env n={n} vector"], inside, n)
    for b in dict.fromkeys((1, n)):
        found.append(Figure(f"shield with look-ahead, B={b}", b / seconds[f"shield B={b}"], "decisions/s"))
        found.append(Figure(f"policy, B={b}", b / seconds[f"policy B={b}"], "actions/s"))
    return found + peer_figures(seconds, n)


def peer_figures(seconds: dict[str, float], num_envs: int) -> list[Figure]:
    """Return what 30 users in 13 cells cost on both sides; ratios only where mobile-env was there."""
    rates = {
        SINGLE: PEER_USERS / seconds[SINGLE],
        f"{VECTOR} of {num_envs}": num_envs * PEER_USERS / seconds[VECTOR],
    }
    found = [Figure(name, rate, "UE-steps/s") for name, rate in rates.items()]
    if PEER not in seconds:
        return found
    theirs, label = PEER_USERS / seconds[PEER], PEER_ID.split(":")[1]
    ratios = [Figure(f"{name} over {label}", rate / theirs, "times as fast") for name, rate in rates.items()]
    return [*found, Figure(label, theirs, "UE-steps/s"), *ratios]


def training_figures(config: BenchConfig, training: TrainingTime) -> list[Figure]:
    """Return the speed of PPO training, what it loses beside kernel and learner, and its memory."""
    name = f"PPO training with {config.train_envs} environments"
    return [
        Figure(name, training.steps / training.total_s, "steps/s"),
        Figure(f"{name}, kernel", 100.0 * training.kernel_s / training.total_s, "% of the time"),
        Figure(f"{name}, outside kernel and learner", 100.0 * max(training.outside, 0.0), "% of the time"),
        Figure(f"{name}, peak memory", training.peak_bytes / 1e9, "GB"),
    ]


def _oracle_figures(subject: Subject) -> list[Figure]:
    difference = oracle_difference(subject.params)
    return [Figure("twin kernel against numpy, largest difference", difference, "relative")]


def _env_figures(name: str, env_s: float, kernel_s: float, n: int) -> list[Figure]:
    outside = 100.0 * (1.0 - kernel_s / env_s)
    return [
        Figure(name, n / env_s, "steps/s"),
        Figure(f"{name}, outside the kernel", outside, "% of the time"),
    ]


def _seconds(run: Callable[[], object], calls: int, clock: Clock) -> float:
    started_s = clock.monotonic_s()
    for _ in range(calls):
        run()
    return (clock.monotonic_s() - started_s) / calls


def _machine() -> dict[str, str | int]:
    return {"cpu": _cpu(), "cores": os.cpu_count() or 0, "system": platform.platform(), **versions()}


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _write(found: Measured, config: BenchConfig) -> None:
    path = Path(config.out)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, {**asdict(found), "settings": asdict(config)})
